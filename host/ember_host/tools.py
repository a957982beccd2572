"""The commands that do one thing and end: migrate, settings, doctor, user add, register import."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import yaml
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ember_base import migrate as schema_migrate
from ember_base.database import AWAY, explain, make_engine
from ember_base.mqtt import Link
from ember_base.settings import Settings, load, table
from ember_service.auth.repository import ensure_account
from ember_service.history.repository import flavour
from ember_service.register.repository import PlanError, import_plan


def migrate() -> int:
    """Schema to head."""
    settings = load()
    try:
        before, after = schema_migrate.migrate(settings.database_url)
    except AWAY as error:
        return _failed(f"the database at {_safe(settings.database_url)} does not do it: {explain(error)}")
    print(f"schema at {after}" if before == after else f"schema brought from {before or 'nothing'} to {after}")
    return 0


def settings() -> int:
    """Every setting with its default and what it is."""
    for name, default, what in table():
        print(f"{name:36} {default or '-':46} {what}")
    return 0


async def add_user(name: str, role: str, password: str, area: str | None, workshop: str | None) -> int:
    """Make an account, or give it a new password, role and scope."""
    if len(password) < 8:
        return _failed("a password has at least 8 characters")
    if role == "owner" and not workshop:
        return _failed("an owner needs --workshop")
    if role == "officer" and not area:
        return _failed("an officer needs --area")
    try:
        async with _connection(load()) as connection:
            await ensure_account(connection, name, role, password, area=area, workshop=workshop)
    except IntegrityError:
        return _failed(f"there is no area {area!r} or no workshop {workshop!r} in the register")
    except AWAY as error:
        return _failed(f"the database does not do it: {explain(error)}")
    print(f"{name} may sign in as {role}")
    return 0


def import_register(file: Path) -> int:
    """Take a register file over; what is there already is brought up to date."""
    try:
        plan = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        return _failed(f"{file}: {error}")
    try:
        return asyncio.run(_import(plan))
    except PlanError as error:
        return _failed(f"{file}: nothing was taken over\n{error}")
    except AWAY as error:
        return _failed(f"the database does not do it: {explain(error)}")


async def _import(plan: dict[str, list[dict[str, Any]]]) -> int:
    async with _connection(load()) as connection:
        count = await import_plan(connection, plan, "emberwatch register import")
    print(f"{count} rows taken over")
    return 0


async def doctor() -> int:
    """Check database, broker and service; say what to do next for what is not well."""
    given = load()
    checks = {"database": _database(given), "broker": _broker(given), "service": _service(given)}
    well = True
    for name, check in checks.items():
        ok, text = await check
        well &= ok
        print(f"{'ok  ' if ok else 'FAIL'} {name:10} {text}")
    return 0 if well else 1


@asynccontextmanager
async def _connection(given: Settings) -> AsyncIterator[AsyncConnection]:
    engine = make_engine(given.database_url, pool=1)
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


async def _database(given: Settings) -> tuple[bool, str]:
    try:
        async with _connection(given) as connection:
            what = await flavour(connection)
            revision = (await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalar()
    except AWAY as error:
        return (
            False,
            f"{_safe(given.database_url)}: {explain(error)}; check EMBERWATCH_DATABASE_URL, run `emberwatch migrate`",
        )
    head = schema_migrate.head()
    if revision != head:
        return False, f"{what}, schema {revision}, this program needs {head}: run `emberwatch migrate`"
    return True, f"{what}, schema {revision}"


async def _broker(given: Settings) -> tuple[bool, str]:
    started = time.monotonic()
    async with Link(given.mqtt_url, f"ew-doctor-{time.time_ns()}", version=given.mqtt_version) as link:
        try:
            async with asyncio.timeout(3):
                await link.wait_connected()
        except TimeoutError:
            return False, f"{_safe(given.mqtt_url)} does not let us in; check EMBERWATCH_MQTT_URL, user and password"
        info = link.publish("ew/v1/stream/doctor/probe", b"", qos=1)
        await asyncio.to_thread(info.wait_for_publish, 3)
        if not info.is_published():
            return False, f"{_safe(given.mqtt_url)} does not acknowledge what we publish; check its ACL"
    return True, f"{_safe(given.mqtt_url)}, MQTT {given.mqtt_version}, {1000 * (time.monotonic() - started):.0f} ms"


async def _service(given: Settings) -> tuple[bool, str]:
    url = f"http://{given.http_host}:{given.http_port}/readyz"
    try:
        async with httpx2.AsyncClient(timeout=5) as client:
            answer = await client.get(url)
            parts = answer.json()["parts"]
    except (httpx2.HTTPError, ValueError, KeyError) as error:
        return False, f"{url} does not answer ({type(error).__name__}): start it with `emberwatch up`"
    ill = [f"{name}: {part['text']}" for name, part in parts.items() if not part["ok"]]
    return not ill, "; ".join(ill) or f"{url}: all parts are well"


def _safe(url: str) -> str:
    """A URL without its password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _failed(text: str) -> int:
    print(text, file=sys.stderr)
    return 1
