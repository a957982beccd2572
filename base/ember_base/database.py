"""The way to PostgreSQL: an SQLAlchemy engine on asyncpg."""

from typing import Final
from urllib.parse import parse_qsl, urlencode

from sqlalchemy.exc import DBAPIError, ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_TIMEOUT_S: Final = 5.0
COMMAND_TIMEOUT_S: Final = 30.0
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
    return create_async_engine(
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


def explain(error: BaseException) -> str:
    """One short line on why the database did not do it, with what to do where that is known."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ProgrammingError) and "does not exist" in str(error.orig):
        return "its schema is missing or older than this program: run `emberwatch migrate`"
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause) or type(cause).__name__).splitlines()[0].rpartition(">: ")[2]
