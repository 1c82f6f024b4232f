"""What a run left: one file a row, and what kind of file it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.domain.resources import format_size
from workbench.present.cells import Cell
from workbench.present.columns import Column
from workbench.present.sanitise import clean

TABLE, IMAGE, TEXT, OTHER = "table", "image", "text", "other"
_KINDS = {
    TABLE: ("csv", "tsv"),
    IMAGE: ("png", "jpg", "jpeg"),
    TEXT: (
        *("txt", "md", "rst", "log", "json", "jsonl", "ndjson", "yaml", "yml", "toml", "ini", "cfg", "conf"),
        *("py", "sh", "r", "sql", "html", "xml", "tex", "diff", "patch", "svg"),
    ),
}
_OF = {ending: kind for kind, endings in _KINDS.items() for ending in endings}
COLUMNS = (
    Column("file", 24, grows=1),
    Column("size", 8, right=True),
    Column("kind", 6),
    Column("", 18),
)
NO_FILES = (
    "It has left no files.",
    "",
    'A script keeps one with   wb.artifact("model.pt")',
    'A project keeps all that fit   outputs = ["plots/*.png"]   in workbench.toml',
)


def kind_of(name: str) -> str:
    """TABLE, IMAGE, TEXT or OTHER, as far as a name tells."""
    return _OF.get(name.rpartition(".")[2].lower(), OTHER) if "." in name else OTHER


def text_in(data: bytes, whole: bool) -> str | None:
    """The text that these bytes are, None where they are none. whole: they are all there is, else a beginning."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        if not whole and problem.start > len(data) - 4 and problem.reason == "unexpected end of data":
            return data[: problem.start].decode("utf-8-sig")
        return None


def file_row(artifact: Mapping[str, Any], where: Cell) -> tuple[Cell, ...]:
    """As many cells as COLUMNS. where: what `whereabouts` says."""
    name, kind = str(artifact["name"]), kind_of(str(artifact["name"]))
    return (
        Cell(clean(name), "" if artifact["stored"] else "dim"),
        Cell(format_size(artifact["size"])),
        Cell("" if kind == OTHER else kind, "dim"),
        where,
    )


def whereabouts(artifact: Mapping[str, Any], collecting: Mapping[str, Any] | None, live: bool) -> Cell:
    """Whether it can be had, and if not, why: `stored`, `on its way`, `when it is over`, `not there`."""
    if artifact["stored"]:
        return Cell("stored", "good")
    if live:
        return Cell("when it is over", "dim")
    if collecting:
        return Cell("on its way" if collecting["moving"] else "not here yet", "warn")
    return Cell("not there", "bad")


def summary(artifacts: Sequence[Mapping[str, Any]]) -> str:
    """`3 files, 1.2 GB`."""
    many = "1 file" if len(artifacts) == 1 else f"{len(artifacts):,} files"
    return f"{many}, {format_size(sum(artifact['size'] for artifact in artifacts))}"
