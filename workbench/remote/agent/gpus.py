"""GPUs, where nvidia-ml-py and a driver are there; else none."""

from __future__ import annotations

import functools
import os
from typing import Any, Callable

from . import owners


def devices() -> list[dict[str, Any]]:
    return [
        {
            "uuid": _text(nvml.nvmlDeviceGetUUID(handle)),
            "index": index,
            "name": _text(nvml.nvmlDeviceGetName(handle)),
            "memory": nvml.nvmlDeviceGetMemoryInfo(handle).total,
        }
        for nvml, index, handle in _handles()
    ]


@functools.lru_cache(maxsize=None)
def files() -> dict[str, str]:
    """The device file of each, by UUID. Asked once, by the agent: its supervisors, forked, must not ask the driver."""
    found = {}
    for nvml, _, handle in _handles():
        try:
            # A library that makes up devices says where their files lie.
            path = getattr(nvml, "DEVICE_FILE", "/dev/nvidia{}").format(nvml.nvmlDeviceGetMinorNumber(handle))
        except Exception:  # noqa: BLE001, S112 - a driver that can't say
            continue
        if os.path.exists(path):
            found[_text(nvml.nvmlDeviceGetUUID(handle))] = path
    return found


def sample() -> list[dict[str, Any]]:
    return [_sample(nvml, handle) for nvml, _, handle in _handles()]


def _sample(nvml: Any, handle: Any) -> dict[str, Any]:
    return {
        "uuid": _text(nvml.nvmlDeviceGetUUID(handle)),
        "use": _ask(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100),
        "memory": int(_ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle).used)),
        "power": _ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000),
        "temperature": _ask(lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
        "processes": _processes(nvml, handle),
    }


def _processes(nvml: Any, handle: Any) -> list[dict[str, Any]]:
    """All that use it, by pid."""
    taken: dict[int, int] = {}
    for ask in ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses"):
        try:
            for seen in getattr(nvml, ask)(handle):
                taken[seen.pid] = max(taken.get(seen.pid, 0), seen.usedGpuMemory or 0)
        except Exception:  # noqa: BLE001, S112 - this kind of device has none of that kind
            continue
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


def _handles() -> list[tuple[Any, int, Any]]:
    nvml = _nvml()
    if nvml is None:
        return []
    return [(nvml, index, nvml.nvmlDeviceGetHandleByIndex(index)) for index in range(nvml.nvmlDeviceGetCount())]


def _ask(question: Callable[[], Any]) -> float:
    """Some devices don't know their power, or their use."""
    try:
        return float(question())
    except Exception:  # noqa: BLE001 - whatever the driver says, the others are worth showing
        return 0.0


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
