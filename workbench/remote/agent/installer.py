"""What uv does for an environment: from the machine's own package index, or from wheels that were sent.

Where no index answers, the engine is told which wheels would fit, and sends them. Waiting for what does not answer
takes long, so that is remembered in ROOT/offline, with uv's words: only when it is an hour old is the index asked
again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from typing import Any, Dict, NamedTuple

from .errand import Complaint, Tell
from .tree import blob_path

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_WORDS_LIMIT = 20_000
_MARK = "offline"
_REMEMBERED = 3600.0  # seconds
_UNREACHED = re.compile("error sending request", re.IGNORECASE)
_NO_PYTHON = re.compile(r"no interpreter found|python-build-standalone|python downloads", re.IGNORECASE)
_WHEEL = re.compile(r"\w[\w.+!-]*\.whl", re.ASCII)
PLATFORM = """
import json, os, sys
try:
    libc, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
except (OSError, ValueError):  # musl
    libc = version = ""
python = ".".join(map(str, sys.version_info[:3]))
print(json.dumps({"python": python, "machine": os.uname().machine, "glibc": version if libc == "glibc" else ""}))
"""
"""Has an interpreter say which wheels fit it."""


class Wanted(NamedTuple):
    """An environment to build."""

    name: str
    python: str
    requirements: str
    uv: str
    """Its path, "" to look on PATH."""
    wheels: Dict[str, str]
    """File name -> sha256 of a blob that is here: where there are any, no index is asked."""


def install(root: str, path: str, wanted: Wanted, tell: Tell) -> None:
    """Make an environment at `path`. Raises Complaint with uv's words: `no-index`, with the platform, where it takes
    packages that only a network could bring, `build` for everything else."""
    uv = wanted.uv or shutil.which("uv") or ""
    if not uv:
        raise Complaint("build", "there is no uv on this machine", "install uv, or put it on PATH")
    offline = bool(wanted.wheels) or _is_offline(root)
    _make(path, wanted.python, uv, offline, tell)
    locked = os.path.join(path, "requirements.txt")
    with open(locked, "w", encoding="utf-8") as file:
        file.write(wanted.requirements)
    interpreter = os.path.join(path, "bin", "python")
    sync = [uv, "pip", "sync", "--python", interpreter, "--compile-bytecode", "--allow-empty-requirements", locked]
    if "--hash=" in wanted.requirements:
        sync.append("--require-hashes")
    if wanted.wheels:
        beside = os.path.join(path, "wheels")
        _lay_out(root, wanted.wheels, beside)
        _run(sync + ["--offline", "--no-index", "--find-links", beside], tell)
        shutil.rmtree(beside)
    elif offline:
        _from_its_cache(root, sync, interpreter, tell)
    else:
        _from_its_index(root, sync, interpreter, tell)


def _make(path: str, python: str, uv: str, offline: bool, tell: Tell) -> None:
    """An empty environment."""
    request = ["--python", python] if python else []
    try:
        _run([uv, "venv", "--no-project"] + request + [path], tell, {"UV_PYTHON_DOWNLOADS": "never"} if offline else {})
    except Complaint as problem:
        words = problem.words or ""
        if not (_NO_PYTHON.search(words) and (offline or _UNREACHED.search(words))):
            raise
        message = "without a network to fetch it from, there is no Python {}".format(python)
        remedy = "install Python {} there, or name one that is there under [environment] python".format(python)
        raise Complaint("build", message, "{}: {}\n\n{}".format(message, remedy, words)) from None


def _from_its_index(root: str, sync: list[str], interpreter: str, tell: Tell) -> None:
    """From the machine's own index."""
    mark = os.path.join(root, _MARK)
    try:
        _run(sync, tell)
    except Complaint as problem:
        if not _UNREACHED.search(problem.words or ""):
            raise
        with open(mark, "w", encoding="utf-8") as file:
            file.write(problem.words or "")
        _from_its_cache(root, sync, interpreter, tell)
    else:
        try:
            os.unlink(mark)
        except FileNotFoundError:
            pass


def _from_its_cache(root: str, sync: list[str], interpreter: str, tell: Tell) -> None:
    """From what uv has kept of other environments, which may be all that it takes."""
    try:
        _run(sync + ["--offline"], tell)
    except Complaint as problem:
        said = subprocess.check_output([interpreter, "-I", "-c", PLATFORM], stdin=subprocess.DEVNULL)
        platform: dict[str, Any] = json.loads(said)
        raise Complaint(
            "no-index", "no package index can be reached", _words(root) or problem.words, platform=platform
        ) from None


def _is_offline(root: str) -> bool:
    """Whether the index was found out of reach lately."""
    try:
        return 0 <= time.time() - os.stat(os.path.join(root, _MARK)).st_mtime < _REMEMBERED
    except FileNotFoundError:
        return False


def _words(root: str) -> str:
    """How uv put it then; "" where the index has answered another build meanwhile."""
    try:
        with open(os.path.join(root, _MARK), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _lay_out(root: str, wheels: dict[str, str], directory: str) -> None:
    """Give blobs the file names by which uv knows what they are."""
    os.mkdir(directory, 0o700)
    for name, blob in wheels.items():
        if not _WHEEL.fullmatch(name):
            raise ValueError("{!r} is not the name of a wheel".format(name))
        os.symlink(blob_path(root, blob), os.path.join(directory, name))


def _run(command: list[str], tell: Tell, variables: dict[str, str] | None = None) -> None:
    """Run uv and pass on what it says, line by line. Raises Complaint."""
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONHOME")}
    environment.update(variables or {})
    words: list[str] = []
    with subprocess.Popen(
        command,
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            line = _ANSI.sub("", line).rstrip()
            words.append(line)
            tell({"progress": line})
    if process.returncode:
        said = "\n".join(words)[-_WORDS_LIMIT:]
        raise Complaint("build", "uv could not build the environment", said)
