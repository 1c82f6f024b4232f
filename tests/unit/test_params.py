import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.params import MAX_RUNS, expand, fill, format_value, listed, parse_grid, parse_params, parse_value
from workbench.domain.run import Param
from workbench.errors import UsageError

NUMBERS = st.integers(-(10**18) + 1, 10**18 - 1) | st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-3", -3),
        ("+5", 5),
        ("0.1", 0.1),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e-4", 1e-4),
        ("true", True),
        ("False", False),
        ("adam", "adam"),
        ('"0.1"', "0.1"),
        ("'true'", "true"),
        (r'"say \"hi\""', 'say "hi"'),
        ("", ""),
        ("a=b", "a=b"),
        ("64,64", "64,64"),
        # Text, not numbers: ids and dates, what JSON has no word for, what a float can't hold.
        ("007", "007"),
        ("20240131123456789012", "20240131123456789012"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
        ("1_000", "1_000"),
        ("٣", "٣"),
    ],
)
def test_a_value_has_the_type_that_it_looks_like(text: str, value: Param) -> None:
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


@given(NUMBERS | st.booleans())
def test_numbers_and_truths_read_back_as_they_were(value: Param) -> None:
    back = parse_value(format_value(value))
    assert back == value
    assert type(back) is type(value)


@given(st.text(alphabet=st.characters(exclude_characters="'", exclude_categories=["Cs"])))
def test_quotes_keep_any_text(text: str) -> None:
    assert parse_value(f"'{text}'") == text
    assert parse_grid([f"a=x,'{text}'"]) == {"a": ["x", text]}


@given(st.text())
def test_no_text_makes_the_parser_fall_over(text: str) -> None:
    for parse in (parse_params, parse_grid):
        try:
            parse([f"a={text}", text])
        except UsageError as problem:
            assert problem.message


def test_params_keep_their_order_and_dots() -> None:
    assert list(parse_params(["lr=0.1", "model.depth=6", "b=x"]).items()) == [
        ("lr", 0.1),
        ("model.depth", 6),
        ("b", "x"),
    ]


def test_a_grid_takes_lists_ranges_and_spaces() -> None:
    assert parse_grid(
        [
            "lr=0.1,0.01",
            "seed=range(3),10",
            "step=range(1,10,4)",
            "opt=choice(adam, sgd)",
            "drop=linspace(0,0.3,4)",
            "decay=logspace(1e-4,1e-1,4)",
            "note='a,b',\"c\"",
            "one=linspace(5,9,1)",
            "call=f(x,y)",
            "sizes=[1,2],[3]",
            """more={"a": [1, "]"], 'b': 2},(x,y)""",
        ]
    ) == {
        "lr": [0.1, 0.01],
        "seed": [0, 1, 2, 10],
        "step": [1, 5, 9],
        "opt": ["adam", "sgd"],
        "drop": [0.0, 0.1, 0.2, 0.3],
        "decay": [1e-4, 1e-3, 1e-2, 1e-1],
        "note": ["a,b", "c"],
        "one": [5.0],
        "call": ["f(x,y)"],
        "sizes": ["[1,2]", "[3]"],
        "more": ["""{"a": [1, "]"], 'b': 2}""", "(x,y)"],
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("lr", "has no '='"),
        ("1x=2", "not a param's name"),
        ("a b=2", "not a param's name"),
        ("a=1,,2", "a value is missing"),
        ("a=", "a value is missing"),
        ("a=(1", "no partner"),
        ("a=1)", "no partner"),
        ("a=[1,2", r"a \[ has no partner"),
        ("a=[1,(2],3)", r"a \] has no partner"),
        ("a=range()", "a value is missing"),
        ("a=range(0)", "has no values"),
        ("a=range(1.5)", "whole numbers"),
        ("a=range(1,5,0)", "must not be zero"),
        ("a=range(x)", "takes numbers"),
        ("a=range(true)", "takes numbers"),
        ("a=range(999999999999)", "over 100,000"),
        ("a=linspace(0,1)", "wrong arguments"),
        ("a=linspace(0,1,2.5)", "whole number"),
        ("a=logspace(0,1,5)", "above zero"),
        ("a=" + ",".join(["range(60000)"] * 2), "over 100,000"),
    ],
)
def test_a_grid_that_makes_no_sense_is_explained(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_grid([text])


def test_what_looks_like_a_sweep_is_known() -> None:
    assert listed(["a=0.1,0.2", "b=64, 64", "c='1,2'", "d=x,y", "e=[1,2]", "f=1", "g=1,,2"]) == ["a", "b"]


def test_a_param_is_set_once() -> None:
    with pytest.raises(UsageError, match="given twice"):
        parse_params(["a=1", "a=2"])


def test_a_run_is_not_a_sweep() -> None:
    with pytest.raises(UsageError) as caught:
        parse_params(["seed=range(5)"])
    assert "sweep" in caught.value.hint


def test_the_last_key_varies_fastest() -> None:
    assert expand({"a": [1, 2], "b": ["x", "y"]}) == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]
    assert expand({}) == [{}]


def test_a_sweep_has_a_limit_that_is_checked_before_it_is_built() -> None:
    with pytest.raises(UsageError, match=r"100000 x 100000 = 10,000,000,000"):
        expand({"a": range(MAX_RUNS), "b": range(MAX_RUNS)})


@given(st.dictionaries(st.sampled_from("abcd"), st.lists(NUMBERS, min_size=1, max_size=4)))
def test_every_combination_is_there_once(grid: dict[str, list[Param]]) -> None:
    runs = expand(grid)
    assert len(runs) == math.prod(map(len, grid.values()))
    assert all(list(run) == list(grid) for run in runs)


def test_placeholders_are_filled_and_other_braces_survive() -> None:
    command = ["train", "--lr={lr}", "{{lr}}", '{"a": {"b": 1}}', "{}", "{ x }", "{1}", "{m.n}-{flag}"]
    assert fill(command, {"lr": 1e-5, "m.n": 3, "flag": True}) == (
        *("train", "--lr=1e-05", "{lr}", '{"a": {"b": 1}}', "{}", "{ x }", "{1}", "3-true"),
    )


def test_a_value_is_not_read_for_placeholders_again() -> None:
    assert fill(["{a}"], {"a": "{b}", "b": "no"}) == ("{b}",)


def test_a_placeholder_that_is_not_set_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        fill(["awk", "{print}"], {"lr": 0.1})
    assert "{print}" in caught.value.message
    assert "lr" in caught.value.message
    assert "{{print}}" in caught.value.hint


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="{}"))))
def test_a_command_without_braces_is_left_alone(command: list[str]) -> None:
    assert fill(command, {}) == tuple(command)


def test_a_prompt_does_not_wait_for_its_imports() -> None:
    heavy = "asyncio,typing,dataclasses,inspect,rich,textual"
    code = f"import sys, workbench.domain.params; print([m for m in '{heavy}'.split(',') if m in sys.modules])"
    seen = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False)
    assert seen.stdout.strip() in ("[]", "['typing']"), seen.stderr
