"""GPUs, where nvidia-ml-py and a driver are there; else none. One that is divided (MIG) stands for its instances.

What a driver can't say of one of them is None, and nobody's concern but that one's: the others are told as ever.
"""

from __future__ import annotations

import functools
import os
from typing import Any, Callable, Container, Iterator, NamedTuple

from . import owners

_GONE = (15, 16)  # NVML_ERROR_GPU_IS_LOST, NVML_ERROR_RESET_REQUIRED
_UNKNOWABLE = (3, 4, 13)  # NVML_ERROR_NOT_SUPPORTED, _NO_PERMISSION, _FUNCTION_NOT_FOUND: it never was otherwise
_MIG = "/proc/driver/nvidia/capabilities/gpu{}/mig/gi{}/ci{}/access"

_told: dict[str, int] = {}
"""The devices that the engine was told of -> the index of their GPU. It hears of these even when they are lost."""


class _Card(NamedTuple):
    """What a run can be given."""

    nvml: Any
    handle: Any
    uuid: str
    gpu: int
    """The index of its GPU."""
    parent: Any = None
    """The handle of the GPU that it is an instance of."""
    part: int | None = None
    """Its number among the instances of its GPU."""


class _Look(NamedTuple):
    cards: list[_Card]
    silent: dict[int, str]
    """The GPUs that can't say which they are, by index: what the driver says instead."""


def devices() -> list[dict[str, Any]]:
    """Those that answer, as the engine is told of them once."""
    cards = _look().cards
    _told.clear()
    _told.update((card.uuid, card.gpu) for card in cards)
    return [_describe(card) for card in cards]


def silent() -> dict[int, str]:
    """The GPUs that don't answer, by index, and what the driver says of each."""
    return _look().silent


@functools.lru_cache(maxsize=None)
def files() -> dict[str, str]:
    """The device file of each, by UUID. Asked once, by the agent: its supervisors, forked, must not ask the driver."""
    found = {}
    for card in _look().cards:
        path = _ask(lambda: _file(card))  # noqa: B023 - called at once
        if path and os.path.exists(path):
            found[card.uuid] = path
    return found


def sample(wanted: Container[str] | None = None) -> list[dict[str, Any]]:
    """What the devices do, or those of them that are wanted. `lost` is what the driver says of one that must not be
    given to anybody: it is gone, or does not tell who uses it."""
    look = _look()
    found = {card.uuid: _sample(card) for card in look.cards if wanted is None or card.uuid in wanted}
    for uuid, index in _told.items():
        if uuid not in found and (wanted is None or uuid in wanted):
            found[uuid] = _figures(uuid, lost=look.silent.get(index, "it is not there any more"))
    return list(found.values())


def _describe(card: _Card) -> dict[str, Any]:
    name = _ask(lambda: _text(card.nvml.nvmlDeviceGetName(card.handle)))
    memory = _ask(lambda: int(card.nvml.nvmlDeviceGetMemoryInfo(card.handle).total))
    return {"uuid": card.uuid, "index": card.gpu, "part": card.part, "name": name or "", "memory": memory or 0}


def _sample(card: _Card) -> dict[str, Any]:
    nvml = card.nvml
    lost: list[str] = []

    def ask(question: Callable[[], Any]) -> Any:
        return _ask(question, _GONE, lost)

    figures = _figures(
        card.uuid,
        use=ask(lambda: nvml.nvmlDeviceGetUtilizationRates(card.handle).gpu / 100),
        memory=ask(lambda: int(nvml.nvmlDeviceGetMemoryInfo(card.handle).used)),
        power=ask(lambda: nvml.nvmlDeviceGetPowerUsage(card.handle) / 1000),
        temperature=ask(lambda: float(nvml.nvmlDeviceGetTemperature(card.handle, nvml.NVML_TEMPERATURE_GPU))),
        processes=_processes(card, lost),
    )
    return dict(figures, lost=lost[0] if lost else "")


def _figures(
    uuid: str,
    use: float | None = None,
    memory: int | None = None,
    power: float | None = None,
    temperature: float | None = None,
    processes: list[dict[str, Any]] | None = None,
    lost: str = "",
) -> dict[str, Any]:
    figures = {"use": use, "memory": memory, "power": power, "temperature": temperature}
    return dict(figures, uuid=uuid, processes=processes or [], lost=lost)


def _processes(card: _Card, lost: list[str]) -> list[dict[str, Any]]:
    """All that use it, by pid. Where that can't be told just now it is lost: somebody may use it."""
    taken: dict[int, int] = {}
    for kind in ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses"):
        for seen in _ask(lambda: getattr(card.nvml, kind)(card.handle), None, lost) or ():  # noqa: B023 - called at once
            taken[seen.pid] = max(taken.get(seen.pid, 0), seen.usedGpuMemory or 0)
    return [
        {"pid": pid, "user": owners.user(pid), "name": owners.name(pid), "memory": memory, "ours": owners.ours(pid)}
        for pid, memory in sorted(taken.items())
    ]


@functools.lru_cache(maxsize=None)
def _nvml() -> Any | None:
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 - no package, no driver, no device: to us all the same
        return None
    return pynvml


def _look() -> _Look:
    look = _Look([], {})
    nvml = _nvml()
    if nvml is None:
        return look
    for index in range(_ask(nvml.nvmlDeviceGetCount) or 0):
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            if _divided(nvml, handle):
                look.cards.extend(_instances(nvml, handle, index))
            else:
                look.cards.append(_Card(nvml, handle, _text(nvml.nvmlDeviceGetUUID(handle)), index))
        except Exception as error:  # noqa: BLE001 - whatever the driver says, the others are worth showing
            look.silent[index] = str(error)
    return look


def _divided(nvml: Any, handle: Any) -> bool:
    mode = _ask(lambda: nvml.nvmlDeviceGetMigMode(handle)[0])
    return mode is not None and bool(mode == nvml.NVML_DEVICE_MIG_ENABLE)


def _instances(nvml: Any, parent: Any, index: int) -> Iterator[_Card]:
    for part in range(nvml.nvmlDeviceGetMaxMigDeviceCount(parent)):
        handle = _ask(lambda: nvml.nvmlDeviceGetMigDeviceHandleByIndex(parent, part))  # noqa: B023 - called at once
        if handle is not None:  # else that place is empty
            yield _Card(nvml, handle, _text(nvml.nvmlDeviceGetUUID(handle)), index, parent, part)


def _file(card: _Card) -> str:
    """What its users have to open. Instances have one each, which the driver names in its own words (its MIG guide)."""
    nvml = card.nvml
    if card.parent is None:
        # A library that makes up devices says where their files lie.
        return str(getattr(nvml, "DEVICE_FILE", "/dev/nvidia{}").format(nvml.nvmlDeviceGetMinorNumber(card.handle)))
    access = getattr(nvml, "MIG_ACCESS", _MIG).format(
        nvml.nvmlDeviceGetMinorNumber(card.parent),
        nvml.nvmlDeviceGetGpuInstanceId(card.handle),
        nvml.nvmlDeviceGetComputeInstanceId(card.handle),
    )
    with open(access) as file:
        minor = file.readline().rpartition(":")[2].strip()  # DeviceFileMinor: 30
    return str(getattr(nvml, "MIG_FILE", "/dev/nvidia-caps/nvidia-cap{}").format(minor))


def _ask(question: Callable[[], Any], grave: tuple[int, ...] | None = (), trouble: list[str] | None = None) -> Any:
    """The answer; None where the driver has none. `trouble` gets the driver's words where its error is grave: one of
    these, or with None any that is not in the nature of the device."""
    try:
        return question()
    except Exception as error:  # noqa: BLE001 - no driver's complaint ends a sample
        number = getattr(error, "value", _UNKNOWABLE[0])
        if trouble is not None and (number not in _UNKNOWABLE if grave is None else number in grave):
            trouble.append(str(error))
        return None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
