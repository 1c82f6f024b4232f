"""The terminal interface as a person has it: in a real tmux of 80 by 24, with the real engine behind it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bench import WORKBENCH, Bench, until
from tests.parts import command


class Terminal:
    def __init__(self, bench: Bench, socket: Path) -> None:
        self._tmux = [command("tmux"), "-S", str(socket), "-f", "/dev/null"]
        variables = {key: value for key, value in bench.environment.items() if key != "NO_COLOR"}
        self._environment = variables | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self._project = bench.project

    def open(self, *words: str) -> None:
        line = shlex.join([*WORKBENCH, *words])
        self._call("new-session", "-d", "-x", "80", "-y", "24", "-c", str(self._project), line)

    def press(self, *keys: str) -> None:
        for key in keys:
            self._call("send-keys", key)

    def type(self, text: str) -> None:
        """All of it in one packet."""
        self._call("send-keys", "-l", text)

    def press_at_once(self, *keys: str) -> None:
        """In one packet."""
        self._call("send-keys", *keys)

    def screen(self) -> str:
        return self._call("capture-pane", "-p")

    def sees(self, pattern: str) -> str:
        """Wait until the screen shows it."""
        return until(lambda: shown if re.search(pattern, shown := self.screen()) else "", f"{pattern} on the screen")

    def buffer(self) -> str:
        """What tmux would paste."""
        return self._call("show-buffer")

    def kill(self) -> None:
        """As the machine would that runs out of memory."""
        os.kill(int(self._call("list-panes", "-F", "#{pane_pid}")), signal.SIGKILL)

    def closed(self) -> bool:
        return subprocess.run([*self._tmux, "has-session"], capture_output=True, check=False).returncode != 0

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)

    def _call(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], env=self._environment, capture_output=True, text=True, check=False)
        return done.stdout


@pytest.fixture
def terminal(bench: Bench, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(bench, tmp_path / "tmux")
    yield terminal
    terminal.close()


def test_watch_a_run_open_it_and_cancel_it(bench: Bench, terminal: Terminal) -> None:
    script = 'for i in 1 2 3; do echo "epoch $i"; echo "{\\"loss\\": 0.$i}" >> "$WORKBENCH_METRICS"; done; sleep 600'
    run = bench.submit(["sh", "-c", script], "--name", "long-walk", "--set", "lr=0.1")
    until(lambda: bench.show(run["id"])["metrics"])
    terminal.open()
    screen = terminal.sees(r"long-walk +▶ running +local")
    lines = screen.splitlines()
    assert len(lines) <= 24 and all(len(line) <= 80 for line in lines)
    terminal.press("2", "Enter")
    terminal.sees("epoch 3")
    terminal.press("c")
    terminal.sees("long-walk")
    terminal.press("y")
    until(lambda: bench.status(run["id"]) == "cancelled")
    terminal.sees("cancelled")
    assert not bench.alive("sleep")
    terminal.press("Escape")
    terminal.sees("mark")  # a key right behind Escape would be taken for Alt
    terminal.press("q")
    until(terminal.closed, "q to close it")
    assert bench.engine_pid(), "the engine outlives the screen"


def test_a_walk_through_all_screens_and_back_to_where_one_was(bench: Bench, terminal: Terminal) -> None:
    script = 'echo "epoch $0"; echo "{\\"loss\\": 0.$0}" >> "$WORKBENCH_METRICS"; sleep 600'
    for name, digit in (("red-river", "3"), ("blue-creek", "2")):
        run = bench.submit(["sh", "-c", script, digit], "--name", name, "--set", f"lr=0.{digit}")
        until(lambda: bench.show(run["id"])["metrics"], f"the first metric of {name}")  # noqa: B023
    bench.submit(["true"], "--name", "grey-brook", "--hold")
    terminal.open()
    terminal.sees(r"3 runs(.|\n)*blue-creek +▶ running(.|\n)*red-river +▶ running(.|\n)*grey-brook")
    terminal.press("2", "g", "Enter")
    terminal.sees(r"run  churn(.|\n)*epoch 2(.|\n)*following")
    for words in (r"loss +0\.2000 +0\.2000", r"uses .*MB", r"artifact\(", r"snapshot", r"history"):
        terminal.press("]")
        terminal.sees(words)
    terminal.press("2")
    terminal.sees("3 runs")
    terminal.press("Space", "Space")
    terminal.sees(r"2 marked(.|\n)*•blue-creek(.|\n)*•red-river")
    terminal.press("=")
    terminal.sees(r"compare 2 runs(.|\n)* lr +0\.2 +0\.3")
    for words in (r"mean ± std", r"by step", r"logged no config", r"the same code", r"neither has locked"):
        terminal.press("]")
        terminal.sees(words)
    terminal.press("3")
    terminal.sees(r"local +● ok(.|\n)*10m +1h +6h")
    terminal.press("1")
    terminal.sees(r"projects (.|\n)*churn +2")
    terminal.press("2")
    terminal.sees("3 runs")
    terminal.type("/metric.loss>0.1")
    terminal.sees(r"/ metric\.loss>0\.1")
    terminal.press("Enter")
    terminal.sees(r"2 runs  metric\.loss>0\.1")
    terminal.press("g", "j", "q")
    until(terminal.closed, "q to close it")
    terminal.open()
    terminal.sees(r"2 runs  metric\.loss>0\.1(.|\n)*red-river")
    terminal.press("Enter")
    terminal.sees(r"red-river  ▶ running(.|\n)*epoch 3")


def test_a_filter_typed_faster_than_the_prompt_opens(bench: Bench, terminal: Terminal) -> None:
    bench.submit(["true"], "--name", "red-river", "--hold")
    bench.submit(["true"], "--name", "blue-creek", "--hold")
    terminal.open()
    terminal.sees("2 runs")
    terminal.type("/river")
    terminal.sees(r"\n / river")
    terminal.press("Enter")
    terminal.sees(r"1 run  river(.|\n)*red-river")
    terminal.type(":runs creek")
    terminal.press("Enter")
    terminal.sees(r"1 run  creek(.|\n)*blue-creek")


def test_keys_typed_faster_than_the_prompt_closes(bench: Bench, terminal: Terminal) -> None:
    for name in ("red-river", "blue-creek", "grey-brook"):
        bench.submit(["true"], "--name", name, "--hold")
    terminal.open()
    terminal.sees("3 runs")
    terminal.press_at_once(*"/name:*-*", "Enter", "j", "j", "Space")
    screen = terminal.sees("1 marked")
    assert "j" not in screen.splitlines()[0]


def test_what_is_copied_can_be_pasted_by_tmux(bench: Bench, terminal: Terminal) -> None:
    run = bench.submit(["true"], "--name", "red-river", "--hold")
    terminal.open()
    terminal.sees("red-river")
    terminal.press("y")
    until(lambda: terminal.buffer() == run["id"], "the id to be in the buffer")
    terminal.press("Y")
    until(lambda: terminal.buffer() == "workbench rerun red-river", "the command line to be in the buffer")


def test_killed_and_opened_again_it_is_where_it_was(bench: Bench, terminal: Terminal) -> None:
    for name in ("red-river", "blue-creek", "grey-brook"):
        bench.submit(["true"], "--name", name, "--hold")
    terminal.open()
    terminal.sees("3 runs")
    terminal.type("/name:*-*e*")
    terminal.press("Enter")
    terminal.sees("2 runs  name")
    terminal.type("j")
    kept = bench.home / "state" / "desk.json"
    until(lambda: kept.exists() and '"index": 1' in kept.read_text(), "its place to be kept")
    terminal.kill()
    until(terminal.closed, "it to be gone")
    terminal.open()
    terminal.sees("2 runs  name")


def test_a_theme_that_there_is_not_is_named_with_those_that_there_are(bench: Bench) -> None:
    """`script` gives it a terminal of its own, so that it means to open the screens."""
    config = bench.home / "config"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('[screen]\ntheme = "neon"\n')
    words = [command("script"), "-qec", shlex.join(WORKBENCH), "/dev/null"]
    environment = bench.environment | {"TERM": "xterm-256color"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "neon" in done.stdout and "high-contrast" in done.stdout


def test_what_appears_while_one_looks_on(bench: Bench, terminal: Terminal) -> None:
    terminal.open()
    terminal.press("2")
    terminal.sees("workbench run")  # an empty queue says what to type next
    bench.submit(["sleep", "600"], "--name", "newcomer")
    terminal.sees(r"newcomer +▶ running")
    terminal.press("?")
    terminal.sees("cancel")
    terminal.press("q")
    until(lambda: "newcomer" in terminal.screen(), "the help to close")
    terminal.press("3")
    terminal.sees(r"local +● ok")
