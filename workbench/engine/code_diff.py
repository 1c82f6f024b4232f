"""Two snapshots' files as a unified diff in the form that git writes, so that `git apply` reads it.

There may be no git where the engine is, and the files lie under their hashes. So difflib compares the lines, within
bounds: it takes minutes over long files whose lines are alike but in another order.
"""

from __future__ import annotations

import difflib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from workbench.domain.resources import format_size
from workbench.remote.machines.base import TreeEntry

LARGEST = 512 * 1024
"""Bytes of a file whose lines are compared; of a larger one only that it differs."""
MOST = 2 * 1024 * 1024
"""Characters of a diff. The files that come after are still named."""
ALIKE = 2_000_000
"""Pairs of equal lines in two files, beyond which they are not compared: some seconds of work."""
_NUL_WITHIN = 8000
"""git's rule: a file with a NUL in its first bytes is binary."""
_MODES = {"file": "100644", "executable": "100755", "link": "120000"}
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Changed:
    """One file that is not the same in both."""

    path: str
    before: TreeEntry | None
    after: TreeEntry | None

    @property
    def how(self) -> str:
        return "added" if self.before is None else "removed" if self.after is None else "changed"


def changed(before: Sequence[TreeEntry], after: Sequence[TreeEntry]) -> list[Changed]:
    """What differs, in order of paths."""
    old, new = ({entry.path: entry for entry in tree} for tree in (before, after))
    differing = (path for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path))
    return [Changed(path, old.get(path), new.get(path)) for path in differing]


def unified(files: Sequence[Changed], read: Callable[[str], bytes]) -> tuple[str, int]:
    """The diff, and how many of the files are in it: all of them, or as many as there is room for.

    read: a blob by its sha256. Raises what it raises.
    """
    pieces: list[str] = []
    room = MOST
    for count, file in enumerate(files):
        piece = "".join(_lines(file, read))
        room -= len(piece)
        if room < 0:
            return "".join(pieces), count
        pieces.append(piece)
    return "".join(pieces), len(files)


def _lines(file: Changed, read: Callable[[str], bytes]) -> Iterator[str]:
    before, after = file.before, file.after
    old, new = _quoted(f"a/{file.path}"), _quoted(f"b/{file.path}")
    yield f"diff --git {old} {new}\n"
    if before is None and after:
        yield f"new file mode {_MODES[after.kind]}\n"
    elif after is None and before:
        yield f"deleted file mode {_MODES[before.kind]}\n"
    elif before and after and before.kind != after.kind:
        yield f"old mode {_MODES[before.kind]}\nnew mode {_MODES[after.kind]}\n"
    if before and after and before.content == after.content:
        return
    if large := [entry.size for entry in (before, after) if entry and entry.size > LARGEST]:
        yield f"Files {old} and {new} differ: {format_size(max(large))} is too large to compare\n"
        return
    texts = _text(before, read), _text(after, read)
    if texts[0] is None or texts[1] is None:
        yield f"Binary files {old} and {new} differ\n"
        return
    lines = _LINES.findall(texts[0]), _LINES.findall(texts[1])
    if _alike(*lines) > ALIKE:
        yield f"Files {old} and {new} differ: too many of their lines are alike to compare them\n"
        return
    names = old if before else "/dev/null", new if after else "/dev/null"
    for line in difflib.unified_diff(*lines, *names):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _alike(before: Sequence[str], after: Sequence[str]) -> int:
    """Pairs that difflib would look at: of lines that are more than a hundredth of a file it takes no notice."""
    popular = len(after) // 100 + 1 if len(after) >= 200 else len(after)
    counts = Counter(before)
    return sum(counts[line] * count for line, count in Counter(after).items() if count <= popular)


def _text(entry: TreeEntry | None, read: Callable[[str], bytes]) -> str | None:
    """None for what is binary."""
    if entry is None:
        return ""
    if entry.kind == "link":
        return entry.content
    data = read(entry.content)
    return None if b"\0" in data[:_NUL_WITHIN] else data.decode("utf-8", "replace")


def _quoted(path: str) -> str:
    """As git does where a path would break the line or be misread: bytes that are not plain in octal."""
    if path.isprintable() and not set('"\\') & set(path):
        return path
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}" for byte in os.fsencode(path))
    return f'"{"".join(plain)}"'
