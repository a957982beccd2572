"""History's queries on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_service.history.model import Bucket, Named, Point, to_ms
from ember_service.history.repository import find_channel, history, last_values
from ember_wire.channels import channel_id
from tests.support.rows import T0, at, introduce, register, store

START = to_ms(T0)


async def test_a_channel_is_found_by_id_and_by_name(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await register(connection, "d1")
        number = await introduce(connection, "d1", "current.l1")
        await introduce(connection, "stranger", "smoke")
    async with engine.connect() as connection:
        wanted = Named(number, "d1", "current.l1", "current", "A", "w1")
        assert await find_channel(connection, str(number)) == wanted
        assert await find_channel(connection, "d1/current.l1") == wanted
        stranger = await find_channel(connection, "stranger/smoke")
        assert stranger is not None
        assert stranger.workshop is None


@pytest.mark.parametrize("wanted", ["", "x", "1", "9" * 40, "d1/", "/", "d1/none", "1.5", "\0"])
async def test_what_is_no_channel_is_none(engine: AsyncEngine, wanted: str) -> None:
    async with engine.connect() as connection:
        assert await find_channel(connection, wanted) is None


async def test_points_as_stored(engine: AsyncEngine) -> None:
    channel, other = channel_id("d1", "smoke"), channel_id("d1", "load")
    await store(engine, [(channel, at(s), float(s)) for s in (3, 1, 2, 0)] + [(other, at(1), 9.0)])
    async with engine.connect() as connection:
        found = await history(connection, channel, START + 1000, START + 3000)
        assert found == (0, [Point(START + 1000, 1.0, 0), Point(START + 2000, 2.0, 0)], False)
        cut = await history(connection, channel, START, START + 9000, limit=2)
        assert [point.time for point in cut.items] == [START, START + 1000]
        assert cut.more
        assert (await history(connection, channel, -(10**18), 10**18)).items[0].time == START
        assert (await history(connection, 1, START, START + 9000)).items == []


@pytest.mark.parametrize(
    ("step", "answered", "counts"),
    [
        (10, 10, {0: 10, 10: 10, 20: 10, 30: 10, 40: 10, 50: 10, 60: 10, 3600: 1}),
        (60, 60, {0: 60, 60: 10, 3600: 1}),
        (90, 120, {0: 70, 3600: 1}),
        (3600, 3600, {0: 70, 3600: 1}),
        (7200, 7200, {0: 71}),
        (86400, 86400, {-43200: 71}),
    ],
)
async def test_buckets_of_a_step(engine: AsyncEngine, step: int, answered: int, counts: dict[int, int]) -> None:
    channel = channel_id("d1", "temperature")
    await store(engine, [(channel, at(s), float(s)) for s in (*range(70), 3600)])
    async with engine.connect() as connection:
        found = await history(connection, channel, START, START + 7_200_000, step)
    assert found.step == answered
    buckets = [bucket for bucket in found.items if isinstance(bucket, Bucket)]
    assert {(b.time - START) // 1000: b.count for b in buckets} == counts
    first = buckets[0]
    assert first.min == 0.0
    if first.count <= 70:
        assert (first.avg, first.max) == pytest.approx(((first.count - 1) / 2, first.count - 1))


async def test_the_last_value_of_each_channel(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await register(connection, "d1")
        load, smoke, silent = [await introduce(connection, "d1", name) for name in ("load", "smoke", "tamper")]
    await store(engine, [(load, at(0), 1.0), (load, at(9), 2.0), (smoke, at(5), 3.0), (silent, at(-7200), 1.0)])
    async with engine.connect() as connection:
        found = {value.name: value for value in await last_values(connection, to_ms(T0 - timedelta(hours=1)))}
    assert {name: (v.channel, v.device, v.time, v.received, v.value) for name, v in found.items()} == {
        "load": (load, "d1", START + 9000, START + 10_000, 2.0),
        "smoke": (smoke, "d1", START + 5000, START + 6000, 3.0),
    }
    assert (found["load"].kind, found["load"].unit, found["load"].quality) == ("load", "%", 0)
