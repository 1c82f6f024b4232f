"""A run as JSON and back: the one form for socket, history and `--json`.

`status` is the plain name, `detail` the variant's own fields, and what scripts ask for most (`machine`,
`started`, `ended`, `exit_code`) stands beside them, derived, and is not read back. `machine` is where it is or was,
`pinned` the only one that it may go to.
"""

from __future__ import annotations

from typing import Any

from workbench.domain.resources import Need, Share
from workbench.domain.run import (
    Ask,
    Code,
    Environment,
    Run,
    attempt_of,
    ended_at,
    exit_code_of,
    started_at,
)
from workbench.domain.status import (
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


def run_out(run: Run) -> dict[str, Any]:
    attempt = attempt_of(run.status)
    return {
        "id": run.id,
        "name": run.name,
        "status": run.status.name,
        "seq": run.seq,
        "project": run.project,
        "user": run.user,
        "submitted": run.submitted,
        "machine": attempt.machine if attempt else None,
        "started": started_at(run.status),
        "ended": ended_at(run.status),
        "exit_code": exit_code_of(run.status),
        "command": list(run.ask.command),
        "params": dict(run.ask.params),
        "cpus": run.ask.need.cpus,
        "memory": run.ask.need.memory,
        "gpus": run.ask.need.gpus,
        "gpu_memory": run.ask.need.gpu_memory,
        "pinned": run.ask.need.machine,
        "labels": list(run.ask.need.labels),
        "time_limit": run.ask.time_limit,
        "priority": run.ask.priority,
        "retries": run.ask.retries,
        "after": list(run.ask.after),
        "tags": list(run.ask.tags),
        "directory": run.directory,
        "workdir": run.workdir,
        "code": {
            "snapshot": run.code.snapshot,
            "commit": run.code.commit,
            "branch": run.code.branch,
            "changes": run.code.changes,
            "diff": run.code.diff,
        },
        "environment": {
            "id": run.environment.id,
            "lock": run.environment.lock,
            "python": run.environment.python,
            "origin": run.environment.origin,
        },
        "position": run.position,
        "sweep": run.sweep,
        "rerun_of": run.rerun_of,
        "attempts": run.attempts,
        "retried": run.retried,
        "links": dict(run.links),
        "variables": dict(run.variables),
        "outputs": list(run.outputs),
        "detail": status_out(run.status),
    }


def run_in(data: dict[str, Any]) -> Run:
    return Run(
        id=data["id"],
        seq=data["seq"],
        name=data["name"],
        project=data["project"],
        directory=data["directory"],
        workdir=data["workdir"],
        user=data["user"],
        submitted=data["submitted"],
        ask=Ask(
            command=tuple(data["command"]),
            params=data["params"],
            need=_need_in(data),
            time_limit=data["time_limit"],
            priority=data["priority"],
            retries=data["retries"],
            after=tuple(data["after"]),
            tags=tuple(data["tags"]),
        ),
        code=Code(**data["code"]),
        environment=Environment(**data["environment"]),
        position=data["position"],
        status=status_in(data["status"], data["detail"]),
        sweep=data["sweep"],
        rerun_of=data["rerun_of"],
        attempts=data["attempts"],
        retried=data["retried"],
        links=data["links"],
        variables=data["variables"],
        outputs=tuple(data.get("outputs", ())),  # runs of before there were any have none
    )


def _need_in(data: dict[str, Any]) -> Need:
    """Runs from before there were several machines say nothing of GPU memory, machine and labels."""
    return Need(
        data["cpus"],
        data["memory"],
        data["gpus"],
        data.get("gpu_memory", 0),
        data.get("pinned", ""),
        tuple(data.get("labels", ())),
    )


def _attempt_out(attempt: Attempt) -> dict[str, Any]:
    share = {
        "cpus": attempt.share.cpus,
        "memory": attempt.share.memory,
        "devices": list(attempt.share.devices),
    }
    return {"number": attempt.number, "machine": attempt.machine, "share": share, "placed": attempt.placed}


def _attempt_in(data: dict[str, Any]) -> Attempt:
    share = data["share"]
    return Attempt(
        data["number"],
        data["machine"],
        Share(share["cpus"], share["memory"], tuple(share["devices"])),
        data["placed"],
    )


def _end_out(end: Ended) -> dict[str, Any]:
    usage = end.usage and {"cpu_seconds": end.usage.cpu_seconds, "peak_memory": end.usage.peak_memory}
    return {"attempt": _attempt_out(end.attempt), "started": end.started, "ended": end.ended, "usage": usage}


def _end_in(data: dict[str, Any]) -> Ended:
    usage = data["usage"] and Usage(**data["usage"])
    return Ended(_attempt_in(data["attempt"]), data["started"], data["ended"], usage)


def status_out(status: Status) -> dict[str, Any]:
    """The variant's own fields; its name travels beside them."""
    match status:
        case Held():
            return {"since": status.since, "reason": status.reason}
        case Queued():
            return {"since": status.since, "not_before": status.not_before, "avoid": status.avoid}
        case Preparing():
            return {"attempt": _attempt_out(status.attempt), "cancelled_by": status.cancelled_by}
        case Running():
            return {
                "attempt": _attempt_out(status.attempt),
                "started": status.started,
                "cancelled_by": status.cancelled_by,
            }
        case Finished():
            return {"end": _end_out(status.end)}
        case Failed():
            return {"end": _end_out(status.end), "exit_code": status.exit_code}
        case TimedOut():
            return {"end": _end_out(status.end), "limit": status.limit}
        case OutOfMemory():
            return {"end": _end_out(status.end), "reason": status.reason}
        case Cancelled():
            return {"at": status.at, "by": status.by, "end": _end_out(status.end) if status.end else None}
        case Error():
            return {
                "at": status.at,
                "reason": status.reason,
                "words": status.words,
                "attempt": _attempt_out(status.attempt) if status.attempt else None,
            }
        case Lost():
            return {
                "at": status.at,
                "reason": status.reason,
                "attempt": _attempt_out(status.attempt),
                "started": status.started,
            }


def status_in(name: str, data: dict[str, Any]) -> Status:
    match name:
        case "held":
            return Held(data["since"], data["reason"])
        case "queued":
            return Queued(data["since"], data["not_before"], data.get("avoid", ""))
        case "preparing":
            return Preparing(_attempt_in(data["attempt"]), data["cancelled_by"])
        case "running":
            return Running(_attempt_in(data["attempt"]), data["started"], data["cancelled_by"])
        case "finished":
            return Finished(_end_in(data["end"]))
        case "failed":
            return Failed(_end_in(data["end"]), data["exit_code"])
        case "timed out":
            return TimedOut(_end_in(data["end"]), data["limit"])
        case "oom":
            return OutOfMemory(_end_in(data["end"]), data["reason"])
        case "cancelled":
            return Cancelled(data["at"], data["by"], _end_in(data["end"]) if data["end"] else None)
        case "error":
            attempt = data["attempt"]
            return Error(data["at"], data["reason"], data["words"], _attempt_in(attempt) if attempt else None)
        case "lost":
            return Lost(data["at"], data["reason"], _attempt_in(data["attempt"]), data["started"])
        case _:
            raise ValueError(f"no status is called {name!r}")
