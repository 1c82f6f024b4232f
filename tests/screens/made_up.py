"""A world to look at: projects, machines and runs such as a team would have, all made up and standing still."""

from __future__ import annotations

import io
import math
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

from workbench.domain.resources import Need, Share
from workbench.domain.run import Ask, Code, Environment, Param, Run
from workbench.domain.status import (
    ACTIVE,
    Attempt,
    Cancelled,
    Ended,
    Error,
    Failed,
    Finished,
    Held,
    Lost,
    OutOfMemory,
    Preparing,
    Queued,
    Running,
    Status,
    TimedOut,
    Usage,
)
from workbench.domain.time import SECOND, Micros
from workbench.errors import NotFound

NOW: Micros = 1_790_000_000 * SECOND
GB = 1_000_000_000
MINUTE = 60 * SECOND
DEVICES = {name: [f"GPU-{name}-{index}" for index in range(2)] for name in ("gpu1", "gpu3")}

LOG = """loading 1,797 digits of 64 pixels
train 1,437  test 360  features 64  classes 10
epoch  1/40  loss 1.9042  val_loss 1.8211  acc 0.4417  1.1 s
epoch  2/40  loss 1.2260  val_loss 1.1904  acc 0.6917  1.0 s
epoch  3/40  loss 0.8312  val_loss 0.8420  acc 0.7944  1.0 s
UserWarning: learning rate 0.01 is at the edge of the schedule
epoch  4/40  loss 0.6120  val_loss 0.6533  acc 0.8472  1.0 s
epoch  5/40  loss 0.4825  val_loss 0.5391  acc 0.8750  1.0 s
epoch  6/40  loss 0.4011  val_loss 0.4702  acc 0.8917  1.0 s
epoch  7/40  loss 0.2314  val_loss 0.4188  acc 0.9120  1.0 s
"""
DIFF = """diff --git a/train.py b/train.py
index 3f1a2b4..9c0d1e2 100644
--- a/train.py
+++ b/train.py
@@ -18,7 +18,8 @@ def main():
     model = build(depth=args.depth)
-    optimiser = SGD(lr=args.lr)
+    optimiser = AdamW(lr=args.lr, weight_decay=0.01)
+    schedule = cosine(optimiser, epochs=args.epochs)
     for epoch in range(args.epochs):
"""
FILES = [{"path": "train.py", "how": "changed"}, {"path": "schedules/cosine.py", "how": "added"}]
PACKAGES: list[dict[str, Any]] = [
    {"name": "nvidia-cublas-cu12", "base": "12.6.4.1", "run": None},
    {"name": "numpy", "base": "1.26.4", "run": "2.4.0"},
    {"name": "torch", "base": "2.8.0", "run": "2.9.1"},
    {"name": "triton", "base": None, "run": "3.5.0"},
]


@dataclass
class World:
    """What a made-up engine knows."""

    runs: dict[str, Run] = field(default_factory=dict)
    curves: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    usage: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    machines: list[dict[str, Any]] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)
    diff: str = DIFF
    metric: str = ""
    """What workbench.toml says that runs are measured by."""
    left: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """run -> name -> what it left."""
    progress: dict[str, dict[str, Any]] = field(default_factory=dict)
    collecting: dict[str, dict[str, Any]] = field(default_factory=dict)
    configs: dict[str, dict[str, str]] = field(default_factory=dict)
    """What runs logged about themselves."""
    differing: list[dict[str, str]] = field(default_factory=lambda: list(FILES))
    """Those that differ between two snapshots."""
    packages: list[dict[str, Any]] = field(default_factory=lambda: list(PACKAGES))
    """Those that differ between two environments."""
    _ordered: list[Run] | None = None

    def put(self, run: Run) -> None:
        self.runs[run.id] = run
        self._ordered = None

    def find(self, reference: str) -> Run:
        if reference in self.runs:
            return self.runs[reference]
        for run in self.runs.values():
            if reference in (run.id, run.name, str(run.seq)):
                return run
        raise NotFound(f"no run is called {reference!r}", hint="workbench runs lists them")

    def ordered(self) -> list[Run]:
        if self._ordered is None:
            self._ordered = self._in_order()
        return self._ordered

    def _in_order(self) -> list[Run]:
        rank = {"running": 0, "preparing": 1, "queued": 2, "held": 3}
        return sorted(
            self.runs.values(),
            key=lambda run: (rank.get(run.status.name, 4), run.position if run.live else -run.seq),
        )

    def counts(self) -> dict[str, int]:
        return dict(Counter(run.status.name for run in self.runs.values()))

    def values(self, id: str) -> dict[str, list[float]]:
        return self.curves.get(id, {})

    def last(self, id: str) -> dict[str, float]:
        return {key: values[-1] for key, values in self.values(id).items()}

    def files(self, id: str) -> dict[str, bytes]:
        return self.left.get(id, {})

    def why(self, run: Run) -> str:
        return self.reasons.get(run.id, "a GPU with 24 GB free: gpu1 in about 14m (bob's run)")


def run(seq: int, name: str, status: Status, **params: Param) -> Run:
    return Run(
        id=f"r{seq:07d}",
        seq=seq,
        name=name,
        project="churn",
        directory="/home/alice/churn",
        workdir=".",
        user="alice",
        submitted=NOW - 40 * MINUTE,
        ask=Ask(("python", "train.py", "--lr", "{lr}"), params, Need(4, 16 * GB, 1), tags=("baseline",)),
        code=Code("41ab" * 16, "7c2e9f01" * 5, "main", 3, "d1ff" * 16),
        environment=Environment("9f2c" * 16, "10cc" * 16, "3.12", "uv.lock"),
        position=float(seq),
        status=status,
        attempts=1,
    )


def attempt(machine: str = "gpu3", device: int = 0, ago: float = 12) -> Attempt:
    devices = (DEVICES[machine][device],) if machine in DEVICES else ()
    return Attempt(1, machine, Share(4, 16 * GB, devices), NOW - int(ago * MINUTE))


def ended(machine: str, minutes: float) -> Ended:
    return Ended(attempt(machine), NOW - int((60 + minutes) * MINUTE), NOW - 60 * MINUTE, Usage(700.0, 3 * GB))


def curve(length: int, start: float, end: float, seed: int) -> list[float]:
    noise = random.Random(seed)
    return [end + (start - end) * math.exp(-5 * i / length) + noise.gauss(0, 0.012) for i in range(length)]


def curves(seed: int, length: int) -> dict[str, list[float]]:
    return {
        "loss": curve(length, 1.9, 0.2 + seed % 7 / 90, seed),
        "val_loss": curve(length, 1.8, 0.31 + seed % 5 / 80, seed + 1),
        "acc": [1 - value / 2 for value in curve(length, 1.4, 0.14 + seed % 3 / 50, seed + 2)],
    }


def uses(seed: int, since: Micros, seconds: int) -> list[dict[str, float]]:
    """What a training takes, sampled every two seconds: it loads its data first, and saves the model now and then."""
    noise, found = random.Random(seed), []
    for second in range(0, seconds, 2):
        busy = 0.0 if second < 40 or second % 150 > 140 else 0.9 + noise.gauss(0, 0.03)
        found.append(
            {
                "at": since + second * SECOND,
                "cores": 3.8 if second < 40 else 1.6 + noise.gauss(0, 0.1),
                "memory": (2 + min(9, second / 12)) * GB,
                "gpus": min(1.0, busy),
                "gpu_memory": (0.4 if second < 40 else 31) * GB,
            }
        )
    return found


@cache
def some_files() -> dict[str, bytes]:
    """What a training leaves: a table, an image, texts, a model."""
    drawn = io.BytesIO()
    _plot().save(drawn, "PNG")
    cities = ("北京", "Zürich", "Århus")
    rows = (f"{n},user-{n:05d},{cities[n % 3]},{0.5 + math.sin(n) / 2.1:.4f},{n % 2}" for n in range(1500))
    return {
        "predictions.csv": ("row,user,city,score,left\n" + "\n".join(rows) + "\n").encode(),
        "plots/loss.png": drawn.getvalue(),
        "reports/summary.md": b"# Churn\n\nAUC 0.9312 on 360 held out, up 0.011 from #7.\n" * 30,
        "config.json": b'{\n  "lr": 0.01,\n  "depth": 6\n}\n',
        "model.pt": b"PK\0" * 40_000,
    }


def _plot() -> Image.Image:
    image = Image.new("RGB", (640, 400), "white")
    pen = ImageDraw.Draw(image)
    pen.line([(40, 20), (40, 370), (620, 370)], "black", 3)
    for colour, seed in (("#d62728", 1), ("#1f77b4", 5)):
        heights = curve(58, 1.9, 0.2, seed)
        pen.line([(40 + 10 * x, 370 - int(y * 170)) for x, y in enumerate(heights)], colour, 4)
    return image


def machine(name: str, status: str = "ok", devices: int = 0, **facts: Any) -> dict[str, Any]:
    uuids = DEVICES.get(name, [])[:devices]
    history = [_sample(index, uuids, len(name)) for index in range(300)]
    return {
        "name": name,
        "status": status,
        "reason": "",
        "hostname": name,
        "cpus": 64,
        "memory": 256 * GB,
        "devices": [_device(index, uuid) for index, uuid in enumerate(uuids)],
        "cpus_held": 8,
        "memory_held": 32 * GB,
        "devices_held": {},
        "devices_used": {},
        "running": [],
        "warnings": [],
        "sample": history[-1] if status == "ok" else None,
        "history": history if status == "ok" else [],
        **facts,
    }


def _device(index: int, uuid: str) -> dict[str, Any]:
    facts = {"label": str(index), "name": "NVIDIA A100", "memory": 80 * GB, "state": "mine", "strangers": []}
    return {"uuid": uuid, "index": index, **facts}


def _sample(index: int, uuids: list[str], seed: int) -> dict[str, Any]:
    cpu = 0.45 + 0.25 * math.sin(index / 25 + seed) + 0.06 * math.sin(index / 3)
    return {
        "at": NOW - (299 - index) * 2 * SECOND,
        "cpu": cpu,
        "memory": int((90 + 40 * math.sin(index / 80) + seed) * GB),
        "disk_free": 412 * GB,
        "network_in": 1e6,
        "network_out": 2e5,
        "load": cpu * 64,
        "devices": [
            {
                "uuid": uuid,
                "use": max(0.0, 0.7 - 0.25 * number + 0.2 * math.sin(index / 9 + number)),
                "memory": (31 + 17 * number) * GB,
                "power": 251.0,
                "temperature": 61.0,
            }
            for number, uuid in enumerate(uuids)
        ],
        "attempts": {},
    }


def a_team() -> World:
    """Thirty runs of every status, four machines, three projects."""
    world = World()
    live: list[tuple[str, Status, dict[str, Param]]] = [
        ("brave-sunset-12", Running(attempt("gpu3", 0), NOW - 724 * SECOND), {"lr": 0.01, "depth": 6, "seed": 3}),
        ("calm-river-13", Running(attempt("gpu3", 1), NOW - 718 * SECOND), {"lr": 0.03, "depth": 6, "seed": 3}),
        ("keen-falcon-14", Running(attempt("gpu1", 0), NOW - 95 * SECOND), {"lr": 0.1, "depth": 6, "seed": 3}),
        ("quiet-ember-15", Preparing(attempt("gpu1", 1, 0.2)), {"lr": 0.3, "depth": 6, "seed": 3}),
        ("lucid-dawn-16", Queued(NOW - 20 * MINUTE), {"lr": 0.01, "depth": 8, "seed": 3}),
        ("amber-lake-17", Queued(NOW - 20 * MINUTE), {"lr": 0.03, "depth": 8, "seed": 3}),
        ("北京-数据-baseline-18", Queued(NOW - 19 * MINUTE), {"lr": 0.1, "depth": 8, "seed": 3}),
        ("proud-cedar-19", Held(NOW - 18 * MINUTE, "held by alice"), {"lr": 0.3, "depth": 8, "seed": 3}),
    ]
    over: list[tuple[str, Status, dict[str, Param]]] = [
        (
            "resnet50-imagenet-cosine-warmup5-bs1024-amp",
            Finished(ended("gpu3", 34)),
            {"lr": 0.01, "depth": 4, "seed": 2},
        ),
        ("misty-field-9", Failed(ended("gpu1", 2), 137), {"lr": 3.0, "depth": 4, "seed": 2}),
        (
            "vivid-stone-8",
            Error(NOW - 70 * MINUTE, "no solution: torch needs numpy<2", "× No solution found"),
            {"lr": 0.1},
        ),
        ("rapid-birch-7", TimedOut(ended("node7", 120), 7200.0), {"lr": 0.0001, "depth": 4, "seed": 2}),
        ("noble-heron-6", Cancelled(NOW - 80 * MINUTE, "bob", ended("node7", 12)), {"lr": 0.01, "depth": 2, "seed": 2}),
        (
            "faint-comet-5",
            Lost(NOW - 90 * MINUTE, "gpu1 was rebooted", attempt("gpu1"), NOW - 95 * MINUTE),
            {"lr": 0.1},
        ),
    ]
    over += [
        (f"{name}-{index}", Finished(ended("node7", 3 + index)), {"lr": 0.01 * (index + 1), "depth": 2, "seed": 1})
        for index, name in enumerate(("silver-moth", "polar-reef", "honest-pine", "swift-otter"))
    ]
    too_much = OutOfMemory(ended("node7", 7), "used 9.1 GB, asked for 8 GB")
    over.append(("warm-delta-4", too_much, {"lr": 0.05, "depth": 2, "seed": 1}))
    for number, (name, status, params) in enumerate(live):
        world.put(run(12 + number, name, status, **params))
    for number, (name, status, params) in enumerate(over):
        world.put(run(11 - number, name, status, **params))
    for name in ("amber-lake-17", "noble-heron-6"):
        world.put(replace(world.find(name), user="bob"))
    for one in world.runs.values():
        if one.status.name in ACTIVE - {"preparing"} or one.status.name in ("finished", "failed", "timed out", "oom"):
            world.curves[one.id] = curves(one.seq, 60 if one.live else 200)
            world.logs[one.id] = LOG
    for one in world.runs.values():
        if one.status.name == "running":
            world.usage[one.id] = uses(one.seq, NOW - 720 * SECOND, 720)
    held = {uuid: run.id for run in world.runs.values() if run.active for uuid in _devices(run)}
    for name in ("gpu1", "gpu3"):
        mine = {uuid: id for uuid, id in held.items() if name in uuid}
        world.machines.append(machine(name, devices=2, devices_held=mine, running=sorted(mine.values())))
    world.machines.append(
        machine("node7", cpus_held=0, memory_held=0, warnings=["no NVIDIA driver: GPUs are not seen"])
    )
    world.machines.append(machine("node8", "unreachable", reason="no route to host for 4m; its 2 runs may go on"))
    for one in world.runs.values():
        if one.status.name in ("running", "finished"):
            world.left[one.id] = some_files()
    built = {"what": "building the environment", "done": 17, "total": 42, "unit": "packages"}
    world.progress = {one.id: built for one in world.runs.values() if one.status.name == "preparing"}
    best = next(one for one in world.runs.values() if one.status.name == "finished")
    world.projects = [
        _project("churn", "predict who leaves within 30 days; AUC above 0.91", world.counts(), 2, best),
        _project(
            "vision/defects", "find scratches on 4k images at 30 fps", {"finished": 1203, "failed": 41}, 1500, None
        ),
        _project("notebooks", "", {"finished": 12}, 90_000, None),
    ]
    return world


def a_fleet(more: int = 0) -> World:
    """The team's machines, a large one that is shared with others, one that drains, one set aside; and so many more."""
    world = a_team()
    states = ("mine", "idle", "mine", "team", "team", "stranger", "free", "lost")
    uuids = [f"GPU-dgx1-{index}" for index in range(8)]
    DEVICES["dgx1"] = uuids
    for seq, name in ((41, "polar-wind-41"), (42, "silver-gate-42")):
        world.put(run(seq, name, Running(attempt("dgx1", seq - 41), NOW - seq * 61 * SECOND), lr=0.01))
    ids = [one.id for one in world.runs.values() if one.seq in (41, 42)]
    held = {uuids[0]: ids[0], uuids[1]: ids[1], uuids[2]: ids[0]}
    dgx1 = machine("dgx1", devices=8, devices_held=held, running=ids, hostname="dgx1.lab.example.org")
    dgx1["devices"] = [{**one, "state": state} for one, state in zip(dgx1["devices"], states, strict=True)]
    dgx1["devices_used"] = {
        uuids[3]: "leased by bob, used by bob (python, 61 GB)",
        uuids[4]: "leased by bob",
        uuids[5]: "used by carol (jupyter-lab, 22 GB) and 1 more",
        uuids[7]: "lost (GPU is lost)",
    }
    processes: dict[int, list[tuple[int, str, str, int, bool]]] = {
        0: [(4101, "alice", "python", 30, True)],
        1: [(4102, "alice", "python", 47, True)],
        2: [(4101, "alice", "python", 30, True)],
        3: [(4711, "bob", "python", 61, False)],
        5: [(5120, "carol", "jupyter-lab", 22, False), (5121, "", "ollama", 9, False)],
    }
    for index, device in enumerate(dgx1["sample"]["devices"]):
        device["processes"] = [
            {"pid": pid, "user": user, "name": name, "memory": size * GB, "ours": ours}
            for pid, user, name, size, ours in processes.get(index, ())
        ]
        quiet = states[index] in ("idle", "free")
        device["use"] = None if states[index] == "lost" else 0.0 if quiet else 0.97 - 0.07 * index
        device["memory"] = sum(one["memory"] for one in device["processes"])
        device["power"], device["temperature"] = (61.0, 38.0) if quiet else (251.0, 61.0)
    for id in ids:
        dgx1["sample"]["attempts"][f"{id}.1"] = [7.9, 12 * GB]
    world.machines += [
        dgx1,
        machine("gpu5", "draining", sample=machine("gpu5")["sample"], running=[ids[1]]),
        machine("node9", "set aside", reason="its last 3 runs failed at once: see misty-field-9"),
    ]
    world.machines += [machine(f"rack{number:02d}") for number in range(more)]
    return world


def _devices(one: Run) -> tuple[str, ...]:
    attempt: Attempt | None = getattr(one.status, "attempt", None)
    return attempt.share.devices if attempt else ()


def _project(name: str, goal: str, counts: dict[str, int], minutes: int, best: Run | None) -> dict[str, Any]:
    return {
        "name": name,
        "directory": f"/home/alice/{name}",
        "goal": goal,
        "counts": counts,
        "last": NOW - minutes * MINUTE,
        "seconds": 93_000.0,
        "metric": "acc" if best else "",
        "best": {"run": best.id, "name": best.name, "value": 0.9312} if best else None,
    }


def many(count: int) -> World:
    """So many finished runs, and a few that run."""
    world = a_team()
    for seq in range(100, 100 + count):
        world.put(run(seq, f"old-run-{seq}", Finished(ended("node7", 5)), lr=0.1))
    return world


def a_study(count: int) -> World:
    """So many finished runs over learning rates, widths and five seeds each; the last of them with newer code."""
    world = World()
    rates, widths = (0.003, 0.01, 0.03, 0.1), (64, 128, 256)
    for index in range(count):
        rate, wide = rates[index // 5 % len(rates)], widths[index // 20 % len(widths)]
        one = run(
            40 + index,
            f"{STUDY[index % len(STUDY)]}-{40 + index}",
            Finished(ended("gpu3", 20 + index % 9)),
            lr=rate,
            width=wide,
            seed=index % 5,
        )
        if index == count - 1:
            code, environment = (
                Code("52bc" * 16, "8d3f0a12" * 5, "main", 1),
                Environment("a01d" * 16, "20dd" * 16, "3.12", "uv.lock"),
            )
            one = replace(one, code=code, environment=environment)
        world.put(one)
        world.curves[one.id] = curves(index, 120) | {"epoch": [float(step) for step in range(120)]}
        world.configs[one.id] = {"optimiser": "AdamW" if index % 2 else "SGD", "layers": "[64, 32]", "amp": "true"}
    return world


STUDY = ("brave-sunset", "calm-river", "keen-falcon", "quiet-ember", "lucid-dawn", "北京-数据-baseline", "proud-cedar")


HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;owned\x07title",
    "\x1b]52;c;cm0gLXJm\x07clip",
    "a\rb\nc\td\x00e\x7f",
    "\x9b31mC1\x9d0;x\x9c",
    "\u202egnp.exe\u202c",
    "zero\u200bwidth\ufeff\u2060",
    "\U000e0041tag",
    "\x1bPq#0;2;0;0;0#0~~\x1b\\sixel",
    "é" * 40,
    "語" * 60,
    "👩‍🚀 rocket",
    "\x1b[",
    "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
    "\x1b",
    "line\u2028sep\u2029para",
    "lone \ud83d and \udcff",
    "e" + "\u0301\u0323\u20dd" * 40 + " stacked",
    "\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\strings",
)
"""Text that tries to act on the terminal."""


def hostile() -> World:
    """Every text in it comes from somebody who means ill."""
    world = World()
    for number, text in enumerate(HOSTILE):
        statuses: list[Status] = [
            Running(attempt(), NOW - 60 * SECOND),
            Held(NOW, text),
            Error(NOW, text, text),
            Finished(Ended(Attempt(1, text, Share(1, 0), NOW), NOW - 9 * SECOND, NOW, None)),
            Queued(NOW),
        ]
        one = run(number + 1, text, statuses[number % 5], **{text: text})
        world.put(one)
        world.reasons[one.id] = text
        world.curves[one.id] = {text: [0.1, math.nan, 0.3], "loss": [1.0, math.inf, 0.5]}
        world.logs[one.id] = "\n".join(HOSTILE) * 3
        world.left[one.id] = {name: "\n".join(HOSTILE).encode("utf-8", "surrogatepass") for name in ("0.csv", *HOSTILE)}
        world.configs[one.id] = {text: text, "model": text}
    world.machines = [
        machine(text, hostname=text, reason=text, warnings=[text], devices_held={}) for text in HOSTILE[:6]
    ]
    world.projects = [_project(text, text, {"finished": 1}, 1, None) for text in HOSTILE]
    world.diff = "\n".join("+" + text for text in HOSTILE)
    world.differing = [{"path": text, "how": "changed"} for text in HOSTILE]
    world.packages = [{"name": text, "base": text, "run": text} for text in HOSTILE]
    return world
