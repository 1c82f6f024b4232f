"""Straight onto a machine: whatever its login shell, the words arrive as they were, and the exit code comes back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import parts
from tests.e2e.bench import PATIENCE, WORKBENCH, Bench
from tests.remote.fleet import Fleet, SshSite
from workbench import paths

HOSTILE = ["", " ", "a b", "'", '"', "\\", "$HOME", "`id`", "!!", "*", "~", "#", ";", "&&", "\n", "%s", "é", "-n", "--"]
TELL = "import sys, os; print([os.fsencode(word).hex() for word in sys.argv[1:]])"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was brought to machines once, for all tests."""
    return tmp_path_factory.mktemp("sent")


@pytest.fixture
def fleet(tmp_path: Path, sent: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path / "f", sent, monkeypatch)
    yield fleet
    fleet.close()


@pytest.fixture
def bench(tmp_path: Path, fleet: Fleet) -> Iterator[Bench]:
    """With an ssh that takes the user's files from $HOME, where ours are; by itself it asks the password database."""
    parts.command("ssh")
    bench = Bench(tmp_path)
    config = fleet.home / ".ssh" / "config"
    config.write_text(f"IdentityFile {fleet.key}\nUserKnownHostsFile {fleet.home}/.ssh/known_hosts\nLogLevel ERROR\n")
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {config} "$@"\n')
    ssh.chmod(0o700)
    bench.environment |= {"HOME": str(fleet.home), "PATH": f"{ssh.parent}:{os.environ['PATH']}"}
    yield bench
    bench.clean_up()


def enrol(bench: Bench, site: SshSite) -> None:
    """By the fingerprint, as a script does: then the key is on record with us alone."""
    address = f"127.0.0.1:{site.sshd.port}"
    asked = bench.run("machines", "add", "far", address, "--json")
    if asked.returncode:
        seen = json.loads(asked.stderr)["error"]["evidence"]["fingerprint"]
        bench("machines", "add", "far", address, "--fingerprint", seen)


@pytest.mark.parametrize("shell", ["bash", "dash", "fish", "tcsh"])
def test_words_arrive_as_they_were(bench: Bench, fleet: Fleet, shell: str) -> None:
    enrol(bench, fleet.machine(vouched=False, shell=shell))
    said = bench("machines", "run", "far", "--", sys.executable, "-c", TELL, *HOSTILE)
    assert said == f"{[os.fsencode(word).hex() for word in HOSTILE]}\n"


def test_so_do_bytes_that_are_no_text_and_so_does_the_input(bench: Bench, fleet: Fleet) -> None:
    enrol(bench, fleet.machine())
    tell = "import sys, os; print(os.fsencode(sys.argv[1]), sys.stdin.read())"
    for name in ("local", "far"):
        done = subprocess.run(
            [*WORKBENCH, "machines", "run", name, "--", sys.executable, "-c", tell, b"\xff"],
            env=bench.environment,
            input=b"given\n",
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.stdout, done.returncode) == (b"b'\\xff' given\n\n", 0), done.stderr


def test_the_exit_code_is_passed_on(bench: Bench, fleet: Fleet) -> None:
    enrol(bench, fleet.machine())
    for name in ("local", "far"):
        assert bench.run("machines", "run", name, "--", "sh", "-c", "exit 7").returncode == 7
        missing = bench.run("machines", "run", name, "--", "no-such-command")
        assert missing.returncode == 127
        assert "no-such-command" in missing.stderr
        assert bench.run("machines", "run", name, "--", "/").returncode == 126
        assert bench.run("machines", "run", name).returncode == 2
    assert bench.run("machines", "run", "nowhere", "--", "true").returncode == 2


def test_a_machine_that_shows_another_key_is_not_entered(bench: Bench, fleet: Fleet) -> None:
    site = fleet.machine()
    enrol(bench, site)
    site.sshd.stop()
    site.sshd.new_host_key()
    site.sshd.start()
    done = bench.run("machines", "run", "far", "--", "echo", "entered")
    assert (done.returncode, done.stdout) == (255, "")


def test_a_shell_is_the_one_of_that_machine(bench: Bench, fleet: Fleet) -> None:
    site = fleet.machine()
    enrol(bench, site)
    done = subprocess.run(
        [*WORKBENCH, "machines", "shell", "far"],
        env=bench.environment,
        input="echo $HOME; exit 5\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert str(site.sshd.home) in done.stdout
    assert done.returncode == 5


def test_keys_that_were_said_yes_to_are_found_whatever_their_file_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.cli.machines_shell import _ssh

    parts.command("ssh")
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "a b 100%h"))
    seen = subprocess.run(["ssh", "-G", *_ssh("ada@[::1]:2222")[1:]], capture_output=True, text=True, check=True)
    lines = dict(line.split(" ", 1) for line in seen.stdout.splitlines() if " " in line)
    assert (lines["user"], lines["hostname"], lines["port"]) == ("ada", "::1", "2222")
    assert lines["stricthostkeychecking"] == "true"
    assert paths.known_hosts() in lines["globalknownhostsfile"].replace("%%", "%")
