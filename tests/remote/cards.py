"""GPUs that are made up: a driver's library for an agent, whose devices are files and whose processes are real."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from workbench.remote import agent

_LIBRARY = '''
"""Answers as nvidia-ml-py does, from what the tests wrote down."""

import json
from collections import namedtuple

PLACE = {place!r}
DEVICE_FILE = PLACE + "/nvidia{{}}"
NVML_TEMPERATURE_GPU = 0

Memory = namedtuple("Memory", "total used")
Rates = namedtuple("Rates", "gpu")
Process = namedtuple("Process", "pid usedGpuMemory")


def _card(handle):
    with open(PLACE + "/cards.json") as file:
        return json.load(file)[handle]


def nvmlInit():
    pass


def nvmlDeviceGetCount():
    return {count}


def nvmlDeviceGetHandleByIndex(index):
    return index


def nvmlDeviceGetMinorNumber(handle):
    return handle


def nvmlDeviceGetUUID(handle):
    return "GPU-{{}}".format(handle)


def nvmlDeviceGetName(handle):
    return "Made up"


def nvmlDeviceGetMemoryInfo(handle):
    return Memory(80 * 10**9, sum(memory for _, memory in _card(handle)))


def nvmlDeviceGetUtilizationRates(handle):
    return Rates(0)


def nvmlDeviceGetComputeRunningProcesses(handle):
    return [Process(pid, memory) for pid, memory in _card(handle)]
'''


class Cards:
    """The cards of this machine, for every agent that is started from now on."""

    def __init__(self, place: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self._place = place
        self._processes: list[list[tuple[int, int]]] = [[] for _ in range(count)]
        place.mkdir()
        for number in range(count):
            self.file(number).touch()
        self._write()
        package = place / "agent"
        shutil.copytree(Path(agent.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
        (place / "library").mkdir()
        (place / "library" / "pynvml.py").write_text(_LIBRARY.format(place=str(place), count=count))
        start = package / "__main__.py"
        start.write_text(f"import sys\nsys.path.insert(0, {str(place / 'library')!r})\n{start.read_text()}")
        monkeypatch.setattr(agent, "__file__", str(package / "__init__.py"))

    def file(self, number: int) -> Path:
        return self._place / f"nvidia{number}"

    def use(self, number: int, pid: int, memory: int) -> None:
        """From now on the process uses this card."""
        self._processes[number].append((pid, memory))
        self._write()

    def _write(self) -> None:
        draft = self._place / "draft"
        draft.write_text(json.dumps(self._processes))
        draft.rename(self._place / "cards.json")
