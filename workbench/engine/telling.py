"""The ways out of the engine for a notice: a command, and a webhook. What fails is logged, and stops nothing.

A webhook's address is a secret, as a rule: it comes from a file or a variable, and no log names it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import urlsplit

from workbench.domain.notice import Notice
from workbench.errors import ConfigError
from workbench.settings import Notify

log = logging.getLogger(__name__)

COMMAND_SECONDS = 60.0
WEBHOOK_SECONDS = 5.0
"""For one try; an engine that is stopped waits for it."""
AGAIN = (1.0, 5.0, 30.0)
"""Seconds before the next try of a webhook."""
_HERE = ("127.0.0.1", "::1", "localhost")


async def tell(notice: Notice, how: Notify) -> None:
    """By every way that is set; returns when all are done or given up."""
    ways = [_post(notice, how)] if how.webhook_file or how.webhook_variable else []
    if how.command:
        ways.append(_call(notice, how.command))
    await asyncio.gather(*ways)


async def _call(notice: Notice, command: Sequence[str]) -> None:
    """The command as it is, without a shell; the facts are in its environment."""
    name = os.path.basename(command[0])
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | dict(notice.variables()),
            cwd=os.path.expanduser("~"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as problem:
        log.warning("the command of [notify] can't be started: %s: %s", name, getattr(problem, "strerror", problem))
        return
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            code = await process.wait()
        if code:
            log.warning("the command of [notify], %s, ended with %d", name, code)
    except TimeoutError:
        log.warning("the command of [notify], %s, took longer than %.0f s", name, COMMAND_SECONDS)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _post(notice: Notice, how: Notify) -> None:
    """POST of {text, run: the facts}, a few times."""
    try:
        url = address(how)
    except ConfigError as problem:
        log.warning("the webhook of [notify]: %s", problem.message)
        return
    body = json.dumps({"text": notice.text, "run": asdict(notice)}).encode()
    for pause in (*AGAIN, None):
        trouble = await asyncio.to_thread(_post_once, url, body)
        if not trouble:
            return
        log.warning("the webhook of [notify]: %s%s", trouble, "" if pause is None else f"; again in {pause:.0f} s")
        if pause is None:
            return
        await asyncio.sleep(pause)


def address(how: Notify) -> str:
    """The webhook's address. Raises ConfigError, which does not tell it."""
    if how.webhook_file:
        try:
            with open(how.webhook_file, encoding="utf-8") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise ConfigError(f"{how.webhook_file} is open to others", hint=f"chmod 600 {how.webhook_file}")
                url = file.read().strip()
        except (OSError, UnicodeDecodeError) as problem:
            why = getattr(problem, "strerror", "") or "it is not text"
            raise ConfigError(f"{how.webhook_file} can't be read: {why}") from None
    else:
        url = os.environ.get(how.webhook_variable, "").strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if (parts.scheme == "https" and parts.hostname) or (parts.scheme == "http" and parts.hostname in _HERE):
        return url
    where = how.webhook_file or f"the variable {how.webhook_variable}"
    raise ConfigError(f"{where} holds no https address")


def _post_once(url: str, body: bytes) -> str:
    """What went wrong, "" when nothing did. Blocks."""
    from urllib import error, request  # not before there is something to tell

    class Straight(request.HTTPRedirectHandler):
        """A redirect would carry the facts to where nobody has sent them."""

        def redirect_request(self, *args: object) -> None:
            return None

    asked = request.Request(  # noqa: S310  https, or this machine: address() has looked
        url, body, {"Content-Type": "application/json", "User-Agent": "workbench"}
    )
    try:
        with request.build_opener(Straight).open(asked, timeout=WEBHOOK_SECONDS):
            return ""
    except error.HTTPError as problem:
        problem.close()
        return f"it answered {problem.code}"
    except error.URLError as problem:
        return f"no answer: {type(problem.reason).__name__}"
    except Exception as problem:  # noqa: BLE001  whatever http.client makes of an odd server
        return f"no answer: {type(problem).__name__}"
