"""What the API reads of kept alarms; `repository.py` has what the evaluator writes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ember_base.schema import alarm, alarm_event


async def page(
    connection: AsyncConnection, where: Sequence[Any], after: tuple[int, str] | None, limit: int
) -> list[dict[str, Any]]:
    """Records, the newest first, older than `after` (raised in µs, id); each with that key as `key`."""
    query = select(alarm.c.record, alarm.c.raised, alarm.c.id).where(*where)
    if after is not None:
        moment = datetime.fromtimestamp(after[0] / 1_000_000, UTC)
        query = query.where(tuple_(alarm.c.raised, alarm.c.id) < tuple_(moment, after[1]))
    query = query.order_by(alarm.c.raised.desc(), alarm.c.id.desc()).limit(limit)
    rows = await connection.execute(query)
    return [{"record": r.record, "key": f"{round(r.raised.timestamp() * 1_000_000)} {r.id}"} for r in rows]


async def record(connection: AsyncConnection, id_: str) -> dict[str, Any] | None:
    """One alarm's record."""
    found: dict[str, Any] | None = await connection.scalar(select(alarm.c.record).where(alarm.c.id == id_))
    return found


async def events(connection: AsyncConnection, id_: str) -> list[dict[str, Any]]:
    """The transitions of an alarm, in order."""
    query = select(alarm_event.c.record).where(alarm_event.c.alarm == id_).order_by(alarm_event.c.seq)
    return list((await connection.execute(query)).scalars())
