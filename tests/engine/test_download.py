"""Against a real server on this machine, one that breaks off and one that asks who we are."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from workbench.engine import download
from workbench.engine.blobs import Blobs
from workbench.errors import BuildError

CONTENT = os.urandom(300_000)
SHA = hashlib.sha256(CONTENT).hexdigest()


class Shop(ThreadingHTTPServer):
    """Gives CONTENT to everybody."""

    daemon_threads = True
    breaks_after = 0
    """Bytes after which it hangs up, the first time; 0: it does not."""
    knows_ranges = True
    login = ""
    """USER:PASSWORD without which it gives nothing."""
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.asked: list[str | None] = []
        """The range of each request."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/w-1-py3-none-any.whl"


class Counter(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        shop = self.server
        wanted = self.headers["Range"]
        shop.asked.append(wanted)
        expected = f"Basic {base64.b64encode(shop.login.encode()).decode()}"
        if shop.login and self.headers["Authorization"] != expected:
            self.send_error(401)
            return
        if shop.status != 200:
            self.send_error(shop.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and shop.knows_ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end, shop.breaks_after = shop.breaks_after or len(CONTENT), 0
        self.wfile.write(CONTENT[start:end])

    def log_message(self, format: str, *words: object) -> None:
        pass


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Shop]:
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Shop() as shop:
        thread = threading.Thread(target=shop.serve_forever, name="shop")
        thread.start()
        yield shop
        shop.shutdown()
        thread.join()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "wheels"))


@pytest.mark.parametrize("size", [len(CONTENT), 0])
@pytest.mark.parametrize("knows_ranges", [True, False])
def test_it_goes_on_where_it_broke_off(shop: Shop, blobs: Blobs, size: int, knows_ranges: bool) -> None:
    shop.breaks_after, shop.knows_ranges = 100_000, knows_ranges
    download.fetch(shop.url, SHA, size, blobs)
    assert blobs.get(SHA) == CONTENT
    assert shop.asked == ([None, "bytes=100000-"] if size else [None, None])


def test_what_an_earlier_engine_left_is_taken_up(shop: Shop, blobs: Blobs) -> None:
    part = blobs.part(SHA, len(CONTENT))
    part.add(CONTENT)
    part.leave()
    download.fetch(shop.url, SHA, len(CONTENT), blobs)
    assert (blobs.get(SHA), shop.asked) == (CONTENT, [])


def test_other_content_is_refused(shop: Shop, blobs: Blobs) -> None:
    other = "0" * 64
    with pytest.raises(BuildError, match="not what the lock says"):
        download.fetch(shop.url, other, len(CONTENT), blobs)
    assert not blobs.has(other) and not list(Path(blobs.root).glob(".part-*"))


@pytest.mark.parametrize(("status", "times"), [(404, 1), (503, download.TRIES)])
def test_a_server_that_refuses(shop: Shop, blobs: Blobs, status: int, times: int) -> None:
    shop.status = status
    with pytest.raises(BuildError, match=str(status)) as caught:
        download.fetch(shop.url.replace("//", "//ada:secret@"), SHA, len(CONTENT), blobs)
    assert "secret" not in str(caught.value.evidence)
    assert len(shop.asked) == times


def test_a_login_comes_from_where_uv_has_it(
    shop: Shop, blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.login = "ada:se/cret"
    index = shop.url.rpartition("/")[0].replace("//", "//ada:se%2Fcret@") + "/simple"

    def fetched(lock: str = "") -> bool:
        try:
            download.fetch(shop.url, SHA, len(CONTENT), blobs, lock)
        except BuildError as problem:
            assert "401" in problem.message
            return False
        blobs.part(SHA, 0).drop()
        os.unlink(Path(blobs.root, SHA[:2], SHA[2:]))
        return True

    assert not fetched()
    assert fetched(f"--index-url {index}\nsix==1.17.0\n")
    with monkeypatch.context() as here:
        here.setenv("UV_INDEX", f"internal={index}")
        assert fetched()
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password se/cret\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert fetched()


def test_a_file_here(blobs: Blobs, tmp_path: Path) -> None:
    path = tmp_path / "a wheel"
    path.write_bytes(CONTENT)
    download.fetch(str(path), SHA, 0, blobs)
    download.fetch(path.as_uri(), SHA, 0, blobs)
    assert blobs.get(SHA) == CONTENT
    path.write_bytes(b"other")
    with pytest.raises(BuildError, match="not what the lock says"):
        download.fetch(str(path), SHA, 0, blobs)
    with pytest.raises(BuildError, match="No such file"):
        download.fetch(str(tmp_path / "gone"), SHA, 0, blobs)
