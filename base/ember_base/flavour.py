"""Which database this is: TimescaleDB with continuous aggregates, or plain PostgreSQL with tables in their stead."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

_CONTINUOUS: Final = """
SELECT relkind = 'v' AND NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('reading_rollup'))
FROM pg_class WHERE oid = to_regclass('reading_1m')
"""
_TIMESCALE: Final = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"


async def is_continuous(connection: AsyncConnection) -> bool:
    """Whether TimescaleDB keeps the aggregates (so it was migrated); false too where nothing is migrated yet."""
    return bool((await connection.exec_driver_sql(_CONTINUOUS)).scalar_one_or_none())


async def flavour(connection: AsyncConnection) -> str:
    """`timescaledb <version>` where it keeps the history, else `postgresql <version>`."""
    if await is_continuous(connection):
        return f"timescaledb {(await connection.exec_driver_sql(_TIMESCALE)).scalar_one()}"
    return f"postgresql {(await connection.exec_driver_sql('SHOW server_version')).scalar_one().split()[0]}"
