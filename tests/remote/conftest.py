from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.remote.site import Connect, Ear, FakeSite, LocalSite, Site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LocalSite]:
    """This machine, with real processes."""
    site = LocalSite(tmp_path / "machine")
    yield site
    site.close()


@pytest.fixture(params=["local", "fake"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Each kind of machine in turn."""
    site = LocalSite(tmp_path / "machine") if request.param == "local" else FakeSite()
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
