"""Real machines that can be unplugged, lose their power and run full: each in namespaces and on a disk of its own.

A `Lab` is a network with nobody in it but a laptop, from which its machines are reached. It needs root. Whatever
becomes of the test, nothing of it stays: all processes, mounts and interfaces hang on the lab's first process, and that
ends with its standard input.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path

import pytest

from tests import parts
from tests.remote import sshds
from tests.remote.site import eventually
from workbench.remote import hostkeys
from workbench.remote.agent import processes

DISK = "64m"
_LAPTOP = "10.9.0.1"
_RETRANSMISSIONS = 3
"""After which the laptop's TCP gives up a road: some 3 s, and not a quarter of an hour."""
_NAMESPACES = ("--net", "--mount", "--uts", "--ipc", "--pid")

_BOOT = """\
mount -t proc proc /proc &&
mount --bind "$2" /proc/sys/kernel/random/boot_id &&
hostname "$1" &&
ip link set lo up || exit
trap '' CHLD  # the kernel buries whoever has no parent left
exec sleep infinity
"""


def obstacle() -> str:
    """Why no lab can be made here, in the words of who refuses; "" where it can."""
    script = "mount -t proc proc /proc && ip link add m0 type veth peer name m1"
    probe = ["unshare", *_NAMESPACES, "--fork", "sh", "-c", script]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False)
    except OSError as problem:
        return str(problem)
    return done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else ""


@contextmanager
def lab(directory: Path) -> Iterator[Lab]:
    """For one test; skipped where the kernel does not let us make one."""
    for name in ("ip", "nsenter", "unshare"):
        parts.command(name)
    if refusal := obstacle():
        pytest.skip(f"namespaces are refused here: {refusal}")
    made = Lab(directory)
    try:
        yield made
    finally:
        made.close()


class Lab:
    """directory: where the machines' disks are mounted, and what lies beside them on ours."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "user"
        """Of the one who may log in to them."""
        self.key = sshds.user(self.home)
        self.sent = directory / "sent"
        self.sent.mkdir()
        self.machines: list[LabMachine] = []
        first = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "cat"]
        self._process = subprocess.Popen(first, stdin=subprocess.PIPE)
        self.pid = _innermost(self._process.pid, "cat")
        self.laptop = ["nsenter", "--target", str(self.pid), "--net", "--"]
        """What a command begins with that is to run on the laptop. It shares our files and our process table."""
        _do(*self.laptop, "sh", "-c", f"echo {_RETRANSMISSIONS} > /proc/sys/net/ipv4/tcp_retries2")

    def machine(self, *, clock: str = "") -> LabMachine:
        """One more, booted. With `clock`, an offset such as "+2h", its commands see what `LabMachine.clock` says."""
        made = LabMachine(self, len(self.machines) + 1)
        if clock:
            made.keep_time(clock)
        self.machines.append(made)
        made.boot()
        return made

    def mount(self, place: Path) -> None:
        place.mkdir(parents=True)
        _do("nsenter", "--target", str(self.pid), "--mount", "--", "mount", "-t", "tmpfs", "-o", f"size={DISK}", "disk",
            str(place))  # fmt: skip

    def seen(self, path: Path) -> Path:
        """Where we find what the lab has at this path."""
        return Path(f"/proc/{self.pid}/root") / path.relative_to("/")

    def close(self) -> None:
        self._process.communicate()
        for machine in self.machines:
            machine.gone()


class LabMachine:
    """One machine. Its disk outlives its power; what needs power does nothing without."""

    def __init__(self, lab: Lab, number: int) -> None:
        self.name = f"m{number}"
        self.address = f"10.9.0.{10 + number}"
        self._lab = lab
        self._disk = lab.directory / self.name
        lab.mount(self._disk)
        self._etc = lab.directory / f"{self.name}-etc"
        self._etc.mkdir()
        self.host_key = sshds.keygen(self._etc / "host_key").with_suffix(".pub").read_text()
        self._variables = {"HOME": str(self._disk / "home")}
        self._power: subprocess.Popen[bytes] | None = None
        self._init = 0
        self._namespace = ""
        (self.disk / "home").mkdir()
        (self.disk / "home" / ".cache").symlink_to(lab.sent)  # what was sent once need not be sent to each

    @property
    def disk(self) -> Path:
        """Its disk, as we see it."""
        return self._lab.seen(self._disk)

    def vouch(self) -> None:
        """Trust its host key."""
        hostkeys.trust(self.address, 22, self.host_key)

    # Power

    def boot(self) -> None:
        """Power, cable and sshd."""
        if self._power is not None:
            return
        (self._etc / "boot_id").write_text(f"{uuid.uuid4()}\n")
        words = ["nsenter", "--target", str(self._lab.pid), "--mount", "--pid", "--", "unshare", *_NAMESPACES, "--fork",
                 "--kill-child=KILL", "sh", "-c", _BOOT, "boot", self.name, str(self._etc / "boot_id")]  # fmt: skip
        with open(self._etc / "boot.log", "ab") as log:
            self._power = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._init = _innermost(self._power.pid, "sleep")
        self._namespace = os.readlink(f"/proc/{self._init}/ns/pid")
        self._connect()
        self.start_sshd()

    def cut_power(self) -> None:
        """Everything on it is gone between two instructions, and nobody is told."""
        if self._power is None:
            return
        _do(*self._lab.laptop, "ip", "link", "delete", self.name)
        os.kill(self._init, 9)
        self.gone()

    def gone(self) -> None:
        """Wait until nothing of it is there any more: the kernel buries a first process after all others."""
        if self._power is not None:
            self._power.wait()
        self._power = None

    # Cable

    def _connect(self) -> None:
        laptop = self._lab.laptop
        _do(*laptop, "ip", "link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", str(self._init))
        _do(*laptop, "ip", "address", "add", _LAPTOP, "peer", self.address, "dev", self.name)
        _do(*laptop, "ip", "link", "set", self.name, "up")
        self.run("ip", "address", "add", self.address, "peer", _LAPTOP, "dev", "eth0")
        self.plug()

    def plug(self) -> None:
        self._link("up")

    def unplug(self) -> None:
        """From now on nothing arrives, and nobody is told."""
        self._link("down")

    def _link(self, state: str) -> None:
        if self._power is not None:
            self.run("ip", "link", "set", "eth0", state)

    # Disk

    def fill(self) -> None:
        """Nothing more fits on it."""
        with open(self.disk / "filler", "ab", buffering=0) as file:
            size = 1 << 20
            while size:
                try:
                    file.write(bytes(size))
                except OSError:
                    size //= 2

    def make_room(self) -> None:
        (self.disk / "filler").unlink(missing_ok=True)

    # Clock

    def keep_time(self, offset: str) -> None:
        """Have its commands, from the next login on, live by `clock`, which starts at this offset from ours."""
        libraries = glob("/usr/lib/*/faketime/libfaketime.so.1")
        if not libraries:
            parts.missing("libfaketime")
        self._variables |= {"LD_PRELOAD": libraries[0], "FAKETIME_TIMESTAMP_FILE": str(self._etc / "clock"),
                            "FAKETIME_NO_CACHE": "1"}  # fmt: skip
        self.clock(offset)

    def clock(self, offset: str) -> None:
        """What all its clocks are ahead of ours from now on, such as "+6h"."""
        draft = self._etc / "clock.new"
        draft.write_text(f"{offset}\n")
        draft.rename(self._etc / "clock")

    # Processes

    def run(self, *command: str) -> str:
        """Past its sshd; what it printed."""
        return _do("nsenter", "--target", str(self._init), *_NAMESPACES, "--", *command)

    def start_sshd(self) -> None:
        if self._power is None or self._listens():
            return
        config = self._etc / "sshd_config"
        authorized = self._lab.key.with_suffix(".pub")
        place = {"ListenAddress": self.address}
        sshds.configure(config, self._etc / "host_key", authorized, self._variables, place)
        self.run(sshds.program(), "-f", str(config), "-E", str(self._etc / "sshd.log"))
        eventually(self._listens)

    def _listens(self) -> bool:
        table = Path(f"/proc/{self._init}/net/tcp").read_text()
        return ":0016 00000000:0000 0A" in table

    def stop_sshd(self) -> None:
        """It and its sessions, without a word."""
        _kill(self._sshds())

    def kill_sessions(self) -> None:
        _kill(process for process in self._sshds() if sshds.is_one(process.parent))

    def kill_agents(self) -> None:
        _kill(process for process in self.processes() if sshds.is_one(process.parent) and not sshds.is_one(process.pid))

    def _sshds(self) -> list[processes.Process]:
        return [process for process in self.processes() if sshds.is_one(process.pid)]

    def processes(self) -> list[processes.Process]:
        """All but its first."""
        if self._power is None:
            return []
        table = processes.everyone().values()
        return [
            process
            for process in table
            if process.pid != self._init and not process.dead and _namespace(process.pid) == self._namespace
        ]


def _kill(these: Iterable[processes.Process]) -> None:
    processes.kill(these, 9)


def _namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:  # gone
        return ""


def _innermost(pid: int, name: str) -> int:
    """Wait until a process below this one is called `name`; its id."""
    found = 0

    def there() -> bool:
        nonlocal found
        children = processes.descendants(processes.everyone(), [pid])
        found = next((child for child in children if _name(child) == name), 0)
        return bool(found)

    eventually(there)
    return found


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _do(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode} {done.stderr}"
    return done.stdout
