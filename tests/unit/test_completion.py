from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.screens.made_up import a_team
from workbench.domain.completion import MOST, Completion, Vocabulary, complete, vocabulary
from workbench.domain.filters import parse

KNOWN = Vocabulary(
    {
        "machine": ("gpu1", "gpu3", "node7"),
        "tag": ("baseline", "big one"),
        "user": ("alice",),
        "param.lr": ("0.1", "0.3"),
    },
    params=("depth", "lr"),
    metrics=("loss", "val_loss"),
)


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        ("", 0, ()),
        ("fox ", 4, ()),
        ("lo", 0, ("loss<", "val_loss<")),
        ("lr", 0, ("param.lr=",)),
        ("us", 0, ("user:", "status:")),
        ("ta", 0, ("tag:", "status:")),
        ("fox @", 5, ("gpu1", "gpu3", "node7")),
        ("fox @gpu", 5, ("gpu1", "gpu3")),
        ("@gpu1", 1, ()),
        ("tag:b", 4, ("baseline", '"big one"')),
        ("(tag:b", 5, ("baseline", '"big one"')),
        ("!tag:ba", 5, ("baseline",)),
        ("not user!=", 10, ("alice",)),
        ('tag:"big ', 4, ('"big one"',)),
        ('tag:"big one" user:', 19, ("alice",)),
        ("status=fin", 7, ("finished",)),
        ("is:ti", 3, ('"timed out"', "active", "waiting")),
        ("since:", 6, ("1h", "1d", "2d", "1w", "30d")),
        ("param.lr=0.", 9, ("0.1", "0.3")),
        ("has:val", 4, ("val_loss",)),
        ("loss<0.", 5, ()),
    ],
)
def test_what_may_come_next(text: str, start: int, words: tuple[str, ...]) -> None:
    assert complete(text, len(text), KNOWN) == Completion(start, words)


def test_the_cursor_decides_not_the_end() -> None:
    assert complete("us @gpu", 2, KNOWN).words == ("user:", "status:")


def test_the_vocabulary_of_what_is_shown() -> None:
    known = vocabulary(a_team().runs.values(), ["loss", "loss"], ["node8"])
    assert known.values["user"] == ["alice", "bob"] and known.values["tag"] == ["baseline"]
    assert known.values["machine"] == ["gpu1", "gpu3", "node7", "node8"]
    assert known.params == ["depth", "lr", "seed"] and known.metrics == ["loss"]
    assert known.values["param.depth"] == ["2", "4", "6", "8"]


@given(st.text(alphabet='abls@:!=<"() .~gtu1'), st.integers(0, 20))
def test_whatever_is_typed_there_are_few_and_they_stand_before_the_cursor(text: str, cursor: int) -> None:
    found = complete(text, min(cursor, len(text)), KNOWN)
    assert len(found.words) <= MOST
    assert 0 <= found.start <= min(cursor, len(text))


@pytest.mark.parametrize("begun", ["is:", "status=", "since:", "has:", "tag:", "user=", "@", "param.lr="])
def test_a_value_that_is_offered_is_understood(begun: str) -> None:
    for word in complete(begun, len(begun), KNOWN).words:
        parse(begun + word)
