"""`emberwatch service` as a process: nothing there at its start, viewers there at its end."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from ember_service.auth.model import Account, Role
from tests.integration.service.running import PASSWORD_HASH, signed_in, watching
from tests.support.ports import free_port
from tests.support.until import until

NOWHERE = {
    "EMBERWATCH_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "EMBERWATCH_MQTT_URL": "mqtt://127.0.0.1:1",
}


class Process:
    """One service. `log` is what it said."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.port = free_port()
        self._out = folder / "service.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EMBERWATCH_")}
        environment = {"EMBERWATCH_DATA_DIR": str(folder), "EMBERWATCH_HTTP_PORT": str(self.port), **NOWHERE, **more}
        with self._out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ember_host.cli", "service"],
                env={**kept, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    @property
    def log(self) -> str:
        return self._out.read_text()

    async def end(self) -> int:
        """SIGTERM; fails where it has not ended within five seconds."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, 5)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts services; none is left behind."""
    made: list[Process] = []

    def make(**more: str) -> Process:
        made.append(Process(tmp_path, **more))
        return made[-1]

    yield make
    for one in made:
        one.process.kill()
        one.process.wait()


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=10) as client:
        yield client


async def ready(http: httpx2.AsyncClient, process: Process) -> httpx2.Response:
    """Its /readyz, as soon as it answers."""

    async def asked() -> httpx2.Response | None:
        try:
            return await http.get(f"http://127.0.0.1:{process.port}/readyz")
        except httpx2.TransportError:
            assert process.process.poll() is None, process.log
            return None

    found = await until("it answers", asked)
    assert found is not None
    return found


async def test_it_starts_with_nothing_there_and_says_what_is_missing(
    start: Callable[..., Process], http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    process = start()
    answer = await ready(http, process)
    assert answer.status_code == 503
    parts = answer.json()["parts"]
    assert set(parts) == {"database", "broker", "gateway", "evaluator"}
    assert all(part["text"] and not part["ok"] for part in parts.values())
    await until("it says that it waits for the database", lambda: "the database" in process.log)
    await until("it says that there is no broker", lambda: "no broker answers" in process.log)
    metrics = (await http.get(f"http://127.0.0.1:{process.port}/metrics")).text
    assert "emberwatch_service_database_up 0.0" in metrics
    assert "emberwatch_service_broker_up 0.0" in metrics
    assert await process.end() == 0
    assert "Traceback" not in process.log
    assert stat.S_IMODE((tmp_path / "service" / "secret").stat().st_mode) == 0o600


async def test_it_ends_in_time_with_viewers_and_keeps_their_sessions(
    start: Callable[..., Process], http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    kept = {"op": Account(name="op", role=Role.OPERATOR, password_hash=PASSWORD_HASH)}
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "accounts.msgpack").write_bytes(msgspec.msgpack.encode(kept))
    process = start()
    await ready(http, process)
    async with signed_in(process.port, "op") as operator, watching(operator) as one, watching(operator) as two:
        assert await process.end() == 0
        for viewer in (one, two):
            async with asyncio.timeout(5):
                await viewer.ended.wait()
        token = operator.headers["Authorization"]
    assert "Traceback" not in process.log

    again = start()
    await ready(http, again)
    me = await http.get(f"http://127.0.0.1:{again.port}/api/v1/me", headers={"Authorization": token})
    assert me.json()["name"] == "op", "the key was kept"
    assert await again.end() == 0


async def test_a_port_that_is_taken_is_named(start: Callable[..., Process], http: httpx2.AsyncClient) -> None:
    first = start()
    await ready(http, first)
    second = start(EMBERWATCH_HTTP_PORT=str(first.port))
    assert await asyncio.to_thread(second.process.wait, 20) == 2
    assert "EMBERWATCH_HTTP_PORT" in second.log
    assert await first.end() == 0
