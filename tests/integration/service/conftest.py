"""The service's app on a real database, without a broker: what is asked for over HTTP, role by role."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.schema import account
from ember_base.settings import load
from ember_service.app import create_app
from ember_service.auth.accounts import Accounts
from ember_service.context import Context
from ember_service.live.feed import Feed
from ember_service.metrics import Metrics
from ember_service.register.repository import import_plan
from ember_service.register.snapshot import Snapshot
from ember_sim.district import plan
from tests.integration.service.running import PASSWORD_HASH

ROLES = ("admin", "operator", "officer", "owner", "viewer")
MINE, OTHER = "ws-07", "ws-01"

Client = Callable[[str | None], httpx2.AsyncClient]


@pytest.fixture
async def context(postgres_engine: AsyncEngine, tmp_path: Path) -> Context:
    """A district of 20 devices, an account for each role: officer and viewer of the area of ws-07, owner of ws-07."""
    district = plan(7, devices=20, workshops=60)
    area = next(w["area"] for w in district["workshops"] if w["id"] == MINE)
    assert area != next(w["area"] for w in district["workshops"] if w["id"] == OTHER)
    async with postgres_engine.begin() as connection:
        await import_plan(connection, district, "test")
        rows = [
            {
                "name": role,
                "role": role,
                "password_hash": PASSWORD_HASH,
                "area": area if role in ("officer", "viewer") else None,
                "workshop": MINE if role == "owner" else None,
            }
            for role in ROLES
        ]
        await connection.execute(account.insert(), rows)
    settings = load(data_dir=tmp_path, secret_key=SecretStr("0123456789abcdef" * 2), mqtt_url="mqtt://127.0.0.1:9")
    accounts = Accounts(tmp_path / "service", settings)
    await accounts.refresh(postgres_engine)
    register = Snapshot(tmp_path / "config.msgpack", postgres_engine)
    feed = Feed(settings, "test", postgres_engine, register, accounts)
    feed.config = await register.load()
    feed.state.configure(feed.config.register)
    return Context(settings, "test", postgres_engine, accounts, feed, Metrics())


@pytest.fixture
async def client(context: Context) -> AsyncIterator[Client]:
    """Makes a client for a role; None is nobody."""
    transport = httpx2.ASGITransport(create_app(context), raise_app_exceptions=False)
    made: list[httpx2.AsyncClient] = []

    def make(role: str | None) -> httpx2.AsyncClient:
        headers = {}
        if role is not None:
            token = context.accounts.token(context.accounts._accounts[role])
            headers = {"Authorization": f"Bearer {token}"}
        made.append(httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()
