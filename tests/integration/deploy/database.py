"""A PostgreSQL after deploy/timescaledb and `emberwatch migrate`, as compose brings it up."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg

from ember_base.migrate import head, migrate
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
        return self._run(["sh", str(SCRIPT)], {"POSTGRES_USER": "postgres"} | given)

    def tool(self, *words: str) -> None:
        """One of PostgreSQL's programs, as the superuser; as `docker compose exec timescaledb` runs it."""
        done = self._run(list(words), {})
        assert done.returncode == 0, done.stderr

    def _run(self, words: list[str], more: dict[str, str]) -> subprocess.CompletedProcess[str]:
        reach = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGPASSWORD": self.passwords["POSTGRES_PASSWORD"]}
        path = {"PATH": f"{_programs()}:{os.environ['PATH']}"}
        return subprocess.run(words, env=path | reach | more, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def database(folder: Path) -> Iterator[Server]:
    """A server after the script, and after `emberwatch migrate` as compose calls it."""
    port = free_port()
    embedded = EmbeddedPostgres(folder / "cluster", port, durable=False)
    embedded.prepare()
    embedded.start()
    try:
        made = Server(port, secrets(folder, "--sim"))
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


def _programs() -> Path:
    """Where psql and its like are: beside the server's programs, else installed."""
    beside = find_binaries().folder
    return beside if (beside / "psql").exists() else Path(program("psql", "postgresql-client")).parent
