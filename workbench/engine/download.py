"""Files from the web, by their sha256: resumed where the last try broke off, and believed only when they are whole.

Blocks; the engine calls it in a thread."""

from __future__ import annotations

import base64
import http.client
import netrc
import os
import re
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from workbench.engine.blobs import CHUNK, Blobs, Part
from workbench.errors import BuildError

TRIES = 3
PATIENCE = 60.0
"""Seconds in which a server must say something."""
_PAUSE = 1.0  # seconds before the second try
_PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers of a server that may be another one next time."""
_INDEX = re.compile(r"https?://[^\s=]+@[^\s]+")


def fetch(source: str, sha: str, size: int, blobs: Blobs, lock: str = "") -> None:
    """Have the blob. source: a URL, or a path here. size: 0 where it is not known. lock: may name package indexes
    with a user and a password, which are used where the file lies on the same host.

    Raises BuildError, HistoryFull, HistoryError."""
    parts = urlsplit(source)
    if parts.scheme in ("", "file"):
        _copy(unquote(parts.path), sha, blobs)
        return
    problem = "it ended early"
    for attempt in range(TRIES):
        time.sleep(_PAUSE * attempt)
        part = blobs.part(sha, size)
        try:
            if not size or part.size < size:
                _pour(parts, part, lock)
            if part.sha256 == sha:
                part.keep()
                return
            if part.size >= size:
                problem = "it is not what the lock says"
                part.drop()
        except HTTPError as refusal:
            problem = f"{refusal.code} {refusal.reason}"
            if refusal.code == 416:
                part.drop()
            elif refusal.code not in _PASSING:
                break
        except (OSError, http.client.HTTPException) as broken:
            problem = str(broken)
        finally:
            part.leave()
    raise _failed(urlunsplit(_bare(parts)), problem)


def _pour(parts: SplitResult, part: Part, lock: str) -> None:
    """What is missing, into the part; from its beginning where the server knows no middle."""
    request = Request(urlunsplit(_bare(parts)))  # noqa: S310  http, https: the others were dealt with
    if part.size:
        request.add_header("Range", f"bytes={part.size}-")
    if login := _login(parts, lock):
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
    with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        if part.size and answer.status != 206:
            part.clear()
        while data := answer.read(CHUNK):
            part.add(data)


def _copy(path: str, sha: str, blobs: Blobs) -> None:
    try:
        with open(path, "rb") as file:
            found, _ = blobs.put_file(file)
    except OSError as problem:
        raise _failed(path, str(problem)) from None
    if found != sha:
        raise _failed(path, "it is not what the lock says")


def _login(parts: SplitResult, lock: str) -> str:
    """USER:PASSWORD for the host: as the address itself, an index of the lock, uv's settings or ~/.netrc have it."""
    settings = [value for name, value in os.environ.items() if name.startswith("UV_") and "INDEX" in name]
    for text in (urlunsplit(parts), *_INDEX.findall("\n".join((lock, *settings)))):
        known = urlsplit(text)
        if known.username and known.hostname == parts.hostname and known.port == parts.port:
            return f"{unquote(known.username)}:{unquote(known.password or '')}"
    try:
        known_here = netrc.netrc(str(Path.home() / ".netrc")).authenticators(parts.hostname or "")
    except (OSError, netrc.NetrcParseError):
        return ""
    return f"{known_here[0]}:{known_here[2]}" if known_here else ""


def _bare(parts: SplitResult) -> SplitResult:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2])


def _failed(source: str, problem: str) -> BuildError:
    message = f"{source} can't be fetched: {problem}"
    return BuildError(message, words=message)
