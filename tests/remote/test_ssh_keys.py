"""Whom we believe to be a machine, and whom it lets in. Verification has no off switch."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from tests import parts
from tests.remote.fleet import Fleet, SshSite
from tests.remote.site import eventually
from workbench.errors import HostKeyChanged, HostKeyUnknown, LoginRefused, MachineError, Unreachable, UsageError
from workbench.remote import connection, hostkeys
from workbench.remote.connection import Connection, Destination


async def reach(address: str) -> connection.HostKey:
    road = await Connection.open(Destination(address))
    try:
        return road.host_key
    finally:
        await road.close()


def keygen(*arguments: str) -> str:
    return subprocess.run(["ssh-keygen", *arguments], capture_output=True, text=True, check=True).stdout


def printed(site: SshSite) -> str:
    return keygen("-l", "-f", str(site.sshd.host_key)).split()[1]


async def test_a_key_that_nobody_vouched_for(fleet: Fleet) -> None:
    site = fleet.machine(vouched=False)
    address = site.destination.address
    with pytest.raises(HostKeyUnknown) as caught:
        await reach(address)
    seen = caught.value.evidence
    assert seen["fingerprint"] == printed(site)
    assert (seen["host"], seen["port"], seen["type"]) == ("127.0.0.1", site.sshd.port, "ssh-ed25519")
    hostkeys.trust(seen["host"], seen["port"], seen["key"])
    hostkeys.trust(seen["host"], seen["port"], seen["key"])
    assert await reach(address) == connection.HostKey("ssh-ed25519", printed(site))
    [line] = Path(hostkeys.ours()).read_text().splitlines()
    assert line == f"[127.0.0.1]:{site.sshd.port} {seen['key']}"
    assert Path(hostkeys.ours()).stat().st_mode & 0o777 == 0o600


async def test_a_key_that_the_user_knows(fleet: Fleet) -> None:
    site = fleet.machine(vouched=False)
    known = fleet.home / ".ssh" / "known_hosts"
    public = site.sshd.host_key.with_suffix(".pub").read_text()
    known.write_text(f"[127.0.0.1]:{site.sshd.port} {public}")
    keygen("-H", "-f", str(known))
    known.write_text("what a line\n" + known.read_text())
    await reach(site.destination.address)
    assert not Path(hostkeys.ours()).exists()


async def test_another_port_of_a_host_is_another_machine(fleet: Fleet) -> None:
    first, second = fleet.machine(vouched=False), fleet.machine(vouched=False)
    public = first.sshd.host_key.with_suffix(".pub").read_text()
    (fleet.home / ".ssh" / "known_hosts").write_text(f"127.0.0.1 {public}")
    with pytest.raises(HostKeyUnknown):
        await reach(second.destination.address)
    second.vouch()
    await reach(second.destination.address)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
async def test_a_changed_key_is_refused(fleet: Fleet, kind: str) -> None:
    site = fleet.machine()
    before = Path(hostkeys.ours()).read_text()
    site.sshd.stop()
    site.sshd.new_host_key(kind)
    site.sshd.start()
    with pytest.raises(HostKeyChanged) as caught:
        await reach(site.destination.address)
    assert "known_hosts" in caught.value.hint
    with pytest.raises(HostKeyChanged):
        site.vouch()
    assert Path(hostkeys.ours()).read_text() == before
    Path(hostkeys.ours()).write_text("")
    site.vouch()
    await reach(site.destination.address)


async def test_a_revoked_key(fleet: Fleet) -> None:
    site = fleet.machine()
    public = site.sshd.host_key.with_suffix(".pub").read_text()
    (fleet.home / ".ssh" / "known_hosts").write_text(f"@revoked * {public}")
    with pytest.raises(HostKeyChanged, match="revoked"):
        await reach(site.destination.address)


async def test_a_config_can_not_turn_it_off(fleet: Fleet) -> None:
    site = fleet.machine(vouched=False)
    fleet.config("Host *\n  UserKnownHostsFile none\n  GlobalKnownHostsFile none\n  StrictHostKeyChecking no\n")
    with pytest.raises(HostKeyUnknown):
        await reach(site.destination.address)


async def test_nor_for_a_jump_host(fleet: Fleet) -> None:
    jump, site = fleet.machine(vouched=False), fleet.machine()
    fleet.config(
        f"Host jump\n  HostName 127.0.0.1\n  Port {jump.sshd.port}\n  UserKnownHostsFile none\n"
        f"Host far\n  HostName 127.0.0.1\n  Port {site.sshd.port}\n  ProxyJump jump\n"
    )
    with pytest.raises(HostKeyUnknown) as caught:
        await reach("far")
    assert caught.value.evidence["port"] == jump.sshd.port
    jump.vouch()
    assert (await reach("far")).fingerprint == printed(site)
    eventually(lambda: not jump.sshd.sessions())


async def test_jump_hosts_in_a_circle(fleet: Fleet) -> None:
    site = fleet.machine()
    fleet.config(f"Host far\n  HostName 127.0.0.1\n  Port {site.sshd.port}\n  ProxyJump far\n")
    with pytest.raises(Unreachable, match="jump hosts"):
        await reach("far")


async def test_a_host_certificate(fleet: Fleet, tmp_path: Path) -> None:
    """One of an authority on record is believed; without that record it is the plain key that is asked about."""
    keygen("-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "ca"))
    site = fleet.machine(vouched=False, started=False)
    site.sshd.new_host_key()
    public = site.sshd.host_key.with_suffix(".pub")
    keygen("-q", "-s", str(tmp_path / "ca"), "-I", "x", "-h", "-n", "127.0.0.1", str(public))
    site.sshd.settings["HostCertificate"] = str(site.sshd.host_key) + "-cert.pub"
    site.sshd.start()
    with pytest.raises(HostKeyUnknown) as caught:
        await reach(site.destination.address)
    assert caught.value.evidence["fingerprint"] == printed(site)
    (fleet.home / ".ssh" / "known_hosts").write_text(f"@cert-authority * {(tmp_path / 'ca.pub').read_text()}")
    await reach(site.destination.address)


async def test_an_alias_with_a_key_of_its_own(fleet: Fleet) -> None:
    site = fleet.machine()
    fleet.key.rename(fleet.home / "elsewhere")
    with pytest.raises(LoginRefused) as caught:
        await reach(site.destination.address)
    assert "authorized_keys" in caught.value.hint
    fleet.config(
        f"Host gpu3\n  HostName 127.0.0.1\n  Port {site.sshd.port}\n  IdentityFile ~/nowhere\n"
        "  IdentityFile ~/elsewhere\n"
        "  RequestTTY force\n  RemoteCommand false\n  ForwardAgent yes\n"
    )
    await reach("gpu3")


@pytest.fixture
def agent(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The user's key lies in an agent, and nowhere else."""
    at = str(tmp_path / "a")
    agent = subprocess.Popen([parts.command("ssh-agent"), "-D", "-a", at], stdout=subprocess.DEVNULL)
    try:
        eventually(Path(at).exists)
        monkeypatch.setenv("SSH_AUTH_SOCK", at)
        subprocess.run(["ssh-add", "-q", str(fleet.key)], check=True)
        fleet.key.unlink()
        yield
    finally:
        agent.terminate()
        agent.wait()


@pytest.mark.usefixtures("agent")
async def test_a_key_in_an_agent(fleet: Fleet) -> None:
    await reach(fleet.machine().destination.address)


async def test_what_makes_no_sense(fleet: Fleet) -> None:
    for address in ("", "-oProxyCommand=x", "a b", "a@", "host:port", "host:123456", "host:70000", "x\n"):
        with pytest.raises(UsageError):
            await reach(address)
    fleet.config("Host *\n  Port many\n")
    with pytest.raises(Unreachable, match="line 2"):
        await reach("far")
    fleet.config("Host *\n  ProxyJump -x\n")
    with pytest.raises(Unreachable, match="'-x' is no address"):
        await reach("far")


def every(kind: type[asyncssh.Error]) -> list[type[asyncssh.Error]]:
    return [kind, *(deeper for sub in kind.__subclasses__() for deeper in every(sub))]


@pytest.mark.parametrize("kind", every(asyncssh.Error), ids=lambda kind: kind.__name__)
def test_no_error_of_the_library_comes_through(kind: type[asyncssh.Error]) -> None:
    error = kind.__new__(kind)
    error.code, error.reason, error.lang = 0, "because", ""
    assert isinstance(connection._ours(error, "far", [], asyncssh.SSHKnownHosts()), MachineError)
