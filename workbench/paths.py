"""Where things lie: XDG directories, each 0700 and owned by us.

    config()   ~/.config/workbench         config.toml, themes/, keymaps
    data()     ~/.local/share/workbench    history.duckdb, blobs/, snapshots/, logs/
    state()    ~/.local/state/workbench    engine.log, machine/ (what the agent of this machine keeps)
    cache()    ~/.cache/workbench          environments, uv's cache stays where uv keeps it
    runtime()  $XDG_RUNTIME_DIR/workbench  engine.sock, engine.lock; else state()/run

WORKBENCH_HOME puts all five under one directory (tests, a scratch disk, a home on NFS).
The client's hot path imports this: nothing but os and stat here.
"""

from __future__ import annotations

import os
import stat

SOCKET_LIMIT = 107  # bytes of sun_path, less the closing NUL


def _xdg(variable: str, fallback: str) -> str:
    value = os.environ.get(variable, "")
    base = value if os.path.isabs(value) else os.path.join(os.path.expanduser("~"), fallback)
    return os.path.join(base, "workbench")


def _home(kind: str) -> str | None:
    home = os.environ.get("WORKBENCH_HOME")
    return os.path.join(os.path.abspath(home), kind) if home else None


def config() -> str:
    return _home("config") or _xdg("XDG_CONFIG_HOME", ".config")


def data() -> str:
    return _home("data") or _xdg("XDG_DATA_HOME", ".local/share")


def state() -> str:
    return _home("state") or _xdg("XDG_STATE_HOME", ".local/state")


def cache() -> str:
    return _home("cache") or _xdg("XDG_CACHE_HOME", ".cache")


def runtime() -> str:
    home = _home("run")
    if home:
        return home
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(base) and os.path.isdir(base):
        return os.path.join(base, "workbench")
    return os.path.join(state(), "run")


def socket() -> str:
    return os.path.join(runtime(), "engine.sock")


def engine_lock() -> str:
    return os.path.join(runtime(), "engine.lock")


def engine_log() -> str:
    return os.path.join(state(), "engine.log")


def known_hosts() -> str:
    """Host keys that a person has said yes to here."""
    return os.path.join(data(), "known_hosts")


def private(path: str) -> str:
    """Make `path` a directory that only we can enter, and say where it is.

    Raises PermissionError where it is someone else's, or a link, or open to others and not ours to close.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    seen = os.lstat(path)
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid():
        raise PermissionError(f"{path} is not a directory of yours; remove it or set WORKBENCH_HOME")
    if seen.st_mode & 0o077:
        os.chmod(path, 0o700)
    return path


def replace(path: str, text: str) -> None:
    """Let `path` hold this text, readable by us alone: the old one or the new one, never half of it."""
    beside = f"{path}.{os.getpid()}"
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(beside, path)
