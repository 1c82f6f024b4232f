"""A window over a log: whatever pieces it grew by, it holds the lines of its stretch, and no more than fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.present import log_window
from workbench.present.cells import Cell, plain
from workbench.present.log_lines import drawn, hit, place
from workbench.present.log_window import Held, LogWindow

BYTES = st.lists(st.sampled_from([b"a", b"\n", b"bc", b"\r", b"\xc3", b"\xa9", b"\n\n", b"50%"])).map(b"".join)


def whole(data: bytes) -> LogWindow:
    return LogWindow.of(0, data)


@given(BYTES, st.lists(st.integers(0, 40)), st.integers(0, 40))
def test_pieces_make_the_same_lines_as_the_whole(data: bytes, cuts: list[int], middle: int) -> None:
    cuts = sorted({min(cut, len(data)) for cut in cuts} | {len(data)})
    middle = min(middle, len(data))
    window = LogWindow.of(middle, data[middle:])
    while window.start:
        cut = max((cut for cut in [0, *cuts] if cut < window.start), default=0)
        window.prepend(cut, data[cut : window.start])
    assert (window.start, window.end) == (0, len(data))
    assert [(line.offset, plain(drawn(line))) for line in window.lines] == [
        (line.offset, plain(drawn(line))) for line in whole(data).lines
    ]


@given(BYTES, st.lists(st.integers(0, 40)))
def test_what_is_appended_bit_by_bit_is_the_same(data: bytes, cuts: list[int]) -> None:
    window, at = LogWindow(0), 0
    for cut in [*sorted({min(cut, len(data)) for cut in cuts}), len(data)]:
        window.append(data[at:cut])
        at = cut
    assert window.lines == whole(data).lines


def test_a_progress_bar_is_one_line_that_changes() -> None:
    window = whole(b"start\n  0%|   |")
    for percent in range(1, 101):
        window.append(b"\r%3d%%|###|\x1b[A" % percent)
        assert [plain(drawn(line)) for line in window.lines] == ["start", f"{percent:3}%|###|"]
    window.append(b"\nend\n")
    assert [line.offset for line in window.lines] == [0, 6, window.end - 4]


def test_a_line_without_an_end_is_shown_as_several() -> None:
    window = LogWindow(0)
    for _ in range(10):
        window.append(b"x" * 5000)
    assert [len(line.raw) for line in window.lines] == [16384, 16384, 16384, 848]
    assert [line.offset for line in window.lines] == [0, 16384, 32768, 49152]


@pytest.mark.parametrize(("lines", "held"), [(10, 1 << 20), (1000, 50)])
def test_it_lets_go_of_what_lies_furthest(monkeypatch: pytest.MonkeyPatch, lines: int, held: int) -> None:
    monkeypatch.setattr(log_window, "LINES", lines)
    monkeypatch.setattr(log_window, "HELD", held)
    data = b"".join(b"%04d\n" % number for number in range(100))
    window = LogWindow.of(250, data[250:])
    assert len(window.lines) <= 12
    assert (window.lines[-1].raw, window.end) == (b"0099", 500)
    assert window.lines[0].offset == window.start
    window.prepend(window.start - 25, data[window.start - 25 : window.start])
    assert len(window.lines) <= 12
    assert window.end < 500
    assert window.end == window.lines[-1].offset + 5
    window.append(data[window.end : window.end + 5])
    assert window.lines == [Held(at, data[at : at + 4]) for at in range(window.start, window.end, 5)]


def test_lines_that_were_found_take_their_places() -> None:
    window = LogWindow(500)
    window.take_older([Held(100, b"a"), Held(200, b"b")], 90)
    window.take([Held(600, b"begun")], 600, 605)
    window.take([Held(600, b"begun and grown"), Held(700, b"c")], 710, 710)
    assert [line.raw for line in window.lines] == [b"a", b"b", b"begun and grown", b"c"]
    assert (window.start, window.end) == (90, 710)
    assert [window.index(offset) for offset in (0, 100, 650, 999)] == [0, 0, 2, 3]


def test_trouble_and_what_was_sought_stand_out() -> None:
    assert drawn(Held(0, b"ValueError: no")) == (Cell("ValueError: no", "bad"),)
    assert drawn(Held(0, b"UserWarning: hm")) == (Cell("UserWarning: hm", "warn"),)
    assert drawn(Held(0, b"\x1b[32mERROR? no, green")) == (Cell("ERROR? no, green", "good"),)
    assert drawn(hit(0, "x\tloss\x07 0.3", 2, 7)) == (Cell("x       "), Cell("loss␇", "marked+=reverse"), Cell(" 0.3"))


def test_where_one_is() -> None:
    assert plain(place(0, 0, True)) == ""
    assert plain(place(1_240_000_000, 3_100_000_000, False)) == "40% of 3.1 GB"
    assert plain(place(10, 10, True)) == "100% of 10 B  following"
