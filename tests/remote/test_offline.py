"""Environments on a machine that no road leads from: behind a real sshd, with the real uv, and a proxy that is not
there in its environment."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests import parts
from tests.remote.fleet import Fleet, SshSite
from workbench.domain.progress import Progress
from workbench.engine import uv
from workbench.engine.wheels import Wheels
from workbench.errors import BuildError
from workbench.remote import agent
from workbench.remote.agent import installer
from workbench.remote.machines.base import Build, Platform
from workbench.remote.machines.channel import Channel

REACH = {
    name: value
    for name, value in os.environ.items()
    if name.upper().endswith("_PROXY") or name.startswith(("SSL_CERT_", "UV_"))
}
"""What it takes here to reach the index."""
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def locked(*packages: str) -> str:
    words = ("pip", "compile", "--generate-hashes", "--no-header", "--no-annotate", "--quiet", "-")
    return subprocess.check_output([uv.program(), *words], input="\n".join(packages), text=True)


@pytest.fixture
def cut_off(fleet: Fleet) -> SshSite:
    """A machine that reaches no index, and whose uv has kept nothing."""
    site = fleet.machine(started=False)
    site.sshd.variables = {
        "ALL_PROXY": "http://127.0.0.1:9",  # the port of discard: nobody listens there
        "UV_HTTP_RETRIES": "0",
        "UV_CACHE_DIR": str(site.sshd.directory / "uv"),
        "PATH": os.environ["PATH"],
    }
    site.sshd.start()
    site.vouch()
    return site


@pytest.fixture
async def wheels(tmp_path: Path) -> AsyncIterator[Wheels]:
    wheels = Wheels(str(tmp_path / "wheels"))
    yield wheels
    await wheels.close()


def heal(site: SshSite) -> None:
    """From now on it reaches what we do."""
    site.sshd.stop()
    del site.sshd.variables["ALL_PROXY"]
    site.sshd.variables = REACH | site.sshd.variables
    site.sshd.start()


def prints(site: SshSite, build: Build, code: str) -> str:
    interpreter = site.root / "environments" / build.id / "bin" / "python"
    return subprocess.check_output([interpreter, "-c", code], text=True).strip()


async def test_wheels_are_sent_once_and_built_from(cut_off: SshSite, wheels: Wheels) -> None:
    machine = await cut_off.connect()
    said: list[Progress] = []
    first = Build("a" * 64, locked("jinja2==3.1.6"), HERE)  # it needs MarkupSafe, which is compiled
    await wheels.build(machine, first, said.append)
    assert prints(cut_off, first, "import jinja2; print(jinja2.__version__)") == "3.1.6"
    assert Progress("fetching wheels", 2, 2, "wheels") in said
    sent = [progress for progress in said if progress.what == "sending wheels"]
    assert sent[0].done == 0 and sent[-1].done == sent[-1].total > 100_000
    assert (cut_off.root / "offline").exists()
    assert not (cut_off.root / "environments" / first.id / "wheels").exists()

    said.clear()
    second = Build("b" * 64, locked("jinja2==3.1.6", "six==1.17.0"), HERE)
    await wheels.build(machine, second, said.append)
    assert list(dict.fromkeys(progress.what for progress in said if " wheel" in progress.what)) == [
        "far reaches no package index: looking for wheels here",
        "fetching wheels",
        "sending wheels",
    ]

    third = replace(second, id="c" * 64)
    said.clear()
    await wheels.build(machine, third, said.append)
    assert not any(progress.what.startswith(("fetching", "sending")) for progress in said)
    await machine.close()


async def test_no_network_at_all(tmp_path: Path, wheels: Wheels) -> None:
    """The agent in a network namespace of its own, where even names can't be looked up."""
    alone = [parts.command("unshare"), "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:  # noqa: ASYNC221  a moment
        parts.missing("network namespaces")
    process = await asyncio.create_subprocess_exec(
        *(*alone, sys.executable, "-I", str(Path(agent.__file__).parent), str(tmp_path / "m")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"UV_HTTP_RETRIES": "0", "UV_CACHE_DIR": str(tmp_path / "uv")},
    )
    assert process.stdin and process.stdout
    machine = await Channel.open("far", process.stdout, process.stdin, uv=uv.program())
    path = await machine.build(Build("a" * 64, "", HERE), lambda line: None)  # nothing needs no index
    assert Path(path, "bin", "python").exists() and not (tmp_path / "m" / "offline").exists()
    await wheels.build(machine, Build("b" * 64, locked("six==1.17.0"), HERE), lambda line: None)
    assert "dns error" in (tmp_path / "m" / "offline").read_text()
    await machine.close()
    await process.wait()


async def test_the_index_is_asked_again_later(cut_off: SshSite, wheels: Wheels) -> None:
    machine = await cut_off.connect()
    await wheels.build(machine, Build("a" * 64, locked("six==1.17.0"), HERE), lambda line: None)
    await machine.close()
    heal(cut_off)
    machine = await cut_off.connect()
    said: list[Progress] = []
    os.utime(cut_off.root / "offline", (0, 0))
    build = Build("b" * 64, locked("iniconfig==2.0.0"), HERE)
    await wheels.build(machine, build, said.append)
    assert prints(cut_off, build, "import iniconfig; print(iniconfig.__name__)") == "iniconfig"
    assert not any(" wheel" in progress.what for progress in said)
    assert not (cut_off.root / "offline").exists()
    # What uv there keeps of that day does without an index, and without us.
    (cut_off.root / "offline").touch()
    await machine.build(replace(build, id="c" * 64), lambda line: None)
    await machine.close()


async def test_a_hash_that_does_not_fit_is_refused_there_too(cut_off: SshSite, wheels: Wheels) -> None:
    machine = await cut_off.connect()
    build = Build("a" * 64, locked("six==1.17.0"), HERE)
    await wheels.build(machine, build, lambda line: None)
    [blob] = (cut_off.root / "blobs").iterdir()
    blob.chmod(0o600)
    content = bytearray(blob.read_bytes())
    content[-30] ^= 1
    blob.write_bytes(content)
    shutil.rmtree(cut_off.sshd.directory / "uv")
    with pytest.raises(BuildError) as caught:
        await wheels.build(machine, replace(build, id="b" * 64), lambda line: None)
    assert "hash" in caught.value.evidence["words"].lower()
    await machine.close()


async def test_what_has_no_wheel_is_named(cut_off: SshSite, wheels: Wheels) -> None:
    machine = await cut_off.connect()
    with pytest.raises(BuildError, match=r"no wheel for Python .* of docopt 0\.6\.2") as caught:
        await wheels.build(machine, Build("a" * 64, "docopt==0.6.2\nsix==1.17.0\n", HERE), lambda line: None)
    assert "pin versions that have one" in caught.value.evidence["words"]
    await machine.close()


async def test_no_index_here_either(cut_off: SshSite, wheels: Wheels, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Build("a" * 64, locked("six==1.17.0"), HERE)
    machine = await cut_off.connect()
    with monkeypatch.context() as here:
        here.setenv("UV_OFFLINE", "1")
        here.setenv("UV_CACHE_DIR", str(cut_off.sshd.directory / "none"))
        with pytest.raises(BuildError, match="can't be reached from here either"):
            await wheels.build(machine, build, lambda line: None)
    await wheels.build(machine, build, lambda line: None)  # what failed is asked again
    await machine.close()


async def test_a_package_that_is_missing_is_no_want_of_network(cut_off: SshSite) -> None:
    heal(cut_off)
    machine = await cut_off.connect()
    with pytest.raises(BuildError) as caught:
        await machine.build(Build("a" * 64, "six==99.0\n", HERE), lambda line: None)
    assert caught.value.code == "build"
    assert not (cut_off.root / "offline").exists()
    await machine.close()


@pytest.mark.parametrize("libc", ["raise OSError(22, 'EINVAL')", "return None", "return 'glibc 2.36'"])
def test_an_interpreter_says_which_wheels_fit_it(libc: str) -> None:
    other = f"import os\ndef confstr(name):\n    {libc}\nos.confstr = confstr\n"
    said = json.loads(subprocess.check_output([sys.executable, "-I", "-c", other + installer.PLATFORM]))
    assert Platform(**said) == Platform(
        platform.python_version(), platform.machine(), "2.36" if "glibc" in libc else ""
    )  # fmt: skip


async def test_a_python_that_can_not_be_fetched_is_named(cut_off: SshSite, wheels: Wheels) -> None:
    cut_off.sshd.stop()
    cut_off.sshd.variables["PATH"] = "/usr/bin:/bin"
    cut_off.sshd.variables["UV_PYTHON_INSTALL_DIR"] = str(cut_off.sshd.directory / "pythons")
    cut_off.sshd.start()
    machine = await cut_off.connect()
    build = Build("a" * 64, locked("six==1.17.0"), "3.8")
    for mark in ("", "found out before"):
        if mark:
            (cut_off.root / "offline").write_text(mark)
        with pytest.raises(BuildError, match=r"there is no Python 3\.8 on far") as caught:
            await wheels.build(machine, build, lambda line: None)
        assert "[environment] python" in caught.value.evidence["words"]
        assert caught.value.code == "build"
    await machine.close()
