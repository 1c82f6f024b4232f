from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.names import ADJECTIVES, MAX_LENGTH, NOUNS, check_name, check_tag, name_for
from workbench.errors import UsageError


@given(st.integers(1, 10**9), st.integers())
def test_a_minted_name_is_one_that_a_user_may_choose(seq: int, seed: int) -> None:
    name = name_for(seq, Random(seed))
    assert check_name(name) == name
    assert name.endswith(f"-{seq}")
    assert len(name.split("-")) == 3


def test_the_words_are_short_lower_case_and_differ() -> None:
    for words in (ADJECTIVES, NOUNS):
        assert len(words) == len(set(words)) >= 150
        assert all(word.isascii() and word.isalpha() and word.islower() and len(word) <= 7 for word in words)


@pytest.mark.parametrize("name", ["baseline", "lr=0.1/seed3", "größer", "v1.2", "7b"])
def test_names_that_people_choose(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is empty"),
        ("x" * (MAX_LENGTH + 1), "61 characters"),
        ("two words", "spaces"),
        ("bell\a", "control characters"),
        ("line\nbreak", "control characters"),
        ("\x1b]52;c;x\a", "control characters"),
        ("turn\u202eround", "control characters"),
        ("-v", "begins with a dash"),
        ("42", "is a number"),
    ],
)
def test_names_that_no_list_could_bear(name: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_name(name)
    assert why in caught.value.message
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()


@given(st.text(max_size=80))
def test_what_passes_can_be_drawn(name: str) -> None:
    try:
        check_name(name)
    except UsageError:
        return
    assert name.isprintable()
    assert name.split() == [name]


@pytest.mark.parametrize("tag", ["", " ", "a\nb", "\x1b[31mred"])
def test_tags_that_a_list_could_not_show(tag: str) -> None:
    with pytest.raises(UsageError, match="the tag"):
        check_tag(tag)


@pytest.mark.parametrize("tag", ["baseline", "größer", "for the paper"])
def test_tags_that_people_choose(tag: str) -> None:
    assert check_tag(tag) == tag
