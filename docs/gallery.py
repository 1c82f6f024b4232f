"""Pictures of every screen, from made-up facts: docs/img/SCREEN-WIDTHxHEIGHT.svg.

python docs/gallery.py [DIRECTORY]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.screens.driver import open_app  # noqa: E402
from tests.screens.made_up import a_fleet, a_team  # noqa: E402

SIZES = ((80, 24), (120, 36))
KEYS = {
    "projects": ("1",),
    "queue": (),
    "machines": ("3", "_", "_", "_"),
    "run": ("enter", "]"),
    "compare": (" ", " ", " ", "G", "k", " ", "="),
}
"""What to press to see it."""


async def paint(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, keys in KEYS.items():
        for width, height in SIZES:
            with tempfile.TemporaryDirectory() as home:
                world = a_fleet() if name == "machines" else a_team()
                async with open_app(world, home, (width, height)) as (person, _):
                    await person.sees("brave-sunset-12", "running", "loss")
                    await person.settle()
                    for key in keys:
                        await person.press(key)
                        await person.settle()
                    target = directory / f"{name}-{width}x{height}.svg"
                    target.write_text(person.app.export_screenshot(title="workbench"))


if __name__ == "__main__":
    asyncio.run(paint(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "img"))
