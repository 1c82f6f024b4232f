"""Colours that programs print (SGR, ECMA-48 8.3.117), parsed; every other sequence and control character is gone.

Each line begins plain: a log is read from anywhere. What hides text or makes it blink is not honoured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workbench.domain.escapes import ESCAPES
from workbench.present.cells import Cell, Line
from workbench.present.sanitise import TAB, clean

_SEQUENCE = re.compile(f"({ESCAPES})")
_SGR = re.compile(r"(?:\x1b\[|\x9b)([0-9;:]*)m")
MOST = 64
"""Numbers of one sequence that are read: none that means something has more."""

_EIGHT = ("dim", "bad", "good", "warn", "series1", "series4", "series6", "")
INK = (*_EIGHT, *_EIGHT[:7], "strong")
"""The sixteen colours by the names that themes know: black, red, green, yellow, blue, magenta, cyan, white, and
the bright ones."""
_LEVELS = (0, 95, 135, 175, 215, 255)
_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}

Colour = int | tuple[int, int, int]
"""One of the sixteen, or red, green, blue."""


@dataclass(frozen=True, slots=True)
class Look:
    colour: Colour | None = None
    ground: Colour | None = None
    ways: frozenset[str] = frozenset()
    """bold, dim, italic, underline, reverse, strike."""

    def style(self) -> str:
        """As cells name it. A ground of the sixteen is that colour reversed: themes name inks, not grounds."""
        parts = [f"={way}" for way in sorted(self.ways)]
        if isinstance(self.ground, int):
            return "+".join([name for name in (INK[self.ground],) if name] + sorted({*parts, "=reverse"}))
        if self.colour is not None:
            parts.insert(0, INK[self.colour] if isinstance(self.colour, int) else f"={_hex(self.colour)}")
        if self.ground is not None:
            parts.append(f"=on {_hex(self.ground)}")
        return "+".join(part for part in parts if part)

    def sgr(self) -> str:
        """The one sequence that makes it so."""
        codes = [str(code) for code, way in _ON.items() if way in self.ways]
        codes += _codes(self.colour, 30) + _codes(self.ground, 40)
        return f"\x1b[{';'.join(codes)}m" if codes else ""


PLAIN = Look()


def cells(text: str) -> Line:
    """A line as cells: its colours as styles."""
    return tuple(Cell(part, look.style()) for part, look in _parts(text))


def coloured(text: str) -> str:
    """A line for a terminal: clean, with its colours written anew, and plain at its end."""
    return "".join(f"{look.sgr()}{part}\x1b[0m" if look != PLAIN else part for part, look in _parts(text))


def _parts(text: str) -> Iterator[tuple[str, Look]]:
    look, column, begun = PLAIN, 0, ""
    for piece in _SEQUENCE.split(text):
        if not piece:
            continue
        if match := _SGR.fullmatch(piece):
            changed = applied(look, match[1])
            if changed != look and begun:
                yield begun, look
                begun = ""
            look = changed
        elif not _SEQUENCE.fullmatch(piece):
            offset = column % TAB
            part = clean(" " * offset + piece)[offset:] if "\t" in piece else clean(piece)
            begun += part
            column += len(part)
    if begun:
        yield begun, look


def applied(look: Look, parameters: str) -> Look:
    """What the numbers of one sequence make of it. Those that mean nothing change nothing."""
    codes = [int(code or 0) if len(code) < 4 else -1 for code in re.split("[;:]", parameters)[:MOST]]
    at = 0
    while at < len(codes):
        code = codes[at]
        at += 1
        if code == 0:
            look = PLAIN
        elif code in _ON:
            look = replace(look, ways=look.ways | {_ON[code]})
        elif code in _OFF:
            look = replace(look, ways=look.ways - {*_OFF[code]})
        elif 30 <= code <= 37 or 90 <= code <= 97:
            look = replace(look, colour=code - 30 if code < 90 else code - 82)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            look = replace(look, ground=code - 40 if code < 100 else code - 92)
        elif code == 39:
            look = replace(look, colour=None)
        elif code == 49:
            look = replace(look, ground=None)
        elif code in (38, 48):
            colour, at = _extended(codes, at)
            look = replace(look, colour=colour) if code == 38 else replace(look, ground=colour)
    return look


def _extended(codes: Sequence[int], at: int) -> tuple[Colour | None, int]:
    """`5;N` or `2;R;G;B` from there on, and where that ends."""
    kind = codes[at] if at < len(codes) else 0
    if kind == 5 and at + 1 < len(codes) and 0 <= codes[at + 1] < 256:
        return _of_256(codes[at + 1]), at + 2
    if kind == 2 and at + 3 < len(codes) and all(0 <= code < 256 for code in codes[at + 1 : at + 4]):
        return (codes[at + 1], codes[at + 2], codes[at + 3]), at + 4
    return None, len(codes)


def _of_256(number: int) -> Colour:
    """Of xterm's palette: sixteen colours, a cube of 6 x 6 x 6, 24 greys."""
    if number < 16:
        return number
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return grey, grey, grey
    red, rest = divmod(number - 16, 36)
    return _LEVELS[red], _LEVELS[rest // 6], _LEVELS[rest % 6]


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _codes(colour: Colour | None, base: int) -> list[str]:
    if colour is None:
        return []
    if isinstance(colour, int):
        return [str(base + colour if colour < 8 else base + 52 + colour)]
    return [str(base + 8), "2", *map(str, colour)]
