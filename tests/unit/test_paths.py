import os
import stat
from pathlib import Path

import pytest

from workbench import paths


def test_one_variable_puts_everything_in_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    for place in (paths.config(), paths.data(), paths.state(), paths.cache(), paths.runtime(), paths.socket()):
        assert place.startswith(f"{tmp_path}/")


def test_the_places_are_xdgs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WORKBENCH_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative/is/ignored")
    monkeypatch.setenv("XDG_DATA_HOME", "/elsewhere")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    assert paths.config() == f"{tmp_path}/.config/workbench"
    assert paths.data() == "/elsewhere/workbench"
    assert paths.runtime() == f"{tmp_path}/.local/state/workbench/run"


def test_a_private_directory_is_closed_to_others(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    assert paths.private(str(place)) == str(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    place.chmod(0o755)
    paths.private(str(place))
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_a_link_in_place_of_a_private_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "link")
    with pytest.raises(PermissionError, match="not a directory of yours"):
        paths.private(str(tmp_path / "link"))
