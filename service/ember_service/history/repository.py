"""The SQL of history; the same on TimescaleDB and on plain PostgreSQL."""

from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ember_base.flavour import flavour
from ember_service.history.model import (
    Bucket,
    History,
    LastValue,
    Named,
    Point,
    Source,
    source_for,
    to_ms,
    to_time,
)
from ember_wire.channels import channel_id

__all__ = ["LIMIT", "find_channel", "flavour", "history", "last_values"]

LIMIT: Final = 10_000

_CHANNEL: Final = text("""
SELECT n.id, n.device, n.name, n.kind, n.unit, d.workshop
FROM (SELECT 1 AS rank, id, device, name, kind, unit FROM channel WHERE id = :id
      UNION ALL SELECT 2, id, device, name, kind, unit FROM seen_channel WHERE id = :id) n
     LEFT JOIN device d ON d.id = n.device
ORDER BY n.rank LIMIT 1
""")
_POINTS: Final = text("""
SELECT time, value, quality FROM reading
WHERE channel = :channel AND time >= :start AND time < :end ORDER BY time LIMIT :limit
""")
_BUCKETS: Final = """
SELECT date_bin(make_interval(secs => :step), {time}, '2000-01-01 00:00+00') AS step_start, {figures} FROM {table}
WHERE channel = :channel AND {time} >= :start AND {time} < :end GROUP BY 1 ORDER BY 1 LIMIT :limit
"""
_OF_RAW: Final = "min(value), avg(value), max(value), count(*)"
_OF_BUCKETS: Final = "min(min), sum(avg * count) / sum(count), max(max), sum(count)::bigint"
# One index look-up a channel, whatever the size of the history.
_LAST: Final = text("""
SELECT s.id, s.device, s.name, s.kind, s.unit, r.time, r.received, r.value, r.quality
FROM seen_channel s CROSS JOIN LATERAL (
    SELECT time, received, value, quality FROM reading
    WHERE channel = s.id AND time >= :since ORDER BY time DESC LIMIT 1) r
""")


async def find_channel(connection: AsyncConnection, wanted: str) -> Named | None:
    """The channel of an id (a decimal text) or of `device/name`; None where nobody knows it."""
    device, slash, name = wanted.partition("/")
    try:
        number = channel_id(device, name) if slash else int(wanted)
    except ValueError:
        return None
    if not -(2**63) <= number < 2**63:
        return None
    row = (await connection.execute(_CHANNEL, {"id": number})).one_or_none()
    return Named(*row) if row else None


async def history(
    connection: AsyncConnection, channel: int, start: int, end: int, step: int = 0, limit: int = LIMIT
) -> History:
    """Readings of `start` ≤ time < `end` (ms), as stored (`step` 0) or in buckets of about `step` s.

    Buckets are whole: `start` is taken back to the start of its own.
    """
    source = source_for(step)
    width = source.step * 1000
    given: dict[str, Any] = {"channel": channel, "end": to_time(end), "limit": limit + 1}
    if not width:
        rows = (await connection.execute(_POINTS, {**given, "start": to_time(start)})).all()
        return History(0, [Point(to_ms(r[0]), r[1], r[2]) for r in rows[:limit]], len(rows) > limit)
    given |= {"start": to_time(floor(start, width)), "step": float(source.step)}
    rows = (await connection.execute(text(_statement(source)), given)).all()
    return History(source.step, [Bucket(to_ms(r[0]), *r[1:]) for r in rows[:limit]], len(rows) > limit)


async def last_values(connection: AsyncConnection, since: int) -> list[LastValue]:
    """The newest reading of each channel that has one since `since` (ms), in no order."""
    rows = (await connection.execute(_LAST, {"since": to_time(since)})).all()
    return [LastValue(r[0], r[1], r[2], r[3], r[4], to_ms(r[5]), to_ms(r[6]), r[7], r[8]) for r in rows]


def floor(ms: int, width: int) -> int:
    """The start of the bucket of `width` ms that holds `ms`, counted from 2000-01-01 as the database does."""
    origin = 946_684_800_000
    return (ms - origin) // width * width + origin


def _statement(source: Source) -> str:
    raw = source.table == "reading"
    return _BUCKETS.format(
        table=source.table, time="time" if raw else "bucket", figures=_OF_RAW if raw else _OF_BUCKETS
    )
