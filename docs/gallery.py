"""Pictures of every screen, from made-up facts: docs/img/SCREEN-WIDTHxHEIGHT.svg, in other themes SCREEN-THEME.svg.

python docs/gallery.py [DIRECTORY]
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.screens.driver import open_app  # noqa: E402
from tests.screens.tour import SIZES, TOUR, Size, Stop, go  # noqa: E402

SHOWN = ("queue", "projects", "machines", "run-log", "run-metrics", "run-files", "compare")
OTHERS = ("light", "high-contrast")
"""Themes of which one picture tells enough."""
SLOWEST = 1.5
"""Seconds without a change after which nothing more is under way: curves are fetched once a second."""
ABREAST = 4
"""Most of the time goes to waiting."""


@dataclass(frozen=True)
class Picture:
    stop: Stop
    size: Size
    theme: str = "dark"

    @property
    def name(self) -> str:
        look = f"{self.size[0]}x{self.size[1]}" if self.theme == "dark" else self.theme
        return f"{self.stop.name}-{look}.svg"


def pictures() -> Iterator[Picture]:
    stops = {stop.name: stop for stop in TOUR}
    for name in SHOWN:
        yield from (Picture(stops[name], size) for size in SIZES)
        yield from (Picture(stops[name], SIZES[1], theme) for theme in OTHERS)


async def paint(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    places = asyncio.Semaphore(ABREAST)

    async def one(picture: Picture) -> None:
        async with places:
            (directory / picture.name).write_text(await _draw(picture))

    await asyncio.gather(*map(one, pictures()))


async def _draw(picture: Picture) -> str:
    with tempfile.TemporaryDirectory() as home:
        async with open_app(picture.stop.world(), home, picture.size) as (person, _):
            person.app.theme = picture.theme
            await go(person, picture.stop)
            await person.settle(SLOWEST)
            drawn = person.app.export_screenshot(title="workbench")
    return _smaller(drawn)


def _smaller(drawn: str) -> str:
    """Without what no picture needs: half of each file is a checksum in every name and a clip for every word."""
    named = re.sub(r"terminal-\d+-", "t", drawn)
    return re.sub(r' clip-path="url\(#tline-\d+\)"|<clipPath id="tline-\d+">.*?</clipPath>\s*', "", named, flags=re.S)


if __name__ == "__main__":
    asyncio.run(paint(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "img"))
