"""The service on a real port, and those who use it: over HTTP, and as viewers of `/live`."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from sqlalchemy import insert

from ember_base.database import dispose, make_engine
from ember_base.migrate import migrate
from ember_base.schema import account
from ember_base.settings import Settings
from ember_service.auth.repository import HASHER
from ember_service.register.repository import import_plan
from ember_service.server import run
from tests.support.until import until

PASSWORD = "correct horse battery"
PASSWORD_HASH = HASHER.hash(PASSWORD)
Event = tuple[str, Any]


class Watcher:
    """A viewer of `/live`: every event in order, by name and data; `ended` when the service let it go."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.numbers: list[int] = []
        self.headers: dict[str, str] = {}
        self.ended = asyncio.Event()

    async def take(self, answer: httpx2.Response) -> None:
        self.headers = dict(answer.headers)
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                self.numbers.append(int(fields["id"]))
                self.events.append((fields["event"], json.loads(fields["data"])))
                fields = {}
        self.ended.set()

    async def sees(self, name: str, what: Callable[[Any], Any] = lambda _: True) -> Any:
        """The first event of that name for which `what` is true, once it is there."""

        def found() -> list[Any]:
            return [data for event, data in self.events if event == name and what(data)]

        return (await until(f"an event {name}", found))[0]


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[None]:
    """The service in this loop; when the block is left it has five seconds to end."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(settings, stop))
    url = f"http://127.0.0.1:{settings.http_port}/healthz"
    try:
        async with httpx2.AsyncClient() as http:
            await until("the service answers", lambda: _answers(http, url))
        yield
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await task


async def _answers(http: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx2.TransportError:
        return False


@asynccontextmanager
async def signed_in(port: int, name: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with a token."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
        form = {"username": name, "password": PASSWORD}

        async def token() -> str:
            answer = await http.post("/api/v1/auth/token", data=form)
            return str(answer.json()["access_token"]) if answer.is_success else ""

        http.headers["Authorization"] = f"Bearer {await until(f'{name} signs in', token)}"
        yield http


@asynccontextmanager
async def watching(http: httpx2.AsyncClient, path: str = "/api/v1/live", **headers: str) -> AsyncIterator[Watcher]:
    """A viewer with its snapshot."""
    watcher = Watcher()
    async with http.stream("GET", path, headers=headers, timeout=None) as answer:
        assert answer.status_code == 200, await answer.aread()
        taking = asyncio.create_task(watcher.take(answer))
        try:
            await until("a first event", lambda: watcher.events)
            yield watcher
        finally:
            taking.cancel()
            await asyncio.wait({taking})


async def fill(url: str, plan: dict[str, list[dict[str, Any]]], roles: dict[str, dict[str, Any]]) -> None:
    """A migrated database with a register, and accounts by name."""
    await asyncio.to_thread(migrate, url)
    engine = make_engine(url, pool=1)
    try:
        async with engine.begin() as connection:
            await import_plan(connection, plan, "test")
            empty = {"area": None, "workshop": None, "password_hash": PASSWORD_HASH}
            await connection.execute(insert(account), [{"name": n, **empty, **given} for n, given in roles.items()])
    finally:
        await dispose(engine)
