"""Who asked to hear of a run hears of it, once: across engines, with nobody looking, whatever the way does."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.engine.machines import Desk, World, desk, until
from tests.engine.making import a_run
from workbench.domain.notice import notice_of
from workbench.domain.resources import Share
from workbench.domain.status import Attempt, Cancelled, Ended, Failed, Lost
from workbench.engine import telling
from workbench.errors import ConfigError, Refused
from workbench.settings import Notify

SECOND = 1_000_000
ATTEMPT = Attempt(1, "gpu3", Share(1, 0, ()), 0)
NOTICE = notice_of(a_run(12, status=Failed(Ended(ATTEMPT, 5 * SECOND, 729 * SECOND, None), 1)))


def test_what_is_told() -> None:
    assert NOTICE.text == "calm-river-12 failed (exit 1) after 12m 04s on gpu3"
    lost = notice_of(a_run(12, status=Lost(9 * SECOND, "gpu3 was rebooted", ATTEMPT, 5 * SECOND)))
    assert lost.text == "calm-river-12 lost after 4s on gpu3: gpu3 was rebooted"
    never = notice_of(a_run(12, status=Cancelled(0, "bob")))
    assert (never.text, never.variables()["WORKBENCH_SECONDS"]) == ("calm-river-12 cancelled", "")


# The ways.


class Hook:
    """A webhook of this machine: what it was sent, and what it answers next."""

    def __init__(self) -> None:
        hook = self
        self.got: list[dict[str, Any]] = []
        self.answers: list[int] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                code = hook.answers.pop(0) if hook.answers else 200
                if code == 200:
                    hook.got.append(json.loads(body))
                self.send_response(code)
                self.send_header("Location", hook.url)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/secret-token"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setattr(telling, "AGAIN", (0.01, 0.01))
    hook = Hook()
    yield hook
    hook.close()


def kept(directory: Path, url: str, mode: int = 0o600) -> Notify:
    file = directory / "hook"
    file.write_text(url + "\n")
    file.chmod(mode)
    return Notify(webhook_file=str(file))


async def test_a_webhook_gets_the_facts(tmp_path: Path, hook: Hook) -> None:
    await telling.tell(NOTICE, kept(tmp_path, hook.url))
    (got,) = hook.got
    assert got["text"] == NOTICE.text
    assert (got["run"]["name"], got["run"]["exit_code"]) == ("calm-river-12", 1)


async def test_a_webhook_is_tried_again_and_no_log_tells_its_address(
    tmp_path: Path, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    hook.answers = [503, 500]
    await telling.tell(NOTICE, kept(tmp_path, hook.url))
    assert len(hook.got) == 1
    hook.answers = [302, 404, 404]  # a redirect is not followed
    await telling.tell(NOTICE, kept(tmp_path, hook.url))
    assert len(hook.got) == 1 and not hook.answers
    hook.close()
    await telling.tell(NOTICE, kept(tmp_path, hook.url))
    assert "it answered 503" in caplog.text and "it answered 302" in caplog.text
    assert "no answer: ConnectionRefusedError" in caplog.text
    assert "secret-token" not in caplog.text


@pytest.mark.parametrize(
    ("url", "mode", "complaint"),
    [
        ("https://hooks.test/x", 0o644, "open to others"),
        ("http://hooks.test/x", 0o600, "no https address"),
        ("https://[", 0o600, "no https address"),
        ("", 0o600, "no https address"),
    ],
)
def test_an_address_that_won_t_do(tmp_path: Path, url: str, mode: int, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as problem:
        telling.address(kept(tmp_path, url, mode))
    assert "hooks" not in problem.value.message


def test_an_address_from_a_variable_or_a_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_HOOK", "https://hooks.test/x")
    assert telling.address(Notify(webhook_variable="THE_HOOK")) == "https://hooks.test/x"
    with pytest.raises(ConfigError, match="the variable NO_HOOK holds no https address"):
        telling.address(Notify(webhook_variable="NO_HOOK"))
    with pytest.raises(ConfigError, match="No such file"):
        telling.address(Notify(webhook_file="/nowhere/hook"))


async def test_a_command_finds_the_facts_in_its_environment(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = "import os, sys; open(sys.argv[1], 'w').write(os.environ['WORKBENCH_TEXT'] + sys.argv[2])"
    await telling.tell(NOTICE, Notify(command=(sys.executable, "-c", script, str(told), "; $HOME `id`")))
    assert told.read_text() == NOTICE.text + "; $HOME `id`"


async def test_a_command_that_fails_hangs_or_is_not_there(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await telling.tell(NOTICE, Notify(command=("false", "token")))
    await telling.tell(NOTICE, Notify(command=("/no/such/program", "token")))
    monkeypatch.setattr(telling, "COMMAND_SECONDS", 0.05)
    await telling.tell(NOTICE, Notify(command=("sleep", "600")))
    assert "false, ended with 1" in caplog.text
    assert "can't be started: program: No such file" in caplog.text
    assert "sleep, took longer" in caplog.text
    assert "token" not in caplog.text


# The engine.


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    for host in world.hosts.values():
        host.shut_down()


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """What the command of [notify] wrote, a line a run. It waits while the file `wait` is there."""
    config = tmp_path / "h" / "config"
    config.mkdir(parents=True)
    script = tmp_path / "tell"
    script.write_text(
        '#!/bin/sh\ncd "$1"; touch asked; while [ -e wait ]; do sleep 0.01; done; echo "$WORKBENCH_TEXT" >> told\n'
    )
    script.chmod(0o700)
    (config / "config.toml").write_text(f'[notify]\ncommand = ["{script}", "{tmp_path}"]\n')
    return tmp_path / "told"


async def lines(told: Path, count: int) -> list[str]:
    await until(lambda: told.exists() and len(told.read_text().splitlines()) >= count)
    return told.read_text().splitlines()


async def settled(here: Desk) -> None:
    """Until it is on record that everybody was told."""
    async with asyncio.timeout(20):
        query = "SELECT count(*) FROM notice"
        while (await here.call("sql", query=query))["rows"] != [[0]]:  # noqa: ASYNC110  the engine tells nobody
            await asyncio.sleep(0.01)


async def test_asked_at_submit_or_later_it_is_told_once(
    tmp_path: Path, world: World, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, world, monkeypatch) as here:
        quick = await here.submit("print done", notify=True, name="quick")
        assert (await lines(told, 1))[0].startswith("quick finished after")
        slow = await here.submit("print done", name="slow", hold=True)
        unasked = await here.submit("print done", name="unasked", hold=True)
        assert (await here.call("notify", runs=[slow, unasked]))["wanted"]
        assert (await here.call("show", run=slow))["notify"]
        assert not (await here.call("notify", runs=[unasked], off=True))["wanted"]
        rows = {row["run"]["id"]: row for row in (await here.call("runs"))["rows"]}
        assert rows[slow]["notify"] and "notify" not in rows[unasked]
        await here.call("cancel", runs=[slow, unasked])
        assert (await lines(told, 2))[1] == "slow cancelled"
        with pytest.raises(Refused, match="nothing left to hear of"):
            await here.call("notify", runs=[quick])
        last = await here.submit("print done", notify=True, name="last")
        assert (await lines(told, 3))[2].startswith("last")
        assert not (await here.call("show", run=last))["notify"]


async def test_an_engine_that_goes_while_it_tells_leaves_it_to_the_next(
    tmp_path: Path, world: World, told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wait").touch()
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.submit("print done", notify=True, name="quick")
        later = await here.submit("print done", notify=True, name="later", hold=True)
        await until((tmp_path / "asked").exists)
    assert not told.exists()
    (tmp_path / "wait").unlink()
    async with desk(tmp_path, world, monkeypatch) as here:
        assert (await lines(told, 1))[0].startswith("quick finished")
        assert (await here.call("show", run=later))["notify"]
        await here.call("release", runs=[later])
        assert (await lines(told, 2))[1].startswith("later finished")
        await settled(here)
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.submit("print done", notify=True, name="third")
        assert [line.split()[0] for line in await lines(told, 3)] == ["quick", "later", "third"]
