"""Rows as gateway, service and evaluator write them, for tests of what reads them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ember_base import schema
from ember_wire.channels import channel_id
from ember_wire.kinds import kind_of, unit_of

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """`T0` and some seconds."""
    return T0 + timedelta(seconds=seconds)


async def introduce(connection: AsyncConnection, device: str, name: str, *, seen: datetime = T0) -> int:
    """Make a device and its channel seen; return the channel's id."""
    number = channel_id(device, name)
    kind = kind_of(name)
    found = {"id": number, "device": device, "name": name, "kind": kind, "unit": unit_of(kind), "first_seen": seen}
    await connection.execute(upsert(schema.seen_channel).values(found).on_conflict_do_nothing())
    row = {"id": device, "first_seen": seen, "last_seen": seen}
    await connection.execute(upsert(schema.seen_device).values(row).on_conflict_do_nothing())
    return number


async def store(target: AsyncEngine, readings: Iterable[tuple[int, datetime, float]]) -> None:
    """Store (channel, time, value), received a second after; what is there already stays."""
    rows = [
        {"channel": channel, "time": time, "received": time + timedelta(seconds=1), "value": value}
        for channel, time, value in readings
    ]
    async with target.begin() as connection:
        await connection.execute(upsert(schema.reading).on_conflict_do_nothing(), rows)


async def register(connection: AsyncConnection, device: str, *, workshop: str = "w1", zone: str | None = "z1") -> None:
    """An area with a workshop with a zone with a device, as far as they are not there yet."""
    for table, row in (
        (schema.area, {"id": "a1", "name": "North", "kind": "town"}),
        (schema.workshop, {"id": workshop, "name": f"Workshop {workshop}", "area": "a1"}),
        (schema.zone, {"id": "z1", "workshop": workshop, "name": "Casting", "kind": "casting"}),
        (schema.device, {"id": device, "workshop": workshop, "zone": zone, "model": "SD-1"}),
    ):
        await connection.execute(upsert(table).values(row).on_conflict_do_nothing())


def alarm_row(number: str, **given: Any) -> dict[str, Any]:
    """A row of `alarm`: a fire of workshop w1, open."""
    row = {
        "id": number,
        "revision": 1,
        "rule": "fire.smoke",
        "rule_version": 1,
        "class": "fire",
        "severity": 900,
        "open": True,
        "state": "B",
        "workshop": "w1",
        "onset": T0,
        "raised": at(2),
        "record": {"id": number, "channel_name": "smoke"},
    }
    return {**row, **given}


async def raise_alarm(connection: AsyncConnection, number: str, **given: Any) -> None:
    """An alarm with its first event."""
    await connection.execute(insert(schema.alarm).values(alarm_row(number, **given)))
    event = {"id": f"{number}-1", "alarm": number, "seq": 1, "kind": "raised", "happened": T0, "known": at(2)}
    await connection.execute(insert(schema.alarm_event).values({**event, "record": {}}))


async def tell(connection: AsyncConnection, number: str, alarm: str, sent: datetime | None) -> None:
    """A mail about an alarm, sent or still waiting."""
    row = dict.fromkeys(("transition", "contact", "contact_name", "address", "language", "subject", "text"), "x")
    state = "delivered" if sent else "queued"
    extra = {"id": number, "alarm": alarm, "channel": "mail", "state": state, "queued": at(3), "sent": sent}
    await connection.execute(insert(schema.message).values({**row, **extra}))
