"""The screens. Starting reads one of them; the others are read a moment later, or when they are opened."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.screens.compare import CompareScreen as CompareScreen
    from workbench.screens.jump import JumpScreen as JumpScreen
    from workbench.screens.machines import MachinesScreen as MachinesScreen
    from workbench.screens.projects import ProjectsScreen as ProjectsScreen
    from workbench.screens.queue import QueueScreen as QueueScreen
    from workbench.screens.run import RunScreen as RunScreen

_MODULES = {
    "CompareScreen": "compare",
    "JumpScreen": "jump",
    "MachinesScreen": "machines",
    "ProjectsScreen": "projects",
    "QueueScreen": "queue",
    "RunScreen": "run",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def read() -> None:
    """All of them."""
    for module in _MODULES.values():
        import_module(f"{__name__}.{module}")
