from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from tests.screens.made_up import NOW, a_team, attempt, run
from workbench.domain.progress import Progress
from workbench.domain.run import Run
from workbench.domain.status import TRANSITIONS, Queued, Running
from workbench.domain.time import SECOND
from workbench.present import first_screen, machines, numbers, projects
from workbench.present.cells import Cell, Line, plain, width
from workbench.present.columns import GAP, Column, arrange
from workbench.present.facts import fact_lines, wrap
from workbench.present.listing import Listing, Seen, columns, listing, row, varying
from workbench.present.runs import favourite, headline
from workbench.present.status import GLYPHS, status
from workbench.present.text import table


def by_status(name: str) -> Run:
    return next(one for one in a_team().runs.values() if one.status.name == name)


def test_every_status_has_a_glyph_of_its_own_one_column_wide() -> None:
    assert set(GLYPHS) == set(TRANSITIONS)
    assert len(set(GLYPHS.values())) == len(GLYPHS)
    assert all(width(glyph) == 1 for glyph in GLYPHS.values())


@pytest.mark.parametrize("name", sorted(TRANSITIONS))
def test_every_status_makes_a_row(name: str) -> None:
    if name == "preparing":
        seen = Seen({}, progress=Progress("building the environment", 3, 9, "packages"))
    else:
        seen = Seen({"loss": 0.25}, why="a GPU")
    shown = Listing("loss", users=True, projects=True, priorities=True)
    cells = row(by_status(name), seen, shown, NOW)
    assert 6 <= len(cells) <= len(columns(shown))
    assert status(by_status(name)).text in [cell.text for cell in cells]
    assert width(status(by_status(name)).text) <= 12


def test_a_waiting_run_says_why_and_a_running_one_how_long() -> None:
    waiting = run(1, "a", Queued(NOW))
    assert row(waiting, Seen({}, why="a GPU: gpu3 in 4m"), Listing("loss"), NOW)[-1].text == "a GPU: gpu3 in 4m"
    running = run(2, "b", Running(attempt(), NOW - 724 * SECOND), lr=0.1)
    assert "12:04" in [cell.text for cell in row(running, Seen({}), Listing("loss"), NOW)]
    assert plain(headline(running, NOW)) == "▶ running  for 12m 04s on gpu3"


def test_a_cancel_under_way_is_told() -> None:
    assert status(run(1, "a", Running(attempt(), NOW, cancelled_by="bob"))).text == "▶ cancelling"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.23142, "0.2314"),
        (12.5, "12.50"),
        (99.99999, "100.00"),
        (3.0, "3"),
        (1e-5, "1.0e-5"),
        (123456.0, "1.2e5"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (-0.5, "-0.5000"),
    ],
)
def test_metrics_take_few_columns(value: float, text: str) -> None:
    assert numbers.metric(value) == text
    assert len(text) <= 8


def test_times() -> None:
    assert [numbers.clock(seconds) for seconds in (0, 12, 724, 7651, 99_999)] == [
        "0:00",
        "0:12",
        "12:04",
        "2:07:31",
        "1d 03h",
    ]
    assert numbers.ago(NOW - 90 * SECOND, NOW) == "1m ago"
    assert numbers.ago(NOW + SECOND, NOW) == "now"


def test_the_metric_of_a_list_is_the_projects_own_or_the_most_common() -> None:
    rows = [{"loss": 1.0, "acc": 0.5}, {"loss": 1.0}, {"auc": 0.1}]
    assert favourite(rows) == "loss"
    assert favourite(rows, "auc") == "auc"
    assert favourite(rows, "unseen") == "loss"
    assert favourite([]) == "metric"


LISTINGS = (
    Listing("loss"),
    Listing("loss", users=True, projects=True, priorities=True, order="-submitted"),
    Listing("acc", picked=("metric.acc", "param.lr", "metric.a very long name of a metric", "param.北京")),
    Listing(picked=("param.lr",)),
)


@pytest.mark.parametrize("shown", LISTINGS)
@pytest.mark.parametrize("room", range(20, 240, 7))
def test_columns_never_overlap_nor_overflow(shown: Listing, room: int) -> None:
    slots = arrange(columns(shown), room)
    for left, right in itertools.pairwise(slots):
        assert left.x + left.width + GAP <= right.x
    assert slots[-1].x + slots[-1].width <= room


def titles(shown: Listing, room: int) -> list[str]:
    return [slot.column.title for slot in arrange(columns(shown), room)]


def test_what_matters_less_leaves_first() -> None:
    assert titles(Listing("loss"), 78) == ["run", "status", "machine", "time", "loss", ""]
    assert titles(Listing("loss", users=True), 82) == ["run", "user", "status", "machine", "time", "loss", ""]
    assert titles(Listing("loss", picked=("metric.loss", "param.lr"), order="-metric.loss"), 74) == [
        *("run", "status", "machine", "time", "loss▾", "lr"),
    ]
    assert titles(Listing(), 30) == ["run", "status"]


def test_a_param_and_a_metric_of_one_name_are_told_apart() -> None:
    shown = titles(Listing("loss", picked=("metric.lr", "param.lr", "param.seed")), 120)
    assert [one for one in shown if "lr" in one or "seed" in one] == ["metric.lr", "param.lr", "seed"]


def test_what_is_the_same_in_all_runs_has_no_column() -> None:
    alike = [run(1, "a", Queued(NOW), lr=0.1, seed=3), run(2, "b", Queued(NOW), lr=0.2, seed=3)]
    assert varying(alike) == ("lr",)
    assert varying(alike[:1]) == ("lr", "seed")
    assert listing(alike).showing("loss") == Listing("loss", params=("lr",))
    several = [alike[0], replace(alike[1], user="bob", project="vision")]
    assert listing(several).showing("loss", ("param.lr",), "name") == Listing(
        "", ("param.lr",), "name", ("lr",), users=True, projects=True
    )


def test_room_left_over_goes_to_those_that_grow() -> None:
    slots = arrange((Column("a", 4, grows=1, most=6), Column("b", 4, grows=1), Column("c", 4)), 40)
    assert [slot.width for slot in slots] == [6, 26, 4]


def test_tables_align_and_fit() -> None:
    lines = table(("run", "loss"), [("brave-sunset-12", "0.2"), ("北京", "12.25"), ("\x1b[31mx", "")])
    assert lines == [
        "run               loss",
        "brave-sunset-12    0.2",
        "北京             12.25",
        "x",
    ]
    narrow = table(("run", "note"), [("a" * 50, "b" * 90)], 60)
    assert all(width(line) <= 60 for line in narrow)
    assert "…" in narrow[1]


def test_one_long_cell_of_a_table_that_is_not_cut_stretches_no_other_line() -> None:
    long = "x" * 5000
    lines = table(("run", "params", "loss"), [("a", long, "0.5"), ("b", "lr=1", "0.25")])
    assert lines[1] == f"a    {long}   0.5"
    assert lines[2] == f"b    {'lr=1':60}  0.25"


def test_facts_wrap_under_their_own_column() -> None:
    lines = fact_lines([("command", "python train.py --lr 0.1 --depth 6")], 34)
    assert [plain(line) for line in lines] == ["command      python train.py --lr", "             0.1 --depth 6"]
    assert wrap("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]
    assert wrap("", 10) == [""]


def said(cell: Cell | Line) -> str:
    return cell.text if isinstance(cell, Cell) else plain(cell)


def test_a_machine_that_does_not_answer_says_why() -> None:
    world = a_team()
    rows = {machine["name"]: machines.row(machine) for machine in world.machines}
    assert said(rows["node8"][-1]).startswith("no route to host")
    assert said(rows["gpu3"][2]) == "██"
    assert plain(machines.summary(world.machines)).startswith("machines ● 3 ○ 1   GPU ████ 4/4 (4 mine)")


def test_a_device_that_is_held_and_idle_says_so() -> None:
    machine = a_team().machines[0]
    device = machine["devices"][0]
    busy = plain(machines.device_line(machine, device, "brave-sunset-12", 80))
    assert "brave-sunset-12" in busy
    assert "idle" not in busy
    assert "brave-sunset-12  idle" in plain(
        machines.device_line(machine, {**device, "state": "idle"}, "brave-sunset-12", 80)
    )


def test_a_stranger_is_seen_on_a_device_that_a_run_of_ours_holds() -> None:
    machine = a_team().machines[0]
    bob = {"pid": 4711, "user": "bo\x1b[31mb", "name": "python", "memory": 31_000_000_000, "ours": False}
    device = {**machine["devices"][0], "strangers": [bob]}
    line = plain(machines.device_line(machine, device, "brave-sunset-12", 80))
    assert "brave-sunset-12  used by bob (python, 31 GB)" in line


def test_what_a_driver_does_not_say_is_left_blank() -> None:
    machine = a_team().machines[0]
    device = machine["devices"][0]
    silent = dict.fromkeys(("use", "memory", "power", "temperature"))
    sample = {**machine["sample"], "devices": [{"uuid": device["uuid"], **silent}]}
    blank = {**machine, "sample": sample, "history": [*machine["history"], sample]}
    line = plain(machines.device_line(blank, device, "", 110))
    assert "–        – of 80G    –°C    – W  " in line and "free" in line


def test_a_device_that_others_use_says_whose_it_is() -> None:
    machine = a_team().machines[0]
    device = machine["devices"][0]
    used = {**machine, "devices_used": {device["uuid"]: "used by bo\x1b[31mb (python, 31 GB)"}}
    assert "used by bob (python, 31 GB)" in plain(machines.device_line(used, device, "", 80))
    assert "free" in plain(machines.device_line(machine, device, "", 80))


def test_a_project_names_its_best() -> None:
    project = a_team().projects[0]
    assert "acc 0.9312" in [cell.text for cell in projects.row(project, NOW)]
    assert dict(projects.facts(project, NOW))["best"].endswith("resnet50-imagenet-cosine-warmup5-bs1024-amp")


def test_the_first_screen_as_plain_text() -> None:
    world = a_team()
    rows = [(one, world.last(one.id)) for one in world.ordered()]
    lines = first_screen.first_screen(rows, {**world.counts(), "finished": 500}, world.machines, NOW, 100)
    assert lines[0].startswith("machines ● 3 ○ 1")
    assert lines[3].startswith("12  brave-sunset-12")
    assert all(width(line) <= 100 for line in lines)
    assert lines[-1].endswith("more: workbench runs")
    assert any("held by alice" in line for line in lines)


def test_the_first_screen_tells_of_what_the_project_is_measured_by() -> None:
    world = a_team()
    rows = [(run, world.last(run.id)) for run in world.ordered()]
    assert "acc" in first_screen.first_screen(rows, {}, [], NOW, 100, wished="acc")[0].split()


def test_an_empty_first_screen_teaches() -> None:
    lines = first_screen.first_screen([], {}, [], NOW)
    assert any("workbench demo" in line for line in lines)
