"""The base run and the one under the cursor: what differs between their code, and between their packages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult

from workbench import commands
from workbench.domain.comparison import Comparison
from workbench.domain.run import Run
from workbench.present.cells import Cell, Line
from workbench.present.compare import View
from workbench.present.matrix import markdown_table
from workbench.present.pair import code_lines, environment_lines, package_rows
from workbench.present.sanitise import clean
from workbench.screens.comparing.side import Side
from workbench.screens.errand import errand
from workbench.widgets.lines import Lines

Pair = tuple[str, str]


class PairSide(Side):
    """VERB: what the engine is asked. Its answers stay: what was frozen does not change."""

    VERB: ClassVar[str] = ""
    METRICS = False
    BINDINGS = [*Side.BINDINGS, *commands.bindings("list")]  # noqa: RUF012
    DEFAULT_CSS = "PairSide { padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[Pair, Mapping[str, Any]] = {}
        self._drawn: Pair = ("", "")

    def compose(self) -> ComposeResult:
        yield Lines()

    @property
    def note(self) -> str:
        return "← → another run"

    def lines(self, base: Run, run: Run, reply: Mapping[str, Any]) -> list[Line]:
        raise NotImplementedError

    def draw(self, comparison: Comparison, view: View) -> None:
        base, run = self._pair(comparison, view)
        if (pair := (base.id, run.id)) == self._drawn:
            return
        if pair in self._known:
            self._drawn = pair
            self.scrolled.show(self.lines(base, run, self._known[pair]))
            self.scrolled.scroll_line(0)
        else:
            errand(self, partial(self._fetch, comparison, view, pair), "pair")

    async def _fetch(self, comparison: Comparison, view: View, pair: Pair) -> None:
        reply = await self.fetch(self.VERB, base=pair[0], run=pair[1])
        if reply is None:
            self._drawn = pair
            self.scrolled.show([(Cell("They could not be compared.", "warn"),)])
        else:
            self._known[pair] = reply
            self.draw(comparison, view)

    def _pair(self, comparison: Comparison, view: View) -> tuple[Run, Run]:
        """The base and the run under the cursor; where that is the base itself, the next one."""
        at = view.at if view.at != view.base else (view.at + 1) % len(comparison.runs)
        return comparison.runs[view.base], comparison.runs[at]

    def reply(self, comparison: Comparison, view: View) -> Mapping[str, Any] | None:
        base, run = self._pair(comparison, view)
        return self._known.get((base.id, run.id))

    # Keys of a list.

    def action_down(self) -> None:
        self.scrolled.turn(1)

    def action_up(self) -> None:
        self.scrolled.turn(-1)

    def action_top(self) -> None:
        self.scrolled.turn_to(0)

    def action_bottom(self) -> None:
        self.scrolled.turn_to(1)

    def action_page_down(self) -> None:
        self.scrolled.turn_page(1)

    def action_page_up(self) -> None:
        self.scrolled.turn_page(-1)


class CodeSide(PairSide):
    TITLE = "code"
    FLAG = "--code"
    VERB = "compare_code"

    def lines(self, base: Run, run: Run, reply: Mapping[str, Any]) -> list[Line]:
        return code_lines(base, run, reply)

    def markdown(self, comparison: Comparison, view: View) -> str:
        reply = self.reply(comparison, view)
        return f"```diff\n{reply['text']}```\n" if reply and reply["text"] else ""


class EnvironmentSide(PairSide):
    TITLE = "environment"
    FLAG = "--env"
    VERB = "compare_environment"

    def lines(self, base: Run, run: Run, reply: Mapping[str, Any]) -> list[Line]:
        return environment_lines(base, run, reply)

    def markdown(self, comparison: Comparison, view: View) -> str:
        names = [clean(run.name) for run in self._pair(comparison, view)]
        rows = package_rows(reply) if (reply := self.reply(comparison, view)) else []
        return markdown_table([["package", *names], *rows]) if rows else ""
