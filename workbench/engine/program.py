"""Whether a command can be there when it is to start: said at submit where it certainly is not."""

from __future__ import annotations

import os
import posixpath
import shutil
from collections.abc import Iterable, Mapping

from workbench.errors import UsageError


def check(
    program: str, files: Iterable[tuple[str, str]], workdir: str, variables: Mapping[str, str], *, elsewhere: bool
) -> None:
    """program: the first word of a command. files: (path, kind) of all in the snapshot. elsewhere: an environment of
    the run's own, or another machine, may have what is not here; what the snapshot lacks is missing there, too.

    Raises UsageError."""
    if "{" in program:
        return  # a param says it
    if program.startswith("/"):
        if not elsewhere and not os.access(program, os.X_OK):
            raise UsageError(f"there is no program {program}", hint="is it there, and may it be executed?")
    elif "/" in program:
        place = posixpath.normpath(posixpath.join(workdir, program))
        kind = next((kind for path, kind in files if path == place or place.startswith(f"{path}/")), "")
        if not kind:
            raise UsageError(f"there is no {program} in the code", hint="is it ignored, or in another directory?")
        if kind == "file":
            raise UsageError(
                f"{program} may not be executed", hint=f"chmod +x {program}, or name what runs it: python train.py"
            )
    elif not elsewhere and shutil.which(program, path=variables.get("PATH")) is None:
        raise UsageError(
            f"there is no command {program}", hint="commands of a package need it in the environment, or --with PACKAGE"
        )
