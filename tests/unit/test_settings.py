import re
import subprocess
from pathlib import Path

import pytest

from workbench.domain.devices import Rule
from workbench.domain.resources import Need
from workbench.domain.time import SECOND
from workbench.errors import ConfigError
from workbench.settings import (
    FILE,
    PROJECT,
    EnvironmentSettings,
    Metric,
    Notify,
    Project,
    RunDefaults,
    SnapshotSettings,
    Table,
    User,
    find_project,
    load_project,
    load_user,
)

REPOSITORY = Path(__file__).parents[2]


def write(directory: Path, text: str, name: str = FILE) -> Path:
    file = directory / name
    file.write_text(text)
    return file


def test_every_key(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        [project]
        name = "churn"
        goal = "who leaves, and why"
        metric = { name = "auc", goal = "max" }
        [run]
        cpus = 2
        memory = "8GB"
        gpus = 1
        gpu-memory = "24GB"
        machine = "gpu3"
        labels = ["fast", "a100", "fast"]
        time-limit = "1h30m"
        priority = -5
        retries = 3
        tags = ["a", "b"]
        variables = { SEED = 1, NAME = "x y" }
        outputs = ["model.pt", "plots/**/*.png", "reports/"]
        [environment]
        python = "3.12"
        from = "requirements/gpu.txt"
        [snapshot]
        max-size = "1GB"
        exclude = ["*.ckpt", "/out/"]
        link = ["data/", "a/b"]
        """,
    )
    assert find_project(str(tmp_path)) == Project(
        directory=str(tmp_path),
        name="churn",
        goal="who leaves, and why",
        metric=Metric("auc", "max"),
        run=RunDefaults(
            need=Need(2, 8 * 10**9, 1, 24 * 10**9, "gpu3", ("a100", "fast")),
            time_limit=5400,
            priority=-5,
            retries=3,
            tags=("a", "b"),
            variables={"SEED": "1", "NAME": "x y"},
            outputs=("model.pt", "plots/**/*.png", "reports"),
        ),
        environment=EnvironmentSettings("3.12", "requirements/gpu.txt"),
        snapshot=SnapshotSettings(10**9, ("*.ckpt", "/out/"), ("data", "a/b")),
    )


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../x", "a/../../x", "a//b", ".", "./x", "/", "a\\tb"])
def test_outputs_lie_below_where_the_command_starts(tmp_path: Path, pattern: str) -> None:
    write(tmp_path, f'[run]\noutputs = ["{pattern}"]')
    with pytest.raises(ConfigError, match=r"workbench\.toml:2: outputs must be"):
        load_project(str(tmp_path))


def test_an_empty_file_is_a_project_with_defaults(tmp_path: Path) -> None:
    write(tmp_path, "")
    assert find_project(str(tmp_path)) == Project(str(tmp_path), tmp_path.name)


def test_a_project_is_found_from_below(tmp_path: Path) -> None:
    write(tmp_path, '[project]\nname = "above"')
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    assert find_project(str(below)).name == "above"


def test_without_a_file_the_repository_is_the_project(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)
    below = tmp_path / "repo" / "src"
    below.mkdir()
    assert find_project(str(below)) == Project(str(tmp_path / "repo"), "repo")


def test_without_a_repository_the_directory_is_the_project(tmp_path: Path) -> None:
    assert find_project(str(tmp_path)) == Project(str(tmp_path), tmp_path.name)


def test_a_home_under_git_is_not_one_big_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    assert find_project(str(work)).directory == str(work)


@pytest.mark.parametrize(
    ("text", "line", "why", "hint"),
    [
        ("[projct]\nname = 1", 1, "there is no key 'projct'", "did you mean project?"),
        ("[run]\n\ntime_limit = 3", 3, "there is no key 'time_limit' in [run]", "did you mean time-limit?"),
        ("[run]\nzzz = 3", 2, "there is no key 'zzz' in [run]", "known here: cpus, memory"),
        ("[project]\nmetric = { nme = 'x' }", 2, "there is no key 'nme' in [project.metric]", "did you mean name?"),
        ("[project.metric]\n# x\ngoal = 'best'", 3, "goal must be 'max' or 'min', not 'best'", ""),
        ("run = 3", 1, "run must be a table", "write [run]"),
        ("[run]\nvariables = 3", 2, "variables must be a table", "write [run.variables]"),
        ("[run]\ncpus = '2'", 2, "cpus must be a whole number from 1 to 100000, not '2'", ""),
        ("[run]\ncpus = true", 2, "cpus must be a whole number", ""),
        ("[run]\ncpus = 0", 2, "cpus must be a whole number", ""),
        ("[run]\ntags = [\n'a',\n3]", 2, "tags must be a text", ""),
        ("[run]\ntags = 'a'", 2, "tags must be a list of texts", ""),
        ("[run]\nmemory = 'lots'", 2, "memory: 'lots' is not a size", "write 8GB"),
        ("[run]\ngpu-memory = 'big'", 2, "gpu-memory: 'big' is not a size", "write 8GB"),
        ("[run]\nmachine = 3", 2, "machine must be a text of printable characters", ""),
        ("[run]\nlabels = ['a b']", 2, "labels: 'a b' is no label", "such as a100"),
        ("[run]\nlabels = 'a100'", 2, "labels must be a list of texts", ""),
        ("[run]\nmemory = -1", 2, "memory must be a size", ""),
        ("[run]\ntime-limit = '2 hours'", 2, "time-limit: '2 hours' is not a duration", "write 90s"),
        ("[run]\ntime-limit = []", 2, "time-limit must be a duration", ""),
        ("[run.variables]\n\n'A B' = 1", 3, "'A B' is not the name of an environment variable", ""),
        ("[run.variables]\nA = [1]", 2, "A must be a text or a number, not [1]", ""),
        ('[run.variables]\nA = "\\u0000"', 2, "A can't hold a NUL", ""),
        ("[project]\nname = ''", 2, "name must be a text of printable characters", ""),
        ('[project]\nname = "\\u001b[2J"', 2, "name must be a text of printable characters", ""),
        ("[environment]\nfrom = '../x'", 2, "from must be a path inside the project", ""),
        ("[snapshot]\nlink = ['/data']", 2, "link must be a path inside the project", ""),
        ("[snapshot]\nlink = ['.']", 2, "link must be a path inside the project", ""),
        ("[snapshot]\nexclude = ['!keep']", 2, "exclude can't take a file back in", ""),
        ("[run]\ncpus = 1\ncpus = 2", 3, "Cannot overwrite a value", ""),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, line: int, why: str, hint: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        find_project(str(tmp_path))
    assert caught.value.message.startswith(f"{file}:{line}: {why}")
    assert hint in caught.value.hint
    assert caught.value.evidence == {"file": str(file), "line": line}
    assert caught.value.exit_code == 2


def test_a_users_settings(tmp_path: Path) -> None:
    write(
        tmp_path,
        '[engine]\nhistory = "~/history"\n[machine.local]\ncpus = 4\nmemory = "16GB"\n[screen]\ntheme = "dusk"\n'
        '[gpus]\nignored = ["python"]\nsmall = "1GB"\nidle = "1h"',
        "config.toml",
    )
    rule = Rule(("python",), 10**9, 3600 * SECOND)
    assert load_user(str(tmp_path)) == User(str(Path("~/history").expanduser()), 4, 16 * 10**9, "dusk", rule)


def test_a_user_without_settings(tmp_path: Path) -> None:
    assert load_user(str(tmp_path)) == User()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[engine]\nhistory = "here"', "history must be an absolute path"),
        ('[gpus]\nignored = ["nvidia-cuda-mps-server"]', "ignored must be names as `ps -o comm` shows them"),
        ('[gpus]\nignored = "Xorg"', "ignored must be a list of texts"),
        ('[gpus]\nsmall = "little"', "small: 'little' is not a size"),
        ('[gpus]\nidle = "now"', "idle: 'now' is not a duration"),
    ],
)
def test_a_users_settings_are_checked_too(tmp_path: Path, text: str, why: str) -> None:
    file = write(tmp_path, text, "config.toml")
    with pytest.raises(ConfigError, match=re.escape(f"{file}:2: {why}")):
        load_user(str(tmp_path))


@pytest.mark.parametrize("directory", [REPOSITORY, *REPOSITORY.glob("examples/*")], ids=lambda path: path.name)
def test_our_own_project_files_are_right(directory: Path) -> None:
    assert load_project(str(directory)).metric.name == "accuracy"


def test_our_own_project_file_shows_every_key() -> None:
    text = (REPOSITORY / FILE).read_text()

    def keys(table: Table) -> set[str]:
        return set(table) | {key for inner in table.values() if isinstance(inner, dict) for key in keys(inner)}

    assert [key for key in keys(PROJECT) - {"*"} if not re.search(rf"\b{key}\b", text)] == []


def test_how_one_is_told(tmp_path: Path) -> None:
    text = '[notify]\nhow = ["osc9"]\ncommand = ["say", "done"]\nwebhook-file = "/k/hook"\nwebhook-variable = "HOOK"\n'
    write(tmp_path, text, "config.toml")
    assert load_user(str(tmp_path)).notify == Notify(("osc9",), ("say", "done"), "/k/hook", "HOOK")
    for wrong, complaint in (
        ('how = ["mail"]', "how can be app, bell and osc9, and 'mail' is none of them"),
        ('webhook-variable = "https://hooks.test"', "must be the name of an environment variable"),
        ('webhook-file = "hook"', "must be an absolute path"),
    ):
        write(tmp_path, f"[notify]\n{wrong}\n", "config.toml")
        with pytest.raises(ConfigError, match=f"config.toml:2: .*{complaint}"):
            load_user(str(tmp_path))
