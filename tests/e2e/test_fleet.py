"""Machines that are unplugged, lose their power, run full and live in another hour, by the command line alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bench import Bench, until
from tests.remote.lab import Lab, LabMachine, lab

MEASURES = """\
echo before; echo '{"step": 0, "loss": 3}' >> "$WORKBENCH_METRICS"
until test -e "$1"; do sleep 0.05; done
echo after; echo '{"step": 1, "loss": 2}' >> "$WORKBENCH_METRICS"
exit 5
"""


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Lab]:
    with lab(tmp_path / "f") as made:
        yield made


@pytest.fixture
def bench(tmp_path: Path, net: Lab) -> Iterator[Bench]:
    """On the lab's laptop."""
    bench = Bench(tmp_path)
    bench.environment["HOME"] = str(net.home)
    bench.prefix = net.laptop
    (bench.project / "measures.sh").write_text(MEASURES)
    yield bench
    bench.clean_up()


def enrol(bench: Bench, machine: LabMachine, patch: pytest.MonkeyPatch) -> None:
    with patch.context() as home:
        home.setenv("WORKBENCH_HOME", str(bench.home))
        machine.vouch()
    bench("machines", "add", machine.name, machine.address)


def measure(bench: Bench, go: Path, machine: LabMachine, *options: str) -> str:
    """A run there that has said and measured one thing, and waits for `go` to say and measure another; its id."""
    command = ("sh", "measures.sh", str(go))
    run = str(bench.submit(command, "--machine", machine.name, *options)["id"])
    until(lambda: bench.json("sql", f"select count(*) from points where run = '{run}'")["rows"] == [[1]], "its metric")
    return run


def all_is_home_once(bench: Bench, run: str) -> None:
    assert bench.wait(run) == 5
    assert bench("logs", run) == "before\nafter\n"
    points = f"select step, value, attempt from points where run = '{run}' order by time"
    assert [[step, value] for step, value, _ in bench.json("sql", points)["rows"]] == [[0, 3.0], [1, 2.0]]
    kinds = bench.json("sql", f"select kind from events where run = '{run}' order by seq")["rows"]
    assert [kind for [kind] in kinds] == ["submitted", "placed", "started", "ended"]
    assert bench.show(run)["attempts"] == 1


def status(bench: Bench, machine: LabMachine) -> str:
    return str(bench.json("machines", "show", machine.name)["status"])


def over(machine: LabMachine, run: str) -> bool:
    """Whether the machine has on record how it ended."""
    record = machine.disk / "home/.local/state/workbench/machine/attempts" / f"{run}.1" / "exit"
    return bool(record.read_bytes().strip(b"\0"))


def test_roads_are_cut_for_seconds_and_for_hours_and_a_power_line_as_well(
    bench: Bench, net: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once: the engine takes its time to give up a road."""
    near, far, dead = net.machine(), net.machine(clock="+0"), net.machine()
    go = tmp_path / "go"
    for machine in (near, far, dead):
        enrol(bench, machine, monkeypatch)
    cut_off = {machine: measure(bench, go, machine) for machine in (near, far)}
    given_up, tried_again = (measure(bench, go, dead, *policy) for policy in ((), ("--retries", "1")))
    for machine in cut_off:
        machine.unplug()
    dead.cut_power()
    until(lambda: status(bench, near) == status(bench, far) == "unreachable")
    far.clock("+6h")
    go.touch()
    until(lambda: all(over(machine, run) for machine, run in cut_off.items()), "the ends of what nobody hears")
    assert {bench.status(run) for run in (*cut_off.values(), given_up, tried_again)} == {"running"}
    dead.boot()
    for machine in cut_off:
        machine.plug()
    for run in cut_off.values():
        all_is_home_once(bench, run)
    assert bench.json("sql", f"select seconds > 6 * 3600 from runs where id = '{cut_off[far]}'")["rows"] == [[True]]
    bench.wait(given_up)
    lost = bench.show(given_up)
    assert (lost["status"], lost["attempts"]) == ("lost", 1)
    assert "the machine was rebooted" in str(lost)
    assert bench.wait(tried_again) == 5
    assert bench.show(tried_again)["attempts"] == 2
    assert bench("logs", tried_again) == "before\nafter\n"


def test_a_full_disk(bench: Bench, net: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy, bare = net.machine(), net.machine()
    for machine in (busy, bare):
        enrol(bench, machine, monkeypatch)
    go = tmp_path / "go"
    ends = measure(bench, go, busy)
    cancelled = measure(bench, tmp_path / "never", busy)
    for machine in (busy, bare):
        machine.fill()
    bench("cancel", cancelled)
    assert bench.wait(cancelled) == 130
    go.touch()
    assert bench.wait(ends) == 5
    begins, never_begins = (bench.submit(["true"], "--machine", bare.name)["id"] for _ in range(2))
    until(lambda: "No space left" in bench.log(), "the machine to refuse")
    assert {bench.status(begins), bench.status(never_begins)} <= {"queued", "preparing"}
    bench("cancel", never_begins)
    bare.make_room()
    assert bench.wait(begins) == 0
    assert bench.wait(never_begins) == 130


def test_a_clock_that_is_two_hours_ahead(
    bench: Bench, net: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = net.machine(clock="+2h")
    enrol(bench, machine, monkeypatch)
    go = tmp_path / "go"
    run = measure(bench, go, machine, "--time-limit", "1h")
    machine.stop_sshd()
    until(lambda: status(bench, machine) == "unreachable")
    go.touch()
    machine.start_sshd()
    all_is_home_once(bench, run)
    within = f"select seconds between 0 and 3600 from runs where id = '{run}'"
    assert bench.json("sql", within)["rows"] == [[True]]
