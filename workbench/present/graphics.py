"""Images by the graphics protocol of kitty, placed by characters: https://sw.kovidgoyal.net/kitty/graphics-protocol/

The image is sent once, under a number. Where it stands is said by text: cells of a placeholder that carry the number
as their colour and, as marks above it, which piece of the image they are. So it scrolls, is covered and goes away with
its cells, like any text.
"""

from __future__ import annotations

from base64 import standard_b64encode

_PLACEHOLDER = "\U0010eeee"
_PAYLOAD = 4096
"""Most bytes of base64 in one sequence."""


def _characters(ranges: str) -> str:
    ends = ([int(end, 16) for end in part.split("-")] for part in ranges.split())
    return "".join(chr(code) for end in ends for code in range(end[0], end[-1] + 1))


_MARKS = _characters(
    "305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1 5a8-5a9 5ab-5ac "
    "5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733 735-736 73a 73d 73f-741 743 745 "
    "747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954 f82-f83 f86-f87 135d-135f 17dd 193a 1a17 "
    "1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1 1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 "
    "20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0 2cef-2cf1 2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 "
    "aab7-aab8 aabe-aabf aac1 fe20-fe26 10a0f 10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244"
)
"""The n-th stands for row or column n: rowcolumn-diacritics.txt of the protocol."""
MOST_CELLS = len(_MARKS)
"""Rows or columns that an image can have."""


def transmission(number: int, png: bytes) -> str:
    """The image itself. The terminal keeps it, draws nothing yet and answers nothing."""
    data = standard_b64encode(png).decode()
    pieces = [data[at : at + _PAYLOAD] for at in range(0, len(data), _PAYLOAD)]
    last = len(pieces) - 1
    return "".join(
        _sequence(f"a=t,f=100,i={number},q=2,m={int(at < last)}" if at == 0 else f"q=2,m={int(at < last)}", piece)
        for at, piece in enumerate(pieces)
    )


def placement(number: int, columns: int, rows: int) -> str:
    """So many cells are all of it, its proportions kept, from now on."""
    return _sequence(f"a=p,U=1,i={number},p=1,c={columns},r={rows},q=2")


def removal(number: int) -> str:
    """The terminal may forget it."""
    return _sequence(f"a=d,d=I,i={number},q=2")


def placeholders(row: int, columns: int) -> str:
    """One row of the image, as text whose colour is its number. Every cell names its place: any part can be drawn."""
    return "".join(f"{_PLACEHOLDER}{_MARKS[row]}{_MARKS[column]}" for column in range(columns))


def _sequence(control: str, payload: str = "") -> str:
    return f"\x1b_G{control};{payload}\x1b\\" if payload else f"\x1b_G{control}\x1b\\"
