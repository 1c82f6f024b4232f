from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.remote.fleet import Fleet
from tests.remote.site import Connect, Ear, FakeSite, LocalSite, Site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LocalSite]:
    """This machine, with real processes."""
    site = LocalSite(tmp_path / "machine")
    yield site
    site.close()


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was sent to machines once, for all tests."""
    return tmp_path_factory.mktemp("sent")


@pytest.fixture
def fleet(tmp_path: Path, sent: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """Machines behind sshds, and a user who may log in to them."""
    fleet = Fleet(tmp_path, sent, monkeypatch)
    yield fleet
    fleet.close()


@pytest.fixture(params=["local", "fake", "ssh"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Each kind of machine in turn."""
    site: Site
    match request.param:
        case "local":
            site = LocalSite(tmp_path / "machine")
        case "fake":
            site = FakeSite()
        case _:
            fleet: Fleet = request.getfixturevalue("fleet")
            site = fleet.machine()
    yield site
    site.close()


@pytest.fixture
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    """Connect to the test's site, as often as wanted; ends with the test."""
    name = "site" if "site" in request.fixturenames else "here"
    site: Site = request.getfixturevalue(name)
    ears: list[Ear] = []

    async def connect() -> Ear:
        ears.append(Ear(await site.connect()))
        return ears[-1]

    yield connect
    for ear in ears:
        await ear.close()
    if isinstance(site, FakeSite):
        site.host.shut_down()
