"""What goes on, told in sentences and as JSON, and how busy the machine was: by the command line, on a real one."""

from __future__ import annotations

from tests.e2e.bench import Bench, until


def test_top_tells_what_runs_what_waits_and_what_is_taken(bench: Bench) -> None:
    running = bench.submit(["sleep", "600"])
    waiting = bench.submit(["true"], "--after", running["name"])
    until(lambda: bench.status(running["id"]) == "running")
    until(lambda: bench.json("top", "--once")["running"][0]["use"], "a sample that knows the run")
    said = bench("top", "--once").splitlines()
    assert said[0] == "1 machine"
    assert said[1].startswith("  local: ok, cpu ") and said[1].endswith(", 1 run")
    (line,) = [line for line in said if line.startswith(f"  {running['name']} of ")]
    assert " on local, running for " in line and "0.0 cores" in line
    (line,) = [line for line in said if line.startswith(f"  {waiting['name']} of ")]
    assert running["name"] in line.partition(": ")[2]
    shown = [line.split() for line in bench("show", waiting["name"]).splitlines()]
    after = [words for words in shown if words[:1] == ["after"]]
    assert after == [["after", running["name"]]] * 2, "why it waits, and what was asked"
    told = bench.json("top")
    assert [machine["name"] for machine in told["machines"]] == ["local"]
    assert told["waiting"][0]["id"] == waiting["id"] and running["name"] in told["waiting"][0]["why"]


def test_how_busy_a_machine_was(bench: Bench) -> None:
    run = bench.submit(["sleep", "600"])
    until(lambda: bench.status(run["id"]) == "running")
    until(lambda: bench.json("machines", "show", "local")["sample"], "a sample")
    use = bench.json("machines", "show", "local", "--since", "1h")["samples"]["parts"]["machine"]["use"]
    assert 0 <= use["whole"]["avg"] <= use["whole"]["p95"] <= use["whole"]["peak"] <= 1
    assert len(use["at"]) == len(use["avg"]) == len(use["peak"]) >= 1
    (line,) = [line for line in bench("machines", "show", "local", "--since", "1h").splitlines() if " cpu " in line]
    assert line.split()[1::2] == ["now", "peak", "p95", "avg"]
    refused = bench.run("machines", "show", "local", "--since", "soon")
    assert refused.returncode == 2 and "--since: 'soon' is not a duration" in refused.stderr
