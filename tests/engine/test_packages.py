"""What a lock pins."""

from workbench.engine.packages import differences, pinned

LOCK = """--index-url https://example.org/simple
numpy==1.26.4 ; python_full_version < '3.12' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
numpy==2.4.0 ; python_full_version >= '3.12' \\
    --hash=sha256:cc
Torch[extra]==2.9.1+cu128 \\
    --hash=sha256:dd
mylib @ git+https://example.org/mylib@0123abc
# comment==1
"""


def test_names_and_versions() -> None:
    assert pinned(LOCK) == {
        "mylib": "git+https://example.org/mylib@0123abc",
        "numpy": "1.26.4 or 2.4.0",
        "torch": "2.9.1+cu128",
    }
    assert pinned("") == {}


def test_differences_are_by_name() -> None:
    before = {"a": "1", "b": "1", "c": "1"}
    after = {"b": "1", "c": "2", "d": "1"}
    assert differences(before, after) == [("a", "1", None), ("c", "1", "2"), ("d", None, "1")]
    assert differences(before, before) == []
