"""What no client may ask of a run, whichever client it is: submit and edit refuse it alike."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.machines import Desk
from workbench.errors import UsageError


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        ({"command": ["exit", "\0"]}, "the command can't hold a NUL"),
        ({"command": []}, "the command is empty"),
        ({"command": ["no-such-command"], "machine": "local"}, "there is no command no-such-command"),
        ({"command": ["./train.sh"]}, "there is no ./train.sh in the code"),
        ({"params": {"lr": "a\0b"}}, "param lr can't hold a NUL"),
        ({"params": {"learning rate": 1}}, "'learning rate' is not a param's name"),
        ({"params": {"lr": [1]}}, "param lr must be text, a number, true or false"),
    ],
)
async def test_what_no_run_can_be_asked(here: Desk, ask: dict[str, Any], says: str) -> None:
    held = await here.submit("exit 0", hold=True)
    with pytest.raises(UsageError, match=says):
        await here.call("edit", run=held, ask=ask)
    with pytest.raises(UsageError, match=says):
        await here.call("submit", directory=str(here.project), **{"command": ["exit", "0"], "params": {}, **ask})
    assert (await here.run(held))["command"] == ["exit", "0", ";"]


async def test_a_grid_is_looked_at_too(here: Desk) -> None:
    with pytest.raises(UsageError, match="param lr can't hold a NUL"):
        await here.call("submit", directory=str(here.project), command=["exit"], grid={"lr": [1, "\0"]})
