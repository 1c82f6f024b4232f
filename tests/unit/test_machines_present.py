"""Machines in text: strips, gauges, figures, and `top` as sentences."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.screens.made_up import HOSTILE, NOW, a_team, hostile, machine
from workbench.domain.load import Course, Figures
from workbench.domain.status import WAITING
from workbench.domain.time import SECOND
from workbench.domain.use import Use
from workbench.present import devices, loads, machines, processes, top
from workbench.present.cells import Cell, Line, plain, width

MINUTE = 60 * SECOND


def with_states(*states: str, **facts: Any) -> dict[str, Any]:
    """A machine with a GPU in each of these states."""
    found = [
        {"uuid": f"GPU-{index}", "index": index, "label": str(index), "name": "NVIDIA A100", "memory": 80_000_000_000}
        | {"state": state, "strangers": []}
        for index, state in enumerate(states)
    ]
    return {**machine("gpu3"), "devices": found, **facts}


def said(cell: Cell | Line) -> str:
    return cell.text if isinstance(cell, Cell) else plain(cell)


def test_every_state_has_a_shape_of_its_own() -> None:
    glyphs = [mark.glyph for mark in devices.MARKS.values()]
    assert len(set(glyphs)) == len(glyphs) and all(width(glyph) == 1 for glyph in glyphs)
    assert plain(devices.strip(with_states("mine", "idle", "team", "stranger", "free", "lost"), 2)) == "██▄▄▓▓▚▚░░✗✗"


def test_a_legend_tells_the_states_that_are_there_and_fits() -> None:
    assert plain(devices.legend([with_states("free", "mine"), machine("node7")])) == "█ mine  ░ free  "
    assert width(plain(devices.legend([with_states(*devices.MARKS)]))) <= 78


def test_of_a_silent_machine_only_our_own_is_known() -> None:
    silent = with_states("stranger", "free", status="unreachable", devices_held={"GPU-1": "abc"})
    assert plain(devices.strip(silent, 1)) == "·█"
    assert plain(devices.summary([silent])) == "GPU █· 1/2 (1 mine)"


def test_a_summary_counts_who_has_what() -> None:
    four = with_states("mine", "mine", "team", "free")
    other = with_states("mine", "stranger", "free", "free")
    assert plain(devices.summary([four, other])) == "GPU ███▓▚░░░ 5/8 (3 mine 1 team 1 stranger)"
    assert plain(devices.summary([four, other], words=False)) == "GPU ███▓▚░░░ 5/8"
    assert devices.summary([machine("node7")]) == ()


@pytest.mark.parametrize("mine", [1, 40, 100, 239])
def test_a_summary_of_many_is_short_and_leaves_out_nobody(mine: int) -> None:
    many = with_states(*["mine"] * mine, *["free"] * (240 - mine), "team", "stranger", "lost")
    text = plain(devices.summary([many], words=False))
    assert set("█▓▚░✗") <= set(text)
    assert len(text.split()[1]) == 8


def test_a_gauge_marks_its_peak() -> None:
    assert plain(loads.gauge(0.5, 0.8, 10)) == "━━━━━───┃─"
    assert plain(loads.gauge(0.45, 1.0, 10)) == "━━━━╸────┃"
    assert plain(loads.gauge(1.0, 1.0, 4)) == "━━━┃"
    assert plain(loads.gauge(None, None, 4)) == "────"


def test_figures_in_words() -> None:
    whole = Figures(avg=0.41, peak=0.97, p95=0.88)
    assert loads.words(whole, 0.34) == "now 34%  peak 97%  p95 88%  avg 41%"
    assert loads.words(whole, None) == "peak 97%  p95 88%  avg 41%"
    assert loads.words(Figures(20, 40, 30), 10, 40) == "now 25%  peak 100%  p95 75%  avg 50%"
    assert loads.words(None, 0.3) == loads.words(whole, 0.3, 0) == ""


def test_where_room_is_short_the_peak_is_what_stays() -> None:
    course = Course((0,), (), Figures(avg=0.41, peak=0.97, p95=0.88))
    said = {columns: plain(loads.heading("cpu", course, 0.34, 1.0, columns, "series1")) for columns in (60, 34, 25, 15)}
    assert said == {
        60: "cpu  now 34%  peak 97%  p95 88%  avg 41%",
        34: "cpu  now 34%  peak 97%  p95 88%",
        25: "cpu  now 34%  peak 97%",
        15: "cpu  peak 97%",
    }


def test_a_gap_in_the_samples_is_a_gap_in_the_curve() -> None:
    flat = Figures(0.2, 0.5, 0.4)
    course = Course((0, MINUTE, 5 * MINUTE), (flat, flat, flat), flat)
    (curve,) = loads.curves(course, MINUTE, 6 * MINUTE, 1.0, "series1")
    assert list(curve.xs) == [-360, -300, -240, -60]
    for ys in (curve.ys, curve.lows, curve.highs):
        assert [math.isnan(y) for y in ys] == [False, False, True, False]
    assert (curve.ys[0], curve.highs[0]) == (20, 50)


def test_a_capacity_that_is_not_known_has_no_curve() -> None:
    flat = Figures(0.2, 0.5, 0.4)
    assert loads.curves(Course((0,), (flat,), flat), MINUTE, MINUTE, 0, "series1") == []


def test_a_row_has_its_strip_and_its_peaks() -> None:
    one = with_states("mine", "lost", devices_held={"GPU-0": "abc"})
    history = [{**one["sample"], "cpu": cpu, "memory": 64_000_000_000} for cpu in (0.2, 0.91, 0.3)]
    row = machines.row({**one, "history": history, "sample": history[-1]}, wide=True)
    assert len(row) == len(machines.columns_of([one], wide=True))
    assert (said(row[2]), said(row[3])) == ("██✗✗", "━━━──────┃  30%  ┃ 91%")


def test_runs_come_with_their_processes_and_then_those_of_others() -> None:
    world = a_team()
    ours = {"pid": 11, "user": "alice", "name": "python", "memory": 30_000_000_000, "ours": True}
    bobs = {"pid": 4711, "user": "bob", "name": "py\x1b[31mthon", "memory": 8_000_000_000, "ours": False}
    gpu3 = next(one for one in world.machines if one["name"] == "gpu3")
    first, second = gpu3["sample"]["devices"]
    seen = [{**first, "processes": [bobs, ours]}, {**second, "processes": []}]
    told = {**gpu3, "sample": {**gpu3["sample"], "devices": seen}}
    id = gpu3["devices_held"][first["uuid"]]
    use = {id: Use(NOW, 7.9, 12_000_000_000, 0.7, 31_000_000_000)}
    found = processes.entries(told, world.runs, use)
    said = [" ".join(cell.text for cell in one.cells if cell.text) for one in found]
    assert said == [
        "▶ brave-sunset-12 alice 0 7.9 12 GB 31 GB",
        "└ python alice 0 30 GB 11",
        "▶ calm-river-13 alice 1",
        "python bob 0 8.0 GB 4711",
    ]
    assert [one.run for one in found] == [id, id, found[2].run, ""]
    assert len(processes.entries({**told, "status": "unreachable"}, {}, {})) == 2


def test_top_tells_it_in_sentences() -> None:
    world = a_team()
    runs = world.ordered()
    running = [run for run in runs if run.active]
    waiting = [(run, world.why(run)) for run in runs if run.status.name in WAITING]
    use = {running[0].id: Use(NOW, 7.9, 12_000_000_000, 0.7, 31_000_000_000)}
    lines = top.top(world.machines, running, waiting, world.counts(), use, NOW)
    for line in (
        "4 machines",
        "  gpu3: ok, cpu 34%, memory 72 GB of 256 GB, 2 runs",
        "    GPU 0: mine, brave-sunset-12 of alice, use 89%, memory 31 GB of 80 GB",
        "  node8: unreachable, no route to host for 4m; its 2 runs may go on, 0 runs",
        "    warning: no NVIDIA driver: GPUs are not seen",
        "  brave-sunset-12 of alice on gpu3, running for 12:04, 7.9 cores, memory 12 GB, 0.7 GPUs, GPU memory 31 GB",
        "4 waiting runs",
        "  lucid-dawn-16 of alice, queued: a GPU with 24 GB free: gpu1 in about 14m (bob's run)",
    ):
        assert line in lines, "\n".join(lines)
    many = top.top([], [], waiting * 9, {"queued": 500}, {}, NOW)
    assert many[-1] == "  and 480 more" and len(many) == 3 + top.WAITING + 1


def test_top_of_nothing() -> None:
    assert top.top([], [], [], {}, {}, NOW) == ["0 machines", "0 running runs", "0 waiting runs"]


def test_nothing_of_it_acts_on_the_terminal() -> None:
    world = hostile()
    bad = HOSTILE[0] + HOSTILE[3]
    process = {"pid": 1, "user": bad, "name": bad, "memory": 5, "ours": False}
    for one in world.machines:
        one["devices"] = [{"uuid": "x", "label": bad, "name": bad, "memory": 9, "state": "stranger", "strangers": []}]
        one["devices_used"] = {"x": bad}
        one["sample"]["devices"] = [{"uuid": "x", "use": 0.5, "memory": 3, "power": None, "temperature": None}]
        one["sample"]["devices"][0]["processes"] = [process]
    runs = list(world.runs.values())
    texts = top.top(world.machines, runs, [(run, bad) for run in runs], world.counts(), {}, NOW)
    texts += [plain(one.cells) for each in world.machines for one in processes.entries(each, world.runs, {})]
    for each in world.machines:
        texts += map(said, machines.row(each, wide=True))
        texts.append(plain(machines.device_line(each, each["devices"][0], bad, 200)))
    assert all(text.isprintable() for text in texts)
