from __future__ import annotations

from workbench.domain.progress import Progress
from workbench.engine.building import Building

SAID = """Using CPython 3.11.7
Creating virtual environment at: v
Resolved 8 packages in 240ms
Downloading numpy (16.1MiB)
Downloading pandas (11.8MiB)
 Downloaded pandas
 Downloaded numpy
Prepared 8 packages in 883ms
Installed 8 packages in 101ms
Bytecode compiled 2485 files in 20.30s
 + numpy==2.4.6"""


def test_what_uv_says_moves_on() -> None:
    building, heard = Building(), []
    for line in SAID.splitlines():
        if building.hear(line):
            heard.append(building.progress)
    at = [Progress("building the environment", done, 8, "packages") for done in (0, 1, 2, 8)]
    assert heard == [*at, Progress("compiling the environment", unit="packages")]


def test_nothing_is_counted_twice() -> None:
    building = Building()
    for line in ("Resolved 1 package in 1ms", "   Built x @ file:///x", " Downloaded y"):
        building.hear(line)
    assert building.progress == Progress("building the environment", 1, 1, "packages")
