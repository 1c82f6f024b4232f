from __future__ import annotations

import pytest

from workbench.domain.progress import BYTES, Progress
from workbench.present.progress import bar, brief, told


@pytest.mark.parametrize(
    ("progress", "says"),
    [
        (Progress("looking"), "looking"),
        (Progress("building", 17, 42, "packages"), "building  ███▎····  17 of 42 packages"),
        (Progress("sending", 3_100_000, 7_000_000, BYTES), "sending  ███▌····  3.1 MB of 7.0 MB"),
        (Progress("finding", 12, 0, "packages"), "finding  12 packages"),
        (Progress("a\x1b[31mb", 1, 1), "ab  ████████  1 of 1"),
    ],
)
def test_words_and_a_bar(progress: Progress, says: str) -> None:
    assert told(progress) == says


def test_in_a_row_what_moves_comes_first() -> None:
    assert brief(Progress("building", 17, 42, "packages")) == "███▎····  17/42  building"
    assert brief(Progress("sending", 3_500_000, 7_000_000, BYTES)) == "████····  50%  sending"
    assert brief(Progress("looking")) == "looking"


def test_a_bar_stays_within_its_columns() -> None:
    assert {len(bar(part / 50)) for part in range(-5, 70)} == {8}
