"""A palette of ours as Textual wants its themes."""

from __future__ import annotations

from typing import Any, cast

from textual.theme import BUILTIN_THEMES, Theme

from workbench.themes import Palette


def theme(palette: Palette) -> Theme:
    variables = {
        "block-cursor-text-style": "none",
        "scrollbar": palette.colours["panel"],
        "scrollbar-background": palette.colours["background"],
    }
    if palette.ansi:
        variables = BUILTIN_THEMES["ansi-dark" if palette.dark else "ansi-light"].variables | variables
    return Theme(
        name=palette.name,
        dark=palette.dark,
        ansi=palette.ansi,
        variables=variables,
        **cast(dict[str, Any], palette.colours),
    )
