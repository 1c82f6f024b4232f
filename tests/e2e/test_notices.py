"""Word of a run's end by the engine's own ways, with the real engine and nobody connected to it."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.bench import Bench, until


def test_a_command_tells_of_a_run_with_no_client_open(bench: Bench, tmp_path: Path) -> None:
    told, script = tmp_path / "told", tmp_path / "tell"
    script.write_text(
        f'#!/bin/sh\necho "$WORKBENCH_NAME $WORKBENCH_STATUS $WORKBENCH_EXIT_CODE" > {told}.new\nmv {told}.new {told}\n'
    )
    script.chmod(0o700)
    config = bench.home / "config"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(f'[notify]\ncommand = ["{script}"]\n')
    bench("run", "--notify", "--name", "doomed", "--", "sh", "-c", "exit 3")
    until(told.exists, "word of it")
    assert told.read_text() == "doomed failed 3\n"
    held = bench.submit(["true"], "--name", "later", "--hold")
    assert "later  you will be told" in bench("notify", "later")
    assert "later  no word of it" in bench("notify", "--off", held["id"])
