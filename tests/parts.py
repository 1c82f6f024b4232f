"""Parts that a machine may lack: without them a test is skipped at a desk, and fails in CI."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


def missing(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"CI lacks {what}")
    pytest.skip(f"this machine lacks {what}")


def mounts() -> None:
    """Leave to mount a file system."""
    if os.geteuid() != 0:
        missing("leave to mount a file system (run the tests as root)")
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if probe.returncode:
        missing("mount namespaces")


def command(name: str) -> str:
    """The path of a program."""
    path = shutil.which(name)
    if path is None:
        missing(f"{name} on its PATH")
    return path or ""
