"""`edit`: the form, and the way through the editor and back, on which nothing typed is lost."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cli_server import RUN, ended, serving, workbench
from workbench.cli import ask_form
from workbench.domain.resources import parse_size
from workbench.domain.time import parse_duration
from workbench.errors import ConfigError, Refused, UsageError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PASSED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAME = st.from_regex(r"[A-Za-z_][\w.]*", fullmatch=True)
ASKS = st.fixed_dictionaries(
    {
        "command": st.lists(PASSED, min_size=1, max_size=5).filter(lambda words: words[0]),
        "params": st.dictionaries(
            NAME,
            st.one_of(PASSED, st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
            max_size=5,
        ),
        "cpus": st.integers(1, 999),
        "memory": st.integers(0, 10**15),
        "gpus": st.integers(0, 16),
        "gpu_memory": st.integers(0, 10**12),
        "machine": st.sampled_from(["", "local", "gpu3.lab"]),
        "labels": st.lists(TEXT, max_size=3),
        "time_limit": st.one_of(st.just(0.0), st.integers(1, 10**8).map(float)),
        "priority": st.integers(-99, 99),
        "retries": st.integers(0, 9),
        "tags": st.lists(TEXT, max_size=3),
    }
)


@given(ask=ASKS)
def test_what_is_written_is_read_back(ask: ask_form.Ask, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "form.toml"
    file.write_text(ask_form.write(ask, "brave-sunset-12"), encoding="utf-8", newline="")
    assert ask_form.read(str(file)) == ask


@given(size=st.integers(1, 10**15))
def test_sizes_are_exact(size: int) -> None:
    assert parse_size(ask_form.exact_size(size)) == size


@pytest.mark.parametrize(("seconds", "text"), [(5400.0, "1h30m"), (90.5, "90.5s"), (86400.0, "1d"), (0.0, "")])
def test_durations_are_exact(seconds: float, text: str) -> None:
    assert ask_form.exact_duration(seconds) == text
    assert not text or parse_duration(text) == seconds


def test_bytes_that_are_no_text_are_not_edited() -> None:
    ask = ask_form.of_run({**RUN, "command": ["cat", "na\udcefve"]})
    with pytest.raises(UsageError, match="bytes that are not text"):
        ask_form.write(ask, "x")


FORM = ask_form.write(ask_form.of_run(RUN), "brave-sunset-12")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("cpus = 1", "cpus = two", 6, "Invalid value"),
        ("cpus = 1", "cpus = true", 6, "cpus must be a whole number"),
        ("cpus = 1", "cpu = 1", 6, "there is no 'cpu' to set"),
        ("cpus = 1\n", "", 1, "cpus is missing"),
        ('memory = ""', 'memory = "lots"', 7, "'lots' is not a size"),
        ('memory = ""', "memory = 5", 7, "memory must be a text in quotes"),
        ('gpu-memory = ""', 'gpu-memory = "big"', 9, "gpu-memory: 'big' is not a size"),
        ('machine = ""', "machine = 3", 10, "machine must be a text in quotes"),
        ("labels = []", 'labels = "a100"', 11, "labels must be a list of texts"),
        ('time-limit = ""', 'time-limit = "soon"', 12, "'soon' is not a duration"),
        ('command = ["python"', 'command = [1, "python"', 5, "command must be a list of texts"),
        ('command = ["python", "train.py", "--lr", "{lr}"]', "command = []", 5, "the command is empty"),
        ('command = ["python"', 'command = [""', 5, "the command is empty"),
        ('"lr" = 0.01', '"lr" = [1]', 18, "param lr must be text"),
        ('"lr" = 0.01', '"lr" = nan', 18, "param lr must be finite"),
        ('"lr" = 0.01', '"lr" = "a\\u0000b"', 18, "param lr can't hold a NUL"),
        ('"lr" = 0.01', '"learning rate" = 1', 18, "'learning rate' is not a param's name"),
        ('command = ["python"', 'command = ["\\u0000"', 5, "the command can't hold a NUL"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    assert old in FORM
    file = tmp_path / "form.toml"
    file.write_text(FORM.replace(old, new))
    with pytest.raises(ConfigError) as seen:
        ask_form.read(str(file))
    assert seen.value.message.startswith(f"{file}:{line}: ")
    assert says in seen.value.message


def editor(home: Path, old: str, new: str) -> str:
    """An editor that replaces `old` by `new`, and must find it."""
    program = home / "editor.py"
    program.write_text(
        "import pathlib, sys\n"
        "file = pathlib.Path(sys.argv[-1])\n"
        "text = file.read_text()\n"
        f"assert {old!r} in text, text\n"
        f"file.write_text(text.replace({old!r}, {new!r}))\n"
    )
    return f"{sys.executable} '{program}'"


def edited(params: dict[str, Any]) -> dict[str, Any]:
    return {"run": {**RUN, **params["ask"]}}


def show(params: dict[str, Any]) -> dict[str, Any]:
    return {"run": RUN}


def kept(home: Path) -> list[Path]:
    return list((home / "state" / "edits").iterdir())


def test_only_what_was_changed_is_sent(tmp_path: Path) -> None:
    with serving(tmp_path, show=show, edit=edited) as server:
        done = workbench(tmp_path, "edit", "12", EDITOR=editor(tmp_path, '\nmemory = ""', '\nmemory = "2GB"'))
        as_json = workbench(tmp_path, "edit", "12", "--json", VISUAL=editor(tmp_path, '"lr" = 0.01', '"lr" = 1'))
    assert done.stdout == "brave-sunset-12  changed\n"
    first, second = server.params("edit")
    assert first == {"run": RUN["id"], "ask": {"memory": 2_000_000_000}}
    assert second["ask"] == {"params": {"lr": 1}}
    assert json.loads(as_json.stdout)["params"] == {"lr": 1}
    assert kept(tmp_path) == []


def test_a_number_of_another_kind_is_a_change(tmp_path: Path) -> None:
    def whole(params: dict[str, Any]) -> dict[str, Any]:
        return {"run": {**RUN, "params": {"lr": 1}}}

    with serving(tmp_path, show=whole, edit=edited) as server:
        workbench(tmp_path, "edit", "12", EDITOR=editor(tmp_path, '"lr" = 1', '"lr" = 1.0'))
    assert [type(params["ask"]["params"]["lr"]) for params in server.params("edit")] == [float]


def test_nothing_changed(tmp_path: Path) -> None:
    with serving(tmp_path, show=show) as server:
        done = workbench(tmp_path, "edit", "12", EDITOR="true")
    assert done.stdout == "brave-sunset-12  nothing was changed\n"
    assert server.params("edit") == []
    assert kept(tmp_path) == []


def test_what_was_typed_outlives_a_mistake(tmp_path: Path) -> None:
    with serving(tmp_path, show=show, edit=edited) as server:
        wrong = workbench(tmp_path, "edit", "12", EDITOR=editor(tmp_path, "cpus = 1", "cpus = 8 cores"))
        (file,) = kept(tmp_path)
        assert file.stat().st_mode & 0o777 == 0o600
        gone = workbench(tmp_path, "edit", "12", EDITOR="no-such-editor")
        right = workbench(tmp_path, "edit", "12", EDITOR=editor(tmp_path, "cpus = 8 cores", "cpus = 8"))
    assert "can't start the editor 'no-such-editor': No such file or directory" in gone.stderr
    assert wrong.returncode == 2
    assert wrong.stderr.startswith(f"workbench: {file}:6: ")
    assert "hint: what you typed is kept: `workbench edit brave-sunset-12` goes on with it" in wrong.stderr
    assert right.stdout == "brave-sunset-12  changed\n"
    assert server.params("edit")[0]["ask"] == {"cpus": 8}
    assert kept(tmp_path) == []


def test_what_was_typed_outlives_a_refusal(tmp_path: Path) -> None:
    def refuse(params: dict[str, Any]) -> Any:
        raise Refused("no machine has 99 cpus")

    with serving(tmp_path, show=show, edit=refuse):
        done = workbench(tmp_path, "edit", "12", EDITOR=editor(tmp_path, "cpus = 1", "cpus = 99"))
    assert done.returncode == 2
    assert "no machine has 99 cpus" in done.stderr
    (file,) = kept(tmp_path)
    assert "cpus = 99" in file.read_text()


def test_a_run_that_does_not_wait_is_not_edited(tmp_path: Path) -> None:
    with serving(tmp_path, show=lambda params: {"run": ended(0)}):
        done = workbench(tmp_path, "edit", "12", EDITOR="true")
    assert (done.returncode, done.stderr) == (
        2,
        "workbench: brave-sunset-12 is finished; only a run that waits can be edited\n",
    )


def test_an_editor_that_is_not_there_or_fails(tmp_path: Path) -> None:
    with serving(tmp_path, show=show) as server:
        gone = workbench(tmp_path, "edit", "12", EDITOR="no-such-editor")
        failed = workbench(tmp_path, "edit", "12", EDITOR="false")
    assert (gone.returncode, failed.returncode) == (2, 2)
    assert "can't start the editor 'no-such-editor'" in gone.stderr
    assert "the editor ended with code 1; nothing was changed" in failed.stderr
    assert server.params("edit") == []
