"""The real gateway as a process, between a real broker and a real database, and who watches both sides."""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from ember_base.mqtt import Incoming, Link
from ember_host.embedded.postgres import EmbeddedPostgres
from ember_wire import topics
from ember_wire.channels import channel_id
from ember_wire.readings import Batch
from ember_wire.stream import Heartbeat, unpack, unpack_batch
from tests.support.broker import RunningBroker
from tests.support.ports import free_port
from tests.support.timescale import Server
from tests.support.until import until

STOP_S = 5.0


class Gateway:
    """`emberwatch gateway` as a process that can be killed and started again on its data."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self._log = folder, folder.with_suffix(".log")
        self._metrics_port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EMBERWATCH_")}
        self.environment = {
            **kept,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONFAULTHANDLER": "1",
            "EMBERWATCH_DATA_DIR": str(folder),
            "EMBERWATCH_GATEWAY_METRICS_PORT": str(self._metrics_port),
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "ember_host.cli", "gateway"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def terminate(self) -> int:
        """SIGTERM; returns the exit status. Fails where it has not ended after five seconds."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            status = await asyncio.to_thread(self.process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise AssertionError(f"it does not end: {self.log}") from None
        self.process = None
        return status

    async def metric(self, name: str) -> float:
        """One of its figures; −1 while it does not answer."""
        return await asyncio.to_thread(self._metric, f"emberwatch_gateway_{name} ")

    def _metric(self, start: str) -> float:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return -1.0
        return float(next(line for line in lines if line.startswith(start)).rpartition(" ")[2])


class Watch:
    """Whoever listens to the stream, as the evaluator does."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.beats: list[Heartbeat] = []

    def see(self, message: Incoming) -> None:
        if "/heartbeat/" in message.topic:
            self.beats.append(unpack(message.payload, Heartbeat))
        else:
            self.batches.append(unpack_batch(message.payload))

    @property
    def faults(self) -> dict[str, str]:
        """What the gateway said last of what ails it."""
        return self.beats[-1].faults if self.beats else {}

    def values(self, device: str, channel: str) -> list[float]:
        """All values of a channel, as they came."""
        wanted = channel_id(device, channel)
        return [row.value for batch in self.batches for row in batch.columns.rows() if row.channel == wanted]

    def check_numbers(self) -> None:
        """Within each start 1, 2, 3 …; repeats are told as such, no gap, no start again after another."""
        last: dict[int, int] = {}
        for batch in self.batches:
            assert batch.start >= max(last, default=0)
            expected = last.get(batch.start, 0) + 1
            assert batch.n <= expected
            last[batch.start] = max(batch.n, last.get(batch.start, 0))


class Database:
    """A database of the test's own, on a server that can be frozen, stopped and started."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._pid = server.start()
        self.url = ""

    def start(self) -> None:
        self._pid = self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def freeze(self) -> None:
        self._all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._all(signal.SIGCONT)

    def _all(self, number: int) -> None:
        server = psutil.Process(self._pid)
        for process in (server, *server.children(recursive=True)):
            process.send_signal(number)


async def rows(url: str, sql: str, *arguments: Any) -> list[Any]:
    """Rows of a database."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return list(await connection.fetch(sql, *arguments))
    finally:
        await connection.close()


async def stored(url: str, device: str, channel: str) -> list[float]:
    """The values of a channel in the database, by time."""
    sql = "SELECT value FROM reading WHERE channel = $1 ORDER BY time"
    return [row["value"] for row in await rows(url, sql, channel_id(device, channel))]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """Makes and starts gateways. In the end none is left, and none told of a fault of its own."""
    made: list[Gateway] = []

    def make(broker: RunningBroker, database_url: str, name: str = "gw-1", **more: str) -> Gateway:
        environment = {
            "EMBERWATCH_MQTT_URL": broker.url,
            "EMBERWATCH_MQTT_VERSION": broker.version,
            "EMBERWATCH_DATABASE_URL": database_url,
            "EMBERWATCH_GATEWAY_NAME": name,
            **{f"EMBERWATCH_{key}": value for key, value in more.items()},
        }
        made.append(Gateway(tmp_path / f"{name}-{len(made)}", environment))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.kill()
    for one in made:
        assert "Traceback" not in one.log, one.log


@pytest.fixture
async def link() -> AsyncIterator[Callable[..., Any]]:
    """Makes links to a broker that stand before they are handed out."""
    async with AsyncExitStack() as stack:

        async def make(broker: RunningBroker, name: str = "device", **more: Any) -> Link:
            made = await stack.enter_async_context(Link(broker.url, name, version=broker.version, **more))
            async with asyncio.timeout(10):
                await made.wait_connected()
            return made

        yield make


@pytest.fixture
async def watch(link: Callable[..., Any]) -> Callable[[RunningBroker], Any]:
    """Makes a watch on the stream and waits until it hears."""

    async def make(broker: RunningBroker) -> Watch:
        made, marks = Watch(), []

        def see(message: Incoming) -> None:
            marks.append(message) if message.topic == "mark" else made.see(message)

        filters = [(topics.STREAM_READINGS_FILTER, 1), (topics.STREAM_HEARTBEAT_FILTER, 1), ("mark", 1)]
        listening = await link(broker, "watch", on_message=see, subscriptions=filters)
        listening.publish("mark", b"")
        await until("the watch hears", lambda: marks)
        return made

    return make


@pytest.fixture(scope="session")
def stoppable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedPostgres, Server]]:
    """A server beside the session's own, which no test may stop, and where its databases come from."""
    embedded = EmbeddedPostgres(tmp_path_factory.mktemp("stoppable"), durable=False)
    embedded.prepare()
    yield embedded, Server(embedded.url_of("postgres"), "ew_test_stop", clone=True)
    embedded.stop()


@pytest.fixture
def database(stoppable: tuple[EmbeddedPostgres, Server]) -> Iterator[Database]:
    """A database at head that can be frozen, stopped and started."""
    embedded, server = stoppable
    made = Database(embedded)
    made.url = server.migrated()
    yield made
    made.stop()
