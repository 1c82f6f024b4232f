"""What a list of runs shows, and in which order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.errors import UsageError

SUBJECTS = ("metric", "param")
DESCENDING = frozenset({"submitted", "seconds", "priority"})
"""Where the largest is what one looks for first."""
_TURNED = {"newest": "seq", "seq": "newest", "-seq": "seq"}


@dataclass(frozen=True, slots=True)
class View:
    filter: str = ""
    order: str = "queue"
    """`queue`, `newest`, or a field, `metric.KEY` or `param.KEY`, with `-` before it for the largest first."""
    columns: tuple[str, ...] = ()
    """`metric.KEY` and `param.KEY` in their own columns. None: the list chooses a metric and names params."""

    @property
    def sorted_by(self) -> str:
        """Without the direction."""
        return self.order.removeprefix("-")

    def sorted(self, by: str) -> View:
        """By this; once more by the same turns it round."""
        if by == self.sorted_by:
            return self.turned()
        return replace(self, order=f"-{by}" if by in DESCENDING else by)

    def turned(self) -> View:
        """The other way round. The queue itself has none."""
        if self.order == "queue":
            return self
        other = _TURNED.get(self.order) or (self.sorted_by if self.order.startswith("-") else f"-{self.order}")
        return replace(self, order=other)


def check_columns(columns: tuple[str, ...]) -> tuple[str, ...]:
    """As they are. Raises UsageError where one is neither metric.KEY nor param.KEY."""
    for column in columns:
        subject, _, key = column.partition(".")
        if subject not in SUBJECTS or not key or not key.isprintable():
            raise UsageError(f"{column!r} is no column", hint="name them metric.KEY or param.KEY")
    return columns


def title_of(column: str, columns: Sequence[str]) -> str:
    """`lr` of `param.lr`, which goes by its whole name beside `metric.lr`."""
    name = column.partition(".")[2]
    return name if sum(one.partition(".")[2] == name for one in columns) < 2 else column
