"""`python -m workbench.engine`: one engine, or none.

Ends with 0 when it was told to stop, 3 when another engine is running already, 1 when it can't start; why is in
the engine's log. The first client starts it; it belongs to no terminal.

Of twenty started at once, nineteen leave before they have imported anything heavy.
"""

from __future__ import annotations

import fcntl
import os
import sys

from workbench import paths

ANOTHER = 3


def main() -> int:
    os.umask(0o077)
    paths.private(paths.runtime())
    paths.private(paths.state())
    lock = _lock(paths.engine_lock())
    if lock is None:
        return ANOTHER
    from workbench.engine import composition

    code = composition.run()
    # Everything is closed. An ordinary exit would have DuckDB's binding complain about what exceptions still hold.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _lock(path: str) -> int | None:
    """Held as long as the engine lives; the kernel lets go of it whatever kills us."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    os.ftruncate(fd, 0)
    os.write(fd, f"{os.getpid()}\n".encode())
    return fd


if __name__ == "__main__":
    sys.exit(main())
