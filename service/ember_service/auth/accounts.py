"""Signing in: from the database's accounts, or from the copy on disk while that is away; tokens verify offline."""

import asyncio
import hashlib
import logging
import os
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

from ember_base.disk import sync_folder
from ember_base.settings import Settings
from ember_service.auth.model import Account, Principal
from ember_service.auth.repository import HASHER, first_account, load_accounts

log = logging.getLogger(__name__)

TOKEN_S: Final = 12 * 3600
"""A shift and its hand-over: a session does not end in the middle of one."""
_TRIES: Final = parse("10 per minute")
"""Wrong ones, by name and address; right ones are not counted."""
_TRIES_OF_ALL_NAMES: Final = parse("60 per minute")
"""Wrong ones from one address, whatever the name."""
_KEY_LENGTH: Final = 32
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

    async def refresh(self, engine: AsyncEngine) -> bool:
        """Take the accounts over from the database; whether they changed. Raises what the database raises."""
        async with engine.connect() as connection:
            accounts = await load_accounts(connection)
        if accounts == self._accounts:
            return False
        self._accounts = accounts
        try:
            _write_secret(self._copy, msgspec.msgpack.encode(accounts))
        except OSError as error:
            log.warning("the copy of the accounts cannot be written: %s", error)
        return True

    async def sign_in(self, name: str, password: str, origin: str) -> Account | None:
        """The account, or None for a wrong name or password, in about the same time. Raises ThrottledError."""
        self._check(name, origin)
        async with self._hashing:
            self._check(name, origin)  # again: a thousand at once wait here, and each wrong one counts for the next
            account = self._accounts.get(name)
            hashed = account.password_hash if account else self._nobody
            right = await asyncio.to_thread(HASHER.verify, password, hashed)
            if account and right and not account.disabled:
                return account
            self._limiter.hit(_TRIES, name, origin)
            self._limiter.hit(_TRIES_OF_ALL_NAMES, origin)
        return None

    def _check(self, name: str, origin: str) -> None:
        if not self._limiter.test(_TRIES, name, origin) or not self._limiter.test(_TRIES_OF_ALL_NAMES, origin):
            raise ThrottledError

    def token(self, account: Account) -> str:
        """A signed token; what it may do is looked up at each use."""
        now = int(time.time())
        claims = {"sub": account.name, "iat": now, "exp": now + TOKEN_S, "stamp": _stamp(account)}
        return jwt.encode(claims, self._key, "HS256")

    def principal(self, token: str, *, cookie: bool) -> Principal | None:
        """Whose token it is; None where it is not ours, has ended, or its account is gone or disabled."""
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key, ["HS256"], options={"require": ["sub", "exp"]})
        except jwt.InvalidTokenError:
            return None
        return self._principal(claims["sub"], claims.get("stamp"), cookie)

    def current(self, principal: Principal) -> Principal | None:
        """The same person with the rights of now; None where the account is gone, disabled or has a new password."""
        return self._principal(principal.name, principal.stamp, principal.cookie)

    def _principal(self, name: str, stamp: object, cookie: bool) -> Principal | None:
        account = self._accounts.get(name)
        if account is None or account.disabled or stamp != _stamp(account):
            return None
        return Principal(
            name=account.name,
            role=account.role,
            area=account.area,
            workshop=account.workshop,
            language=account.language,
            stamp=_stamp(account),
            cookie=cookie,
        )

    def _from_disk(self) -> dict[str, Account]:
        try:
            return _decoder.decode(self._copy.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("the copy of the accounts cannot be read (%s); going on without", error)
            return {}


async def ensure_admin(engine: AsyncEngine, settings: Settings) -> None:
    """At the first start, an account `admin`: with the password that was set, else with one shown once."""
    given = settings.admin_password
    password = given.get_secret_value() if given else secrets.token_urlsafe(12)
    async with engine.begin() as connection:
        made = await first_account(connection, "admin", "admin", password)
    if made and given is None:
        log.warning("first start: sign in as admin with the password %s (shown once)", password)


def _stamp(account: Account) -> str:
    """Says nothing about the password; another one has another."""
    return hashlib.blake2b(account.password_hash.encode(), digest_size=6, person=b"ember stamp").hexdigest()


def _key(path: Path, settings: Settings) -> str:
    """The key that was set, else the one kept on disk, made at the first start."""
    if settings.secret_key:
        return settings.secret_key.get_secret_value()
    try:
        kept = path.read_text("ascii")
    except FileNotFoundError:
        kept = ""
    if len(kept) < _KEY_LENGTH:
        kept = secrets.token_urlsafe(48)
        _write_secret(path, kept.encode())
    return kept


def _write_secret(path: Path, data: bytes) -> None:
    """Replace a file durably; nobody else may read it, at no moment."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)
