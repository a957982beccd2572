"""The viewers of `/live`: what each gets, and that a slow one hurts only itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ember_service.live.hub import QUEUE, Hub, Rights, RightsEndedError, Scope


def snapshot(scope: frozenset[str] | None) -> dict[str, Any]:
    return {"scope": sorted(scope) if scope is not None else None}


def everything() -> Scope:
    return None


def only(*workshops: str) -> Rights:
    return lambda: frozenset(workshops)


def parsed(frame: bytes) -> tuple[int, str, Any]:
    fields = dict(line.split(": ", 1) for line in frame.decode().strip().split("\n"))
    return int(fields["id"]), fields["event"], json.loads(fields["data"])


async def following(frames: AsyncIterator[bytes]) -> tuple[int, str, Any]:
    async with asyncio.timeout(5):
        return parsed(await anext(frames))


async def test_snapshot_comes_first_then_numbered_changes() -> None:
    hub = Hub(snapshot)
    frames = hub.watch(everything, None)
    assert (await following(frames))[1:] == ("snapshot", {"scope": None})
    hub.publish("alarm", "a", {"n": 1})
    hub.publish("system", "", {"n": 2})
    first, second = await following(frames), await following(frames)
    assert (first[1], second[1]) == ("alarm", "system")
    assert second[0] == first[0] + 1


async def test_a_viewer_gets_only_what_lies_in_its_scope() -> None:
    hub = Hub(snapshot)
    frames = hub.watch(only("mine"), None)
    await following(frames)
    hub.publish("alarm", "another", {"n": 1})
    hub.publish("alarm", "system", {"n": 2})
    hub.publish("alarm", "mine", {"n": 3})
    assert (await following(frames))[2] == {"n": 3}


async def test_first_change_at_once_then_the_newest_once_a_second() -> None:
    hub = Hub(snapshot)
    frames = hub.watch(everything, None)
    await following(frames)
    for at, value in ((10_000, 1.0), (10_100, 2.0), (10_200, 3.0)):
        hub.coalesce(7, "reading", "a", lambda value=value: {"value": value}, at)
    assert (await following(frames))[2]["value"] == 1.0
    hub.flush(10_900)
    hub.flush(11_000)
    assert (await following(frames))[2]["value"] == 3.0
    hub.coalesce(7, "reading", "a", lambda value=4.0: {"value": value}, 12_500)
    assert (await following(frames))[2]["value"] == 4.0
    hub.flush(20_000)
    hub.publish("system", "", {})
    assert (await following(frames))[1] == "system", "a value told at once is not told again"


async def test_a_slow_viewer_starts_anew_and_the_others_miss_nothing() -> None:
    hub = Hub(snapshot)
    slow, quick = hub.watch(everything, None), hub.watch(everything, None)
    await following(slow)
    await following(quick)
    asking = asyncio.create_task(following(slow))  # it waits for a frame, and then reads no more
    await asyncio.sleep(0)
    hub.publish("alarm", "a", {"n": -1})
    await asking
    for n in range(QUEUE + 10):
        hub.publish("alarm", "a", {"n": n})
        if n == 0:
            assert (await following(quick))[2] == {"n": -1}
        assert (await following(quick))[2] == {"n": n}
    assert hub.take_dropped() == QUEUE
    assert (await following(slow))[1] == "snapshot"
    hub.publish("alarm", "a", {"n": "after"})
    assert (await following(slow))[2] == {"n": "after"}


async def test_last_event_id_resumes_without_a_gap_or_reloads() -> None:
    hub = Hub(snapshot)
    for n in range(5):
        hub.publish("alarm", "a" if n % 2 else "b", {"n": n})
    frames = hub.watch(only("a"), 1)
    assert [(await following(frames))[2]["n"] for _ in range(2)] == [1, 3]
    assert (await following(hub.watch(everything, 99)))[1] == "snapshot", "a number of another life of the service"


async def test_a_viewer_that_goes_is_forgotten() -> None:
    hub = Hub(snapshot)
    frames = hub.watch(everything, None)
    await following(frames)
    assert len(hub) == 1
    await frames.aclose()  # type: ignore[attr-defined]
    assert len(hub) == 0


@pytest.mark.parametrize("last", [0, 3])
async def test_resuming_gives_nothing_twice(last: int) -> None:
    hub = Hub(snapshot)
    for n in range(4):
        hub.publish("alarm", "a", {"n": n})
    frames = hub.watch(everything, last)
    hub.publish("system", "", {})
    seen = [await following(frames) for _ in range(4 - last + 1)]
    assert [number for number, _, _ in seen] == list(range(last + 1, 6))


async def test_a_number_of_another_life_of_the_process_resumes_nothing() -> None:
    """Both have counted past it: only its rest tells them apart."""
    hub = Hub(snapshot, first=1003, step=256)
    for n in range(5):
        hub.publish("alarm", "a", {"n": n})
    ours = 1003 + 256 * 2
    assert (await following(hub.watch(everything, ours)))[2] == {"n": 2}
    assert (await following(hub.watch(everything, ours + 1)))[1] == "snapshot"


async def test_rights_that_grow_shrink_and_end_do_so_in_a_running_stream() -> None:
    hub = Hub(snapshot)
    seen: frozenset[str] | None = frozenset({"a"})

    def rights() -> Scope:
        if seen is None:
            raise RightsEndedError
        return seen

    frames = hub.watch(rights, None)
    assert (await following(frames))[2] == {"scope": ["a"]}
    hub.publish("alarm", "b", {"n": 1})
    seen = frozenset({"a", "b"})
    hub.review()
    assert (await following(frames))[2] == {"scope": ["a", "b"]}
    hub.publish("alarm", "b", {"n": 2})
    assert (await following(frames))[2] == {"n": 2}
    hub.publish("alarm", "b", {"n": 3})
    seen = frozenset({"a"})
    hub.review()
    assert (await following(frames))[2] == {"scope": ["a"]}, "what was queued before is no longer theirs"
    seen = None
    hub.review()
    assert [frame async for frame in frames] == []
    assert len(hub) == 0


async def test_closing_ends_every_stream_and_those_that_come_late() -> None:
    hub = Hub(snapshot)
    frames = hub.watch(everything, None)
    await following(frames)
    waiting = asyncio.create_task(anext(aiter(frames), None))
    await asyncio.sleep(0)
    hub.close()
    assert await waiting is None
    assert [frame async for frame in hub.watch(everything, None)] == []
