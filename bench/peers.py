"""Where peers come from: environments of their own, pinned, and what the machine has."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import uv

from workbench.errors import WorkbenchError

ROOT = Path(__file__).parent.parent
SCRIPTS = Path(__file__).parent / "scripts"


class Missing(Exception):
    """What can't be measured here: says why."""


FAILURES = (Missing, WorkbenchError, OSError, subprocess.SubprocessError)
"""What one of them may fail with, while the others are measured all the same."""


def python(peer: str) -> str:
    """The interpreter of a peer's environment, which is built if need be. Raises Missing."""
    lock = ROOT / "locks" / f"bench-{peer}.txt"
    directory = ROOT / ".venvs" / f"bench-{peer}"
    stamp = directory / "lock.sha256"
    interpreter = directory / "bin" / "python"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return str(interpreter)
    print(f"  building an environment for {peer}", flush=True)
    tool = uv.find_uv_bin()
    for step in (
        [tool, "venv", "--quiet", "--clear", str(directory)],
        [tool, "pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes", "-p", str(interpreter), str(lock)],
    ):
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            raise Missing(f"its environment can't be built: {(done.stderr.strip() or 'no reason given')[-200:]}")
    stamp.write_text(digest)
    return str(interpreter)


def tool(name: str, package: str) -> str:
    """A program of this machine; root of a Debian gets it installed. Raises Missing."""
    found = shutil.which(name)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"  installing {package}", flush=True)
        subprocess.run(["apt-get", "install", "-qq", "-y", package], stdin=subprocess.DEVNULL, capture_output=True)
        found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed; Debian has it in {package}")
    return found


def script(interpreter: str, name: str, *arguments: str, cwd: Path, **variables: str) -> Any:
    """Run one of bench/scripts by a peer's interpreter: what its last line, which is JSON, says. Raises Missing."""
    try:
        done = subprocess.run(
            [interpreter, str(SCRIPTS / name), *arguments],
            cwd=cwd,
            env={**os.environ, "HOME": str(cwd), **variables},
            capture_output=True,
            text=True,
            timeout=900,
        )
        return json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        raise Missing("gave up after 15 minutes") from None
    except (IndexError, ValueError):
        complaints = [line for line in done.stderr.splitlines() if re.match(r"[\w.]*(Error|Exception)\b", line)]
        raise Missing(f"it failed: {' '.join(complaints)[:200] or done.stderr.strip()[-200:]}") from None
