"""The service put together: the only file that wires it."""

import asyncio
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.database import AWAY, dispose, explain, make_engine
from ember_base.settings import Settings, SettingsError
from ember_service.app import create_app
from ember_service.auth.accounts import Accounts, ensure_admin
from ember_service.context import Context
from ember_service.history import rollup
from ember_service.live.feed import Feed
from ember_service.metrics import Metrics
from ember_service.register.snapshot import Snapshot
from ember_service.rules.load import load_rules

log = logging.getLogger(__name__)

RETRY_S: Final = 2.0
ROLLUP_S: Final = 60.0
GRACE_S: Final = 3


class _Server(uvicorn.Server):
    """Uvicorn that leaves the signals to the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Raises SettingsError where the port is taken."""
    engine = make_engine(settings.database_url, pool=8, application="emberwatch service")
    context = _context(settings, engine)
    listening = _listen(settings)
    config = uvicorn.Config(
        create_app(context),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
    )
    server = _Server(config)
    try:
        async with context.feed.link, asyncio.TaskGroup() as group:
            jobs = {
                "feed": context.feed.run(),
                "admin": _until_done(lambda: _first_start(context)),
                "rollup": _rollup(engine),
            }
            tasks = [group.create_task(job, name=name) for name, job in jobs.items()]
            serving = group.create_task(server.serve(sockets=[listening]), name="http")
            log.info("listening on http://%s:%d", settings.http_host, settings.http_port)
            stopping = group.create_task(stop.wait(), name="stop")
            await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
            context.feed.hub.close()  # else uvicorn would wait for viewers who have no reason to go
            server.should_exit = True
            await serving
            if not stopping.done():
                raise RuntimeError("the HTTP server ended by itself")
            for task in tasks:
                task.cancel()
    finally:
        listening.close()
        await dispose(engine)


def _context(settings: Settings, engine: AsyncEngine) -> Context:
    folder = settings.data_dir / "service"
    accounts = Accounts(folder, settings)
    fixed = load_rules(settings.rules_dir) if settings.rules_dir else None
    replica = secrets.token_hex(4)
    feed = Feed(settings, replica, engine, Snapshot(folder / "config.msgpack", engine, fixed), accounts)
    return Context(settings, replica, engine, accounts, feed, Metrics())


def _listen(settings: Settings) -> socket.socket:
    """The socket, bound now, so that a taken port is a clear error."""
    try:
        family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
        return socket.create_server((settings.http_host, settings.http_port), family=family, backlog=2048)
    except OSError as error:
        where = f"{settings.http_host}:{settings.http_port}"
        raise SettingsError(f"EMBERWATCH_HTTP_PORT: {where} cannot be listened on ({error.strerror})") from None


async def _first_start(context: Context) -> None:
    """An admin where there is no account yet, who may sign in at once."""
    await ensure_admin(context.engine, context.settings)
    await context.accounts.refresh(context.engine)


async def _until_done(job: Callable[[], Awaitable[None]]) -> None:
    """Try until the database lets it through."""
    while True:
        try:
            return await job()
        except AWAY as error:
            log.info("waiting for the database: %s", explain(error))
            await asyncio.sleep(RETRY_S)


async def _rollup(engine: AsyncEngine) -> None:
    """Keep plain PostgreSQL's aggregates; on TimescaleDB there is nothing to do."""
    while True:
        await _until_done(lambda: rollup.run(engine, ROLLUP_S))
        await asyncio.sleep(ROLLUP_S)
