"""Every error that the workbench raises on purpose, drawn as one tree.

    WorkbenchError                a sentence for a person, a hint, evidence
    ├── UsageError                the caller asked for something that can't be: exit code 2
    │   ├── ConfigError           a settings file is wrong: names file and line
    │   ├── FilterError           a FILTER does not parse: carries the column
    │   ├── NotFound              no such run, machine or project
    │   ├── Ambiguous             a prefix names several runs
    │   ├── Refused               the run's status does not allow it
    │   ├── SnapshotTooLarge      the code is over the size cap
    │   └── Unresolvable          the environment can't be locked: carries the resolver's words
    ├── EngineError               the engine, or the road to it: exit code 69
    │   ├── EngineUnreachable     no engine answers and none could be started
    │   ├── VersionMismatch       client and engine speak different protocols
    │   ├── Dropped               a subscriber that did not keep up
    │   └── SecondEngine          another engine holds this history
    ├── HistoryError              the history can't be read or written: exit code 74
    │   ├── HistoryFull           no room: nothing was acknowledged
    │   ├── Unwritable            what it was given it can never hold, however often it is tried
    │   └── HistoryCorrupt        set aside, never overwritten
    └── MachineError              a machine, or the road to it
        ├── Unreachable           no answer: says nothing about the runs there
        ├── HostKeyUnknown        nobody has said yet that this is the machine: carries its key
        ├── HostKeyChanged        it shows another key than the one on record, or a revoked one
        ├── LoginRefused          it is there and does not let us in
        ├── AgentError            the agent answered with an error: carries its words
        │   └── MachineFull       its disk has no room: it may have some later
        └── BuildError            an environment can't be built: carries uv's words
            └── NoIndex           not from the machine's own index: none answers there

`code` is the name that travels over the socket, `exit_code` what the command line ends with
(sysexits.h, as far as it has a fitting one).
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from typing import Any, ClassVar


class WorkbenchError(Exception):
    """Something went wrong that a sentence can explain.

    message: what is wrong, one sentence. hint: what to do about it, or "".
    evidence: what was seen, JSON-able, for `--json` and for the engine's log.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", **evidence: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.evidence = evidence


class UsageError(WorkbenchError):
    code = "usage"
    exit_code = 2


class ConfigError(UsageError):
    code = "config"


class FilterError(UsageError):
    """evidence: `filter` (the text) and `column` (0-based, where it stops to make sense)."""

    code = "filter"


class NotFound(UsageError):
    code = "not-found"


class Ambiguous(UsageError):
    """evidence: `candidates`, the names and ids that the prefix fits."""

    code = "ambiguous"


class Refused(UsageError):
    code = "refused"


class SnapshotTooLarge(UsageError):
    """evidence: `largest`, [[path, bytes], ...]."""

    code = "snapshot-too-large"


class Unresolvable(UsageError):
    """evidence: `words`, what the resolver said."""

    code = "unresolvable"


class EngineError(WorkbenchError):
    code = "engine"
    exit_code = 69


class EngineUnreachable(EngineError):
    code = "engine-unreachable"


class VersionMismatch(EngineError):
    code = "version"


class Dropped(EngineError):
    code = "dropped"


class SecondEngine(EngineError):
    code = "second-engine"


class HistoryError(WorkbenchError):
    code = "history"
    exit_code = 74


class HistoryFull(HistoryError):
    code = "history-full"


class Unwritable(HistoryError):
    code = "unwritable"


class HistoryCorrupt(HistoryError):
    code = "history-corrupt"


class MachineError(WorkbenchError):
    code = "machine"
    exit_code = 70


class Unreachable(MachineError):
    code = "unreachable"


class HostKeyUnknown(MachineError):
    """evidence: `host` and `port` under which the key is looked up, `type`, `fingerprint` (SHA256:...) and
    `key`, the line that `hostkeys.trust` takes."""

    code = "host-key-unknown"


class HostKeyChanged(MachineError):
    """evidence: `host`, `port`, and where the machine showed a key: `type`, `fingerprint`."""

    code = "host-key-changed"


class LoginRefused(MachineError):
    code = "login-refused"


class AgentError(MachineError):
    code = "agent"


class MachineFull(AgentError):
    code = "machine-full"


class BuildError(MachineError):
    """evidence: `words`, what uv said."""

    code = "build"


class NoIndex(BuildError):
    """evidence: `words`, and `platform`, the fields of remote.machines.base.Platform."""

    code = "no-index"


def _tree(cls: type[WorkbenchError]) -> dict[str, type[WorkbenchError]]:
    found = {cls.code: cls}
    for sub in cls.__subclasses__():
        found |= _tree(sub)
    return found


BY_CODE: dict[str, type[WorkbenchError]] = _tree(WorkbenchError)
