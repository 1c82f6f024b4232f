"""What a list shows and how: filter, order, columns, and a name for all three."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from workbench import views
from workbench.client.mirror import Row
from workbench.domain.completion import complete, vocabulary
from workbench.domain.view import View
from workbench.errors import WorkbenchError
from workbench.present.cells import Cell
from workbench.screens.base import Panel
from workbench.screens.picker import Picker
from workbench.widgets.prompt import Prompt

FILTER_HINT = "is:live  loss<0.3  param.lr=0.1  tag:base*  since:2d  @gpu3  OR  NOT"
NAME_HINT = "a name for what you see; :NAME leads back to it"
ORDERS = ("queue", "newest", "name", "status", "machine", "user", "project", "priority", "seconds", "submitted")
"""What a list is sorted by, beside metrics and params."""


def ask_filter(panel: Panel, typed: str) -> None:
    rows, machines = panel.desk.snapshot.rows.values(), panel.desk.snapshot.machines
    metrics = (key for row in rows for key in row.metrics)
    known = vocabulary((row.run for row in rows), metrics, (machine["name"] for machine in machines))
    hint = (Cell(FILTER_HINT, "dim"),)
    panel.query_one(Prompt).open("filter", "/", typed, complete=partial(complete, known=known), hint=hint)


async def ask_order(panel: Panel, view: View, rows: Sequence[Row], then: Callable[[View], None]) -> None:
    choices = [*ORDERS, *metrics_of(rows), *params_of(rows)]
    await _pick(panel, Picker("sort by", choices, (view.sorted_by,), False), lambda one: then(view.sorted(one[0])))


async def ask_columns(panel: Panel, view: View, rows: Sequence[Row], then: Callable[[View], None]) -> None:
    picker = Picker("columns", [*metrics_of(rows), *params_of(rows)], view.columns, True)
    await _pick(panel, picker, lambda some: then(replace(view, columns=some)))


def ask_name(panel: Panel) -> None:
    panel.query_one(Prompt).open("view", "S", hint=(Cell(NAME_HINT, "dim"),))


def save(panel: Panel, name: str, view: View) -> None:
    """Keep it under this name; what is wrong with that is said where it was typed."""
    try:
        views.save(name, view)
    except (WorkbenchError, OSError) as problem:
        panel.query_one(Prompt).trouble(str(problem))
        return
    panel.close_prompt()
    panel.desk.note_command(f"{cli(view)} --save {name}")
    panel.desk.say(f"saved: :{name} leads here, and so does workbench runs --view {name}")


def metrics_of(rows: Sequence[Row]) -> list[str]:
    """`metric.KEY` of what is known."""
    return sorted({f"metric.{key}" for row in rows for key in row.metrics})


def params_of(rows: Sequence[Row]) -> list[str]:
    return sorted({f"param.{key}" for row in rows for key in row.run.ask.params})


def cli(view: View) -> str:
    """The command line that lists the same."""
    words = ["runs", shlex.quote(view.filter) if view.filter else ""]
    words += ["--order", view.order] if view.order != "queue" else []
    words += ["--columns", shlex.quote(",".join(view.columns))] if view.columns else []
    return " ".join(word for word in words if word)


async def _pick(panel: Panel, picker: Picker, then: Callable[[tuple[str, ...]], None]) -> None:
    def done(chosen: tuple[str, ...] | None) -> None:
        if chosen is not None:
            then(chosen)

    await panel.app.push_screen(picker, done)
    picker.set_focus(picker.query_one("Input"))  # at once: the next key is already on its way
