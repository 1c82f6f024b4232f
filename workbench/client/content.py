"""The bytes of an artifact, piece by piece. Whoever has a road to the engine carries the questions."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from workbench.errors import EngineError

CHUNK = 4 << 20
"""Bytes asked for at once."""


class Content:
    """Ask `pull` for what is `wanted`, have what it answers `take`n, until nothing is; then `check`.

    artifact: as `show` lists it. step: bytes asked for at once."""

    def __init__(self, run: str, artifact: Mapping[str, Any], step: int = CHUNK) -> None:
        self._run, self._artifact, self._step = run, artifact, step
        self._digest, self._short = sha256(), False
        self.done = 0
        """Bytes that have come."""

    @property
    def wanted(self) -> dict[str, Any] | None:
        """The params of the next `pull`; None when all has come that will."""
        if self._short or self.done >= self._artifact["size"]:
            return None
        return {"run": self._run, "name": self._artifact["name"], "offset": self.done, "limit": self._step}

    def take(self, reply: Mapping[str, Any]) -> bytes:
        data = b64decode(reply["data"])
        self._digest.update(data)
        self._short = not data
        self.done += len(data)
        return data

    def check(self) -> None:
        """Raises EngineError where what came is not what its hash says."""
        if self._digest.hexdigest() != self._artifact["sha256"]:
            raise EngineError(
                f"{self._artifact['name']} is damaged in the engine's store, or another came in its place meanwhile",
                hint="pull it again; if it stays so, the disk under the workbench's data has a fault",
            )
