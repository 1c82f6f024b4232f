"""`python -m tests.chaos [--seed N] [--machines N] [--runs N] [--seconds N]`: a bad day, and what is wrong after it."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.story import Plan, live_through


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="the same seed, the same blows")
    parser.add_argument("--machines", type=int, default=5)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long things are done to it")
    plan = Plan(**vars(parser.parse_args()))
    print(plan, flush=True)
    directory = Path(tempfile.mkdtemp(prefix="chaos-"))
    began = time.monotonic()
    complaints = asyncio.run(live_through(plan, directory, lambda line: print(line, flush=True)))
    for complaint in complaints:
        print(complaint)
    verdict = f"{len(complaints)} things are wrong; see {directory}" if complaints else "nothing lost, nothing twice"
    print(f"{verdict} (seed {plan.seed}, {time.monotonic() - began:.0f} s)")
    if not complaints:
        shutil.rmtree(directory)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
