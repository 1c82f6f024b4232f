"""Where `:` leads, and how a name is found by some of its letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import jump
from workbench.domain import fuzzy
from workbench.jump import SCREENS, Found, Place

RUNS = [
    Place("run", "brave-sunset-12", "", "id-brave-sunset-12", 12),
    Place("run", "calm-river-13", "", "id-calm-river-13", 13),
    Place("run", "calm-rower-130", "", "id-calm-rower-130", 130),
    Place("run", "baseline", "", "id-baseline", 3),
]
KNOWN = [
    *SCREENS,
    Place("machine", "gpu3", "ok", "gpu3"),
    Place("machine", "gpu13", "ok", "gpu13"),
    Place("project", "churn", "", "churn"),
    *RUNS,
]


def names(text: str) -> list[str]:
    return [found.place.name for found in jump.find(text, KNOWN)]


def best(text: str) -> tuple[str, str]:
    place = jump.find(text, KNOWN)[0].place
    return place.kind, place.target


@pytest.mark.parametrize(
    ("text", "leads_to"),
    [
        ("machines", ("screen", "machines")),
        (":mach", ("screen", "machines")),
        ("q", ("screen", "quit")),
        ("quit", ("screen", "quit")),
        ("runs loss<0.3 @gpu3", ("runs", "loss<0.3 @gpu3")),
        ("queue tag:base*", ("runs", "tag:base*")),
        ("gpu3", ("machine", "gpu3")),
        ("machines g13", ("machine", "gpu13")),
        ("machine gpu3", ("machine", "gpu3")),
        ("churn", ("project", "churn")),
        ("3", ("run", "id-baseline")),
        ("13", ("run", "id-calm-river-13")),
        ("compare 12 3", ("compare", "12 3")),
        ("bs12", ("run", "id-brave-sunset-12")),
        ("run river", ("run", "id-calm-river-13")),
        ("calm-river-13", ("run", "id-calm-river-13")),
        ("machnies", ("screen", "machines")),
        ("compare brave-sunset-12 calm-river-13", ("compare", "brave-sunset-12 calm-river-13")),
        ("compare brave-sunset-12 riv", ("compare", "brave-sunset-12 calm-river-13")),
        ("compare zz xx", ("compare", "zz xx")),
    ],
)
def test_where_it_leads(text: str, leads_to: tuple[str, str]) -> None:
    assert best(text) == leads_to


def test_letters_count_in_their_order() -> None:
    assert names("sunset brave") == []


def test_nothing_typed_lists_the_screens_first() -> None:
    assert names("")[:2] == ["queue", "runs"]


def test_a_list_is_never_longer_than_what_is_shown() -> None:
    many = [Place("run", f"run-{number}", "", str(number)) for number in range(500)]
    assert len(jump.find("run", many)) == jump.SHOWN
    assert jump.find("zzz", many) == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("calm-ri", "calm-ri"),
        ("run calm-ri", "calm-ri"),
        ("compare a calm", "calm"),
        ("runs loss<0.3", ""),
        ("machines gpu3", ""),
        ('"; drop', ""),
        ("two words", ""),
        ("", ""),
    ],
)
def test_what_the_engine_is_asked_for(text: str, asked: str) -> None:
    assert jump.reference(text) == asked


def test_word_starts_and_neighbours_count_more() -> None:
    listed = ["abcs", "brave-sunset-12", "a-better-sweep", "basis"]
    ranked = [listed[index] for index, _ in fuzzy.rank("bs", listed, 10)]
    assert ranked == ["brave-sunset-12", "a-better-sweep", "basis", "abcs"]
    way = fuzzy.match("bs12", "brave-sunset-12")
    assert way is not None and way.at == (0, 6, 13, 14)


@given(st.text(max_size=12), st.text(max_size=20))
def test_what_is_found_are_the_letters_in_their_order(asked: str, name: str) -> None:
    way = fuzzy.match(asked, name)
    wanted = "".join(asked.lower().split())
    if way is not None:
        assert "".join(name.lower()[at] for at in way.at) == wanted
        assert list(way.at) == sorted(set(way.at))
    else:
        rest = iter(name.lower())
        assert not all(letter in rest for letter in wanted)


def test_found_letters_are_told() -> None:
    assert jump.find("gpu3", KNOWN)[0] == Found(KNOWN[len(SCREENS)], (0, 1, 2, 3))
