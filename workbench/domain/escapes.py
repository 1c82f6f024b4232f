"""What acts on a terminal: for whoever draws it, and for whoever searches what others draw."""

from __future__ import annotations

ESCAPES = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, modes
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f\n]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, their like
    r"|\x1b[ -/]+[0-~]"  # character sets
    r"|\x1b[0-Z\\^-~]"  # two bytes
)
"""Sequences that act on a terminal (ECMA-48): never seen, so never part of what is looked for.

No string goes on past another one's beginning: a text of nothing but beginnings takes no longer than any other."""
