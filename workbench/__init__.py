"""What a script imports to be tracked.

    import workbench as wb

    lr = wb.config.get("lr", 0.1)              # the run's params
    for epoch in range(10):
        ...
        wb.log({"loss": loss, "train/acc": acc}, step=epoch)
    wb.artifact("model.pt")

Inside a run this needs nothing installed: the workbench puts a copy of this one file on the run's path, so it
stands alone, on Python 3.8 or later and the standard library. Outside a run it writes beside the script and says
so once.

Where things go is told by four environment variables, and any language can do what this file does:

    WORKBENCH_METRICS    a file to append lines of JSON to: {"step": 3, "loss": 0.31}
    WORKBENCH_PARAMS     a file that holds the run's params, one JSON object
    WORKBENCH_ARTIFACTS  a directory that is kept with the run
    WORKBENCH_RUN        the run's id
"""

from __future__ import annotations

import os
import sys
from _collections_abc import Mapping  # what os has loaded already: collections.abc costs 2 ms
from _thread import allocate_lock
from errno import EBADF
from time import time

TYPE_CHECKING = False  # typing is too dear to import; type checkers know this name
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Set, Tuple, Union

    _Settings = Mapping[str, Any]
else:
    _Settings = Mapping

__all__ = ["artifact", "config", "log", "run_id"]

run_id: Optional[str] = os.environ.get("WORKBENCH_RUN")
"""Id of the run that this process belongs to, None outside a run."""


def log(metrics: Mapping[str, Any], step: Optional[int] = None) -> None:
    """Keep the values of some metrics at one step.

    metrics: name -> number. Python's, numpy's and torch's numbers alike; True is 1; NaN and the infinities are
    kept as such; a mapping within stands for its members ({"train": {"loss": 1}} is "train/loss").
    step: a whole number; by default one more than at the last call of this process, 0 at the first.

    The values outlive the process from the moment this returns, even if it is killed. Threads and processes may
    log at the same time. Never raises: what can't be kept is said once on stderr, and the training goes on.
    """
    global _next
    try:
        values = tuple(metrics.values())
        template = _templates.get(tuple(metrics))
        if template is None or not _plain(values):
            texts = _texts(metrics)
            values = tuple(texts.values())
            template = _template(tuple(texts))
        with _lock:
            step = _next if step is None else int(step)
            _next = step + 1
        if values:
            _append((template % (step, time(), *values)).encode())
    except Exception as problem:  # noqa: BLE001 - a tracker must not end the training that it watches
        if hasattr(metrics, "values"):
            _warn("log() could not keep its values: %r" % problem)
        else:
            _warn('log() takes names and numbers, such as {"loss": 0.3}, and got %s' % type(metrics).__name__)


def artifact(path: Union[str, os.PathLike[str]], name: Optional[str] = None) -> str:
    """Keep a copy of a file, or of the files of a directory, with the run; return the path of the copy.

    name: what it is called in history, by default the last part of `path`; may hold slashes. The same name again
    replaces the copy. A copy is there as a whole or not at all.
    Raises ValueError for a name that would leave the run's directory, OSError where it can't be read or written.
    """
    source = os.path.abspath(os.fspath(path))
    name = os.path.basename(source) if name is None else name
    root = os.path.abspath(os.environ.get("WORKBENCH_ARTIFACTS") or "workbench-artifacts")
    if os.path.isdir(source):
        files = [(file, name + "/" + inner) for file, inner in _files(source, root)]
    elif os.path.isfile(source):
        files = [(source, name)]
    else:
        raise FileNotFoundError("no file or directory: %r" % source)
    for _, called in files:
        _check(called)
    for file, called in files:
        _keep(file, os.path.join(root, called), called)
    return os.path.join(root, _check(name))


class Config(_Settings):
    """The settings of a run: its params, and what the script adds. Empty outside a run.

    A mapping whose members are attributes too: config["lr"], config.lr, config.get("lr", 0.1), dict(config).
    """

    _settings: Optional[Dict[str, Any]] = None

    def update(self, other: Mapping[str, Any] = {}, **more: Any) -> None:  # noqa: B006 - never changed
        """Add settings, and keep them in history beside the params. Values are what JSON can say."""
        added = dict(other, **more)
        self._read().update(added)
        _record("@config", added)

    def _read(self) -> Dict[str, Any]:
        if self._settings is None:
            path = os.environ.get("WORKBENCH_PARAMS")
            self._settings = {}
            if path:
                from json import load

                with open(path, encoding="utf-8") as file:
                    self._settings.update(load(file))
        return self._settings

    def __getitem__(self, key: str) -> Any:
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __getattr__(self, name: str) -> Any:
        try:
            return self._read()[name]
        except KeyError:
            raise AttributeError("this run has no setting %r" % name) from None

    def __repr__(self) -> str:
        return "config(%r)" % self._read()


config = Config()
"""The settings of this run. Read from its params when first asked."""


# Metrics: one line, one write. A write to a file opened for appending is whole or absent, whoever else writes, and
# is the kernel's when it returns. Formatting by a template a set of keys is three times as fast as json.dumps.

_lock = allocate_lock()
_next = 0
_fd: Optional[int] = None
_torn = False
_templates: Dict[Tuple[str, ...], str] = {}
_PLAIN = frozenset((float, int))


def _plain(values: Tuple[Any, ...]) -> bool:
    """Whether `%s` writes each of these as JSON has it: a finite float, or an int, and nothing that inherits."""
    if not _PLAIN.issuperset(map(type, values)):
        return False
    try:
        total = sum(values)
    except OverflowError:
        return False
    return bool(total - total == 0)  # NaN and the infinities are contagious


def _texts(metrics: Mapping[Any, Any], above: str = "") -> Dict[str, str]:
    """Any metrics, as the text that JSON has for each. What is not a number is said, and left out."""
    texts = {}
    for key, value in metrics.items():
        name = above + str(key)
        if isinstance(value, Mapping):
            texts.update(_texts(value, name + "/"))
            continue
        try:
            texts[name] = _text(value)
        except Exception:  # noqa: BLE001 - whatever a foreign kind of number raises
            _warn("%r is not a number but %s: it is not logged" % (name, type(value).__name__))
    return texts


def _text(value: Any) -> str:
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError("text is not a number")
    number = float(value.item() if hasattr(value, "item") else value)
    if number != number:
        return "NaN"
    if number - number != 0:
        return "Infinity" if number > 0 else "-Infinity"
    return repr(number)


def _template(keys: Tuple[str, ...]) -> str:
    template = _templates.get(keys)
    if template is None:
        from json import dumps

        body = ",".join(dumps(key).replace("%", "%%") + ":%s" for key in keys)
        if any(key in ("step", "time") or key.startswith("@") for key in keys):
            body = '"@metrics":{' + body + "}"  # where no name is taken
        template = '{"step":%d,"time":%.6f,' + body + "}\n"
        if len(_templates) >= 256:
            _templates.clear()  # a script that makes up names as it goes
        _templates[keys] = template
    return template


def _record(kind: str, body: Any) -> None:
    from json import dumps

    _append((dumps({"time": time(), kind: body}, default=_jsonable, skipkeys=True) + "\n").encode())


def _jsonable(value: Any) -> Any:
    try:
        return value.item()
    except Exception:  # noqa: BLE001 - an array, a path, anything: its words will do
        return str(value)


def _append(line: bytes) -> None:
    """Add one line to the run's metrics. Where there is no room it is dropped, and that is said."""
    global _fd, _torn
    try:
        if _fd is None:
            _open()
        assert _fd is not None
        if _torn:
            line = b"\n" + line
        _torn = os.write(_fd, line) < len(line)
        if _torn:
            _warn("the disk is full: a line of metrics was cut off")
    except OSError as problem:
        if problem.errno == EBADF and _fd is not None:  # a script that became a daemon closes what it did not open
            _fd = None
            return _append(line)
        _warn("metrics can't be written: %s" % problem)


def _open() -> None:
    global _fd, _torn
    with _lock:
        if _fd is not None:
            return
        path = os.environ.get("WORKBENCH_METRICS")
        if not path:
            path = os.path.abspath("workbench-metrics.jsonl")
            _warn("not in a run: metrics go to %s" % path)
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        size = os.fstat(fd).st_size
        _torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"  # another program's last line has no end
        _fd = fd


def _after_fork() -> None:
    # Another thread may have held it. The descriptor stays: the kernel appends for both.
    global _lock
    _lock = allocate_lock()


os.register_at_fork(after_in_child=_after_fork)


# Artifacts


def _check(name: str) -> str:
    parts = name.split("/")
    if len(name) > 1000 or not name.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise ValueError("%r can't be the name of an artifact: a relative path, without . or .." % name)
    return name


def _files(top: str, root: str) -> List[Tuple[str, str]]:
    """(path, path below `top`) of the files of a directory, those that were kept already left out."""
    found = []
    for directory, inner, files in os.walk(top):
        inner[:] = sorted(one for one in inner if os.path.join(directory, one) != root)
        paths = (os.path.join(directory, file) for file in sorted(files))
        found += [(path, os.path.relpath(path, top)) for path in paths if os.path.isfile(path)]
    return found


def _keep(source: str, stored: str, name: str) -> None:
    directory = os.path.dirname(stored)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    part = os.path.join(directory, ".part-" + os.urandom(8).hex())
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(source, "rb") as old, open(os.open(part, flags, 0o600), "w+b") as new:
            size, digest = _copy(old, new)
            new.flush()
            os.fsync(new.fileno())
        os.replace(part, stored)
    except BaseException:
        if os.path.lexists(part):
            os.unlink(part)
        raise
    _record("@artifact", {"name": name, "path": stored, "size": size, "sha256": digest})


def _copy(old: BinaryIO, new: BinaryIO) -> Tuple[int, str]:
    """Copy and hash in one reading. Where the file system can share the blocks, nothing is copied at all."""
    from fcntl import ioctl
    from hashlib import sha256

    try:
        ioctl(new.fileno(), 0x40049409, old.fileno())  # FICLONE
        old, shared = new, True
    except OSError:
        shared = False
    size, digest = 0, sha256()
    for chunk in iter(lambda: old.read(1 << 20), b""):
        size += len(chunk)
        digest.update(chunk)
        if not shared:
            new.write(chunk)
    return size, digest.hexdigest()


_said: Set[str] = set()


def _warn(text: str) -> None:
    """Say it on stderr: once, and not more than twenty things."""
    if text in _said or len(_said) >= 20:
        return
    _said.add(text)
    try:
        sys.stderr.write("workbench: " + text + "\n")
    except (OSError, ValueError, AttributeError):
        pass  # closed, or none: there is nobody to tell


def _find_the_rest() -> None:
    """Where this file is the copy on a run's path, let what is installed (`workbench.cli`) be found all the same."""
    here = os.path.dirname(os.path.abspath(__file__))
    if os.path.exists(os.path.join(here, "errors.py")):
        return
    for entry in sys.path:
        other = os.path.join(os.path.abspath(entry), "workbench")
        if other != here and os.path.exists(os.path.join(other, "errors.py")):
            __path__.append(other)
            return


_find_the_rest()
