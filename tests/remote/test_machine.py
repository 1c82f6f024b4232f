"""The contract of a Machine, kept by the real one and by the fake alike."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.remote.site import Connect, Site, spec
from workbench.domain.search import query
from workbench.errors import AgentError, Unreachable
from workbench.remote.machines.base import (
    WINDOW,
    Absent,
    Disconnected,
    Event,
    Exited,
    Fenced,
    Output,
    Sampled,
    Started,
    Vanished,
)


async def test_a_run_from_start_to_exit(site: Site, connect: Connect) -> None:
    ear = await connect()
    argv = site.argv(("print", "hello"), ("metric", '{"loss": 0.5}'), ("exit", "3"))
    await ear.machine.start([spec("a.1", argv)])
    await ear.end_of("a.1")
    started, output, exited = ear.of("a.1")
    assert isinstance(started, Started)
    assert output == Output("a.1", "metrics", 0, b'{"loss": 0.5}\n')
    assert isinstance(exited, Exited)
    assert (exited.exit.code, exited.exit.reason, exited.log_size) == (3, "exited", 6)
    assert exited.exit.started == started.at <= exited.exit.ended
    assert await ear.machine.read("a.1", "log", 0, 100) == (b"hello\n", 6)
    assert await ear.machine.read("a.1", "log", 2, 3) == (b"llo", 6)


async def test_a_search_through_a_log_is_done_there(site: Site, connect: Connect) -> None:
    ear = await connect()
    steps = [("print", f"step {number}") for number in range(20)]
    await ear.machine.start([spec("a.1", site.argv(*steps, ("print", "last \x1b[31mStep")))])
    await ear.end_of("a.1")
    found = await ear.machine.find("a.1", query("p 1$"), 0, back=False, count=1)
    assert [(hit.offset, hit.text, hit.start, hit.end) for hit in found.hits] == [(7, "step 1", 3, 6)]
    assert (found.next, found.size, found.done, found.stuck) == (165, 165, True, False)
    found = await ear.machine.find("a.1", query("step"), 142, back=True, count=1)
    assert [hit.text for hit in found.hits][:2] == ["step 18", "step 17"]
    assert [hit.offset for hit in found.hits][-1] == 0
    assert (await ear.machine.find("nobody.1", query("x"), 0, back=False, count=1)).done


async def test_the_host_introduces_itself(connect: Connect) -> None:
    host = (await connect()).machine.host
    assert host.capacity.cpus >= 1
    assert host.capacity.memory > 0
    assert host.boot_id
    assert host.root


async def test_starting_again_changes_nothing_and_tells_the_outcome_again(site: Site, connect: Connect) -> None:
    ear = await connect()
    job = spec("a.1", site.argv(("print", "once")))
    await ear.machine.start([job])
    await ear.machine.start([job])
    first = await ear.end_of("a.1")
    ear.heard.clear()
    await ear.machine.start([job])
    assert await ear.end_of("a.1") == first
    assert await ear.machine.read("a.1", "log", 0, 100) == (b"once\n", 5)


async def test_cancelled_before_it_started_it_never_starts(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.cancel("a.1")
    assert await ear.end_of("a.1") == Fenced("a.1")
    ear.heard.clear()
    await ear.machine.start([spec("a.1", site.argv(("print", "late")))])
    assert await ear.end_of("a.1") == Fenced("a.1")
    assert await ear.machine.read("a.1", "log", 0, 100) == (b"", 0)


async def test_cancelled_while_it_runs_it_ends(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("wait",)))])
    await ear.hear(Started, "a.1")
    await ear.machine.cancel("a.1")
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert (end.exit.code, end.exit.reason) == (143, "cancelled")


async def test_cancelled_after_its_end_it_keeps_its_exit(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("exit", "4")))])
    first = await ear.end_of("a.1")
    ear.heard.clear()
    await ear.machine.cancel("a.1")
    assert await ear.end_of("a.1") == first


async def test_a_time_limit_ends_it(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("wait",)), time_limit=0.1)])
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert (end.exit.code, end.exit.reason) == (143, "time limit")


async def test_a_time_limit_of_years_does_no_harm(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("exit", "2")), time_limit=3e8)])
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert (end.exit.code, end.exit.reason) == (2, "exited")


async def test_more_memory_than_it_asked_for_ends_it(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("take", "120000000")), memory=60_000_000)])
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert (end.exit.code, end.exit.reason) == (143, "memory limit")
    assert end.exit.words.startswith("used 12")


async def test_a_command_that_is_not_there(connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", ("trian.py", "--fast"))])
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert (end.exit.code, end.exit.reason) == (None, "not started")
    assert end.exit.words == "No such file or directory: 'trian.py'"


async def test_a_lane_runs_in_order_and_skips_what_was_fenced(site: Site, connect: Connect) -> None:
    ear = await connect()
    names = [f"r{number}.1" for number in range(50)]
    await ear.machine.fence([names[25]])
    await ear.machine.start([spec(name, site.argv(("print", name))) for name in names])
    await ear.end_of(names[-1])
    ended = [event.attempt for event in ear.heard if isinstance(event, Exited)]
    assert ended == names[:25] + names[26:]
    assert Fenced(names[25]) in ear.heard
    spans = [event.exit for event in ear.heard if isinstance(event, Exited)]
    assert all(one.ended <= other.started for one, other in pairwise(spans))


async def test_a_fence_leaves_alone_what_has_started(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("wait",))), spec("b.1", site.argv(("print", "b")))])
    await ear.hear(Started, "a.1")
    await ear.machine.fence(["a.1", "b.1"])
    await ear.hear(Fenced, "b.1")
    assert [type(event) for event in ear.of("a.1")] == [Started]
    await ear.machine.cancel("a.1")
    assert isinstance(await ear.end_of("a.1"), Exited)


async def test_a_new_connection_hears_the_rest(site: Site, connect: Connect) -> None:
    first = await connect()
    line = '{"loss": 1}'
    await first.machine.start([spec("a.1", site.argv(("metric", line), ("wait",)))])
    await first.hear(Output, "a.1")
    site.break_road()
    await first.until(lambda heard: isinstance(heard[-1], Disconnected))
    second = await connect()
    await second.machine.watch({"a.1": 4, "unknown.1": 0})
    await second.hear(Absent, "unknown.1")
    await second.hear(Output, "a.1")
    assert Output("a.1", "metrics", 4, line.encode()[4:] + b"\n") in second.heard
    await second.machine.cancel("a.1")
    assert isinstance(await second.end_of("a.1"), Exited)


async def test_a_log_that_is_followed_is_told_from_an_offset_on(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.follow("a.1", 2)
    await ear.machine.start([spec("a.1", site.argv(("print", "hello"), ("wait",)))])
    assert await ear.hear(Output, "a.1") == Output("a.1", "log", 2, b"llo\n")
    site.break_road()
    await ear.until(lambda heard: isinstance(heard[-1], Disconnected))
    second = await connect()
    await second.machine.watch({"a.1": 0})
    await second.machine.follow("a.1", 5)
    assert await second.hear(Output, "a.1") == Output("a.1", "log", 5, b"\n")
    await second.machine.cancel("a.1")
    assert isinstance(await second.end_of("a.1"), Exited)


async def test_of_a_torrent_no_more_is_told_than_was_taken(site: Site, connect: Connect) -> None:
    ear = await connect()
    size = 2 * WINDOW + 1000
    await ear.machine.start([spec("a.1", site.argv(("flood", str(size)), ("metric", "{}"), ("wait",)))])
    await ear.hear(Output, "a.1")  # the metric: the flood is over
    await ear.machine.follow("a.1", 0)
    await ear.until(lambda heard: _length(heard) >= WINDOW)
    await ear.machine.follow("a.1", WINDOW // 2)
    await ear.until(lambda heard: _length(heard) >= WINDOW + WINDOW // 2)
    await ear.machine.cancel("a.1")
    assert isinstance(await ear.end_of("a.1"), Exited)
    assert _length(ear.heard) == WINDOW + WINDOW // 2
    rest, _ = await ear.machine.read("a.1", "log", WINDOW, size - WINDOW)  # a shell may have said more as it ended
    assert rest == b"x" * (size - WINDOW)


async def test_a_log_that_is_not_followed_any_more_is_not_told(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.follow("a.1", 0)
    await ear.machine.unfollow("a.1")
    await ear.machine.unfollow("a.1")
    await ear.machine.start([spec("a.1", site.argv(("print", "unheard")))])
    await ear.end_of("a.1")
    assert [type(event) for event in ear.of("a.1")] == [Started, Exited]


async def test_what_was_printed_last_is_told_before_the_end(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.follow("a.1", 0)
    await ear.machine.start([spec("a.1", site.argv(("print", "bye")))])
    await ear.end_of("a.1")
    assert [type(event) for event in ear.of("a.1")] == [Started, Output, Exited]


async def test_the_road_breaks(site: Site, connect: Connect) -> None:
    ear = await connect()
    site.break_road()
    await ear.until(lambda heard: bool(heard) and isinstance(heard[-1], Disconnected))
    with pytest.raises(Unreachable):
        await ear.machine.start([spec("a.1", site.argv(("print", "x")))])


async def test_a_supervisor_is_killed(site: Site, connect: Connect) -> None:
    ear = await connect()
    lane = [spec("a.1", site.argv(("print", "x"), ("wait",))), spec("b.1", site.argv(("print", "b")))]
    await ear.machine.start(lane)
    await ear.hear(Started, "a.1")
    site.kill_supervisors()
    end = await ear.end_of("a.1")
    assert isinstance(end, Vanished)
    assert end.why == "its supervisor was killed"
    await ear.hear(Absent, "b.1")
    await ear.machine.start(lane)
    assert isinstance(await ear.end_of("b.1"), Exited)


async def test_forgotten_it_still_never_starts_again(site: Site, connect: Connect) -> None:
    ear = await connect()
    job = spec("a.1", site.argv(("print", "once")))
    await ear.machine.start([job])
    await ear.end_of("a.1")
    assert await ear.machine.leftovers() == ["a.1"]
    await ear.machine.forget(["a.1"])
    await ear.machine.forget(["a.1"])
    ear.heard.clear()
    await ear.machine.start([job])
    end = await ear.end_of("a.1")
    assert isinstance(end, Vanished)
    assert end.why == "it ended long ago and its record was cleared away"
    assert await ear.machine.read("a.1", "log", 0, 100) == (b"", 0)
    assert await ear.machine.leftovers() == []


async def test_what_runs_is_not_forgotten(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("wait",)))])
    await ear.hear(Started, "a.1")
    with pytest.raises(AgentError, match=r"a\.1 has not ended"):
        await ear.machine.forget(["a.1"])
    await ear.machine.cancel("a.1")
    await ear.end_of("a.1")


async def test_what_was_never_sent_or_built_is_refused(site: Site, connect: Connect) -> None:
    ear = await connect()
    with pytest.raises(AgentError, match="was never sent"):
        await ear.machine.start([spec("a.1", site.argv(("print", "x")), snapshot="f" * 64)])
    with pytest.raises(AgentError, match="is not built here"):
        await ear.machine.start([spec("b.1", site.argv(("print", "x")), environment="f" * 64)])
    await ear.machine.start([spec("b.1", site.argv(("print", "x")))])
    assert isinstance(await ear.end_of("b.1"), Exited)


def _length(heard: list[Event]) -> int:
    """Bytes of logs that were told, each of them once and in order."""
    end = 0
    for event in heard:
        if isinstance(event, Output) and event.stream == "log":
            assert event.offset == end
            end += len(event.data)
    return end


async def test_samples_come_until_they_are_not_wanted(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("wait",)))])
    await ear.hear(Started, "a.1")
    await ear.machine.sample(0.02)
    await ear.until(lambda heard: sum(isinstance(event, Sampled) for event in heard) > 2)
    last = next(event for event in reversed(ear.heard) if isinstance(event, Sampled))
    assert "a.1" in last.attempts
    assert last.disk_free > 0
    await ear.machine.sample(0)
    await ear.machine.cancel("a.1")
    await ear.end_of("a.1")
