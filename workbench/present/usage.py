"""What a run takes of its machine, as curves over the time that it has run."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.time import SECOND, Micros
from workbench.domain.use import Use
from workbench.present.canvas import Series

_CORES, _GPUS, _MEMORY, _GPU_MEMORY = "series1", "series2", "series3", "series4"


def drawings(uses: Sequence[Use], started: Micros) -> tuple[list[Series], list[Series]]:
    """Cores and GPUs in use; memory in bytes, its own and that of its GPUs. What it never used has no curve."""
    if not uses:
        return [], []
    gpus = any(use.gpus or use.gpu_memory for use in uses)
    computing = [_curve("cores", uses, started, [use.cores for use in uses], _CORES)]
    memory = [_curve("memory", uses, started, [use.memory for use in uses], _MEMORY)]
    if gpus:
        computing.append(_curve("GPUs", uses, started, [use.gpus for use in uses], _GPUS))
        memory.append(_curve("GPU memory", uses, started, [use.gpu_memory for use in uses], _GPU_MEMORY))
    return computing, memory


def _curve(label: str, uses: Sequence[Use], started: Micros, ys: Sequence[float], style: str) -> Series:
    return Series(label, [(use.at - started) / SECOND for use in uses], ys, style, bold=True)
