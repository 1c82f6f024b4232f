"""What every sshd that tests start needs: its program, keys, and a config that lets in nobody but us."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests import parts


def program() -> str:
    path = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin")  # a user's PATH may lack it
    if path is None:
        parts.missing("sshd")
    return path or ""


def keygen(path: Path, kind: str = "ed25519") -> Path:
    subprocess.run(
        [parts.command("ssh-keygen"), "-q", "-t", kind, "-N", "", "-C", "", "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path


def user(home: Path) -> Path:
    """A home for one who may log in; the private key there."""
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    return keygen(home / ".ssh" / "id_ed25519")


def configure(
    path: Path, host_key: Path, authorized: Path, variables: Mapping[str, str], settings: Mapping[str, str]
) -> None:
    """Write its sshd_config.

    variables: what its sessions find in their environment. settings: lines that go before ours.
    """
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # where it locks up its unprivileged half
    lines = {
        "HostKey": str(host_key),
        "PidFile": "none",
        "AuthorizedKeysFile": str(authorized),
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "PrintMotd": "no",
        "SetEnv": " ".join(f"{name}={value}" for name, value in variables.items()),  # of several only the first counts
        **settings,
    }
    path.write_text("".join(f"{key} {value}\n" for key, value in lines.items()))


def is_one(pid: int) -> bool:
    """Whether this process is an sshd, or one of its sessions."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("sshd")
    except OSError:
        return False
