"""The only SQL on the register."""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Table, func, null, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ember_base import schema
from ember_service.register.model import (
    Area,
    Channel,
    Circuit,
    Contact,
    Device,
    Register,
    Station,
    Workshop,
    Zone,
)
from ember_service.register.plan import PlanError, check

__all__ = ["TABLES", "PlanError", "import_plan", "load_register"]

T = TypeVar("T", bound=msgspec.Struct)

TABLES: Final[dict[str, tuple[Table, type[msgspec.Struct]]]] = {
    "areas": (schema.area, Area),
    "stations": (schema.station, Station),
    "workshops": (schema.workshop, Workshop),
    "zones": (schema.zone, Zone),
    "circuits": (schema.circuit, Circuit),
    "devices": (schema.device, Device),
    "channels": (schema.channel, Channel),
    "contacts": (schema.contact, Contact),
}
"""Resource → table and what it holds, parents before children."""


async def load_register(connection: AsyncConnection) -> Register:
    """All that is in use, at one revision."""
    parts: dict[str, Any] = {}
    for name, (table, kind) in TABLES.items():
        if name in Register.__struct_fields__:
            parts[name] = [_as(kind, row) for row in await _in_use(connection, table)]
    return Register(revision=await revision(connection), **parts)


async def revision(connection: AsyncConnection) -> int:
    return int(await connection.scalar(select(schema.register_revision.c.revision)) or 0)


async def bump(connection: AsyncConnection) -> int:
    """Count a change of the register, in its own transaction; return the new revision."""
    row = schema.register_revision
    statement = update(row).values(revision=row.c.revision + 1).returning(row.c.revision)
    return int((await connection.execute(statement)).scalar_one())


async def page(
    connection: AsyncConnection, table: Table, where: Sequence[Any], after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Rows in use in the order of their ids, after `after`."""
    query = select(table).where(table.c.retired.is_(None), *where).order_by(table.c.id).limit(limit)
    if after is not None:
        query = query.where(table.c.id > (int(after) if table is schema.channel else after))
    return [dict(row._mapping) for row in await connection.execute(query)]


async def find(connection: AsyncConnection, table: Table, id_: str | int) -> dict[str, Any] | None:
    row = (await connection.execute(select(table).where(table.c.id == id_, table.c.retired.is_(None)))).one_or_none()
    return dict(row._mapping) if row else None


async def create(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row; false where its id (or its device and name) is taken."""
    statement = insert(table).values(values).on_conflict_do_nothing().returning(table.c.id)
    return (await connection.execute(statement)).one_or_none() is not None


async def discovered(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Devices that were heard and are not registered, the newest first, with their channels and last values."""
    rows = await connection.execute(_DISCOVERED)
    return [dict(row._mapping) for row in rows]


_DISCOVERED: Final = text("""
SELECT d.id, d.first_seen, d.last_seen, d.attributes, coalesce(c.channels, '[]') AS channels
FROM (SELECT * FROM seen_device s WHERE NOT EXISTS (SELECT FROM device r WHERE r.id = s.id AND r.retired IS NULL)
      ORDER BY last_seen DESC LIMIT 1000) d
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', k.id::text, 'name', k.name, 'kind', k.kind, 'unit', k.unit,
           'value', r.value, 'time', (extract(epoch FROM r.time) * 1000)::bigint) ORDER BY k.name) AS channels
    FROM seen_channel k LEFT JOIN LATERAL (
        SELECT value, time FROM reading WHERE channel = k.id ORDER BY time DESC LIMIT 1) r ON true
    WHERE k.device = d.id) c ON true
ORDER BY d.last_seen DESC
""")


async def seen_channels(connection: AsyncConnection, device: str) -> list[dict[str, Any]] | None:
    """What a heard device has said; None where it was never heard."""
    seen = schema.seen_device
    if await connection.scalar(select(func.count()).select_from(seen).where(seen.c.id == device)) == 0:
        return None
    channels = schema.seen_channel
    rows = await connection.execute(select(channels).where(channels.c.device == device))
    return [dict(row._mapping) for row in rows]


async def import_plan(connection: AsyncConnection, plan: dict[str, list[dict[str, Any]]], who: str) -> int:
    """Take a plan over, whole or not at all; rows that are there are brought up to date. Returns how many rows.

    Raises PlanError naming every row that is wrong, before anything is written.
    """
    rows = check(plan, await _known(connection))
    for name, (table, _) in TABLES.items():
        if rows[name]:
            statement = insert(table)
            fresh = {column: statement.excluded[column] for column in rows[name][0] if column != "id"}
            anew = statement.on_conflict_do_update(index_elements=["id"], set_={**fresh, "retired": None})
            await connection.execute(anew, rows[name])
    count = sum(map(len, rows.values()))
    await bump(connection)
    await record(connection, who=who, action="register import", what="register", after={"rows": count})
    return count


async def record(
    connection: AsyncConnection,
    *,
    who: str,
    action: str,
    what: str,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
    origin: str = "",
) -> None:
    """Write a change into the audit, in the change's own transaction."""
    entry = {"who": who, "origin": origin, "action": action, "object": what, "before": before, "after": after}
    await connection.execute(schema.audit.insert().values(entry))


async def _known(connection: AsyncConnection) -> dict[str, dict[str, str | None]]:
    """Of each resource the ids in use, with the workshop that each belongs to."""
    found: dict[str, dict[str, str | None]] = {}
    for name, (table, _) in TABLES.items():
        place: Any = table.c.workshop if "workshop" in table.c else null()
        rows = await connection.execute(select(table.c.id, place).where(table.c.retired.is_(None)))
        found[name] = {row[0]: row[1] for row in rows}
    return found


async def _in_use(connection: AsyncConnection, table: Table) -> Sequence[Any]:
    return (await connection.execute(select(table).where(table.c.retired.is_(None)))).all()


def _as(kind: type[T], row: Any) -> T:
    names = set(kind.__struct_fields__)
    return kind(**{name: value for name, value in row._mapping.items() if name in names})
