"""Metric files as they may come: in any pieces, with any content."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.engine.ingest import MAX_KEY, MAX_LINE, Parser
from workbench.engine.store.interface import Artifact, Reading

NOW = 1_700_000_000_000_000


def read(*lines: str | bytes) -> Reading:
    data = b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines)
    reading = Parser("abcd1234", 1).feed(data, 0, NOW)
    assert reading is not None
    assert reading.offset == len(data)
    return reading


def values(reading: Reading) -> dict[str, float]:
    return {key: value for key, _, _, value in reading.points}


def test_a_line_is_metrics_at_a_step_and_a_time() -> None:
    reading = read('{"step": 3, "time": 1700000000.123456, "loss": 0.5, "train/acc": 1}')
    assert reading.points == [
        ("loss", 3, 1_700_000_000_123_456, 0.5),
        ("train/acc", 3, 1_700_000_000_123_456, 1.0),
    ]
    assert (reading.run, reading.attempt, reading.malformed) == ("abcd1234", 1, 0)


def test_step_and_time_may_be_left_out() -> None:
    reading = read('{"loss": 1}', '{"loss": 2}', '{"step": 7, "loss": 3}', '{"loss": 4}')
    assert [(step, at) for _, step, at, _ in reading.points] == [(0, NOW), (1, NOW), (7, NOW), (8, NOW)]


def test_steps_count_on_from_reading_to_reading() -> None:
    parser = Parser("r", 1, offset=100, step=5)
    first = parser.feed(b'{"a": 1}\n', 100, NOW)
    second = parser.feed(b'{"a": 2}\n', 109, NOW)
    assert first and second
    assert [first.points[0][1], second.points[0][1]] == [5, 6]


def test_the_same_step_twice_is_two_points() -> None:
    assert len(read('{"step": 1, "a": 1}', '{"step": 1, "a": 1}').points) == 2


def test_what_is_not_finite_is_kept() -> None:
    got = values(
        read(
            '{"a": NaN, "b": Infinity, "c": -Infinity, "d": 1e999, "e": "NaN", "f": "-Infinity", "g": null}',
            '{"h": ' + "9" * 400 + ', "i": -' + "9" * 400 + "}",
        )
    )
    assert all(math.isnan(got[key]) for key in "aeg")
    assert all(got[key] == math.inf for key in "bdh")
    assert all(got[key] == -math.inf for key in "cfi")


def test_objects_stand_for_their_members_and_truth_is_a_number() -> None:
    reading = read('{"train": {"loss": 1, "deep": {"er": 2}}, "done": true, "step": 2.0}')
    assert values(reading) == {"train/loss": 1.0, "train/deep/er": 2.0, "done": 1.0}
    assert {step for _, step, _, _ in reading.points} == {2}


def test_metrics_may_have_the_names_that_are_taken() -> None:
    reading = read('{"step": 4, "@metrics": {"step": 1, "time": 2, "@config": 3}}')
    assert values(reading) == {"step": 1.0, "time": 2.0, "@config": 3.0}


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "{",
        "[1]",
        "3",
        '{"a": 1} x',
        '{"a": 1},{"a": 2}',
        '{"a": ' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"a": ' * 100_000,
        '{"step": "three", "a": 1}',
        '{"step": 2.5, "a": 1}',
        '{"step": 1e300, "a": 1}',
        '{"step": ' + "9" * 30 + ', "a": 1}',
        '{"a": "high"}',
        '{"a": [1, 2]}',
        '{"": 1}',
        '{"a\\u001b[2J": 1}',
        '{"a\\u202eb": 1}',
        '{"\\ud800": 1}',
        '{"' + "k" * (MAX_KEY + 1) + '": 1}',
        '{"a": ' + '{"a": ' * 150 + "1" + "}" * 151,
        '{"@config": 3}',
        '{"@config": {"\\u0007": 1}}',
        '{"@metrics": []}',
        '{"@artifact": {"name": "../x", "path": "/x", "size": 1, "sha256": "' + "0" * 64 + '"}}',
        '{"@artifact": {"name": "x", "path": "/x", "size": -1, "sha256": "' + "0" * 64 + '"}}',
        '{"@artifact": {"name": "x", "path": "/x", "size": 1, "sha256": "short"}}',
        '{"@artifact": {"name": "x"}}',
        b'{"\xff": 1}',
        b"\x1b]52;c;AAAA\x07",
        b'{"a": 1' + b" " * MAX_LINE + b"}",
    ],
    ids=lambda line: ascii(line[:30]),
)
def test_a_line_that_makes_no_sense_is_counted_and_skipped(line: str | bytes) -> None:
    reading = read('{"before": 1}', line, '{"after": 2}')
    assert values(reading) == {"before": 1.0, "after": 2.0}
    assert (reading.malformed, reading.config, reading.artifacts) == (1, {}, [])
    assert 0 < len(reading.first_malformed) <= 200
    assert reading.first_malformed.isprintable()


def test_what_makes_sense_of_a_line_is_taken() -> None:
    reading = read('{"time": "noon", "phase": "train", "loss": 2}')
    assert reading.points == [("loss", 0, NOW, 2.0)]
    assert (reading.malformed, reading.first_malformed) == (1, '{"time": "noon", "phase": "train", "loss": 2}')


def test_the_first_malformed_line_is_shown() -> None:
    reading = read("first " + "x" * 300, "second")
    assert reading.malformed == 2
    assert reading.first_malformed == ("first " + "x" * 300)[:200]


def test_times_in_other_units_are_no_times() -> None:
    reading = read('{"time": 1700000000000000, "a": 1}', '{"time": -5, "a": 1}', '{"time": NaN, "a": 1}')
    assert [at for _, _, at, _ in reading.points] == [NOW] * 3
    assert reading.malformed == 3


def test_empty_lines_and_foreign_line_ends_are_nothing() -> None:
    reading = read("", "  ", '{"a": 1}\r')
    assert (values(reading), reading.malformed) == ({"a": 1.0}, 0)


def test_settings_are_merged_and_fit_for_json() -> None:
    reading = read(
        '{"@config": {"lr": 0.1, "layers": [64, NaN], "note": "\\ud800"}}',
        '{"@config": {"lr": 0.2, "deep": {"x": 1e999}}, "loss": 1}',
    )
    assert reading.config == {"lr": 0.2, "layers": [64, "NaN"], "note": "?", "deep": {"x": "Infinity"}}
    assert json.dumps(reading.config, allow_nan=False).encode()
    assert values(reading) == {"loss": 1.0}


def test_artifacts_are_told() -> None:
    body = {"name": "models/best.pt", "path": "/run/artifacts/models/best.pt", "size": 5, "sha256": "ab" * 32}
    reading = read(json.dumps({"@artifact": body}))
    assert reading.artifacts == [Artifact("models/best.pt", "/run/artifacts/models/best.pt", 5, "ab" * 32)]


def test_a_line_without_its_end_waits_for_it() -> None:
    parser = Parser("r", 1)
    assert parser.feed(b'{"a"', 0, NOW) is None
    reading = parser.feed(b': 1}\n{"b": 2', 4, NOW)
    assert reading
    assert (values(reading), reading.offset, parser.expected) == ({"a": 1.0}, 9, 16)
    last = parser.feed(b"}\n", 16, NOW)
    assert last
    assert (values(last), last.offset) == ({"b": 2.0}, 18)
    assert parser.finish(NOW) is None


def test_the_last_line_may_lack_its_end() -> None:
    parser = Parser("r", 1)
    parser.feed(b'{"a": 1}\n{"b": 2}', 0, NOW)
    last = parser.finish(NOW)
    assert last
    assert (values(last), last.offset) == ({"b": 2.0}, 17)
    assert parser.finish(NOW) is None


def test_bytes_fed_again_are_skipped() -> None:
    data = b'{"a": 1}\n{"a": 2}\n{"a"'
    parser = Parser("r", 1)
    parser.feed(data, 0, NOW)
    assert parser.feed(data, 0, NOW) is None
    assert parser.feed(b'{"a": 2}\n{"a": 3}\n', 9, NOW) == Parser("r", 1, 18, 2).feed(b'{"a": 3}\n', 18, NOW)


def test_bytes_that_never_came_are_an_error() -> None:
    with pytest.raises(ValueError, match="not at 0"):
        Parser("r", 1).feed(b"x", 1, NOW)


def test_an_endless_line_costs_bounded_memory() -> None:
    parser = Parser("r", 1)
    piece = b"x" * 100_000
    for number in range(100):
        assert parser.feed(piece, number * len(piece), NOW) is None
        assert len(parser._begun) <= MAX_LINE
    reading = parser.feed(b'\n{"a": 1}\n', 10_000_000, NOW)
    assert reading
    assert (reading.malformed, reading.first_malformed, values(reading)) == (1, "x" * 200, {"a": 1.0})
    assert reading.offset == parser.expected == 10_000_010


def test_an_endless_line_may_be_the_last() -> None:
    parser = Parser("r", 1)
    parser.feed(b"x" * (MAX_LINE + 1), 0, NOW)
    last = parser.finish(NOW)
    assert last
    assert (last.malformed, last.offset) == (1, MAX_LINE + 1)


names = st.text(max_size=6) | st.sampled_from(["step", "time", "@config", "@artifact", "@metrics", "loss", "\x1b[2J"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
json_values = st.recursive(
    scalars | st.sampled_from(["NaN", "Infinity"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
lines = st.one_of(
    st.dictionaries(names, json_values, max_size=5).map(lambda body: json.dumps(body).encode()),
    st.text(max_size=20).map(lambda text: text.encode(errors="replace").replace(b"\n", b" ")),
    st.binary(max_size=20).map(lambda data: data.replace(b"\n", b" ")),
)


@given(st.lists(lines, max_size=12), st.lists(st.integers(0, 400), max_size=8), st.booleans())
def test_any_file_in_any_pieces_reads_the_same(content: list[bytes], cuts: list[int], ended: bool) -> None:
    data = b"\n".join(content) + (b"\n" if ended else b"")
    whole = _read_in_pieces(data, [])
    assert _read_in_pieces(data, cuts) == whole
    points, config, _, _ = whole
    for key, step, at, value in points:
        assert key.isprintable() and 0 < len(key) <= MAX_KEY
        assert -(2**63) <= step < 2**63 and at >= 0 and type(value) is float
    json.dumps(config, allow_nan=False).encode()


def _read_in_pieces(data: bytes, cuts: list[int]) -> tuple[list[tuple[str, int, int, float]], object, object, int]:
    parser = Parser("r", 1)
    bounds = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    readings = [parser.feed(data[a:b], a, NOW) for a, b in pairwise(bounds)]
    readings.append(parser.finish(NOW))
    told = [reading for reading in readings if reading is not None]
    for reading in told[:-1]:
        assert data[reading.offset - 1 : reading.offset] == b"\n"
    assert not told or told[-1].offset == len(data)
    points = [(key, step, at, value if value == value else math.inf) for r in told for key, step, at, value in r.points]
    config = {key: value for reading in told for key, value in reading.config.items()}
    return points, config, [a for r in told for a in r.artifacts], sum(r.malformed for r in told)
