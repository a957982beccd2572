"""Schema `report`, as a dashboard reads it: the columns of the contract, right answers, and no way to anything else."""

from datetime import timedelta
from typing import Any

# ruff: noqa: S608 -- the statements are made of names of this file
import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ember_base import schema
from ember_base.migrate import READER
from tests.support.rows import T0, at, introduce, raise_alarm, register, store, tell

AGGREGATE = "time workshop device channel kind unit min avg max count channel_id"
COLUMNS = {
    "channel": "workshop device channel kind unit zone first_seen channel_id",
    "reading": "time received workshop device channel kind unit value quality channel_id",
    "reading_1m": AGGREGATE,
    "reading_1h": AGGREGATE,
    "reading_1d": AGGREGATE,
    "alarm": "id workshop workshop_name zone device channel rule rule_version class severity open state onset raised"
    " returned acked acked_by closed verdict updated",
    "alarm_event": "id alarm seq kind happened known who why class workshop device",
    "device_health": "workshop device zone model supervision period discovered retired first_seen last_seen online"
    " battery battery_time",
    "response_time": "alarm workshop device class severity raised told acked closed verdict seconds_to_raise"
    " seconds_to_tell seconds_to_acknowledge seconds_to_close",
}


async def rows(target: AsyncEngine, query: str) -> list[tuple[Any, ...]]:
    async with target.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def as_reader(connection: AsyncConnection) -> None:
    await connection.execute(text(f"SET LOCAL ROLE {READER}"))


async def test_views_have_the_columns_of_the_contract(engine: AsyncEngine) -> None:
    found = await rows(
        engine,
        "SELECT c.relname::text, string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'report'::regnamespace GROUP BY 1",
    )
    assert dict(found) == COLUMNS


async def test_readings_carry_their_names(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await register(connection, "d1")
        known = await introduce(connection, "d1", "temperature")
        unknown = await introduce(connection, "stranger", "smoke.2")
    await store(engine, [(known, T0, 21.5), (unknown, at(1), 0.5)])
    assert await rows(engine, "SELECT * FROM report.reading ORDER BY time") == [
        (T0, at(1), "w1", "d1", "temperature", "temperature", "Cel", 21.5, 0, known),
        (at(1), at(2), "unassigned", "stranger", "smoke.2", "smoke", "%/m", 0.5, 0, unknown),
    ]
    assert await rows(engine, "SELECT workshop, device, channel, kind, unit, zone FROM report.channel ORDER BY 2") == [
        ("w1", "d1", "temperature", "temperature", "Cel", "z1"),
        ("unassigned", "stranger", "smoke.2", "smoke", "%/m", None),
    ]


async def test_aggregates_carry_their_names(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await register(connection, "d1")
        channel = await introduce(connection, "d1", "load")
    await store(
        engine, [(channel, T0, 10.0), (channel, at(59), 20.0), (channel, at(60), 60.0), (channel, at(3600), 2.0)]
    )
    names = ("w1", "d1", "load", "load", "%")
    assert await rows(engine, "SELECT * FROM report.reading_1m ORDER BY time") == [
        (T0, *names, 10.0, 15.0, 20.0, 2, channel),
        (at(60), *names, 60.0, 60.0, 60.0, 1, channel),
        (at(3600), *names, 2.0, 2.0, 2.0, 1, channel),
    ]
    assert await rows(engine, "SELECT * FROM report.reading_1h ORDER BY time") == [
        (T0, *names, 10.0, 30.0, 60.0, 3, channel),
        (at(3600), *names, 2.0, 2.0, 2.0, 1, channel),
    ]
    midnight = T0 - timedelta(hours=12)
    assert await rows(engine, "SELECT * FROM report.reading_1d") == [(midnight, *names, 2.0, 23.0, 60.0, 4, channel)]


async def test_alarms_and_their_events(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await register(connection, "d1")
        channel = await introduce(connection, "d1", "smoke")
        await raise_alarm(connection, "e1", device="d1", channel=channel, zone="z1")
        await raise_alarm(connection, "e2", workshop="unassigned", device="stranger", channel=7)
    seen = "SELECT id, workshop, workshop_name, zone, device, channel, class, open, onset, raised FROM report.alarm"
    assert await rows(engine, f"{seen} ORDER BY id") == [
        ("e1", "w1", "Workshop w1", "z1", "d1", "smoke", "fire", True, T0, at(2)),
        ("e2", "unassigned", None, None, "stranger", "smoke", "fire", True, T0, at(2)),
    ]
    assert await rows(engine, "SELECT * FROM report.alarm_event WHERE alarm = 'e1'") == [
        ("e1-1", "e1", 1, "raised", T0, at(2), None, None, "fire", "w1", "d1")
    ]


async def test_health_of_devices(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await register(connection, "d1")
        await register(connection, "never-heard", zone=None)
        online, battery = [await introduce(connection, "d1", name) for name in ("online", "battery")]
        away = await introduce(connection, "stranger", "online")
    await store(engine, [(online, T0, 0.0), (online, at(60), 1.0), (battery, at(5), 87.0), (battery, T0, 99.0)])
    await store(engine, [(away, T0, 0.0)])
    health = (
        "SELECT workshop, device, zone, discovered, last_seen, online, battery, battery_time FROM report.device_health"
    )
    assert await rows(engine, f"{health} ORDER BY device") == [
        ("w1", "d1", "z1", False, T0, True, 87.0, at(5)),
        ("w1", "never-heard", None, False, None, None, None, None),
        ("unassigned", "stranger", None, True, T0, False, None, None),
    ]


async def test_response_times(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await raise_alarm(connection, "e1")
        await raise_alarm(connection, "e2")
        for number, sent in (("m1", at(9)), ("m2", at(5)), ("m3", None)):
            await tell(connection, number, "e1", sent)
        await tell(connection, "m4", "e2", None)
        alarm = schema.alarm
        taken = {"acked": at(32), "closed": at(602), "verdict": "nuisance"}
        await connection.execute(update(alarm).where(alarm.c.id == "e1").values(taken))
    times = "told, seconds_to_raise, seconds_to_tell, seconds_to_acknowledge, seconds_to_close"
    assert await rows(engine, f"SELECT alarm, {times}, verdict FROM report.response_time ORDER BY alarm") == [
        ("e1", at(5), 2.0, 3.0, 30.0, 600.0, "nuisance"),
        ("e2", None, 2.0, None, None, None, None),
    ]


async def test_the_reader_reads_every_view(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await as_reader(connection)
        for view in COLUMNS:
            assert (await connection.execute(text(f"SELECT count(*) FROM report.{view}"))).scalar_one() == 0


async def test_the_reader_reads_no_table_and_writes_nothing(engine: AsyncEngine) -> None:
    refused = [f"SELECT 1 FROM {name}" for name in (*schema.metadata.tables, *schema.views.tables, "alembic_version")]
    refused += ["DELETE FROM reading", "CREATE TABLE t ()"]
    async with engine.connect() as connection:
        for statement in refused:
            async with connection.begin() as transaction:
                await as_reader(connection)
                with pytest.raises(ProgrammingError, match="permission denied"):
                    await connection.execute(text(statement))
                await transaction.rollback()


async def test_the_reader_cannot_sign_in_until_it_has_a_password(engine: AsyncEngine) -> None:
    assert await rows(engine, f"SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = '{READER}'") == [
        (False, False)
    ]
