"""The objects that travel, as types. For type checkers and readers; nothing here runs on a hot path."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Submission(TypedDict):
    """What `run` and `sweep` ask for. Sizes in bytes, times in seconds: the client has parsed the words."""

    directory: str
    """Absolute: where the command was typed. The engine finds the project above it."""
    command: list[str]
    params: dict[str, str | int | float | bool]
    grid: NotRequired[dict[str, list[str | int | float | bool]]]
    """Every combination is a run: the last key varies fastest."""
    name: NotRequired[str]
    cpus: NotRequired[int]
    memory: NotRequired[int]
    gpus: NotRequired[int]
    gpu_memory: NotRequired[int]
    """Bytes that each of the GPUs must have; asks for one GPU where `gpus` says nothing."""
    machine: NotRequired[str]
    """The only one that it may run on."""
    labels: NotRequired[list[str]]
    """What its machine must be labelled with."""
    time_limit: NotRequired[float]
    priority: NotRequired[int]
    after: NotRequired[list[str]]
    retries: NotRequired[int]
    tags: NotRequired[list[str]]
    hold: NotRequired[bool]
    notify: NotRequired[bool]
    """Tell whoever submits it when it is over."""
    packages: NotRequired[list[str]]
    """`--with`: requirements for this run alone."""


class Sample(TypedDict):
    at: int
    cpu: float
    """0 to 1, all cores together."""
    memory: int
    disk_free: int
    network_in: float
    network_out: float
    load: float
    devices: list[dict[str, Any]]
    """[{uuid, use (0 to 1), memory, power, temperature, processes, lease, lost}]; null is what the driver does not
    say. processes: [{pid, user, name, memory, ours}]; lease: {pid, user, ours} or null; lost: the driver's words."""
    attempts: dict[str, list[float]]
    """attempt -> [cores, bytes]"""


class MachineView(TypedDict):
    name: str
    status: str
    """ok, connecting, draining, set aside, unreachable."""
    reason: str
    """Why it is set aside or unreachable, "" when it is neither."""
    since: int
    """Micros since when it answers, or does not; 0: it was not asked yet."""
    address: str
    """As ssh takes it, "" for the engine's own machine."""
    rate: float
    """What an hour of it costs."""
    labels: list[str]
    hostname: str
    cpus: int
    memory: int
    devices: list[dict[str, Any]]
    """[{uuid, index, label, name, memory, state, strangers}]. label: as nvidia-smi counts; state: unseen, lost, mine,
    idle (held, and computes nothing), team (another's workbench), stranger, free; strangers: the processes there that
    belong to neither, whatever the state, as in samples."""
    cpus_held: int
    memory_held: int
    devices_held: dict[str, str]
    """UUID -> id of the run that holds it."""
    devices_used: dict[str, str]
    """UUID -> who else uses it, a phrase that goes after "is"."""
    running: list[str]
    """Ids of runs that hold a share."""
    warnings: list[str]
    sample: Sample | None
    history: list[Sample]
    """The last ten minutes, oldest first, at most 300. In `machines` replies; [] in notifications."""


class ProjectView(TypedDict):
    name: str
    directory: str
    goal: str
    counts: dict[str, int]
    last: int
    """Micros of the last activity."""
    seconds: float
    """Run time of all its runs, summed; of those that run, until now."""
    metric: str
    """The metric that its workbench.toml names as the goal, "" where it names none."""
    best: dict[str, Any] | None
    """{run, name, value}: the best finished run by that metric."""


class Waiting(TypedDict):
    """Why a run waits."""

    kind: str
    """held, dependency, backoff, resources, order, machine, impossible, unreachable."""
    text: str
    """A sentence: what it waits for."""
    until: str
    """What would start it: a sentence."""
    eta: float | None
    """Seconds until it is likely to start, None where nobody can tell."""
    at_most: bool
    """`eta` is a time limit's word, not that of runs like those in the way."""
    blockers: list[Blocker]
    """The first 20 of the runs in the way."""


class Blocker(TypedDict):
    """A run in the way of another."""

    id: str
    name: str
    user: str
    machine: str | None
    left: float | None
    """Seconds that it still takes, None where nobody can tell."""
    at_most: bool
    """`left` is what its time limit leaves it."""
