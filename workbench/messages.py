"""What the app tells its screens. Facts that come often replace each other: the newest snapshot says it all."""

from __future__ import annotations

from textual.message import Message


class SnapshotChanged(Message):
    """The app's snapshot is newer than what was drawn."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SnapshotChanged)


class EngineConnected(Message):
    """Calls are answered again: what was fetched before may be old."""


class EngineLost(Message):
    """The road to the engine broke; the app tries again by itself."""
