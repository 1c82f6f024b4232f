import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import toml
from workbench.errors import ConfigError

DOCUMENT = '''\
# a comment with = and [brackets]
top = 1
"quoted key" = "a # no comment, and a ] too"

[run]  # here
tags = [
    "a", # ]
    """
]""",
]
variables = { A = "1", "B.C" = { D = 2 } }
text = """
x = 5
""" # the end
when = 1979-05-27 07:32:00
deep.er.key = 3.14

[ a . "b.c" ]
d = 'x\\'
[[list]]
e = true
'''


def test_every_key_knows_its_line(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(DOCUMENT)
    document = toml.read(str(file))
    assert document.data == tomllib.loads(DOCUMENT)
    assert document.lines == {
        ("top",): 2,
        ("quoted key",): 3,
        ("run",): 5,
        ("run", "tags"): 6,
        ("run", "variables"): 11,
        ("run", "variables", "A"): 11,
        ("run", "variables", "B.C"): 11,
        ("run", "variables", "B.C", "D"): 11,
        ("run", "text"): 12,
        ("run", "when"): 15,
        ("run", "deep", "er", "key"): 16,
        ("a", "b.c"): 18,
        ("a", "b.c", "d"): 19,
        ("list",): 20,
        ("list", "e"): 21,
    }


VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(alphabet=st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="ab.#]}=\"' "), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_lines_are_right_whatever_the_values(values: list[Any], newline: str) -> None:
    lines = []
    for number, value in enumerate(values):
        lines += ["", f"[t{number}]", f"key = {_written(value)} # {number}"]
    text = newline.join(lines)
    found = dict(toml._lines(text.replace("\r\n", "\n")))
    assert tomllib.loads(text) == {f"t{number}": {"key": value} for number, value in enumerate(values)}
    for number in range(len(values)):
        assert found[(f"t{number}",)] == 3 * number + 2
        assert found[(f"t{number}", "key")] == 3 * number + 3


def _written(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            escaped = "".join(c if c.isalnum() or c in " #=[]{}'," else f"\\U{ord(c):08x}" for c in value)
            return f'"{escaped}"'
        case list():
            return f"[{', '.join(map(_written, value))}]"
        case dict():
            return f"{{{', '.join(f'{_written(key)} = {_written(item)}' for key, item in value.items())}}}"
    raise AssertionError(value)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (b"a = 1\nb = \n", 2, "Invalid value"),
        (b"a = 1\na = 2\n", 2, "Cannot overwrite a value"),
        (b"a = 1\n[b\n", 2, "Expected ']'"),
        (b'a = """\n\n', 3, "Unterminated string"),
        (b"a = 1\nb = '\xff'\n", 2, "not UTF-8"),
    ],
)
def test_what_is_not_toml_is_said_with_its_line(tmp_path: Path, text: bytes, line: int, why: str) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        toml.read(str(file))
    assert caught.value.message.startswith(f"{file}:{line}: {why}")


def test_a_file_that_is_not_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: Is a directory"):
        toml.read(str(tmp_path))
