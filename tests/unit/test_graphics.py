"""Images as the graphics protocol of kitty has them."""

from __future__ import annotations

import re
from base64 import standard_b64decode

import pytest

from workbench.present.cells import width
from workbench.present.graphics import MOST_CELLS, placeholders, transmission
from workbench.terminal import knows_images


@pytest.mark.parametrize("size", [1, 3072, 3073, 10_000])
def test_an_image_is_sent_in_pieces_of_which_only_the_last_says_so(size: int) -> None:
    png = bytes(n % 251 for n in range(size))
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", transmission(7, png))
    assert "".join(f"\x1b_G{control};{data}\x1b\\" for control, data in pieces) == transmission(7, png)
    assert standard_b64decode("".join(data for _, data in pieces)) == png
    assert all(len(data) <= 4096 for _, data in pieces)
    assert pieces[0][0].startswith("a=t,f=100,i=7,q=2,")
    assert [control[-3:] for control, _ in pieces] == ["m=1"] * (len(pieces) - 1) + ["m=0"]


def test_every_cell_of_an_image_is_one_column_and_names_its_place() -> None:
    assert MOST_CELLS == 297
    row = placeholders(1, MOST_CELLS)
    assert width(row) == MOST_CELLS
    cells = [row[at : at + 3] for at in range(0, len(row), 3)]
    assert len(set(cells)) == MOST_CELLS
    assert cells[0] == "\U0010eeee\u030d\u0305" and cells[-1] == "\U0010eeee\u030d\U0001d244"


@pytest.mark.parametrize(
    ("environment", "draws"),
    [
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "xterm-ghostty"}, True),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-1/default,1,0"}, False),
        ({"TERM": "xterm-kitty", "STY": "1.pts"}, False),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1", "TERM_PROGRAM": "vscode"}, False),
        ({}, False),
    ],
)
def test_only_term_says_that_images_are_drawn(environment: dict[str, str], draws: bool) -> None:
    assert knows_images(environment) is draws
