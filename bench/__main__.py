"""`python -m bench [NAME...] [--json FILE]`"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
from pathlib import Path

from bench.figures import Table, spin
from bench.peers import FAILURES

NAMES = ("submit", "jobs", "tracking", "history", "ssh", "live", "screen")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Speed, beside peers in the same run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(NAMES)}; all without one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    asked = parser.parse_args()
    for name in asked.names:
        if name not in NAMES:
            parser.error(f"there is no {name}; there are {', '.join(NAMES)}")
    tables: list[Table] = []
    for name in asked.names or NAMES:
        print(f"{name} ...", flush=True)
        try:
            for table in importlib.import_module(f"bench.{name}").measure():
                tables.append(table)
        except FAILURES as why:
            print(f"  {name} was given up: {why}")
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, a fixed loop takes {spin():.0f} ms"
    print(f"\n{machine}; x N: N times the workbench's, each divided by what that loop took just then")
    for table in tables:
        print("\n" + "\n".join(table.lines()))
    if asked.json:
        asked.json.write_text(json.dumps({"machine": machine, "tables": [table.data() for table in tables]}, indent=1))


if __name__ == "__main__":
    main()
