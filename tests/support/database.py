"""Databases for tests. Every test gets one of its own, at head, and it is gone afterwards.

- `database_url`, `engine`: the test runs twice, on plain PostgreSQL and on TimescaleDB. For every query of ours.
- `postgres_url`, `postgres_engine`: plain PostgreSQL only, 20 ms. For what is about something else than SQL.
- `empty_database_url`: both, without a table.
- `timescale_url`, `timescale_engine`: TimescaleDB only.

TimescaleDB in WebAssembly has one session: an engine on it has one connection, and tests that need two take
`postgres_url`, or ask `cluster.sessions`.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.database import make_engine
from ember_host.embedded.postgres import EmbeddedPostgres
from tests.support.timescale import Cluster, Server, timescale_cluster

BOTH: Final = ("postgresql", "timescaledb")


@pytest.fixture(scope="session")
def postgres_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A plain PostgreSQL for the whole session, of the embedded programs."""
    embedded = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False)
    embedded.prepare()
    embedded.start()
    yield Server(embedded.url_of("postgres"), "ew_test_pg", clone=True)
    embedded.stop()


@pytest.fixture(scope="session")
def timescaledb_cluster() -> Iterator[Cluster]:
    """A TimescaleDB for the whole session; not run where none is to be had."""
    with timescale_cluster() as cluster:
        yield cluster


@pytest.fixture(params=BOTH)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Plain PostgreSQL, then TimescaleDB."""
    name = "postgres_cluster" if request.param == "postgresql" else "timescaledb_cluster"
    found: Cluster = request.getfixturevalue(name)
    return found


@pytest.fixture
def empty_database_url(cluster: Cluster) -> Iterator[str]:
    """A database without a table, on each of both."""
    url = cluster.empty()
    yield url
    cluster.drop(url)


@pytest.fixture
def database_url(cluster: Cluster) -> Iterator[str]:
    """A database at head, on each of both."""
    yield from _migrated(cluster)


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """A database at head on plain PostgreSQL."""
    yield from _migrated(postgres_cluster)


@pytest.fixture
def timescale_url(timescaledb_cluster: Cluster) -> Iterator[str]:
    """A database at head on TimescaleDB."""
    yield from _migrated(timescaledb_cluster)


@pytest.fixture
async def engine(database_url: str, cluster: Cluster) -> AsyncIterator[AsyncEngine]:
    """An engine on a database at head, on each of both."""
    made = make_engine(database_url, pool=min(cluster.sessions, 4), application="test")
    yield made
    await made.dispose()


@pytest.fixture
async def postgres_engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on plain PostgreSQL."""
    made = make_engine(postgres_url, application="test")
    yield made
    await made.dispose()


@pytest.fixture
async def timescale_engine(timescale_url: str, timescaledb_cluster: Cluster) -> AsyncIterator[AsyncEngine]:
    """An engine on TimescaleDB."""
    made = make_engine(timescale_url, pool=min(timescaledb_cluster.sessions, 4), application="test")
    yield made
    await made.dispose()


def _migrated(cluster: Cluster) -> Iterator[str]:
    url = cluster.migrated()
    yield url
    cluster.drop(url)
