"""Against the real uv and the package index, with packages that need nothing else."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from workbench.domain.run import Environment
from workbench.engine import environments, uv
from workbench.engine.blobs import Blobs
from workbench.engine.environments import Environments
from workbench.errors import Unresolvable
from workbench.settings import EnvironmentSettings, Project

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
SCRIPT = (
    '# /// script\n# requires-python = ">=3.9"\n# dependencies = [\n#   "iniconfig==2.0.0",\n# ]\n# ///\nprint(1)\n'
)


class Bench:
    """A project directory, and what resolves it."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "code"
        self.directory.mkdir()
        self.blobs = Blobs(str(root / "blobs"))
        self.cache = root / "locks"
        self.environments = Environments(self.blobs, str(self.cache))

    def write(self, path: str, text: str) -> None:
        (self.directory / path).parent.mkdir(exist_ok=True)
        (self.directory / path).write_text(text)

    async def resolve(
        self, *command: str, source: str = "", python: str = HERE, packages: Sequence[str] = (), where: str = "."
    ) -> tuple[Environment, list[str]]:
        """The environment, and its lock without the hashes."""
        project = Project(str(self.directory), "p", environment=EnvironmentSettings(python, source))
        found = await self.environments.resolve(project, command, str(self.directory / where), packages)
        lock = self.blobs.get(found.lock).decode() if found.lock else ""
        return found, [line.rstrip(" \\") for line in lock.splitlines() if not line.startswith("    --hash=sha256:")]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@dataclass
class Calls:
    words: list[str] = field(default_factory=list)
    """What uv was asked, in order."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    calls = Calls()
    real = asyncio.create_subprocess_exec

    async def spy(*words: str, **rest: Any) -> asyncio.subprocess.Process:
        calls.words.append(" ".join(words[1:3]))
        calls.begun.set()
        return await real(*words, **rest)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", spy)
    return calls


async def test_nothing_declared_is_the_machines_own_path(bench: Bench, calls: Calls) -> None:
    bench.write("pyproject.toml", "[tool.ruff]\n")
    bench.write("train.py", "print(1)")
    assert (await bench.resolve("python", "train.py"))[0] == Environment("")
    bench.write("requirements.txt", "six")
    assert (await bench.resolve("python", "train.py", source="none"))[0].id == ""
    assert calls.words == []


async def test_a_requirements_file_is_locked_with_hashes(bench: Bench) -> None:
    bench.write("requirements.txt", "-r more.txt\n-c caps.txt\nsix==1.16.0  # why\n")
    bench.write("more.txt", "iniconfig\n")
    bench.write("caps.txt", "iniconfig<2.1\n")
    found, lock = await bench.resolve("python", "x.py")
    assert lock == ["iniconfig==2.0.0", "six==1.16.0"]
    assert b"--hash=sha256:" in bench.blobs.get(found.lock)
    assert (found.origin, found.python, len(found.id)) == ("requirements.txt", HERE, 16)
    bench.write("caps.txt", "iniconfig<2\n")
    assert (await bench.resolve("python", "x.py"))[1] == ["iniconfig==1.1.1", "six==1.16.0"]


async def test_a_pyproject_without_a_lock_is_compiled(bench: Bench) -> None:
    bench.write("pyproject.toml", '[project]\nname="p"\nversion="0"\ndependencies=["six==1.16.0"]\n')
    bench.write("requirements.txt", "iniconfig\n")
    found, lock = await bench.resolve()
    assert (found.origin, lock) == ("pyproject.toml", ["six==1.16.0"])


async def test_a_uv_lock_is_taken_as_it_is(bench: Bench) -> None:
    project = '[project]\nname="p"\nversion="0"\nrequires-python=">=3.9"\n{}\n[dependency-groups]\ndev=["iniconfig"]\n'
    bench.write("pyproject.toml", project.format('dependencies=["six<1.17"]'))
    await _uv(bench.directory, "lock")
    found, lock = await bench.resolve()
    assert (found.origin, lock) == ("uv.lock", ["six==1.16.0"])
    # Packages come on top of it; what clashes with it is said.
    found, lock = await bench.resolve(packages=["iniconfig==2.0.0"])
    assert (found.origin, lock) == ("uv.lock + with iniconfig==2.0.0", ["iniconfig==2.0.0", "six==1.16.0"])
    with pytest.raises(Unresolvable) as caught:
        await bench.resolve(packages=["six>=1.17"])
    assert "six" in caught.value.evidence["words"]
    # A lock that no longer fits is not used.
    bench.write("pyproject.toml", project.format('dependencies=["six<1.16"]'))
    with pytest.raises(Unresolvable, match=r"uv\.lock is older than pyproject\.toml") as caught:
        await bench.resolve()
    assert "uv lock" in caught.value.hint


@pytest.mark.parametrize(
    "command",
    [("python", "job.py"), ("python3.11", "-u", "-X", "dev", "job.py"), ("uv", "run", "job.py"), ("./job.py", "-v")],
)
async def test_a_script_may_bring_its_own(bench: Bench, command: tuple[str, ...]) -> None:
    bench.write("requirements.txt", "six")
    bench.write("jobs/job.py", SCRIPT)
    found, lock = await bench.resolve(*command, where="jobs")
    assert (found.origin, lock) == ("script jobs/job.py", ["iniconfig==2.0.0"])


@pytest.mark.parametrize("command", [("python", "-m", "job.py"), ("python", "-c", "job.py"), ("cat", "job.py"), ()])
async def test_a_command_that_starts_no_script(bench: Bench, command: tuple[str, ...]) -> None:
    bench.write("job.py", SCRIPT)
    assert (await bench.resolve(*command))[0].id == ""


async def test_packages_alone_make_an_environment(bench: Bench) -> None:
    found, lock = await bench.resolve("python", packages=["six==1.16.0"])
    assert (found.origin, lock) == ("with six==1.16.0", ["six==1.16.0"])


async def test_the_same_lock_is_the_same_environment(bench: Bench) -> None:
    bench.write("requirements.txt", "six==1.16.0")
    bench.write("other.txt", "# the same\nsix == 1.16.0\n")
    first, second = (await bench.resolve())[0], (await bench.resolve(source="other.txt"))[0]
    assert (first.id, first.lock) == (second.id, second.lock)
    assert (await bench.resolve(python="3.12"))[0].id != first.id


async def test_twenty_who_ask_at_once_share_one_answer(bench: Bench, calls: Calls) -> None:
    bench.write("requirements.txt", "six==1.16.0")
    found = await asyncio.gather(*(bench.resolve() for _ in range(20)))
    assert len({environment.id for environment, _ in found}) == 1
    assert calls.words == ["pip compile"]
    # And the answer is remembered, by another engine too, for a day.
    bench.environments = Environments(bench.blobs, str(bench.cache))
    assert (await bench.resolve())[0] == found[0][0]
    assert calls.words == ["pip compile"]
    yesterday = time.time() - environments.FRESH - 1
    for answer in bench.cache.iterdir():
        os.utime(answer, (yesterday, yesterday))
    await bench.resolve()
    assert calls.words == ["pip compile"] * 2


async def test_an_answer_that_was_damaged_is_asked_for_again(bench: Bench, calls: Calls) -> None:
    bench.write("requirements.txt", "six==1.16.0")
    found, _ = await bench.resolve()
    (answer,) = bench.cache.iterdir()
    for damage in ("{", "[]", json.dumps({"id": "x", "lock": "0" * 64, "python": "", "origin": ""})):
        answer.write_text(damage)
        assert (await bench.resolve())[0] == found
    assert calls.words == ["pip compile"] * 4


async def test_one_who_stops_waiting_does_not_stop_the_others(bench: Bench, calls: Calls) -> None:
    bench.write("requirements.txt", "six==1.16.0")
    first, second = (asyncio.create_task(bench.resolve()) for _ in range(2))
    await calls.begun.wait()
    first.cancel()
    assert (await second)[1] == ["six==1.16.0"]
    assert calls.words == ["pip compile"]


async def test_closing_ends_uv(bench: Bench, calls: Calls) -> None:
    bench.write("requirements.txt", "six==1.16.0")
    asking = asyncio.create_task(bench.resolve())
    await calls.begun.wait()
    await bench.environments.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert list(bench.cache.iterdir()) == []


async def test_the_python_is_what_the_project_says_then_what_uv_finds(bench: Bench, calls: Calls) -> None:
    bench.write("requirements.txt", "six==1.16.0")
    bench.write(".python-version", "3.12\n")
    assert (await bench.resolve(python=""))[0].python == "3.12"
    (bench.directory / ".python-version").unlink()
    assert calls.words == ["pip compile"]
    bench.write("pyproject.toml", f'[project]\nname="p"\nversion="0"\nrequires-python="=={HERE}.*"\n')
    assert (await bench.resolve(python=""))[0].python == HERE
    assert calls.words == ["pip compile", "python find", "pip compile"]
    with pytest.raises(Unresolvable, match="no Python on this machine fits"):
        await bench.resolve(python=">=4.8")


async def test_uvs_own_words_when_requirements_clash(bench: Bench) -> None:
    bench.write("requirements.txt", "six==1.16.0\nsix==1.15.0\n")
    with pytest.raises(Unresolvable, match=r"requirements\.txt can't be resolved: No solution found") as caught:
        await bench.resolve()
    assert "six==1.16.0 and six==1.15.0" in caught.value.evidence["words"]
    assert "\x1b" not in caught.value.evidence["words"]
    assert list(bench.cache.iterdir()) == []


async def test_an_index_that_is_out_of_reach_is_said_plainly(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write("requirements.txt", "six")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://someone:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    with pytest.raises(Unresolvable, match="the package index can't be reached") as caught:
        await bench.resolve()
    assert "secret" not in str(caught.value.evidence)
    assert "network" in caught.value.hint


async def test_the_code_of_the_project_comes_with_its_snapshot_not_its_lock(bench: Bench) -> None:
    bench.write("lib/pyproject.toml", '[project]\nname="lib"\nversion="0"\ndependencies=["six==1.16.0"]\n')
    bench.write("requirements.txt", f"lib @ file://{bench.directory}/lib\niniconfig==2.0.0\n")
    assert (await bench.resolve())[1] == ["iniconfig==2.0.0", "six==1.16.0"]


@pytest.mark.parametrize("line", ["./x-1-py3-none-any.whl", "x @ file:///x-1.tar.gz", "./x-1.zip --hash=sha256:0"])
def test_an_archive_that_no_other_machine_has_is_refused(line: str) -> None:
    with pytest.raises(Unresolvable, match="lies on this machine only"):
        environments._without_local(f"six==1\n{line}\n")


async def test_the_indexes_that_the_files_name_stay_with_the_lock(bench: Bench, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    bench.write("requirements.txt", f"--find-links {wheels}\nsix==1.16.0\n")
    assert (await bench.resolve())[1] == [f"--find-links {wheels}", "six==1.16.0"]


@pytest.mark.parametrize(
    ("source", "text", "why"),
    [
        ("gone.txt", None, r"gone\.txt in .* can't be read: No such file"),
        ("reqs.txt", "-r gone.txt", r"gone\.txt in .* can't be read"),
        ("x.toml", "[", r"x\.toml is not TOML"),
        ("job.py", "print(1)", r"job\.py, which .* names, declares no requirements"),
        ("job.py", "# /// script\n# dependencies = [\n# ///\n", r"job\.py is not TOML"),
        ("reqs.txt", "six===", r"reqs\.txt can't be resolved: Couldn't parse requirement"),
    ],
)
async def test_files_that_make_no_sense(bench: Bench, source: str, text: str | None, why: str) -> None:
    if text is not None:
        bench.write(source, text)
    with pytest.raises(Unresolvable, match=why):
        await bench.resolve(source=source)


@pytest.mark.parametrize("package", ["-r /etc/passwd", "--index-url=x", "six\niniconfig"])
async def test_a_package_is_a_package(bench: Bench, package: str) -> None:
    with pytest.raises(Unresolvable, match="is not a requirement"):
        await bench.resolve(packages=[package])


async def _uv(directory: Path, *words: str) -> None:
    process = await asyncio.create_subprocess_exec(uv.program(), "--quiet", *words, cwd=directory)
    assert await process.wait() == 0
