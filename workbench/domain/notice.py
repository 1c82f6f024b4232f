"""What is told of a run that is over to whoever asked to hear of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.domain.run import Run, attempt_of, exit_code_of, seconds_run
from workbench.domain.time import format_duration


@dataclass(frozen=True, slots=True)
class Notice:
    run: str
    """Its id."""
    name: str
    project: str
    user: str
    status: str
    """One of the terminal ones."""
    exit_code: int
    """As `workbench wait` ends."""
    machine: str = ""
    """"" where it never got to one."""
    seconds: float | None = None
    """How long it ran; None where it never started."""
    reason: str = ""
    """Why, where the platform knows."""

    @property
    def text(self) -> str:
        """`brave-sunset-12 failed (exit 1) after 12m 04s on gpu3`."""
        words = [self.name, self.status]
        if self.status == "failed":
            words.append(f"(exit {self.exit_code})")
        if self.seconds is not None:
            words.append(f"after {format_duration(self.seconds)}")
        if self.machine:
            words.append(f"on {self.machine}")
        return " ".join(words) + (f": {self.reason}" if self.reason else "")

    def variables(self) -> Mapping[str, str]:
        """For the environment of a command."""
        return {
            "WORKBENCH_RUN": self.run,
            "WORKBENCH_NAME": self.name,
            "WORKBENCH_PROJECT": self.project,
            "WORKBENCH_USER": self.user,
            "WORKBENCH_STATUS": self.status,
            "WORKBENCH_EXIT_CODE": str(self.exit_code),
            "WORKBENCH_MACHINE": self.machine,
            "WORKBENCH_SECONDS": "" if self.seconds is None else f"{self.seconds:.1f}",
            "WORKBENCH_TEXT": self.text,
        }


def notice_of(run: Run) -> Notice:
    """run: one that is over."""
    attempt, code = attempt_of(run.status), exit_code_of(run.status)
    assert code is not None, f"{run.name} is not over"
    return Notice(
        run=run.id,
        name=run.name,
        project=run.project,
        user=run.user,
        status=run.status.name,
        exit_code=code,
        machine=attempt.machine if attempt else "",
        seconds=seconds_run(run, 0),
        reason=str(getattr(run.status, "reason", "")),
    )
