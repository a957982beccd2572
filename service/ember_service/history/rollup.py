"""Aggregates and retention on plain PostgreSQL, done by a job of the service as TimescaleDB's workers do them there.

`reading_1m`, `_1h`, `_1d` are views: buckets before an edge come from tables (`…_rolled`), the rest is aggregated at
the query. So live rows show at once and need no job; the job only keeps the tail short. What must not go wrong is a row
that comes behind the edge. The mechanism is TimescaleDB's own (invalidation threshold and log), made of a trigger:

- `reading_rollup.threshold`: an insert into `reading` notes the (minute, channel) of rows before it in `reading_late`.
- The threshold moves first, in a transaction of its own, under an advisory lock that writers hold shared: when it has
  moved, every writer that saw the old one has committed. Only then are the buckets before it filled, from a snapshot
  that therefore holds all their rows, and `rolled`, the views' edge, follows in the same transaction.
- Buckets noted as late are calculated anew from the readings, and the hours and days that hold them from those.

Late rows show in the aggregates after the next run, as on TimescaleDB after the next refresh. Like its refresh window,
ours ends (80 days) before the readings' retention (90): a bucket whose readings are partly gone is never calculated
anew. Writers must be READ COMMITTED (the default). Two jobs at once do no harm: the second does nothing.
"""

# ruff: noqa: S608 -- every part of these statements is a constant of this file
import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ember_base.database import AWAY, explain
from ember_base.flavour import flavour, is_continuous

__all__ = ["KEEP_1M", "KEEP_RAW", "Rolled", "flavour", "run", "run_once"]

log = logging.getLogger(__name__)

LAG: Final = timedelta(minutes=1)
"""Rows older than this when they come are late."""
SLICE: Final = timedelta(days=1)
LATE_HORIZON: Final = timedelta(days=80)
KEEP_RAW: Final = timedelta(days=90)
KEEP_1M: Final = timedelta(days=365)
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ORIGIN: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

_ONE_JOB: Final = text("SELECT pg_try_advisory_lock(1701667442, 2)")
_FREE: Final = text("SELECT pg_advisory_unlock(1701667442, 2)")
_WAIT_FOR_WRITERS: Final = text("SELECT pg_advisory_xact_lock(1701667442, 1)")
_EDGES: Final = text("SELECT threshold, rolled FROM reading_rollup")
_MOVE: Final = text("UPDATE reading_rollup SET threshold = :threshold WHERE threshold < :threshold")
_ROLLED: Final = text("UPDATE reading_rollup SET rolled = :rolled")
_OLDEST: Final = text("SELECT min(time) FROM reading")
_TRIM_RAW: Final = text("DELETE FROM reading WHERE time < :before")
_TRIM_1M: Final = text("DELETE FROM reading_1m_rolled WHERE bucket < :before")

_UPSERT: Final = """
ON CONFLICT (channel, bucket)
DO UPDATE SET min = excluded.min, avg = excluded.avg, max = excluded.max, count = excluded.count
"""
_OF_RAW: Final = "min(r.value), avg(r.value), max(r.value), count(*)"
_OF_FINER: Final = "min(r.min), sum(r.avg * r.count) / sum(r.count), max(r.max), sum(r.count)"


class _Level(NamedTuple):
    """An aggregate: its table, the width of its buckets, and what it is made from."""

    table: str
    width: timedelta
    source: str
    time: str
    figures: str

    @property
    def _bucket(self) -> str:
        return f"date_bin('{int(self.width.total_seconds())} s', r.{self.time}, '2000-01-01 00:00+00')"

    def fill(self) -> str:
        """Buckets of a span of time, all channels."""
        return (
            f"INSERT INTO {self.table} (bucket, channel, min, avg, max, count)"
            f" SELECT {self._bucket}, r.channel, {self.figures} FROM {self.source} r"
            f" WHERE r.{self.time} >= :start AND r.{self.time} < :end GROUP BY 1, 2 {_UPSERT}"
        )

    def mend(self) -> str:
        """Buckets that hold late readings."""
        width = f"interval '{int(self.width.total_seconds())} s'"
        return (
            f"INSERT INTO {self.table} (bucket, channel, min, avg, max, count)"
            f" SELECT l.bucket, l.channel, {self.figures}"
            f" FROM (SELECT DISTINCT date_bin({width}, bucket, '2000-01-01 00:00+00') AS bucket, channel"
            f" FROM reading_late WHERE bucket >= :horizon) l"
            f" JOIN {self.source} r ON r.channel = l.channel"
            f" AND r.{self.time} >= l.bucket AND r.{self.time} < l.bucket + {width} GROUP BY 1, 2 {_UPSERT}"
        )


_LEVELS: Final = (
    _Level("reading_1m_rolled", _MINUTE, "reading", "time", _OF_RAW),
    _Level("reading_1h_rolled", _HOUR, "reading_1m_rolled", "bucket", _OF_FINER),
    _Level("reading_1d_rolled", _DAY, "reading_1h_rolled", "bucket", _OF_FINER),
)


class Rolled(NamedTuple):
    """What a run did: minutes newly filled, noted minutes made good, readings and minutes trimmed."""

    filled: int = 0
    late: int = 0
    trimmed: int = 0


async def run(engine: AsyncEngine, interval: float = 60.0) -> None:
    """Keep the aggregates until cancelled; an error is logged and the next round tries again. `interval` in s."""
    while True:
        try:
            done = await run_once(engine)
            log.debug("aggregates: %s", done)
        except AWAY as error:
            log.warning("the aggregates wait: %s", explain(error))
        await asyncio.sleep(interval)


async def run_once(engine: AsyncEngine, now: datetime | None = None) -> Rolled:
    """Bring the tables to `now` (default: this moment) and trim. On TimescaleDB nothing: its own workers do that."""
    now = now or datetime.now(UTC)
    # One snapshot a transaction: what is aggregated and what is noted as late are of the same moment.
    async with engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
        if await is_continuous(connection):
            return Rolled()
        async with _alone(connection) as alone:
            if not alone:
                return Rolled()
            await _move_threshold(connection, _floor(now - LAG, _MINUTE))
            filled = await _fill(connection)
            async with connection.begin():
                return Rolled(filled, await _mend(connection, now), await _trim(connection, now))


@asynccontextmanager
async def _alone(connection: AsyncConnection) -> AsyncIterator[bool]:
    """Whether no other job is at it, for as long as this lasts. The lock is the session's and ends with it."""
    alone = (await connection.execute(_ONE_JOB)).scalar_one()
    await connection.rollback()
    try:
        yield alone
    finally:
        if alone and not connection.invalidated:
            await connection.execute(_FREE)
            await connection.rollback()


async def _move_threshold(connection: AsyncConnection, threshold: datetime) -> None:
    async with connection.begin():
        # Writers queue behind this lock: rather fail than hold them up behind one that never ends.
        await connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        await connection.execute(_WAIT_FOR_WRITERS)
        await connection.execute(_MOVE, {"threshold": threshold})


async def _fill(connection: AsyncConnection) -> int:
    """Fill the tables up to the threshold, a day a transaction; return the number of minutes filled."""
    filled, at_end = 0, False
    while not at_end:
        async with connection.begin():
            threshold, rolled = (await connection.execute(_EDGES)).one()
            if rolled == NEVER:
                oldest = (await connection.execute(_OLDEST)).scalar_one()
                rolled = min(_floor(oldest, _DAY), threshold) if oldest else threshold
            end = min(threshold, rolled + SLICE)
            for level in _LEVELS:
                span = {"start": _floor(rolled, level.width), "end": _floor(end, level.width)}
                done = await connection.execute(text(level.fill()), span)
                filled += done.rowcount if level.width == _MINUTE else 0
            await connection.execute(_ROLLED, {"rolled": end})
            at_end = end == threshold
    return filled


async def _mend(connection: AsyncConnection, now: datetime) -> int:
    """Calculate anew what was noted as late; return the number of notes."""
    # From the start of a day: a bucket at the horizon is made of all its parts or not at all.
    horizon = {"horizon": _floor(now - LATE_HORIZON, _DAY)}
    for level in _LEVELS:
        await connection.execute(text(level.mend()), horizon)
    return (await connection.execute(text("DELETE FROM reading_late"))).rowcount


async def _trim(connection: AsyncConnection, now: datetime) -> int:
    """Delete what is older than its retention; return the number of rows."""
    raw = await connection.execute(_TRIM_RAW, {"before": now - KEEP_RAW})
    minutes = await connection.execute(_TRIM_1M, {"before": now - KEEP_1M})
    return raw.rowcount + minutes.rowcount


def _floor(time: datetime, width: timedelta) -> datetime:
    return time - (time - _ORIGIN) % width
