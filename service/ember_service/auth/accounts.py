"""Signing in: from the database's accounts, or from the copy on disk while that is away; tokens verify offline."""

import asyncio
import logging
import secrets
import time
from pathlib import Path
from typing import Any, Final

import jwt
import msgspec
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.disk import atomic_write
from ember_base.settings import Settings
from ember_service.auth.model import Account, Principal
from ember_service.auth.repository import HASHER, any_account, ensure_account, load_accounts

log = logging.getLogger(__name__)

TOKEN_S: Final = 12 * 3600
"""A shift and its hand-over: a session does not end in the middle of one."""
_TRIES: Final = parse("10 per minute")
"""Wrong ones, by name and address; right ones are not counted."""
_HASHES_AT_ONCE: Final = 2  # 64 MB each
_decoder: Final = msgspec.msgpack.Decoder(dict[str, Account])


class ThrottledError(Exception):
    """Too many tries to sign in; wait a minute."""


class Accounts:
    """Every account in memory, with its copy on disk; and the key that signs tokens."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._copy = folder / "accounts.msgpack"
        self._key = _key(folder / "secret", settings)
        self._accounts = self._from_disk()
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._nobody = HASHER.hash(secrets.token_urlsafe())

    async def refresh(self, engine: AsyncEngine) -> None:
        """Take the accounts over from the database. Raises what the database raises."""
        async with engine.connect() as connection:
            accounts = await load_accounts(connection)
        if accounts != self._accounts:
            self._accounts = accounts
            atomic_write(self._copy, msgspec.msgpack.encode(accounts))
            self._copy.chmod(0o600)

    async def sign_in(self, name: str, password: str, origin: str) -> Account | None:
        """The account, or None for a wrong name or password, in about the same time. Raises ThrottledError."""
        if not self._limiter.test(_TRIES, name, origin):
            raise ThrottledError
        account = self._accounts.get(name)
        hashed = account.password_hash if account else self._nobody
        async with self._hashing:
            right = await asyncio.to_thread(HASHER.verify, password, hashed)
        if account and right and not account.disabled:
            return account
        self._limiter.hit(_TRIES, name, origin)
        return None

    def token(self, account: Account) -> str:
        """A signed token; what it may do is looked up at each use."""
        now = int(time.time())
        return jwt.encode({"sub": account.name, "iat": now, "exp": now + TOKEN_S}, self._key, "HS256")

    def principal(self, token: str, *, cookie: bool) -> Principal | None:
        """Whose token it is; None where it is not ours, has ended, or its account is gone or disabled."""
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key, ["HS256"], options={"require": ["sub", "exp"]})
        except jwt.InvalidTokenError:
            return None
        account = self._accounts.get(claims["sub"])
        if account is None or account.disabled:
            return None
        return Principal(
            name=account.name,
            role=account.role,
            area=account.area,
            workshop=account.workshop,
            language=account.language,
            cookie=cookie,
        )

    def _from_disk(self) -> dict[str, Account]:
        try:
            return _decoder.decode(self._copy.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            log.warning("the copy of the accounts cannot be read (%s); going on without", error)
            return {}


async def ensure_admin(engine: AsyncEngine, settings: Settings) -> None:
    """At the first start, an account `admin`: with the password that was set, else with one shown once."""
    async with engine.begin() as connection:
        if await any_account(connection):
            return
        given = settings.admin_password
        password = given.get_secret_value() if given else secrets.token_urlsafe(12)
        await ensure_account(connection, "admin", "admin", password)
    if given is None:
        log.warning("first start: sign in as admin with the password %s (shown once)", password)


def _key(path: Path, settings: Settings) -> str:
    """The key that was set, else the one kept on disk, made at the first start."""
    if settings.secret_key:
        return settings.secret_key.get_secret_value()
    if not path.exists():
        atomic_write(path, secrets.token_urlsafe(48).encode())
        path.chmod(0o600)
    return path.read_text()
