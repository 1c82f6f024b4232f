"""What keymap.toml may say, and how what it may not is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench import keymap
from workbench.errors import ConfigError
from workbench.keymap import Keymap


def read(tmp_path: Path, text: str) -> Keymap:
    file = tmp_path / "keymap.toml"
    file.write_text(text)
    return keymap.load(str(file))


def test_without_a_file_the_keys_are_the_usual_ones(tmp_path: Path) -> None:
    assert keymap.load(str(tmp_path / "keymap.toml")) == Keymap()
    assert not Keymap().changed()


def test_a_command_gets_other_keys(tmp_path: Path) -> None:
    keys = read(tmp_path, 'queue.cancel = "x"\n[list]\ndown = ["n", ","]\n[replay]\nslower = ";"\n')
    assert keys.command("queue.cancel").keys == ("x",)
    assert keys.command("list.down").shown == "n"
    assert keys.changed() == {"queue.cancel": "x", "list.down": "n,comma", "replay.slower": ";"}
    assert keys.command("queue.rerun") == Keymap().command("queue.rerun")


def test_two_commands_may_change_places(tmp_path: Path) -> None:
    keys = read(tmp_path, 'queue.cancel = "r"\nqueue.rerun = "c"\n')
    assert keys.changed() == {"queue.cancel": "r", "queue.rerun": "c"}


def test_one_key_may_mean_different_things_on_different_screens(tmp_path: Path) -> None:
    assert read(tmp_path, 'compare.fold = "c"\n').changed() == {"compare.fold": "c"}


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ('\nqueue.cancle = "x"', 2, "there is no command 'queue.cancle'"),
        ('[queue]\ncancel = "x"\nrerun = "x"', 2, "'x' is queue.rerun already"),
        ('queue.cancel = "r"', 1, "'r' is queue.rerun already"),
        ('queue.cancel = "?"', 1, "'?' is app.help already"),
        ('app.quit = "j"', 1, "'j' is list.down already"),
        ('list.top = "c"', 1, "'c' is queue.cancel already"),
        ('compare.fold = "t"', 1, "'t' is replay.pause already"),
        ('queue.cancel = "ctrl+b"', 1, "tmux's own key"),
        ('queue.cancel = ["x", "ctrl+a"]', 1, "screen's own key"),
        ('queue.cancel = "entr"', 1, "'entr' is not a key"),
        ('queue.cancel = "\\u0007"', 1, "is not a key"),
        ("queue.cancel = 5", 1, "takes a key or a list of keys"),
        ("queue.cancel = []", 1, "takes a key or a list of keys"),
        ("queue = 5", 1, "there is no command 'queue'"),
        ('[queue]\n"cancel', 2, ""),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, line: int, complaint: str) -> None:
    with pytest.raises(ConfigError) as problem:
        read(tmp_path, text)
    assert problem.value.message.startswith(f"{tmp_path}/keymap.toml:{line}: ")
    assert complaint in problem.value.message


def test_the_sheet_is_a_keymap_that_changes_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, keymap.sheet(Keymap())) == Keymap()


def test_the_sheet_of_other_keys_gives_these(tmp_path: Path) -> None:
    odd = read(tmp_path, """queue.cancel = ['"', '\\']""")
    assert read(tmp_path, keymap.sheet(odd)) == odd
