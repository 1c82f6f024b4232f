"""Log ten metrics for some steps with one tracker, by that tracker's own interpreter, and say what it took.

    log_steps.py TRACKER STEPS

Prints {"began": seconds since 1970, "seconds": first call until it is durable, "us": [microseconds of each call],
"bytes": what it left on disk for these steps}.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

Log = Callable[[dict[str, float], int], object]
Finish = Callable[[], object]


def workbench() -> tuple[Log, Finish]:
    import workbench as wb

    return wb.log, lambda: None


def mlflow() -> tuple[Log, Finish]:
    os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///" + os.path.abspath("mlflow.db")
    import mlflow  # type: ignore[import-not-found]

    mlflow.start_run()
    return lambda metrics, step: mlflow.log_metrics(metrics, step=step), mlflow.end_run


def trackio() -> tuple[Log, Finish]:
    os.environ.update(TRACKIO_DIR=os.path.abspath("trackio"), HF_HUB_OFFLINE="1")
    import trackio  # type: ignore[import-not-found]

    trackio.init(project="bench", name="run", auto_log_cpu=False, auto_log_gpu=False, embed=False)
    return lambda metrics, step: trackio.log(metrics, step=step), trackio.finish


def wandb() -> tuple[Log, Finish]:
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true")
    import wandb  # type: ignore[import-not-found]

    run = wandb.init(project="bench", dir=os.getcwd())
    return lambda metrics, step: run.log(metrics, step=step), run.finish


def size() -> int:
    return sum(os.lstat(os.path.join(top, file)).st_size for top, _, files in os.walk(".") for file in files)


def main(tracker: str, steps: int) -> None:
    log, finish = {"workbench": workbench, "mlflow": mlflow, "trackio": trackio, "wandb": wandb}[tracker]()
    rows = [{f"metric/{key}": 1 / (1 + step + key) for key in range(10)} for step in range(steps)]
    before = size()
    costs = []
    began, start = time.time(), time.perf_counter()
    for step, row in enumerate(rows):
        called = time.perf_counter()
        log(row, step)
        costs.append(time.perf_counter() - called)
    finish()
    seconds = time.perf_counter() - start
    us = sorted(round(cost * 1e6, 2) for cost in costs)
    figures = {"began": began, "seconds": seconds, "median": us[steps // 2], "p99": us[steps * 99 // 100]}
    print(json.dumps({**figures, "bytes": size() - before}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
