import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.engine.patterns import USUAL, covering, matcher


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("*.ckpt", ["a.ckpt", "d/e/a.ckpt", "dir.ckpt/x"], ["a.ckpt2", "ackpt"]),
        ("out/", ["out/x", "a/out/x", "out/"], ["out", "outer/x"]),
        ("/out", ["out", "out/x"], ["a/out"]),
        ("a/b", ["a/b", "a/b/c"], ["x/a/b", "a/bc"]),
        ("a/*/c", ["a/b/c"], ["a/c", "a/b/d/c"]),
        ("a/**/c", ["a/c", "a/b/c", "a/b/d/c"], ["x/a/c"]),
        ("**/x", ["x", "a/b/x"], ["ax"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a/c"]),
        ("?.py", ["a.py"], ["ab.py", ".py/"]),
        ("[ab].py", ["a.py"], ["c.py"]),
        ("[!ab].py", ["c.py"], ["a.py"]),
        ("[z-a]x", [], ["z-ax", "ax"]),
        (r"\*.py", ["*.py"], ["a.py"]),
        ("a.b+(c)", ["a.b+(c)"], ["axb+(c)"]),
    ],
)
def test_patterns_mean_what_they_mean_in_gitignore(pattern: str, inside: list[str], outside: list[str]) -> None:
    match = matcher((pattern,)).fullmatch
    assert [path for path in inside if not match(path)] == []
    assert [path for path in outside if match(path)] == []


def test_no_pattern_covers_nothing() -> None:
    assert not matcher(()).fullmatch("x")
    assert not covering(()).fullmatch("")


def test_a_path_covers_what_lies_in_it() -> None:
    match = covering(["data", "a.b/c"]).fullmatch
    assert all(map(match, ["data", "data/", "data/x/y", "a.b/c/d"]))
    assert not any(map(match, ["database", "x/data", "axb/c"]))


def test_what_usually_stays_out() -> None:
    match = matcher(USUAL).fullmatch
    assert all(map(match, [".git/", "a/.venv/", "a/__pycache__/x.pyc", "x.pyo", "wandb/", ".env", "sub/.env"]))
    assert not any(map(match, ["environment.yml", ".envs", "data.csv", "git/x", "venv"]))


NAMES = st.sampled_from(["a", "b", "ab", "a.b", "x-y", "[a"])
PATTERN = st.lists(
    st.sampled_from(["a", "b", "a*", "*", "**", "?", "[ab]", "[!a]", "a.b", "*.b", "[^a]b", "x-y"]),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("repo")
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=PATTERN,
    rooted=st.booleans(),
    folder=st.booleans(),
    paths=st.lists(st.lists(NAMES, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12, unique=True),
)
def test_git_agrees(repository: Path, pieces: list[str], rooted: bool, folder: bool, paths: list[str]) -> None:
    pattern = "/" * rooted + "/".join(pieces) + "/" * folder
    (repository / ".git" / "info" / "exclude").write_text(pattern + "\n")
    asked = "\0".join(paths).encode()
    words = ["git", "-C", str(repository), "check-ignore", "--no-index", "-z", "--stdin"]
    said = subprocess.run(words, input=asked, capture_output=True, check=False).stdout.decode().split("\0")[:-1]
    match = matcher((pattern,)).fullmatch
    assert [path for path in paths if match(path)] == said
