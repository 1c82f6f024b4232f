"""What an attempt took, out of the samples of its machine."""

from __future__ import annotations

from typing import Any

from workbench.domain.time import SECOND
from workbench.domain.use import Use, use_of
from workbench.engine.store import DuckHistory
from workbench.engine.store.interface import Batch, MachineSample

ENDLESS = 10**15
GPU = "GPU-8a1f"


def sample(second: int, cores: float | None) -> MachineSample:
    """Of a machine with two devices; None: the attempt is not there."""
    attempts: dict[str, Any] = {"other.1": [9.0, 9]}
    if cores is not None:
        attempts["abc.2"] = [cores, second * 100]
    devices = [{"uuid": GPU, "use": 0.5, "memory": second}, {"uuid": "another", "use": 1.0, "memory": 77}]
    return MachineSample("gpu3", second * SECOND, {"cpu": 0.1, "attempts": attempts, "devices": devices})


async def put(history: DuckHistory, *samples: MachineSample) -> None:
    await history.commit(Batch(samples=samples))


async def test_only_what_is_its_own_counts(history: DuckHistory) -> None:
    await put(history, sample(1, None), sample(2, 0.5), sample(3, 1.5), sample(4, None))
    await put(history, MachineSample("gpu1", 2 * SECOND, sample(2, 8.0).body))
    found = await history.usage("gpu3", "abc.2", [GPU], 0, ENDLESS, 100)
    assert found == [Use(2 * SECOND, 0.5, 200, 0.5, 2), Use(3 * SECOND, 1.5, 300, 0.5, 3)]
    assert await history.usage("gpu3", "abc.2", [], 3 * SECOND, ENDLESS, 100) == [Use(3 * SECOND, 1.5, 300, 0, 0)]
    assert await history.usage("gpu3", "abc.1", [], 0, ENDLESS, 100) == []


async def test_thinned_it_keeps_its_peaks(history: DuckHistory) -> None:
    await put(history, *(sample(second, 16.0 if second == 333 else 0.5) for second in range(1, 1001)))
    found = await history.usage("gpu3", "abc.2", [GPU], 0, ENDLESS, 50)
    assert len(found) == 50
    assert [use.at for use in found] == sorted(use.at for use in found)
    assert (max(use.cores for use in found), found[-1].memory) == (16.0, 100_000)


async def test_a_sample_without_attempts_or_devices_says_nothing(history: DuckHistory) -> None:
    await put(history, MachineSample("gpu3", SECOND, {"cpu": 0.5}))
    await put(history, MachineSample("gpu3", 2 * SECOND, {"attempts": {"abc.2": [1.0, 5]}}))
    assert await history.usage("gpu3", "abc.2", [GPU], 0, ENDLESS, 10) == [Use(2 * SECOND, 1.0, 5, 0, 0)]


def test_what_it_takes_now_is_what_history_will_say() -> None:
    latest = sample(3, 1.5)
    body = {"at": latest.at, **latest.body}
    assert use_of(body, "abc.2", {GPU}) == Use(3 * SECOND, 1.5, 300, 0.5, 3)
    assert use_of(body, "abc.3", {GPU}) is None
    assert use_of(None, "abc.2", {GPU}) is None


def test_a_device_of_which_the_driver_tells_nothing_counts_for_nothing() -> None:
    silent = [{"uuid": GPU, "use": None, "memory": None}]
    body = {"at": SECOND, **sample(1, 1.5).body, "devices": silent}
    assert use_of(body, "abc.2", {GPU}) == Use(SECOND, 1.5, 100, 0, 0)
