"""The environment that an attempt's command sees."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Mapping

from .attempt import Attempt

_THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_NOT_FOR_RUNS = re.compile(r"VIRTUAL_ENV$|PYTHONHOME$|WORKBENCH_")
_HAS_GPUS = os.path.exists("/dev/nvidiactl")


def base() -> dict[str, str]:
    """What every command on this machine gets: the agent's own, without what is about the agent."""
    return {key: value for key, value in os.environ.items() if not _NOT_FOR_RUNS.match(key)}


def of(attempt: Attempt, spec: Mapping[str, Any], root: str, inherited: Mapping[str, str]) -> dict[str, str]:
    found = dict(inherited)
    threads = str(spec["cpus"])
    for name in _THREADS:
        found[name] = threads
    if spec["environment"]:
        environment = os.path.join(root, "environments", spec["environment"])
        found["VIRTUAL_ENV"] = environment
        found["PATH"] = os.path.join(environment, "bin") + os.pathsep + found.get("PATH", os.defpath)
    found["PYTHONUNBUFFERED"] = "1"
    found.update(spec["variables"])
    work = attempt.path("work")
    places = [os.path.join(root, "tracking"), work]
    if os.path.isdir(os.path.join(work, "src")):
        places.append(os.path.join(work, "src"))
    if found.get("PYTHONPATH"):
        places.append(found["PYTHONPATH"])
    found["PYTHONPATH"] = os.pathsep.join(places)
    found["WORKBENCH_RUN"] = attempt.run
    found["WORKBENCH_ATTEMPT"] = attempt.id
    found["WORKBENCH_METRICS"] = attempt.path("metrics.jsonl")
    found["WORKBENCH_PARAMS"] = attempt.path("params.json")
    found["WORKBENCH_ARTIFACTS"] = attempt.path("artifacts")
    for key, value in spec["params"].items():
        name = "WORKBENCH_PARAM_" + re.sub("[^A-Z0-9]", "_", key.upper())
        found[name] = value if isinstance(value, str) else json.dumps(value)
    if spec["devices"] or _HAS_GPUS:
        found["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        found["CUDA_VISIBLE_DEVICES"] = ",".join(spec["devices"])
    return found
