"""The way to PostgreSQL: an SQLAlchemy engine on asyncpg."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

T = TypeVar("T")

CONNECT_TIMEOUT_S: Final = 5.0
COMMAND_TIMEOUT_S: Final = 30.0
DISPOSE_S: Final = 0.5
AWAY: Final = (OSError, TimeoutError, SQLAlchemyError)
"""What a database that is away, starting or stopping raises: keep, and try again."""


def async_url(url: str) -> str:
    """A `postgresql://` URL as SQLAlchemy's `postgresql+asyncpg://`; libpq's `sslmode` is asyncpg's `ssl`."""
    _, _, rest = url.partition("://")
    place, mark, query = rest.partition("?")
    options = [("ssl" if name == "sslmode" else name, value) for name, value in parse_qsl(query)]
    return f"postgresql+asyncpg://{place}{mark}{urlencode(options)}"


def make_engine(url: str, *, pool: int = 4, application: str = "emberwatch") -> AsyncEngine:
    """An engine that connects on first use and checks a connection before it lends it out."""
    engine = create_async_engine(
        async_url(url),
        pool_size=pool,
        max_overflow=0,
        pool_timeout=5.0,
        pool_pre_ping=True,
        connect_args={
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": COMMAND_TIMEOUT_S,
            "server_settings": {"application_name": application, "timezone": "UTC"},
        },
    )
    connections = _connections[engine.sync_engine] = WeakSet()

    def remember(connection: Any, _record: Any) -> None:
        connections.add(connection.driver_connection)

    event.listen(engine.sync_engine, "connect", remember)
    return engine


async def dispose(engine: AsyncEngine) -> None:
    """Close an engine's connections: politely, and after half a second hard, since a frozen server never answers."""
    goodbye = asyncio.create_task(engine.dispose())
    await asyncio.wait({goodbye}, timeout=DISPOSE_S)
    for connection in _connections.get(engine.sync_engine, ()):
        connection.terminate()
    await asyncio.wait({goodbye, *_left}, timeout=DISPOSE_S)


_left: Final[set[asyncio.Task[Any]]] = set()
_connections: Final[WeakKeyDictionary[Engine, "WeakSet[Any]"]] = WeakKeyDictionary()


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await `work` with the database, but no longer: TimeoutError then.

    Giving up takes time as well (a polite goodbye to a server that is frozen: 2 s); that goes on behind our back.
    """
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        _leave(task)
        raise
    if not done:
        _leave(task)
        raise TimeoutError
    return task.result()


def _leave(task: asyncio.Task[Any]) -> None:
    task.cancel()
    _left.add(task)
    task.add_done_callback(_forget)


def _forget(task: asyncio.Task[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()  # nobody waits for it: seen, so that it is not told as lost


def explain(error: BaseException) -> str:
    """One short line on why the database did not do it, with what to do where that is known."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ProgrammingError) and "does not exist" in str(error.orig):
        return "its schema is missing or older than this program: run `emberwatch migrate`"
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause) or type(cause).__name__).splitlines()[0].rpartition(">: ")[2]
