from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cli_server import RUN, serving, workbench
from workbench import views
from workbench.domain.view import View
from workbench.errors import ConfigError, NotFound, UsageError

BROKEN = View("status:failed", "-submitted", ("param.lr", "metric.loss"))


def test_a_view_is_found_as_it_was_saved_and_nobody_else_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "config" / "views.toml"
    assert views.load(str(file)) == {}
    views.save("broken", BROKEN, str(file))
    views.save("all", View(), str(file))
    views.save("broken", View('name~"a\\"b|語"'), str(file))
    assert views.load(str(file)) == {"broken": View('name~"a\\"b|語"'), "all": View()}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == ["views.toml"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[a]\nfilter = 3\n", r":2: filter must be a text"),
        ('[a]\nfilter = "lr= "\n', r":2: lr= lacks its value"),
        ('[a]\n\ncolumns = ["lr"]\n', r":1: 'lr' is no column"),
        ('[a]\ncolumn = "lr"\n', r":2: there is no key 'column'"),
        ("a = 1\n", r":1: a must be a table"),
        ("[a\n", r":1: "),
        ('["a b"]\n', r":1: a view can't be called"),
    ],
)
def test_what_is_wrong_in_the_file_is_pointed_at(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "views.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=says):
        views.load(str(file))
    with pytest.raises(ConfigError):
        views.save("b", View(), str(file))
    assert file.read_text() == text, "what somebody wrote by hand is not lost"


@pytest.mark.parametrize("name", ["", "a b", "-a", "a\x1b", "x" * 41])
def test_a_name_that_could_not_be_typed_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="can't be called"):
        views.save(name, View(), str(tmp_path / "views.toml"))


@given(st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cs")), max_size=30))
def test_any_column_survives(tmp_path_factory: pytest.TempPathFactory, key: str) -> None:
    column = f"metric.{key}"
    if not key.isprintable() or not key:
        return
    file = str(tmp_path_factory.getbasetemp() / "columns.toml")
    views.save("a", View(columns=(column,)), file)
    assert views.load(file)["a"].columns == (column,)


@pytest.mark.parametrize(
    ("order", "turned"),
    [("queue", "queue"), ("newest", "seq"), ("seq", "newest"), ("name", "-name"), ("-metric.loss", "metric.loss")],
)
def test_an_order_turned_round(order: str, turned: str) -> None:
    assert View(order=order).turned().order == turned


def test_sorting_twice_by_the_same_turns_it_round() -> None:
    assert View().sorted("metric.loss").order == "metric.loss"
    assert View().sorted("metric.loss").sorted("metric.loss").order == "-metric.loss"
    assert View().sorted("submitted").order == "-submitted"


def test_the_command_line_saves_a_view_and_lists_by_it(tmp_path: Path) -> None:
    rows = [{"run": RUN, "metrics": {"loss": 0.25}}]
    with serving(tmp_path, runs=lambda params: {"total": 1, "counts": {}, "rows": rows}) as server:
        saved = workbench(
            tmp_path, "runs", "is:live", "--order", "-name", "--columns", "param.lr,metric.loss", "--save", "mine"
        )
        again = workbench(tmp_path, "runs", "--view", "mine", "tag:base")
        unknown = workbench(tmp_path, "runs", "--view", "yours")
    assert saved.stdout.splitlines()[0].split() == ["#", "run", "status", "machine", "time", "lr", "loss"]
    assert again.stdout.splitlines() == saved.stdout.splitlines()
    asked = server.params("runs")
    assert asked[0] | {"limit": 0} == {"filter": "is:live", "order": "-name", "offset": 0, "limit": 0}
    assert asked[1]["filter"] == "(is:live) tag:base" and asked[1]["order"] == "-name"
    assert unknown.returncode == NotFound.exit_code and "there are mine" in unknown.stderr


def test_a_column_that_is_none_is_refused(tmp_path: Path) -> None:
    done = workbench(tmp_path, "runs", "--columns", "lr")
    assert done.returncode == 2 and "'lr' is no column" in done.stderr
