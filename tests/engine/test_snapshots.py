import os
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.engine import git, snapshots, tree
from workbench.engine.blobs import Blobs
from workbench.engine.snapshots import Frozen, Snapshots
from workbench.errors import SnapshotTooLarge, UsageError
from workbench.settings import Project, SnapshotSettings


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "blobs"))


@pytest.fixture
def store(blobs: Blobs) -> Snapshots:
    return Snapshots(blobs)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A directory outside git."""
    directory = tmp_path / "code"
    write(directory, {"train.py": "print(1)", "lib/net.py": "x = 1"})
    return directory


@pytest.fixture
def repository(plain: Path) -> Path:
    """The same with one commit."""
    run_git(plain, "init", "-q", "-b", "main")
    write(plain, {".gitignore": "*.log\nbuild/\n"})
    commit(plain)
    return plain


def write(directory: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)


def run_git(directory: Path, *words: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *who, *words], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(directory: Path) -> None:
    run_git(directory, "add", "-A")
    run_git(directory, "commit", "-q", "-m", "x")


def project(directory: Path, settings: SnapshotSettings | None = None) -> Project:
    return Project(str(directory), "p", snapshot=settings or SnapshotSettings())


def paths(frozen: Frozen) -> list[str]:
    return [entry.path for entry in frozen.tree]


def content(blobs: Blobs, frozen: Frozen, path: str) -> str:
    return next(blobs.get(entry.content).decode() for entry in frozen.tree if entry.path == path)


# Outside git.


def test_a_directory_is_frozen_without_what_never_is_code(store: Snapshots, blobs: Blobs, plain: Path) -> None:
    write(plain, {".venv/bin/python": "", "lib/__pycache__/net.pyc": "", "wandb/x": "", ".env": "TOKEN=1"})
    frozen = store.freeze(project(plain))
    assert paths(frozen) == ["lib/net.py", "train.py"]
    assert content(blobs, frozen, "train.py") == "print(1)"
    assert frozen.size == len("print(1)") + len("x = 1")
    assert frozen.code == replace(frozen.code, commit="", branch="", changes=0, diff="")
    assert frozen.warnings == ()


def test_a_snapshot_reads_back(store: Snapshots, plain: Path) -> None:
    (plain / "run.sh").touch(0o755)
    os.symlink("lib/net.py", plain / "link.py")
    frozen = store.freeze(project(plain))
    assert store.tree(frozen.code.snapshot) == frozen.tree
    assert {entry.path: entry.kind for entry in frozen.tree} == {
        "lib/net.py": "file",
        "link.py": "link",
        "run.sh": "executable",
        "train.py": "file",
    }


def test_the_same_files_are_the_same_snapshot_wherever_they_lie(
    store: Snapshots, repository: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(repository, copy, ignore=shutil.ignore_patterns(".git"))
    here, there = store.freeze(project(repository)), store.freeze(project(copy))
    assert here.code.snapshot == there.code.snapshot
    assert here.code.commit != there.code.commit == ""


def test_later_edits_change_nothing(store: Snapshots, blobs: Blobs, plain: Path) -> None:
    frozen = store.freeze(project(plain))
    write(plain, {"train.py": "print(2)"})
    (plain / "lib" / "net.py").unlink()
    assert content(blobs, frozen, "train.py") == "print(1)"
    assert content(blobs, frozen, "lib/net.py") == "x = 1"


def test_an_edit_of_the_same_size_in_the_same_tick_is_noticed(store: Snapshots, blobs: Blobs, plain: Path) -> None:
    stamp = (plain / "train.py").stat().st_mtime_ns
    first = store.freeze(project(plain))
    write(plain, {"train.py": "print(2)"})
    os.utime(plain / "train.py", ns=(stamp, stamp))
    second = store.freeze(project(plain))
    assert content(blobs, second, "train.py") == "print(2)"
    assert first.code.snapshot != second.code.snapshot


def test_what_has_not_changed_is_not_read_again(
    store: Snapshots, blobs: Blobs, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "SETTLED_NS", -(10**18))  # the files are new: take them for settled
    first = store.freeze(project(plain))
    read: list[str] = []
    monkeypatch.setattr(Blobs, "put_file", lambda *_: read.append("file"))
    assert store.freeze(project(plain)) == first
    assert read == []


def test_links_that_lead_out_are_left_out_and_said(store: Snapshots, plain: Path) -> None:
    os.symlink("/etc/passwd", plain / "absolute")
    os.symlink("../../secret", plain / "lib" / "up")
    os.symlink("../train.py", plain / "lib" / "inside.py")
    frozen = store.freeze(project(plain))
    assert paths(frozen) == ["lib/inside.py", "lib/net.py", "train.py"]
    assert sorted(warning.split()[0] for warning in frozen.warnings) == ["absolute", "lib/up"]


def test_sockets_and_pipes_are_passed_over(store: Snapshots, plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(plain / "pipe")
    monkeypatch.chdir(plain)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert paths(store.freeze(project(plain))) == ["lib/net.py", "train.py"]


def test_names_that_are_not_text_survive(store: Snapshots, plain: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \n\x1b.py")
    (plain / name).write_text("x")
    frozen = store.freeze(project(plain))
    assert name in paths(frozen)
    assert store.tree(frozen.code.snapshot) == frozen.tree


def test_patterns_and_links_of_the_settings_stay_out(store: Snapshots, repository: Path) -> None:
    write(repository, {"data/huge.csv": "1", "a.ckpt": "x", "docs/x.md": "x"})
    settings = SnapshotSettings(exclude=("*.ckpt", "docs/"), link=("data",))
    frozen = store.freeze(project(repository, settings))
    assert paths(frozen) == [".gitignore", "lib/net.py", "train.py"]
    assert frozen.links == {"data": f"{repository}/data"}
    shutil.rmtree(repository / ".git")
    assert paths(store.freeze(project(repository, settings))) == [".gitignore", "lib/net.py", "train.py"]


def test_a_link_to_nothing_is_refused(store: Snapshots, plain: Path) -> None:
    with pytest.raises(UsageError, match=r"data, which \[snapshot\] link names, is not in"):
        store.freeze(project(plain, SnapshotSettings(link=("data",))))


def test_too_large_is_said_before_anything_is_read(store: Snapshots, blobs: Blobs, plain: Path) -> None:
    for number in range(7):
        with open(plain / f"big{number}.bin", "wb") as file:
            file.truncate(10_000_000_000 + number * 10**9)
    with pytest.raises(SnapshotTooLarge) as caught:
        store.freeze(project(plain))
    assert "over the cap of 100 MB" in caught.value.message
    assert [path for path, _ in caught.value.evidence["largest"]] == [f"big{n}.bin" for n in (6, 5, 4, 3, 2)]
    assert all(word in caught.value.hint for word in ("exclude", "link", "max-size"))
    assert os.listdir(blobs.root) == []


def test_the_cap_can_be_raised(store: Snapshots, plain: Path) -> None:
    (plain / "weights.bin").write_bytes(bytes(2000))
    with pytest.raises(SnapshotTooLarge):
        store.freeze(project(plain, SnapshotSettings(max_size=1000)))
    assert store.freeze(project(plain, SnapshotSettings(max_size=3000))).size == 2013


@pytest.mark.parametrize("ignore", ["*", "# Made by a tool.\n*\n"])
def test_a_directory_that_ignores_itself_is_no_code(store: Snapshots, plain: Path, ignore: str) -> None:
    write(plain, {"pulled/model.pt": "weights", "pulled/.gitignore": ignore, "lib/.gitignore": "*.log\n*\n"})
    frozen = store.freeze(Project(str(plain), "churn"))
    assert [entry.path for entry in frozen.tree] == ["lib/.gitignore", "lib/net.py", "train.py"]


def test_too_many_files_end_the_walk(store: Snapshots, plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_FILES", 1)
    with pytest.raises(SnapshotTooLarge, match="more than 1 files"):
        store.freeze(project(plain))


def test_a_file_that_vanishes_or_is_closed_to_us_is_named(
    store: Snapshots, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UsageError, match=r"(train|lib/net)\.py can't be read: Permission denied"):
        store.freeze(project(plain))


def test_a_directory_that_is_closed_to_us_is_left_out_and_said(
    store: Snapshots, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("lib/"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    frozen = store.freeze(project(plain))
    assert paths(frozen) == ["train.py"]
    assert frozen.warnings == ("lib/ can't be read and is left out: Permission denied",)


# In git.


def test_a_clean_checkout(store: Snapshots, repository: Path) -> None:
    write(repository, {"run.log": "ignored", "build/x": "ignored"})
    frozen = store.freeze(project(repository))
    assert paths(frozen) == [".gitignore", "lib/net.py", "train.py"]
    assert frozen.code.commit == run_git(repository, "rev-parse", "HEAD")
    assert frozen.code.branch == "main"
    assert (frozen.code.changes, frozen.code.diff) == (0, "")


def test_changes_are_frozen_and_their_diff_is_kept(store: Snapshots, blobs: Blobs, repository: Path) -> None:
    write(repository, {"train.py": "print(2)", "new file.py": "y = 1", "staged.py": "z"})
    run_git(repository, "add", "staged.py")
    (repository / "lib" / "net.py").unlink()
    frozen = store.freeze(project(repository))
    assert paths(frozen) == [".gitignore", "new file.py", "staged.py", "train.py"]
    assert content(blobs, frozen, "train.py") == "print(2)"
    assert frozen.code.changes == 4
    diff = blobs.get(frozen.code.diff).decode()
    assert "-print(1)" in diff
    assert "+print(2)" in diff
    assert "deleted file" in diff
    assert "new file.py" not in diff


def test_untracked_files_alone_make_no_diff(store: Snapshots, repository: Path) -> None:
    write(repository, {"new.py": "", "lib/__pycache__/x.pyc": ""})
    frozen = store.freeze(project(repository))
    assert "new.py" in paths(frozen)
    assert "lib/__pycache__/x.pyc" not in paths(frozen)
    assert (frozen.code.changes, frozen.code.diff) == (2, "")


def test_before_the_first_commit(store: Snapshots, plain: Path) -> None:
    run_git(plain, "init", "-q", "-b", "main")
    frozen = store.freeze(project(plain))
    assert paths(frozen) == ["lib/net.py", "train.py"]
    assert (frozen.code.commit, frozen.code.branch, frozen.code.changes) == ("", "main", 2)
    run_git(plain, "add", "-A")
    assert store.freeze(project(plain)).code.diff == ""


def test_a_detached_head(store: Snapshots, repository: Path) -> None:
    run_git(repository, "checkout", "-q", "--detach")
    assert store.freeze(project(repository)).code.branch == ""


def test_a_project_below_the_top_of_its_repository(store: Snapshots, blobs: Blobs, repository: Path) -> None:
    write(repository, {"train.py": "print(2)", "lib/net.py": "x = 2", "lib/new.py": "", "other.py": ""})
    frozen = store.freeze(project(repository / "lib"))
    assert paths(frozen) == ["net.py", "new.py"]
    assert frozen.code.changes == 2
    assert "print(2)" not in blobs.get(frozen.code.diff).decode()


def test_a_project_reached_by_a_link(store: Snapshots, repository: Path, tmp_path: Path) -> None:
    write(repository, {"lib/new.py": ""})
    os.symlink(repository / "lib", tmp_path / "short")
    assert paths(store.freeze(project(tmp_path / "short"))) == ["net.py", "new.py"]


def test_a_worktree_is_a_checkout_like_any_other(store: Snapshots, repository: Path, tmp_path: Path) -> None:
    run_git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "topic")
    frozen = store.freeze(project(tmp_path / "tree"))
    assert frozen.code.branch == "topic"
    assert paths(frozen) == [".gitignore", "lib/net.py", "train.py"]


def test_repositories_inside_are_frozen_and_other_worktrees_are_not(store: Snapshots, repository: Path) -> None:
    run_git(repository, "worktree", "add", "-q", "tree")
    run_git(repository, "init", "-q", "vendor")
    write(repository / "vendor", {".gitignore": "x\n", "x": "", "lib.py": ""})
    frozen = store.freeze(project(repository))
    assert [path for path in paths(frozen) if "vendor" in path] == ["vendor/.gitignore", "vendor/lib.py"]
    assert [path for path in paths(frozen) if "tree" in path] == []
    assert frozen.warnings == ("tree is another worktree and is left out",)


def test_submodules_are_frozen_as_they_are(store: Snapshots, blobs: Blobs, repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository, tmp_path / "upstream")
    run_git(repository, "submodule", "add", "-q", str(tmp_path / "upstream"), "sub")
    commit(repository)
    write(repository / "sub", {"train.py": "print(3)", "stray.py": ""})
    frozen = store.freeze(project(repository))
    assert content(blobs, frozen, "sub/train.py") == "print(3)"
    assert frozen.code.changes == 1
    assert frozen.warnings == ("untracked files in the submodule sub are left out",)
    run_git(repository, "submodule", "deinit", "-q", "-f", "sub")
    frozen = store.freeze(project(repository))
    assert [path for path in paths(frozen) if path.startswith("sub")] == []
    assert frozen.warnings == ("the submodule sub is not checked out and is left out",)


def test_a_conflict_is_frozen_once_with_its_marks(store: Snapshots, blobs: Blobs, repository: Path) -> None:
    run_git(repository, "checkout", "-q", "-b", "other")
    write(repository, {"train.py": "print(8)"})
    commit(repository)
    run_git(repository, "checkout", "-q", "main")
    write(repository, {"train.py": "print(9)"})
    commit(repository)
    with pytest.raises(subprocess.CalledProcessError):
        run_git(repository, "merge", "other")
    frozen = store.freeze(project(repository))
    assert paths(frozen).count("train.py") == 1
    assert "<<<<<<<" in content(blobs, frozen, "train.py")
    assert frozen.code.changes == 1


def test_a_directory_replaced_by_a_link_does_not_lead_out(store: Snapshots, repository: Path, tmp_path: Path) -> None:
    shutil.move(repository / "lib", tmp_path / "moved")
    os.symlink(tmp_path / "moved", repository / "lib")
    frozen = store.freeze(project(repository))
    assert paths(frozen) == [".gitignore", "train.py"]
    assert "lib points outside" in frozen.warnings[0]


def test_a_project_that_git_ignores_is_frozen_as_a_directory(store: Snapshots, repository: Path) -> None:
    write(repository, {"build/job.py": "x"})
    frozen = store.freeze(project(repository / "build"))
    assert paths(frozen) == ["job.py"]
    assert frozen.code.commit == ""


def test_without_git_the_directory_is_frozen_and_that_is_said(
    store: Snapshots, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    frozen = store.freeze(project(repository))
    assert paths(frozen) == [".gitignore", "lib/net.py", "train.py"]
    assert frozen.warnings[0].startswith("git is not installed")


def test_gits_own_words_when_it_refuses(store: Snapshots, repository: Path) -> None:
    (repository / ".git" / "HEAD").write_text("nonsense")
    with pytest.raises(UsageError, match="git can't read the code: not a git repository") as caught:
        store.freeze(project(repository))
    assert "fatal:" in caught.value.evidence["words"]


def test_looking_runs_nothing_that_the_repository_names(
    store: Snapshots, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    spy.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "core.pager"):
        run_git(repository, "config", key, str(spy))
    index = (repository / ".git" / "index").stat().st_mtime_ns
    write(repository, {"train.py": "print(2)"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert git.look(str(repository)).changes == 1
    assert b"+print(2)" in git.diff(str(repository))
    assert not (tmp_path / "ran").exists()
    assert (repository / ".git" / "index").stat().st_mtime_ns == index
