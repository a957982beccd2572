"""The real parts for a measurement: database, mosquitto and our processes, on loopback and in a temporary folder."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx2

from ember_base.migrate import migrate
from ember_host.embedded.broker import broker
from ember_host.embedded.postgres import EmbeddedPostgres, free_port
from ember_host.supervisor import Part, Supervisor


@dataclass
class Stack:
    """Running database and broker, and the settings by which our processes find them."""

    folder: Path
    supervisor: Supervisor
    database_url: str
    database: str
    mqtt_port: int
    environment: dict[str, str]

    async def start(self, name: str) -> None:
        """One of our processes."""
        argv = (sys.executable, "-m", "ember_host.cli", name)
        await self.supervisor.start(Part(name, argv, env=self.environment))

    async def stop(self, name: str) -> None:
        await self.supervisor.stop(name)

    async def metric(self, name: str) -> float:
        """A sample of the gateway's /metrics; 0 while it does not answer."""
        port = self.environment["EMBERWATCH_GATEWAY_METRICS_PORT"]
        try:
            async with httpx2.AsyncClient(timeout=5) as client:
                text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        except httpx2.HTTPError:
            return 0.0
        return next((float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " ")), 0.0)

    async def until_metric(self, name: str, least: float, within: float = 60.0) -> None:
        """Wait until a metric has grown to `least`. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while await self.metric(name) < least:
                await asyncio.sleep(0.02)

    async def until_ready(self, within: float = 60.0) -> None:
        """Wait until the service says that every part is well. Raises TimeoutError."""
        url = f"http://127.0.0.1:{self.environment['EMBERWATCH_HTTP_PORT']}/readyz"
        async with asyncio.timeout(within), httpx2.AsyncClient(timeout=5) as client:
            while True:
                try:
                    if (await client.get(url)).status_code == 200:
                        return
                except httpx2.HTTPError:
                    pass
                await asyncio.sleep(0.1)


@asynccontextmanager
async def stack() -> AsyncIterator[Stack]:
    """A database (EMBERWATCH_TEST_DATABASE_URL's server, else the embedded one) and mosquitto."""
    async with AsyncExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="emberwatch-bench-")))
        folder.chmod(0o755)
        supervisor = Supervisor(folder / "run", folder / "log")
        cleanup.push_async_callback(supervisor.stop_all)
        mqtt_port = free_port()
        await supervisor.start(broker(folder / "broker", mqtt_port, "mosquitto").part)
        url, what = await _database(folder, cleanup)
        await asyncio.to_thread(migrate, url)
        environment = {
            "EMBERWATCH_DATABASE_URL": url,
            "EMBERWATCH_MQTT_URL": f"mqtt://127.0.0.1:{mqtt_port}",
            "EMBERWATCH_DATA_DIR": str(folder / "data"),
            "EMBERWATCH_HTTP_PORT": str(free_port()),
            "EMBERWATCH_GATEWAY_METRICS_PORT": str(free_port()),
            "EMBERWATCH_EVALUATOR_METRICS_PORT": str(free_port()),
            "EMBERWATCH_ADMIN_PASSWORD": "bench-bench-bench",
        }
        yield Stack(folder, supervisor, url, what, mqtt_port, environment)


async def _database(folder: Path, cleanup: AsyncExitStack) -> tuple[str, str]:
    given = os.environ.get("EMBERWATCH_TEST_DATABASE_URL")
    if not given:
        embedded = EmbeddedPostgres(folder / "database")
        await asyncio.to_thread(embedded.prepare)
        embedded.start()
        cleanup.callback(embedded.stop)
        return embedded.url, embedded.what
    name = f"emberwatch_bench_{os.getpid()}"
    connection = await asyncpg.connect(given)
    await connection.execute(f"CREATE DATABASE {name}")
    version = await connection.fetchval("SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)")
    timescale = await connection.fetchval(
        "SELECT default_version FROM pg_available_extensions WHERE name='timescaledb'"
    )
    await connection.close()

    async def drop() -> None:
        connection = await asyncpg.connect(given)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()

    cleanup.push_async_callback(drop)
    return f"{given.rpartition('/')[0]}/{name}", f"{version}, TimescaleDB {timescale}" if timescale else version
