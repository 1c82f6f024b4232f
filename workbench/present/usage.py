"""What a run takes of its machine, as curves over the time that it has run."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.resources import format_size
from workbench.domain.time import SECOND, Micros, format_duration
from workbench.domain.use import Use
from workbench.present.canvas import Series
from workbench.present.cells import Cell, Line

Drawing = tuple[Line, list[Series], tuple[str, str]]
"""Heading, curves, and what is written at either end of the time."""

_CORES, _GPUS, _MEMORY, _GPU_MEMORY = "series1", "series2", "series3", "series4"


def drawings(uses: Sequence[Use], started: Micros) -> tuple[Drawing, Drawing]:
    """Cores and GPUs in use; memory in GB, its own and that of its GPUs. What it never used has no curve."""
    gpus = any(use.gpus or use.gpu_memory for use in uses)
    computing = [_curve("cores", uses, started, [use.cores for use in uses], _CORES)]
    memory = [_curve("memory", uses, started, [use.memory / 1e9 for use in uses], _MEMORY)]
    if gpus:
        computing.append(_curve("GPUs", uses, started, [use.gpus for use in uses], _GPUS))
        memory.append(_curve("GPU memory", uses, started, [use.gpu_memory / 1e9 for use in uses], _GPU_MEMORY))
    ends = ("start", format_duration((uses[-1].at - started) / SECOND) if uses else "")
    return (
        (_heading(computing, [f"{curve.ys[-1]:.1f}" for curve in computing if curve.ys]), computing, ends),
        (_heading(memory, [format_size(int(curve.ys[-1] * 1e9)) for curve in memory if curve.ys]), memory, ends),
    )


def _curve(label: str, uses: Sequence[Use], started: Micros, ys: list[float], style: str) -> Series:
    return Series(label, [(use.at - started) / SECOND for use in uses], ys, style)


def _heading(curves: Sequence[Series], last: Sequence[str]) -> Line:
    return tuple(Cell(f" ▪ {curve.label} {said} ", curve.style) for curve, said in zip(curves, last, strict=False))
