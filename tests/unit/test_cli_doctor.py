"""`doctor`: each thing that can be wrong, made wrong once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.unit.cli_server import greeting, serving, workbench
from workbench import paths
from workbench.cli.checks import ADVICE, WELL, WRONG, places, programs, service, session


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    return tmp_path


def test_all_is_well(tmp_path: Path) -> None:
    done = workbench(tmp_path, "doctor", TERM="xterm-256color", LANG="C.UTF-8")
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("all is well\n")
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_comes_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir(mode=0o700)
    (tmp_path / "config" / "config.toml").write_text("[engine]\nhistry = 1\n")
    done = workbench(tmp_path, "doctor")
    as_json = workbench(tmp_path, "doctor", "--json")
    assert (done.returncode, as_json.returncode) == (1, 1)
    assert "WRONG  settings" in done.stdout
    assert "config.toml:2" in done.stdout
    assert "       ->" in done.stdout.replace(" " * 10, "")
    found = json.loads(as_json.stdout)
    assert found["well"] is False
    assert [finding["what"] for finding in found["findings"] if finding["level"] == WRONG] == ["settings"]


def test_an_engine_of_another_version(home: Path) -> None:
    with serving(home, hello=greeting(0)):
        found = service.engine()
    assert (found.level, "engine stop" in found.advice) == (WRONG, True)


def test_an_engine_that_is_not_well(home: Path) -> None:
    state = {"version": "9.9", "pid": 7, "socket": "/s", "health": "the disk is full"}
    with serving(home, status=lambda params: state):
        assert service.engine()[1:3] == (WRONG, "the disk is full")
        state["health"] = "ok"
        assert service.engine()[1:3] == (WELL, "version 9.9, pid 7, at /s")


def test_a_socket_path_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", "/" + "x" * 120)
    assert service.socket_path().level == WRONG


def test_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "data"
    assert places.directory(str(place)).level == WELL
    place.mkdir(mode=0o700)
    assert places.directory(str(place)).level == WELL
    place.chmod(0o755)
    assert places.directory(str(place)).level == ADVICE
    link = tmp_path / "link"
    link.symlink_to(place)
    assert "not a directory" in places.directory(str(link)).says
    assert places.directory(str(tmp_path / "data" / ("x" * 300))).level == WRONG
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "not writable" in places.directory(str(place)).says
    assert "can't be made" in places.directory(str(tmp_path / "new" / "er")).says
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    assert "another user" in places.directory(str(place)).says


MOUNTS = """\
/dev/root / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb /home/alice/local\\040disk xfs rw 0 0
sshfs /mnt/far fuse.sshfs rw 0 0
/dev/sdc /mnt/far xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/var/x", "ext4"),
        ("/home", "nfs4"),
        ("/home/alice/x", "nfs4"),
        ("/homework", "ext4"),
        ("/home/alice/local disk/x", "xfs"),
        ("/mnt/far/x", "xfs"),
    ],
)
def test_the_file_system_of_a_place(place: str, kind: str) -> None:
    assert places.file_system(place, MOUNTS) == kind


@pytest.mark.parametrize("kind", ["nfs", "lustre", "fuse.sshfs"])
def test_a_history_on_a_shared_disk(home: Path, kind: str) -> None:
    mounts = home / "mounts"
    mounts.write_text(f"server:/ / {kind} rw 0 0\n")
    found = places.history(str(mounts))
    assert found.level == WRONG
    assert "WORKBENCH_HOME" in found.advice
    assert str(home / "config" / "config.toml") in found.advice
    mounts.write_text("/dev/root / ext4 rw 0 0\n")
    assert places.history(str(mounts)).level == WELL


def test_the_room_that_is_left() -> None:
    assert places.room("history", "/x", 10**12, 10**6).level == WELL
    assert places.room("history", "/x", 10**8, 10**6).level == WRONG
    assert places.room("history", "/x", 10**12, 3).level == WRONG
    assert places.room("history", "/x", 10**12, None).level == WELL
    assert places.room("environments", "/x", 10**9, None).level == ADVICE


def test_systemd_that_kills_at_logout(tmp_path: Path) -> None:
    assert session.logout(str(tmp_path)).level == WELL
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    assert session.logout(str(tmp_path)).level == WELL
    (tmp_path / "etc/systemd/logind.conf.d").mkdir(parents=True)
    (tmp_path / "etc/systemd/logind.conf").write_text("[Login]\n#KillUserProcesses=no\nKillUserProcesses=yes\n")
    assert session.logout(str(tmp_path)).level == WRONG
    (tmp_path / "etc/systemd/logind.conf.d/50-keep.conf").write_text("[Login]\nKillUserProcesses=no\n")
    assert session.logout(str(tmp_path)).level == WELL


def test_a_session_without_a_runtime_directory(tmp_path: Path) -> None:
    assert session.runtime_directory({}).level == ADVICE
    assert session.runtime_directory({"XDG_RUNTIME_DIR": "/no/such"}).level == ADVICE
    assert session.runtime_directory({"WORKBENCH_HOME": "/x"}).level == WELL
    assert session.runtime_directory({"XDG_RUNTIME_DIR": str(tmp_path)}).level == WELL


def test_clocks(home: Path) -> None:
    assert session.clock(0).level == WRONG
    assert session.clock(1.8e9).level == WELL
    (home / "state").mkdir()
    Path(paths.engine_log()).touch()
    os.utime(paths.engine_log(), (2e9, 2e9))
    assert session.clock(1.8e9).level == ADVICE


@pytest.mark.parametrize(
    ("environment", "encoding", "level"),
    [
        ({"TERM": "xterm-256color"}, "utf-8", WELL),
        ({"TERM": "tmux-256color", "TMUX": "x"}, "utf-8", WELL),
        ({"TERM": "xterm", "TMUX": "x"}, "utf-8", ADVICE),
        ({"TERM": "xterm"}, "iso8859-1", ADVICE),
        ({"TERM": "dumb"}, "utf-8", ADVICE),
        ({}, "utf-8", ADVICE),
    ],
)
def test_terminals(environment: dict[str, str], encoding: str, level: str) -> None:
    assert session.terminal(environment, encoding).level == level


def test_programs_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (programs.uv().level, programs.git().level) == (WELL, WELL)
    monkeypatch.setattr(programs, "_uv", lambda: None)
    monkeypatch.setenv("PATH", "/no/such")
    assert (programs.uv().level, programs.git().level) == (WRONG, ADVICE)
    assert programs.package_index().level == WRONG
