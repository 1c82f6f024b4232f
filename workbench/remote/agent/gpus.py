"""GPUs, where nvidia-ml-py and a driver are there; else none."""

from __future__ import annotations

import functools
from typing import Any, Callable


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


def sample() -> list[dict[str, Any]]:
    return [_sample(nvml, handle) for nvml, _, handle in _handles()]


def _sample(nvml: Any, handle: Any) -> dict[str, Any]:
    return {
        "uuid": _text(nvml.nvmlDeviceGetUUID(handle)),
        "use": _ask(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100),
        "memory": int(_ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle).used)),
        "power": _ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000),
        "temperature": _ask(lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
    }


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
