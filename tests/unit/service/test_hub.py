"""The viewers of `/live`: what each gets, and that a slow one hurts only itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ember_service.live.hub import QUEUE, Hub


def snapshot(scope: frozenset[str] | None) -> dict[str, Any]:
    return {"scope": sorted(scope) if scope is not None else None}


def parsed(frame: bytes) -> tuple[int, str, Any]:
    fields = dict(line.split(": ", 1) for line in frame.decode().strip().split("\n"))
    return int(fields["id"]), fields["event"], json.loads(fields["data"])


async def following(frames: AsyncIterator[bytes]) -> tuple[int, str, Any]:
    async with asyncio.timeout(5):
        return parsed(await anext(frames))


def reading(channel: int, value: float, workshop: str = "a") -> dict[str, Any]:
    return {"channel": str(channel), "workshop": workshop, "value": value}


async def test_snapshot_comes_first_then_numbered_changes() -> None:
    hub = Hub(snapshot)
    frames = hub.watch(None, None)
    assert (await following(frames))[1:] == ("snapshot", {"scope": None})
    hub.publish("alarm", "a", {"n": 1})
    hub.publish("system", "", {"n": 2})
    first, second = await following(frames), await following(frames)
    assert (first[1], second[1]) == ("alarm", "system")
    assert second[0] == first[0] + 1


async def test_a_viewer_gets_only_what_lies_in_its_scope() -> None:
    hub = Hub(snapshot)
    frames = hub.watch(frozenset({"mine"}), None)
    await following(frames)
    hub.publish("alarm", "another", {"n": 1})
    hub.publish("alarm", "system", {"n": 2})
    hub.publish("alarm", "mine", {"n": 3})
    assert (await following(frames))[2] == {"n": 3}


async def test_first_change_at_once_then_the_newest_once_a_second() -> None:
    hub = Hub(snapshot)
    frames = hub.watch(None, None)
    await following(frames)
    for at, value in ((10_000, 1.0), (10_100, 2.0), (10_200, 3.0)):
        hub.reading(7, reading(7, value), at)
    assert (await following(frames))[2]["value"] == 1.0
    hub.flush(10_900)
    hub.flush(11_000)
    assert (await following(frames))[2]["value"] == 3.0
    hub.reading(7, reading(7, 4.0), 12_500)
    assert (await following(frames))[2]["value"] == 4.0
    hub.flush(20_000)
    hub.publish("system", "", {})
    assert (await following(frames))[1] == "system", "a value told at once is not told again"


async def test_a_slow_viewer_starts_anew_and_the_others_miss_nothing() -> None:
    hub = Hub(snapshot)
    slow, quick = hub.watch(None, None), hub.watch(None, None)
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
    frames = hub.watch(frozenset({"a"}), 1)
    assert [(await following(frames))[2]["n"] for _ in range(2)] == [1, 3]
    assert (await following(hub.watch(None, 99)))[1] == "snapshot", "a number of another life of the service"


async def test_a_viewer_that_goes_is_forgotten() -> None:
    hub = Hub(snapshot)
    frames = hub.watch(None, None)
    await following(frames)
    assert len(hub) == 1
    await frames.aclose()  # type: ignore[attr-defined]
    assert len(hub) == 0


@pytest.mark.parametrize("last", [0, 3])
async def test_resuming_gives_nothing_twice(last: int) -> None:
    hub = Hub(snapshot)
    for n in range(4):
        hub.publish("alarm", "a", {"n": n})
    frames = hub.watch(None, last)
    hub.publish("system", "", {})
    seen = [await following(frames) for _ in range(4 - last + 1)]
    assert [number for number, _, _ in seen] == list(range(last + 1, 6))
