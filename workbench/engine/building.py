"""What uv says while it builds an environment, heard as how far that has come. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from workbench.domain.progress import Progress

_COUNTED = re.compile(r"(Resolved|Prepared|Installed) (\d+) packages?\b")
_ONE_MORE = re.compile(r"\s*(Downloaded|Built) \S")


class Building:
    """uv names large packages as they come, and counts all of them at the end of each step."""

    def __init__(self) -> None:
        self.progress = Progress("building the environment")

    def hear(self, line: str) -> bool:
        """Whether `progress` is another now."""
        before = self.progress
        if found := _COUNTED.match(line):
            step, number = found[1], int(found[2])
            if step == "Resolved":
                self.progress = replace(before, done=0, total=number, unit="packages")
            elif step == "Prepared":
                self.progress = replace(before, done=number, total=max(number, before.total), unit="packages")
            else:
                self.progress = Progress("compiling the environment", unit="packages")
        elif _ONE_MORE.match(line) and before.done < before.total:
            self.progress = replace(before, done=before.done + 1)
        return self.progress != before
