"""Files from elsewhere, written below one directory and nowhere else, whatever they are called and whatever lies there.

Every part of a path is opened below the one before and never through a link.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import BinaryIO

from workbench.errors import Refused, UsageError, WorkbenchError

SHOWN = 5
"""Files that a refusal names."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Landing:
    """The directory, made where there is none. force: what lies there may be overwritten.

    Raises WorkbenchError in the system's words where it can't be used."""

    def __init__(self, directory: str, *, force: bool = False, private: bool = False) -> None:
        self.directory = directory
        self._force = force
        self._modes = (0o700, 0o600) if private else (0o755, 0o644)
        try:
            os.makedirs(directory, self._modes[0], exist_ok=True)
            self._top = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as problem:
            raise _refused(directory, problem) from None

    def __enter__(self) -> Landing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._top)

    def check(self, names: Sequence[str]) -> None:
        """Raises Refused where any of these is there already and must not be overwritten."""
        there = [] if self._force else [name for name in names if self._exists(name)]
        if there:
            more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
            raise Refused(
                f"{self.directory} has {', '.join(there[:SHOWN])}{more} already",
                hint="--force overwrites, --to DIR writes elsewhere; nothing was written",
                there=there,
            )

    def write(self, name: str, chunks: Iterable[bytes]) -> str:
        """Its path. As `file`, for whoever has all of it at hand."""
        with self.file(name) as file:
            for chunk in chunks:
                file.write(chunk)
        return os.path.join(self.directory, name)

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        """To write into. It is there under its name when the block ends well, and not at all when it does not.

        Raises Refused, UsageError, WorkbenchError."""
        path = os.path.join(self.directory, name)
        *above, last = _parts(name)
        try:
            directory = self._enter(above)
            try:
                yield from self._draft(directory, last)
            finally:
                os.close(directory)
        except FileExistsError:
            raise Refused(f"{path} is there already", hint="--force overwrites it") from None
        except OSError as problem:
            raise _refused(path, problem) from None

    def _draft(self, directory: int, name: str) -> Iterator[BinaryIO]:
        draft = f".part-{os.urandom(8).hex()}"
        if not self._force:
            os.close(os.open(name, _NEW, self._modes[1], dir_fd=directory))  # ours now, or FileExistsError
        try:
            with open(os.open(draft, _NEW, self._modes[1], dir_fd=directory), "wb") as file:
                yield file
            os.rename(draft, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            for left in (draft, *([] if self._force else [name])):
                _remove(left, directory)
            raise

    def _exists(self, name: str) -> bool:
        *above, last = _parts(name)
        fd = os.dup(self._top)
        try:
            for part in above:
                fd = _step(part, fd)
            os.stat(last, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        except OSError as problem:
            raise _refused(os.path.join(self.directory, name), problem) from None
        finally:
            os.close(fd)
        return True

    def _enter(self, parts: Sequence[str]) -> int:
        """A descriptor of the directory below ours, made where there is none."""
        fd = os.dup(self._top)
        try:
            for part in parts:
                try:
                    os.mkdir(part, self._modes[0], dir_fd=fd)
                except FileExistsError:
                    pass
                fd = _step(part, fd)
        except BaseException:
            os.close(fd)
            raise
        return fd


def _step(part: str, above: int) -> int:
    fd = os.open(part, _DIRECTORY, dir_fd=above)
    os.close(above)
    return fd


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    if not name.isprintable() or {"", ".", ".."} & set(parts):
        raise UsageError(f"{name!r} is not a name that can be written below a directory")
    return parts


def _remove(name: str, directory: int) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        pass


def _refused(path: str, problem: OSError) -> WorkbenchError:
    return WorkbenchError(f"can't write {path}: {problem.strerror}")
