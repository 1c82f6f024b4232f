"""GPUs that are made up: a driver's library for an agent, whose devices are files and whose processes are real."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from workbench.remote import agent

GPU_IS_LOST, UNKNOWN = 15, 999  # as nvidia-ml-py numbers errors

_LIBRARY = '''
"""Answers as nvidia-ml-py does, from what the tests wrote down."""

import json
from collections import namedtuple

PLACE = {place!r}
DEVICE_FILE = PLACE + "/nvidia{{}}"
MIG_ACCESS = PLACE + "/access{{}}-{{}}-{{}}"
MIG_FILE = PLACE + "/cap{{}}"
NVML_TEMPERATURE_GPU = 0
NVML_DEVICE_MIG_ENABLE = 1

Memory = namedtuple("Memory", "total used")
Rates = namedtuple("Rates", "gpu")
Process = namedtuple("Process", "pid usedGpuMemory")


class NVMLError(Exception):
    def __init__(self, value):
        super().__init__({{3: "Not Supported", 6: "Not Found", 15: "GPU is lost", 999: "Unknown Error"}}[value])
        self.value = value


def _cards():
    with open(PLACE + "/cards.json") as file:
        return json.load(file)


def _card(handle, question=""):
    card = _cards()[handle]
    if question in card["errors"] or "" in card["errors"]:
        raise NVMLError(card["errors"].get(question) or card["errors"][""])
    return card


def nvmlInit():
    pass


def nvmlDeviceGetCount():
    return sum(":" not in handle for handle in _cards())


def nvmlDeviceGetHandleByIndex(index):
    _card(str(index), "nvmlDeviceGetHandleByIndex")
    return str(index)


def nvmlDeviceGetMinorNumber(handle):
    if ":" in handle:
        raise NVMLError(3)
    return handle


def nvmlDeviceGetUUID(handle):
    _card(handle)
    return "GPU-" + handle if ":" not in handle else "MIG-" + handle


def nvmlDeviceGetName(handle):
    return "Made up"


def nvmlDeviceGetMemoryInfo(handle):
    return Memory(80 * 10**9, sum(memory for _, memory in _card(handle, "nvmlDeviceGetMemoryInfo")["processes"]))


def nvmlDeviceGetUtilizationRates(handle):
    _card(handle, "nvmlDeviceGetUtilizationRates")
    if ":" in handle:
        raise NVMLError(3)
    return Rates(0)


def nvmlDeviceGetComputeRunningProcesses(handle):
    return [Process(*one) for one in _card(handle, "nvmlDeviceGetComputeRunningProcesses")["processes"]]


def nvmlDeviceGetMigMode(handle):
    on = any(other.startswith(handle + ":") for other in _cards())
    return [int(on), int(on)]


def nvmlDeviceGetMaxMigDeviceCount(handle):
    return 7


def nvmlDeviceGetMigDeviceHandleByIndex(handle, part):
    if handle + ":" + str(part) not in _cards():
        raise NVMLError(6)
    return handle + ":" + str(part)


def nvmlDeviceGetGpuInstanceId(handle):
    return handle.partition(":")[2]


def nvmlDeviceGetComputeInstanceId(handle):
    return 0
'''


@dataclass
class _Card:
    processes: list[tuple[int, int]] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    """Function -> the error that it gives; "" for all."""


class Cards:
    """The cards of this machine, for every agent that is started from now on.

    `divided`: the number of a card -> its instances, if it has any."""

    def __init__(
        self, place: Path, count: int, monkeypatch: pytest.MonkeyPatch, divided: Mapping[int, int] | None = None
    ) -> None:
        self._place = place
        self._cards: dict[str, _Card] = {}
        place.mkdir()
        for number in range(count):
            self.file(number).touch()
            self._cards[str(number)] = _Card()
            for part in range((divided or {}).get(number, 0)):
                self._cards[f"{number}:{part}"] = _Card()
                (place / f"access{number}-{part}-0").write_text(
                    f"DeviceFileMinor: {number}{part}\nDeviceFileMode: 292\n"
                )
                (place / f"cap{number}{part}").touch()
        self._write()
        package = place / "agent"
        shutil.copytree(Path(agent.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
        (place / "library").mkdir()
        (place / "library" / "pynvml.py").write_text(_LIBRARY.format(place=str(place)))
        start = package / "__main__.py"
        start.write_text(f"import sys\nsys.path.insert(0, {str(place / 'library')!r})\n{start.read_text()}")
        monkeypatch.setattr(agent, "__file__", str(package / "__init__.py"))

    def file(self, number: int) -> Path:
        return self._place / f"nvidia{number}"

    def use(self, card: int | str, pid: int, memory: int) -> None:
        """From now on the process uses this card, or this instance of one: "0:1"."""
        self._cards[str(card)].processes.append((pid, memory))
        self._write()

    def leave(self, card: int | str) -> None:
        """From now on no process uses it."""
        self._cards[str(card)].processes.clear()
        self._write()

    def fail(self, card: int | str, error: int, question: str = "") -> None:
        """From now on the driver answers this question about the card, or any, with an error."""
        self._cards[str(card)].errors[question] = error
        self._write()

    def _write(self) -> None:
        draft = self._place / "draft"
        draft.write_text(json.dumps({name: asdict(card) for name, card in self._cards.items()}))
        draft.rename(self._place / "cards.json")
