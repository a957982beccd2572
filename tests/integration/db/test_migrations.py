"""Every migration, on both databases: from nothing, step by step, again, at once."""

import asyncio
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.database import make_engine
from ember_base.flavour import flavour, is_continuous
from ember_base.migrate import config, head, migrate
from ember_base.schema import metadata, views
from tests.support.timescale import Cluster

REVISIONS = [script.revision for script in reversed(list(ScriptDirectory.from_config(config()).walk_revisions()))]
OF_THE_JOB = {"reading_rollup", "reading_late", "reading_1m_rolled", "reading_1h_rolled", "reading_1d_rolled"}
"""Tables that plain PostgreSQL has in the stead of continuous aggregates."""


async def test_every_revision_goes_on_from_the_one_before(empty_database_url: str) -> None:
    before = None
    for revision in REVISIONS:
        assert await asyncio.to_thread(migrate, empty_database_url, revision) == (before, revision)
        before = revision
    assert before == head()


async def test_from_nothing_to_head_and_again_is_nothing(empty_database_url: str) -> None:
    assert await asyncio.to_thread(migrate, empty_database_url) == (None, head())
    assert await asyncio.to_thread(migrate, empty_database_url) == (head(), head())


async def test_two_threads_at_once_do_it_once(postgres_cluster: Cluster) -> None:
    url = postgres_cluster.empty()
    ends = await asyncio.gather(*(asyncio.to_thread(migrate, url) for _ in range(3)))
    assert {after for _, after in ends} == {head()}
    postgres_cluster.drop(url)


async def test_two_processes_at_once_do_it_once(postgres_cluster: Cluster) -> None:
    url = postgres_cluster.empty()
    program = f"from ember_base.migrate import migrate; print(migrate({url!r})[1])"
    running = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    said = [(await process.communicate())[0] for process in running]
    assert said == [f"{head()}\n".encode()] * 2
    postgres_cluster.drop(url)


async def test_head_is_what_the_metadata_says(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: kind != "table" or name not in OF_THE_JOB},
        )
        return list(compare_metadata(context, metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_comparison_would_see_a_difference(postgres_engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), views))

    async with postgres_engine.connect() as connection:
        assert await connection.run_sync(differences)


async def test_aggregates_have_the_columns_of_the_metadata(engine: AsyncEngine) -> None:
    columns = text(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = to_regclass(:name) AND attnum > 0 ORDER BY attnum"
    )
    for name, table in views.tables.items():
        async with engine.connect() as connection:
            found = (await connection.execute(columns, {"name": name})).all()
        kinds = [column.type.compile(dialect=postgresql.dialect()).lower() for column in table.columns]
        assert [tuple(row) for row in found] == list(zip(table.columns.keys(), kinds, strict=True)), name


async def test_the_register_starts_at_revision_nought(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT revision FROM register_revision"))).all() == [(0,)]


async def test_flavour_says_what_keeps_the_history(engine: AsyncEngine, request: pytest.FixtureRequest) -> None:
    timescale = "timescaledb" in request.node.callspec.id
    async with engine.connect() as connection:
        assert await is_continuous(connection) is timescale
        assert (await flavour(connection)).split(" ")[0] == ("timescaledb" if timescale else "postgresql")


async def test_flavour_of_an_empty_database_is_told_too(postgres_cluster: Cluster) -> None:
    url = postgres_cluster.empty()
    engine = make_engine(url)
    async with engine.connect() as connection:
        assert (await flavour(connection)).startswith("postgresql ")
    await engine.dispose()
    postgres_cluster.drop(url)


async def test_timescaledb_keeps_and_compresses_by_policies(timescale_engine: AsyncEngine) -> None:
    policies = text(
        "SELECT hypertable_name, proc_name, config ->> 'drop_after', config ->> 'compress_after',"
        " config ->> 'start_offset' FROM timescaledb_information.jobs WHERE job_id >= 1000"
        " ORDER BY hypertable_name, proc_name"
    )
    async with timescale_engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(policies)]
    refresh = [row for row in rows if row[1] == "policy_refresh_continuous_aggregate"]
    assert [row[4] for row in refresh] == ["80 days"] * 3, "shorter than the readings' retention"
    assert ("reading", "policy_retention", "90 days", None, None) in rows
    assert ("reading", "policy_compression", None, "7 days", None) in rows
    assert ("reading_1m", "policy_retention", "1 year", None, None) in rows


async def test_an_owner_without_other_rights_can_migrate(postgres_cluster: Cluster) -> None:
    url = postgres_cluster.empty()
    name = urlsplit(url).path[1:]
    admin = make_engine(url)
    async with admin.begin() as connection:
        await connection.execute(text("CREATE ROLE plain_owner LOGIN PASSWORD 'plain-owner' NOSUPERUSER"))
        await connection.execute(text(f'ALTER DATABASE "{name}" OWNER TO plain_owner'))
    owned = urlsplit(url)
    owned = owned._replace(netloc=f"plain_owner:plain-owner@{owned.hostname}:{owned.port}")
    assert await asyncio.to_thread(migrate, owned.geturl()) == (None, head())
    await admin.dispose()
    postgres_cluster.drop(url)
    remaining = make_engine(postgres_cluster.empty())
    async with remaining.begin() as connection:
        await connection.execute(text("DROP ROLE plain_owner"))
    await remaining.dispose()
