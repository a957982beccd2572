"""deploy/timescaledb: what the image runs once in an empty volume, run by psql on a real server."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from ember_base.migrate import READER, head, migrate
from ember_host.embedded.binaries import find_binaries
from ember_host.embedded.postgres import EmbeddedPostgres
from tests.integration.deploy.site import DEPLOY, environment, free_port, program, secrets

SCRIPT: Final = DEPLOY / "timescaledb" / "100_emberwatch.sh"


class Server:
    """A server with the image's superuser `postgres`, and the passwords of a site's .env."""

    def __init__(self, port: int, passwords: dict[str, str]) -> None:
        self.port, self.passwords = port, passwords

    def url(self, role: str, password: str, database: str = "emberwatch") -> str:
        return f"postgresql://{role}:{self.passwords[password]}@127.0.0.1:{self.port}/{database}"

    def run_script(self, **other: str) -> subprocess.CompletedProcess[str]:
        """As the image's entry point does: psql finds the server, the passwords come from the environment."""
        given = environment("timescaledb", self.passwords) | other
        reach = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGPASSWORD": self.passwords["POSTGRES_PASSWORD"]}
        path = {"PATH": f"{_psql().parent}:{os.environ['PATH']}", "POSTGRES_USER": "postgres"}
        return subprocess.run(
            ["sh", SCRIPT], env=path | reach | given, capture_output=True, text=True, timeout=30, check=False
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server after the script, and after `emberwatch migrate` as compose calls it."""
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    embedded = EmbeddedPostgres(folder / "cluster", port, durable=False)
    embedded.prepare()
    embedded.start()
    try:
        made = Server(port, secrets(folder))
        # The embedded cluster's own superuser has the name that is to be made: it gives way to the image's.
        admin = f"CREATE ROLE postgres SUPERUSER LOGIN PASSWORD '{made.passwords['POSTGRES_PASSWORD']}'"
        ask(embedded.url_of("postgres"), "DROP DATABASE emberwatch", admin)
        ask(made.url("postgres", "POSTGRES_PASSWORD", "postgres"), "ALTER ROLE emberwatch RENAME TO bootstrap")
        done = made.run_script()
        assert done.returncode == 0, done.stderr
        url = environment("migrate", made.passwords)["EMBERWATCH_DATABASE_URL"]
        assert migrate(url.replace("timescaledb:5432", f"127.0.0.1:{port}")) == (None, head())
        yield made
    finally:
        embedded.stop()


def ask(url: str, *statements: str) -> list[Any]:
    """Run statements one by one; the rows of the last."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            answers = [await connection.fetch(statement) for statement in statements]
        finally:
            await connection.close()
        return [tuple(row) for row in answers[-1]]

    return asyncio.run(run())


def test_the_owner_is_no_superuser(server: Server) -> None:
    rights = "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    assert ask(server.url("emberwatch", "DATABASE_PASSWORD"), rights) == [(False, False, False)]


def test_the_reader_reads_reports_and_nothing_else(server: Server) -> None:
    url = server.url(READER, "GRAFANA_DATABASE_PASSWORD")
    assert ask(url, "SELECT count(*) FROM report.alarm") == [(0,)]
    assert ask(url, "SHOW default_transaction_read_only") == [("on",)]
    for refused in (
        "SELECT count(*) FROM public.account",
        "CREATE TABLE public.mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "SET default_transaction_read_only = off; DELETE FROM public.alarm",
    ):
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)):
            ask(url, *refused.split("; "))


def test_nobody_else_comes_in(server: Server) -> None:
    ask(server.url("postgres", "POSTGRES_PASSWORD", "postgres"), "CREATE ROLE other LOGIN PASSWORD 'other-one'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        ask(f"postgresql://other:other-one@127.0.0.1:{server.port}/emberwatch", "SELECT 1")
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(server.url("emberwatch", "GRAFANA_DATABASE_PASSWORD"), "SELECT 1")


def test_the_password_of_the_reader_can_be_changed(server: Server) -> None:
    admin = server.url("postgres", "POSTGRES_PASSWORD", "postgres")
    ask(admin, f"ALTER ROLE {READER} PASSWORD 'quite-another'")
    assert ask(f"postgresql://{READER}:quite-another@127.0.0.1:{server.port}/emberwatch", "SELECT 1") == [(1,)]
    ask(admin, f"ALTER ROLE {READER} PASSWORD '{server.passwords['GRAFANA_DATABASE_PASSWORD']}'")


def test_without_a_password_nothing_is_made(server: Server) -> None:
    refused = server.run_script(GRAFANA_DATABASE_PASSWORD="")
    assert refused.returncode != 0
    assert "GRAFANA_DATABASE_PASSWORD" in refused.stderr


def _psql() -> Path:
    beside = find_binaries().folder / "psql"
    return beside if beside.exists() else Path(program("psql", "postgresql-client"))
