"""The one command that a login shell on a machine is ever given, whoever sends it."""

from __future__ import annotations

_PYTHONS = "python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python3.8"
COMMAND = (
    f"sh -c 'for p in {_PYTHONS}; do "
    'if $p -S -c "import sys; sys.exit(sys.version_info < (3, 8))" </dev/null 2>/dev/null; then '
    'exec $p -I -c "import sys; exec(eval(sys.stdin.buffer.raw.readline()))"; fi; done; '
    "echo workbench: there is no Python 3.8 or newer on the PATH'"
)
"""Finds a Python there and has it read a program from the first line of its input, as `line` writes it.

No quote, variable or line break of ours but these, which bash, dash, zsh, fish and tcsh all understand the same way."""


def line(program: str) -> bytes:
    """A program as the first line of that command's input; what follows is the program's own."""
    return ascii(program).encode() + b"\n"
