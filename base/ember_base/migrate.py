"""The schema to its head, on TimescaleDB and on plain PostgreSQL, from a source checkout as from the wheel."""

import asyncio
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from alembic.command import upgrade
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ember_base.database import async_url

READER: Final = "emberwatch_grafana"
"""The role that dashboards sign in with: it reads schema `report` and nothing else."""
_LOCK: Final = 0x656D6272
_ONE_A_PROCESS: Final = threading.Lock()  # Alembic's environment is global
_TIMEOUT_S: Final = 10.0
_GRANT: Final = f"""
DO $$ BEGIN
  IF to_regnamespace('report') IS NOT NULL AND EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') THEN
    GRANT USAGE ON SCHEMA report TO {READER};
    GRANT SELECT ON ALL TABLES IN SCHEMA report TO {READER};
  END IF;
END $$
"""


def migrate(database_url: str, to: str = "head") -> tuple[str | None, str | None]:
    """Upgrade to revision `to`; return the revisions before and after (None: an empty database).

    Runs an event loop of its own: where one is running, call it in a thread. Raises what the database raises.
    Safe when two run at once: the second waits, and finds nothing to do.
    """
    return asyncio.run(_migrate(database_url, to))


async def _migrate(database_url: str, to: str) -> tuple[str | None, str | None]:
    # No command timeout: a migration may rightly take hours.
    engine = create_async_engine(async_url(database_url), poolclass=NullPool, connect_args={"timeout": _TIMEOUT_S})
    try:
        async with engine.connect() as connection:
            before = await connection.run_sync(current)
            await connection.rollback()
            await connection.run_sync(_upgrade, to)
            return before, await connection.run_sync(current)
    finally:
        await engine.dispose()


def config() -> Config:
    """Alembic's configuration, without a file: the folder of migrations."""
    settings = Config()
    settings.set_main_option("script_location", str(folder()).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def folder() -> Path:
    """Where the migrations are: beside the sources, or in the wheel. Raises FileNotFoundError."""
    places = [Path(__file__).resolve().parents[2] / "migrations"]
    host = find_spec("ember_host")
    if host is not None:
        places += [Path(place) / "migrations" for place in host.submodule_search_locations or ()]
    for place in places:
        if (place / "env.py").is_file() and (place / "versions").is_dir():
            return place
    raise FileNotFoundError(f"no migrations in {' or '.join(map(str, places))}: the installation is not whole")


def head() -> str:
    """The newest revision that this version of the product knows."""
    newest = ScriptDirectory.from_config(config()).get_current_head()
    if newest is None:
        raise FileNotFoundError(f"no migration in {folder()}")
    return newest


def current(connection: Connection) -> str | None:
    """The database's revision; None where it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def lock(connection: Connection) -> None:
    """Let one migration run at a time; freed with the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def grant_reader(connection: Connection) -> None:
    """Let the dashboards' role, where it exists, read all that `report` has now."""
    connection.exec_driver_sql(_GRANT)


def _upgrade(connection: Connection, to: str) -> None:
    settings = config()
    settings.attributes["connection"] = connection
    with _ONE_A_PROCESS:
        upgrade(settings, to)
