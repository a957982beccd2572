"""The only SQL on accounts."""

import asyncio
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ember_base.schema import account
from ember_service.auth.model import Account, Role

HASHER: Final = PasswordHash((Argon2Hasher(),))
_SCOPED: Final = ("role", "area", "workshop", "language")


async def ensure_account(
    connection: AsyncConnection,
    name: str,
    role: str,
    password: str,
    area: str | None = None,
    workshop: str | None = None,
    language: str = "zh",
) -> None:
    """Make an account, or give it this role, scope and password; one that has them already is left alone."""
    wanted = {"role": Role(role).value, "area": area, "workshop": workshop, "language": language}
    row = (await connection.execute(select(account).where(account.c.name == name))).one_or_none()
    same = row is not None and row.disabled is None and all(getattr(row, key) == wanted[key] for key in _SCOPED)
    if row is not None and same and await asyncio.to_thread(HASHER.verify, password, row.password_hash):
        return
    hashed = await asyncio.to_thread(HASHER.hash, password)
    values = {"name": name, **wanted, "password_hash": hashed}
    statement = insert(account).values(values)
    changed = {**wanted, "password_hash": hashed, "disabled": None}
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed))


async def load_accounts(connection: AsyncConnection) -> dict[str, Account]:
    """Every account by its name."""
    rows = await connection.execute(select(account))
    return {
        row.name: Account(
            name=row.name,
            role=Role(row.role),
            password_hash=row.password_hash,
            area=row.area,
            workshop=row.workshop,
            language=row.language,
            disabled=row.disabled is not None,
        )
        for row in rows
    }


async def first_account(connection: AsyncConnection, name: str, role: str, password: str) -> bool:
    """Make an account where there is none at all; whether it was made. Of several at once one makes it."""
    if await connection.scalar(select(func.count()).select_from(account)):
        return False
    hashed = await asyncio.to_thread(HASHER.hash, password)
    statement = insert(account).values(name=name, role=Role(role).value, password_hash=hashed)
    made = await connection.execute(statement.on_conflict_do_nothing().returning(account.c.name))
    return made.one_or_none() is not None
