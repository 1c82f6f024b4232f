"""Which host keys are trusted: those of the user's known_hosts, and those that a person has said yes to here.

Nothing in this file, and no line of an ssh config, turns the question off.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import asyncssh
from asyncssh.public_key import get_default_certificate_algs, get_default_public_key_algs

from workbench import paths
from workbench.errors import HostKeyChanged, HostKeyUnknown

_USERS = "~/.ssh/known_hosts"
_SYSTEM = "/etc/ssh/ssh_known_hosts"
_SSH_PORT = 22


def ours() -> str:
    """The file with the keys that were trusted by `trust`."""
    return paths.known_hosts()


def known(more: Iterable[str] = ()) -> asyncssh.SSHKnownHosts:
    """Every key on record: the user's, the system's, ours, and those in `more`."""
    record = asyncssh.SSHKnownHosts()
    for path in dict.fromkeys(map(os.path.expanduser, (_USERS, *more, _SYSTEM, ours()))):
        for line in _lines(path):
            try:
                record.load(line)
            except ValueError:
                continue  # as ssh does: one bad line takes nothing from the others
    return record


def keys_of(record: asyncssh.SSHKnownHosts, host: str, address: str, port: int) -> list[asyncssh.SSHKey]:
    """The keys on record for a machine; what is known of another port of the same host says nothing of it."""
    names = [_name(name, port) for name in (host, address) if name]
    return [key for name in names for key in record.match(name, "", None)[0]]


def algorithms(record: asyncssh.SSHKnownHosts, host: str, port: int) -> list[str]:
    """What to ask a machine for: first the kind of key that is on record, then any, to have one to show.

    A certificate says nothing where its authority is not on record, so it is the plain key that is asked for."""
    keys, authorities = record.match(host, "", None if port == _SSH_PORT else port)[:2]
    wanted = [
        *(get_default_certificate_algs() if authorities else ()),
        *(name for key in keys for name in key.sig_algorithms),
        *get_default_public_key_algs(),
    ]
    return [name.decode("ascii") for name in dict.fromkeys(wanted)]


def fingerprint(key: asyncssh.SSHKey) -> str:
    """As `ssh-keygen -l` prints it: SHA256:..."""
    return key.get_fingerprint("sha256")


def line(key: asyncssh.SSHKey) -> str:
    """Type and key in base64, as they stand in a known_hosts file."""
    return key.export_public_key("openssh").decode("ascii").strip()


def trust(host: str, port: int, key: str) -> None:
    """Put the key of a machine that had none on record; `key` as HostKeyUnknown carries it.

    Raises HostKeyChanged where another key is on record: that line has to be removed by hand."""
    shown = asyncssh.import_public_key(key)
    on_record = keys_of(known(), host, "", port)
    if shown in on_record:
        return
    if on_record:
        raise changed(host, port, shown)
    path = os.path.join(paths.private(os.path.dirname(ours())), os.path.basename(ours()))
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(fd, "a", encoding="ascii") as file:
        file.write(f"{_name(host, port)} {line(shown)}\n")


def unknown(host: str, port: int, shown: asyncssh.SSHKey) -> HostKeyUnknown:
    kind, print_ = shown.get_algorithm(), fingerprint(shown)
    return HostKeyUnknown(
        f"nobody has vouched for {host} yet: it shows {kind} {print_}",
        hint="compare the fingerprint with what its administrator says",
        **{"host": host, "port": port, "type": kind, "fingerprint": print_, "key": line(shown)},
    )


def changed(host: str, port: int, shown: asyncssh.SSHKey) -> HostKeyChanged:
    kind, print_ = shown.get_algorithm(), fingerprint(shown)
    return HostKeyChanged(
        f"{host} shows another host key than the one on record: {kind} {print_}",
        hint="somebody may be listening in; if its administrator confirms the new key, "
        f"remove the lines of {_name(host, port)} from {_USERS} and {ours()}",
        **{"host": host, "port": port, "type": kind, "fingerprint": print_},
    )


def _name(host: str, port: int) -> str:
    """As a known_hosts file has it."""
    return host if port == _SSH_PORT else f"[{host}]:{port}"


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
