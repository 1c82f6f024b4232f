"""The clock of a replay: which moment of the past it is, at a time of the wall's clock. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.domain.time import SECOND, Micros

SPEEDS = (1, 5, 20, 60, 300, 1200, 3600)


@dataclass(frozen=True, slots=True)
class Pace:
    since: Micros
    until: Micros
    """It stops there."""
    moment: Micros
    """What it showed at `wall`."""
    wall: float
    """Seconds, of a clock that only goes forward."""
    speed: int = 60
    """So much quicker than it was."""
    paused: bool = False

    def at(self, wall: float) -> Micros:
        gone = 0 if self.paused else int((wall - self.wall) * self.speed * SECOND)
        return max(self.since, min(self.until, self.moment + gone))

    def over(self, wall: float) -> bool:
        return self.at(wall) >= self.until

    def toggled(self, wall: float) -> Pace:
        """Stopped where it went, going where it stood."""
        return replace(self._from(wall), paused=not self.paused)

    def faster(self, wall: float) -> Pace:
        return replace(self._from(wall), speed=next((one for one in SPEEDS if one > self.speed), self.speed))

    def slower(self, wall: float) -> Pace:
        return replace(self._from(wall), speed=next((one for one in SPEEDS[::-1] if one < self.speed), self.speed))

    def jumped(self, seconds: float, wall: float) -> Pace:
        """As far as the night goes."""
        there = self.at(wall) + int(seconds * SECOND)
        return replace(self, moment=max(self.since, min(self.until, there)), wall=wall)

    def _from(self, wall: float) -> Pace:
        return replace(self, moment=self.at(wall), wall=wall)
