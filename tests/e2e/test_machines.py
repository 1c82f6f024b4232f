"""A second machine behind a real sshd, by the command line alone: taken on, cut off, healed, let go."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bench import PATIENCE, WORKBENCH, Bench, until
from tests.remote.fleet import Fleet, SshSite


@pytest.fixture
def fleet(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path / "f", tmp_path_factory.getbasetemp(), monkeypatch)
    yield fleet
    fleet.close()


@pytest.fixture
def bench(tmp_path: Path, fleet: Fleet) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.environment["HOME"] = str(fleet.home)
    yield bench
    bench.clean_up()


@pytest.fixture
def far(bench: Bench, fleet: Fleet) -> SshSite:
    """On record as `far`."""
    return taken_on(bench, fleet.machine(vouched=False))


def taken_on(bench: Bench, site: SshSite) -> SshSite:
    address = f"127.0.0.1:{site.sshd.port}"
    refused = bench.run("machines", "add", "far", address)
    assert refused.returncode == 2 and "--fingerprint SHA256:" in refused.stderr
    fingerprint = refused.stderr.split("--fingerprint ")[1].strip()
    added = bench("machines", "add", "far", address, "--rate", "1.20", "--fingerprint", fingerprint)
    assert added.startswith("far  ok  ")
    return site


def status(bench: Bench) -> str:
    return str(bench.json("machines", "show", "far")["status"])


def test_what_happens_while_the_road_is_cut_arrives_once_it_is_whole(
    bench: Bench, far: SshSite, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    waits = f"until test -e {go}; do sleep 0.05; done; echo late; exit 5"
    run = bench.submit(["sh", "-c", waits], "--machine", "far")
    doomed = bench.submit(["sleep", "600"], "--machine", "far")
    until(lambda: bench.status(run["id"]) == bench.status(doomed["id"]) == "running")
    far.sshd.stop()
    until(lambda: status(bench) == "unreachable")
    go.touch()
    bench("cancel", doomed["id"])
    bench("engine", "stop")
    assert {bench.status(run["id"]), bench.status(doomed["id"])} == {"running"}
    far.sshd.start()
    assert bench.wait(run["id"]) == 5
    assert bench("logs", run["id"]) == "late\n"
    assert bench.wait(doomed["id"]) == 130


def test_a_log_that_is_followed_goes_on_where_the_road_broke(bench: Bench, far: SshSite, tmp_path: Path) -> None:
    script = "echo begun; for word in meanwhile over; do until test -e $0/$word; do sleep 0.05; done; echo $word; done"
    run = bench.submit(["sh", "-c", script, str(tmp_path)], "--machine", "far")
    seen = tmp_path / "seen"
    with seen.open("wb") as out:
        words = [*WORKBENCH, "logs", run["id"], "--follow"]
        reader = subprocess.Popen(words, cwd=bench.project, env=bench.environment, stdout=out)
    try:
        until(lambda: seen.read_text() == "begun\n")
        far.sshd.stop()
        until(lambda: status(bench) == "unreachable")
        (tmp_path / "meanwhile").touch()
        far.sshd.start()
        until(lambda: seen.read_text() == "begun\nmeanwhile\n")
        (tmp_path / "over").touch()
        assert reader.wait(PATIENCE) == 0
    finally:
        reader.kill()
        reader.wait()
    assert seen.read_text() == "begun\nmeanwhile\nover\n"


def test_a_machine_without_network_gets_its_environment_from_here(bench: Bench, fleet: Fleet) -> None:
    site = fleet.machine(started=False)
    nobody = {"ALL_PROXY": "http://127.0.0.1:9", "UV_HTTP_RETRIES": "0"}
    site.sshd.variables = {**nobody, "UV_CACHE_DIR": str(site.sshd.directory / "uv"), "PATH": os.environ["PATH"]}
    site.sshd.start()
    taken_on(bench, site)
    show = ["python", "-c", "import six; print(six.__version__)"]
    (bench.project / "requirements.txt").write_text("six==1.17.0\n")
    run = bench.submit(show, "--machine", "far")
    assert bench.wait(run["id"]) == 0, bench.show(run["id"])
    assert bench("logs", run["id"]) == "1.17.0\n"
    assert (site.sshd.home / ".local/state/workbench/machine/offline").exists()
    (bench.project / "requirements.txt").write_text("six==1.17.0\ndocopt==0.6.2\n")
    doomed = bench.submit(show, "--machine", "far")
    bench.wait(doomed["id"])
    assert bench.status(doomed["id"]) == "error"
    assert "of docopt 0.6.2" in bench("show", doomed["id"])


def test_a_machine_is_let_go_once_it_is_empty(bench: Bench, far: SshSite) -> None:
    run = bench.submit(["sleep", "600"], "--machine", "far")
    until(lambda: bench.status(run["id"]) == "running")
    bench("machines", "drain", "far")
    refused = bench.run("machines", "remove", "far")
    assert refused.returncode == 2 and run["name"] in refused.stderr
    bench("cancel", run["id"])
    bench.wait(run["id"])
    bench("machines", "remove", "far")
    assert [machine["name"] for machine in bench.json("machines")] == ["local"]
