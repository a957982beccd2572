"""What the gateway writes, on both databases: to the millisecond, and twice is once."""

import asyncio
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base import schema
from ember_gateway.parcel import DeadLetter, Parcel, SeenDevice
from ember_gateway.sink import Sink
from ember_wire.channels import channel_id
from ember_wire.readings import Batch, Columns, Introduction, Reading

T0 = 1_763_900_000_123
DEVICE = "烟感-07"
SMOKE, FIRE = channel_id(DEVICE, "smoke.东"), channel_id(DEVICE, "smoke_alarm")


def parcel(*readings: Reading, **more: Any) -> Parcel:
    introductions = [Introduction(SMOKE, DEVICE, "smoke.东"), Introduction(FIRE, DEVICE, "smoke_alarm")]
    return Parcel(Batch("网关", 1, 1, T0, Columns.of(list(readings)), introductions), **more)


def ms(column: Any) -> Any:
    return func.round(func.extract("epoch", column) * 1000)


async def rows(engine: AsyncEngine, *columns: Any) -> list[tuple[Any, ...]]:
    async with engine.connect() as connection:
        return [tuple(row) for row in (await connection.execute(select(*columns).order_by(*columns))).all()]


async def test_twice_is_once_and_the_first_value_stays(engine: AsyncEngine) -> None:
    sink = Sink(engine)
    first = parcel(Reading(SMOKE, T0, T0 + 1, 0.1, 1), Reading(FIRE, T0 + 1, T0 + 2, 1.0, 63))
    assert await sink.commit([first]) == 2
    again = parcel(Reading(SMOKE, T0, T0 + 9, 0.2, 0), Reading(SMOKE, T0 + 1, T0 + 9, -1e308, 0))
    assert await sink.commit([first, again, first]) == 1
    table = schema.reading.c
    found = await rows(engine, ms(table.time), table.channel, ms(table.received), table.value, table.quality)
    assert sorted(found) == sorted(
        [(T0, SMOKE, T0 + 1, 0.1, 1), (T0 + 1, FIRE, T0 + 2, 1.0, 63), (T0 + 1, SMOKE, T0 + 9, -1e308, 0)]
    )
    seen = schema.seen_channel.c
    found = await rows(engine, seen.name, seen.id, seen.device, seen.kind, seen.unit, ms(seen.first_seen))
    assert found == [
        ("smoke.东", SMOKE, DEVICE, "smoke", "%/m", T0),
        ("smoke_alarm", FIRE, DEVICE, "smoke_alarm", "", T0),
    ]


async def test_times_are_exact_over_all_years_that_can_be(engine: AsyncEngine) -> None:
    times = [1_577_836_800_000, *(T0 + n for n in range(1000)), 1_803_506_399_999, 4_102_444_799_999]
    await Sink(engine).commit([parcel(*[Reading(SMOKE, time, time, 0.0, 0) for time in times])])
    assert [row[0] for row in await rows(engine, ms(schema.reading.c.time))] == times


async def test_what_a_device_says_of_itself_comes_together(engine: AsyncEngine) -> None:
    sink = Sink(engine)
    await sink.commit([parcel(devices=[SeenDevice(DEVICE, T0, {"fw": "1", "hub": '"\\'})])])
    late = parcel(devices=[SeenDevice(DEVICE, T0 - 5000, {"fw": "2"}), SeenDevice("b", T0, {})])
    await sink.commit([late, parcel(devices=[SeenDevice("b", T0 + 1, {"x": "火"})])])
    seen = schema.seen_device.c
    assert await rows(engine, seen.id, ms(seen.first_seen), ms(seen.last_seen), seen.attributes["fw"].astext) == [
        ("b", T0 + 1, T0 + 1, None),
        (DEVICE, T0, T0, "2"),
    ]


async def test_dead_letters_keep_every_byte(engine: AsyncEngine) -> None:
    payload = bytes(range(256))
    letters = [DeadLetter(T0, "a\0b", payload, "not_json", "why\0"), DeadLetter(T0 + 1, "", b"", "too_large", "")]
    await Sink(engine).commit([parcel(dead_letters=letters)])
    table = schema.dead_letter.c
    found = await rows(engine, ms(table.time), table.gateway, table.topic, table.payload, table.reason, table.detail)
    assert found == [(T0, "网关", "ab", payload, "not_json", "why"), (T0 + 1, "网关", "", b"", "too_large", "")]


async def test_live_traffic_and_replay_do_not_block_each_other(postgres_engine: AsyncEngine) -> None:
    """They meet the same devices and channels, in opposite orders."""
    sink = Sink(postgres_engine)
    names = [f"d{n}" for n in range(200)]

    def of(order: list[str], time: int) -> Parcel:
        told = [Introduction(channel_id(name, "smoke"), name, "smoke") for name in order]
        readings = [Reading(i.channel, time, time, 0.0, 0) for i in told]
        return Parcel(
            Batch("g", 1, time - T0, time, Columns.of(readings), told), [], [SeenDevice(n, time, {}) for n in order]
        )

    work = [sink.commit([of(names if n % 2 else names[::-1], T0 + n)]) for n in range(40)]
    assert await asyncio.gather(*work) == [200] * 40
