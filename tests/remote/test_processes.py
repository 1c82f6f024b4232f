"""What only real processes can show: that none is left, that none is harmed, and what they see."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.remote.site import Connect, LocalSite, eventually, logged, spec
from workbench.remote.agent import fate, processes
from workbench.remote.agent.attempt import Attempt, Running
from workbench.remote.machines.base import Exited, Spec, Started, Vanished

PYTHON = (sys.executable, "-c")

# Forks twice, starts sessions of its own, and drops the mark from one child's environment.
HYDRA = """
import os, signal, time
for depth in range(3):
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            if depth == 2:
                os.execve("/bin/sleep", ["sleep", "1000"], {})
            time.sleep(1000)
        os._exit(0)
print("grown", flush=True)
time.sleep(1000)
"""


def family_of(site: LocalSite, attempt: str) -> list[processes.Process]:
    known = Attempt(str(site.root), attempt)
    start = fate.read(known.directory)
    assert isinstance(start, fate.Start)
    return known.family(start.supervisor.pid)


async def test_cancel_leaves_no_process_of_a_hydra(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", (*PYTHON, HYDRA), grace=0.2)])
    await asyncio.to_thread(eventually, lambda: logged(here, "a.1", b"grown"))
    await asyncio.to_thread(eventually, lambda: len(family_of(here, "a.1")) == 4)
    heads = family_of(here, "a.1")
    await ear.machine.cancel("a.1")
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert end.exit.reason == "cancelled"
    assert not [head for head in heads if (seen := processes.look(head.pid)) and seen.tick == head.tick]


async def test_memory_is_that_of_the_whole_tree_and_the_log_says_that_it_was_too_much(
    here: LocalSite, connect: Connect
) -> None:
    three = "import os, signal; os.fork(); os.fork(); taken = b'x' * 30000000; signal.pause()"
    ear = await connect()
    await ear.machine.start([spec("a.1", (*PYTHON, three), memory=100_000_000)])
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert end.exit.reason == "memory limit"
    assert re.fullmatch(r"used 1\d\d MB, asked for 100 MB", end.exit.words)
    assert 100_000_000 < end.exit.peak_memory < 200_000_000
    log, _ = await ear.machine.read("a.1", "log", 0, 1000)
    assert log.decode().splitlines()[-1] == f"[... stopped: {end.exit.words} ...]"


def test_memory_that_several_share_counts_once() -> None:
    code = "import mmap, os; shared = mmap.mmap(-1, 1 << 26); shared.write(b'x' * (1 << 26)); os.fork(); os.fork()"
    touched = "sum(shared[::4096]); os.write(1, b'up\\n'); import time; time.sleep(1000)"
    with subprocess.Popen((*PYTHON, f"{code}; {touched}"), stdout=subprocess.PIPE, start_new_session=True) as head:
        try:
            assert head.stdout
            for _ in range(4):
                assert head.stdout.readline() == b"up\n"
            table = processes.everyone()
            family = [table[pid] for pid in {head.pid, *processes.descendants(table, [head.pid])}]
            assert processes.memory(family, 1 << 30) > 4 << 26, "there is enough of it: nobody looks closely"
            assert 1 << 26 < processes.memory(family, 1 << 27) < 1 << 27
        finally:
            os.killpg(head.pid, signal.SIGKILL)


async def test_who_outlives_the_command_is_ended(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", ("sh", "-c", "setsid sleep 1000 & echo $!; exit 5"))])
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert (end.exit.code, end.exit.reason) == (5, "exited")
    pid = int((await ear.machine.read("a.1", "log", 0, 100))[0])
    assert processes.look(pid) is None


async def test_without_its_supervisor_nothing_is_left_either(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", ("sh", "-c", "setsid sleep 1000 & echo $!; sleep 1000"))])
    await asyncio.to_thread(eventually, lambda: logged(here, "a.1", b"\n"))
    pid = int((await ear.machine.read("a.1", "log", 0, 100))[0])
    here.kill_supervisors()
    assert isinstance(await ear.end_of("a.1"), Vanished)
    await asyncio.to_thread(eventually, lambda: (seen := processes.look(pid)) is None or seen.dead)


async def test_code_of_a_signal(connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", ("sh", "-c", "kill -SEGV $$"))])
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert (end.exit.code, end.exit.reason) == (128 + signal.SIGSEGV, "exited")


async def test_usage_is_on_record(connect: Connect) -> None:
    ear = await connect()
    burn = "import time\nb = bytearray(100_000_000)\nwhile time.process_time() < 0.3: pass"
    await ear.machine.start([spec("a.1", (*PYTHON, burn)), spec("b.1", ("true",))])
    first, second = await ear.end_of("a.1"), await ear.end_of("b.1")
    assert isinstance(first, Exited)
    assert isinstance(second, Exited)
    assert first.exit.cpu_seconds >= 0.3
    assert first.exit.peak_memory > 100_000_000
    assert second.exit.peak_memory < 50_000_000


def test_a_pid_that_was_given_out_again_is_not_harmed(tmp_path: Path) -> None:
    """The fate names our own pid, with the start tick of a process that had it before."""
    with subprocess.Popen(["sleep", "1000"]) as innocent:
        seen = processes.look(innocent.pid)
        assert seen is not None
        assert not processes.send(innocent.pid, seen.tick - 1, signal.SIGKILL)
        former = processes.Identity(processes.boot_id(), processes.pid_namespace(), innocent.pid, seen.tick - 1)
        assert not processes.alive(former)
        assert not processes.alive(former._replace(tick=seen.tick, boot="another"))
        assert processes.alive(former._replace(tick=seen.tick))
        (tmp_path / "attempts").mkdir()
        attempt = Attempt(str(tmp_path), "a.1")
        attempt.make()
        assert fate.take(attempt.directory, fate.Start(former, "", 1))
        lock = attempt.lock()
        assert lock is not None
        state = attempt.state()
        assert isinstance(state, Running)
        attempt.ask_to_end(state.start)
        os.close(lock)
        attempt.bury()
        assert innocent.poll() is None
        assert processes.send(innocent.pid, seen.tick, signal.SIGKILL)


WORDS = (
    "plain",
    "",
    "two words",
    "new\nline",
    "tab\tbell\a",
    "'single' \"double\" `back`",
    "$HOME $(id) ${x} !bang",
    "-rf",
    "--",
    "*?[a-z]~",
    "back\\slash",
    "héllo ✓ 🎉",
    os.fsdecode(b"not utf-8: \xff\xfe"),
)


async def test_every_argument_arrives_byte_for_byte(connect: Connect) -> None:
    ear = await connect()
    show = "import os, sys\nfor word in sys.argv[1:]: print(os.fsencode(word).hex())"
    await ear.machine.start([spec("a.1", (*PYTHON, show, *WORDS))])
    await ear.end_of("a.1")
    log, _ = await ear.machine.read("a.1", "log", 0, 10_000)
    assert [bytes.fromhex(line) for line in log.decode().split("\n")[:-1]] == [os.fsencode(word) for word in WORDS]


async def environment_of(ear_spec: Spec, connect: Connect) -> dict[str, str]:
    ear = await connect()
    await ear.machine.start([ear_spec])
    await ear.end_of(ear_spec.attempt)
    log, _ = await ear.machine.read(ear_spec.attempt, "log", 0, 1 << 20)
    found: dict[str, str] = json.loads(log)
    return found


SHOW_ENVIRONMENT = (*PYTHON, "import json, os; print(json.dumps({**os.environ, 'cwd': os.getcwd()}))")


async def test_what_a_command_sees(here: LocalSite, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/elsewhere")
    monkeypatch.setenv("WORKBENCH_SECRET", "ours")
    monkeypatch.setenv("KEPT", "theirs")
    monkeypatch.setenv("PYTHONPATH", "/before")
    job = spec(
        "brave.2",
        SHOW_ENVIRONMENT,
        params={"lr": 0.1, "batch-size": 32, "name": "x y", "flag": True},
        variables={"OMP_NUM_THREADS": "7", "ODD": "a\nb"},
        devices=("GPU-1", "GPU-2"),
        cpus=3,
    )
    seen = await environment_of(job, connect)
    home = here.root / "attempts" / "brave.2"
    assert "VIRTUAL_ENV" not in seen
    assert "WORKBENCH_SECRET" not in seen
    assert seen["KEPT"] == "theirs"
    assert seen["ODD"] == "a\nb"
    assert seen["cwd"] == str(home / "work")
    assert seen["PYTHONPATH"].split(":") == [str(here.root / "tracking"), str(home / "work"), "/before"]
    assert (seen["WORKBENCH_RUN"], seen["WORKBENCH_ATTEMPT"]) == ("brave", "brave.2")
    assert seen["WORKBENCH_METRICS"] == str(home / "metrics.jsonl")
    assert seen["WORKBENCH_ARTIFACTS"] == str(home / "artifacts")
    assert json.loads(Path(seen["WORKBENCH_PARAMS"]).read_text()) == dict(job.params)
    assert (seen["WORKBENCH_PARAM_LR"], seen["WORKBENCH_PARAM_BATCH_SIZE"]) == ("0.1", "32")
    assert (seen["WORKBENCH_PARAM_NAME"], seen["WORKBENCH_PARAM_FLAG"]) == ("x y", "true")
    assert (seen["OMP_NUM_THREADS"], seen["MKL_NUM_THREADS"]) == ("7", "3")
    assert (seen["CUDA_VISIBLE_DEVICES"], seen["CUDA_DEVICE_ORDER"]) == ("GPU-1,GPU-2", "PCI_BUS_ID")


async def test_any_run_can_import_workbench(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    where = "import workbench; print(workbench.__file__)"
    await ear.machine.start([spec("a.1", ("python3", "-S", "-c", where))])
    end = await ear.end_of("a.1")
    log, _ = await ear.machine.read("a.1", "log", 0, 1000)
    assert isinstance(end, Exited), log
    assert log.decode().strip() == str(here.root / "tracking" / "workbench" / "__init__.py")


async def test_the_first_event_is_the_start(connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", ("sleep", "1000"))])
    await ear.hear(Started, "a.1")
    await ear.machine.cancel("a.1")
    await ear.end_of("a.1")
    assert isinstance(ear.of("a.1")[0], Started)
