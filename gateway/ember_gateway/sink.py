"""Parcels into the database, each transaction whole or not at all. Writing one twice is writing it once."""

from typing import Final

import msgspec
import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ember_gateway.parcel import Parcel
from ember_wire.kinds import kind_of, unit_of

_READINGS: Final = """
INSERT INTO reading (channel, time, received, value, quality)
SELECT c, 'epoch'::timestamptz + t * interval '1 ms', 'epoch'::timestamptz + r * interval '1 ms', v, q
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::float8[], $5::smallint[]) AS u (c, t, r, v, q)
ON CONFLICT (channel, time) DO NOTHING
"""
_CHANNELS: Final = """
INSERT INTO seen_channel (id, device, name, kind, unit, first_seen)
SELECT i, d, n, k, u, 'epoch'::timestamptz + $6::bigint * interval '1 ms'
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) AS s (i, d, n, k, u)
ON CONFLICT (id) DO NOTHING
"""
_DEVICES: Final = """
INSERT INTO seen_device AS s (id, first_seen, last_seen, attributes)
SELECT i, 'epoch'::timestamptz + t * interval '1 ms', 'epoch'::timestamptz + t * interval '1 ms', a::jsonb
FROM unnest($1::text[], $2::bigint[], $3::text[]) AS u (i, t, a)
ON CONFLICT (id) DO UPDATE SET
  last_seen = greatest(s.last_seen, excluded.last_seen), attributes = s.attributes || excluded.attributes
"""
_DEAD_LETTERS: Final = """
INSERT INTO dead_letter (time, gateway, topic, payload, reason, detail)
SELECT 'epoch'::timestamptz + t * interval '1 ms', $2, o, p, r, d
FROM unnest($1::bigint[], $3::text[], $4::bytea[], $5::text[], $6::text[]) AS u (t, o, p, r, d)
"""


class Sink:
    """The one writer of reading, seen_device, seen_channel and dead_letter."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def commit(self, parcels: list[Parcel]) -> int:
        """Write all of them in one transaction; return the readings that were new. Raises what the database raises."""
        async with self._engine.begin() as connection:
            stored = await _write_readings(connection, parcels)
            await _write_channels(connection, parcels)
            await _write_devices(connection, parcels)
            await _write_dead_letters(connection, parcels)
        return stored

    async def probe(self) -> None:
        """Ask the database whether it is there, and migrated. Raises what the database raises."""
        async with self._engine.connect() as connection:
            await connection.exec_driver_sql("SELECT channel, quality FROM reading LIMIT 0")


async def _write_readings(connection: AsyncConnection, parcels: list[Parcel]) -> int:
    columns = [parcel.batch.columns for parcel in parcels if len(parcel.batch.columns)]
    if not columns:
        return 0
    rows = tuple(
        np.concatenate([getattr(c, name) for c in columns]).tolist()
        for name in ("channel", "time", "received", "value", "quality")
    )
    return (await connection.exec_driver_sql(_READINGS, rows)).rowcount


async def _write_channels(connection: AsyncConnection, parcels: list[Parcel]) -> None:
    told = {i.channel: i for parcel in parcels for i in parcel.batch.introductions}
    told = dict(sorted(told.items()))  # in one order in every transaction: live traffic and replay cannot deadlock
    if told:
        kinds = [kind_of(i.name) for i in told.values()]
        rows = (
            list(told),
            [i.device for i in told.values()],
            [i.name for i in told.values()],
            kinds,
            [unit_of(kind) for kind in kinds],
            parcels[0].batch.sent,
        )
        await connection.exec_driver_sql(_CHANNELS, rows)


async def _write_devices(connection: AsyncConnection, parcels: list[Parcel]) -> None:
    latest: dict[str, tuple[int, dict[str, str]]] = {}
    for seen in (device for parcel in parcels for device in parcel.devices):
        earlier = latest.get(seen.device, (0, {}))
        latest[seen.device] = (max(seen.time, earlier[0]), {**earlier[1], **seen.attributes})
    latest = dict(sorted(latest.items()))
    if latest:
        attributes = [msgspec.json.encode(a).decode() for _, a in latest.values()]
        await connection.exec_driver_sql(_DEVICES, (list(latest), [t for t, _ in latest.values()], attributes))


async def _write_dead_letters(connection: AsyncConnection, parcels: list[Parcel]) -> None:
    dead = [letter for parcel in parcels for letter in parcel.dead_letters]
    if dead:
        rows = (
            [d.time for d in dead],
            parcels[0].batch.gateway,
            [d.topic.replace("\0", "") for d in dead],
            [d.payload for d in dead],
            [d.reason for d in dead],
            [d.detail.replace("\0", "") for d in dead],
        )
        await connection.exec_driver_sql(_DEAD_LETTERS, rows)
