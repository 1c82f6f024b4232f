"""What the first screen will ask, asked before the screens are imported: the engine answers while they are."""

from __future__ import annotations

from workbench.client.calls import Engine
from workbench.errors import WorkbenchError

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("runs", {"order": "queue", "limit": 100, "offset": 0}),
    ("status", {}),
    ("machines", {}),
)


class Ahead:
    """Made by `ask`. Each answer is given once: whoever asks later wants to know what is true by then."""

    def __init__(self, engine: Engine, ids: range) -> None:
        self._engine, self._ids = engine, ids
        self._answers: dict[int, dict[str, Any]] | None = None

    @classmethod
    def ask(cls) -> Ahead | None:
        """Where an engine answers; it is not started for this."""
        engine = Engine(start=False)
        try:
            return cls(engine, engine.begin(QUESTIONS))
        except WorkbenchError:
            engine.close()
            return None

    def arrive(self) -> None:
        """Wait for the answers, once. A question without one is simply asked again later."""
        if self._answers is not None:
            return
        self._answers = {}
        with self._engine:
            try:
                self._answers = self._engine.finish(self._ids)
            except WorkbenchError:
                pass

    def take(self, verb: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """Waits for the answers."""
        self.arrive()
        asked = (id for id, question in zip(self._ids, QUESTIONS, strict=True) if question == (verb, params))
        return (self._answers or {}).pop(next(asked, 0), None)
