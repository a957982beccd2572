"""The gateway put together: two sessions with the broker, one pipeline, one committer. The only file that wires."""

import asyncio
import logging
import time
from contextlib import AsyncExitStack, suppress
from typing import Final

from prometheus_client import start_http_server

from ember_base.database import AWAY, dispose, explain, make_engine, within
from ember_base.lock import only_one
from ember_base.mqtt import Incoming, Link
from ember_base.settings import Settings, SettingsError
from ember_gateway import calibration
from ember_gateway.batcher import Batcher, next_start
from ember_gateway.committer import Committer
from ember_gateway.decode import decode, internal
from ember_gateway.metrics import Metrics
from ember_gateway.resolve import Resolved, Resolver
from ember_gateway.sink import Sink
from ember_gateway.spool import Spool
from ember_wire import topics
from ember_wire.stream import Heartbeat, pack, pack_batch

log = logging.getLogger(__name__)

GATHER_S: Final = 0.02
HEARTBEAT_S: Final = 2.0
RETRY_S: Final = 2.0
REGISTER_S: Final = 30.0
DRAIN_S: Final = 1.0


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Gateway:
    """Stream first, acknowledge last. Everything in here runs in one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        folder = settings.data_dir / "gateway"
        self._snapshot = folder / "calibration.msgpack"
        self.metrics = Metrics()
        self._engine = make_engine(settings.database_url, pool=3, application="emberwatch gateway")
        self._spool = Spool(folder / "spool", settings.spool_limit_mb * 1024 * 1024)
        self._committer = Committer(Sink(self._engine), self._spool, self.metrics)
        self._resolver = Resolver()
        self._resolver.calibration = calibration.load_snapshot(self._snapshot)
        self._batcher = Batcher(settings.gateway_name, next_start(folder, now_ms()))
        self._gathered = asyncio.Event()
        self._urgent = asyncio.Event()
        self._register_changed = asyncio.Event()
        self._register_changed.set()
        name = settings.gateway_name
        registry = [(topics.STREAM_REGISTRY, 1)]
        self._telemetry = self._link(f"ew-gateway-{name}", [(f, 1) for f in topics.DEVICE_FILTERS])
        self._alarms = self._link(f"ew-gateway-{name}-alarm", [(topics.DEVICE_ALARM_FILTER, 1)])
        self._stream = Link(
            settings.mqtt_url,
            f"ew-gateway-{name}-stream",
            version=settings.mqtt_version,
            subscriptions=registry,
            on_message=lambda _: self._register_changed.set(),
            on_connected=self._register_changed.set,
        )

    def _link(self, client_id: str, subscriptions: list[tuple[str, int]]) -> Link:
        link = Link(
            self._settings.mqtt_url,
            client_id,
            version=self._settings.mqtt_version,
            subscriptions=subscriptions,
            on_message=lambda message: self._receive(link, message),
            keep_session=True,
            manual_ack=True,
        )
        return link

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; then stream, commit and acknowledge what is in hand."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(dispose, self._engine)
            stack.callback(self._spool.close)
            await stack.enter_async_context(self._stream)
            await stack.enter_async_context(self._alarms)
            await stack.enter_async_context(self._telemetry)
            async with asyncio.TaskGroup() as group:
                jobs = {
                    "flush": self._flush_loop(),
                    "heartbeat": self._heartbeat_loop(),
                    "register": self._register_loop(),
                    "commit": self._committer.run(),
                    "replay": self._committer.run_replay(),
                }
                tasks = [group.create_task(job, name=name) for name, job in jobs.items()]
                await stop.wait()
                for task in tasks:
                    task.cancel()
            self._flush()
            with suppress(TimeoutError):  # then the broker delivers again what was not acknowledged
                async with asyncio.timeout(DRAIN_S):
                    await self._committer.drain()
            log.info("stopped; %d parcels stay in the spool", len(self._spool))

    def _receive(self, link: Link, message: Incoming) -> None:
        arrival = now_ms()
        self.metrics.messages.inc()
        decoded = decode(message)
        try:
            resolved = self._resolver.resolve(decoded, arrival, retained=message.retain)
        except Exception as error:  # a fault of ours must not stop the stream
            log.exception("a message on %s could not be resolved", message.topic)
            resolved = Resolved(rejects=[internal(error)])
        self._batcher.add(link, message, decoded, resolved, arrival)
        self._gathered.set()
        if self._batcher.full:
            self._flush()  # here, not in the loop's turn: thousands may come before that
        elif link is self._alarms:
            self._urgent.set()

    async def _flush_loop(self) -> None:
        """A batch each 20 ms while there is something; at once when it is full or a device says alarm."""
        while True:
            await self._gathered.wait()
            try:
                async with asyncio.timeout(GATHER_S):
                    await self._urgent.wait()
            except TimeoutError:
                pass
            self._flush()

    def _flush(self) -> None:
        self._gathered.clear()
        self._urgent.clear()
        for parcel in self._batcher.take(now_ms()):
            if len(parcel.batch.columns) or parcel.batch.introductions:
                packed = pack_batch(parcel.batch)
                parcel.sent = self._stream.publish(topics.stream_readings(parcel.batch.gateway), packed)
                self.metrics.readings.inc(len(parcel.batch.columns))
            for letter in parcel.dead_letters:
                self.metrics.dead_letters.labels(letter.reason).inc()
            self._committer.put(parcel)

    async def _heartbeat_loop(self) -> None:
        name = self._batcher.gateway
        while True:
            links_up = self._telemetry.connected and self._alarms.connected and self._stream.connected
            self.metrics.broker_up.set(links_up)
            if self._stream.connected:
                beat = Heartbeat(
                    gateway=name,
                    start=self._batcher.start,
                    n=self._batcher.n,
                    now=now_ms(),
                    faults=dict(self._committer.faults),
                )
                self._stream.publish(topics.stream_heartbeat(name), pack(beat), qos=0)
            await asyncio.sleep(HEARTBEAT_S)

    async def _register_loop(self) -> None:
        """Take the register's calibration over whenever it may have changed."""
        while True:
            await self._register_changed.wait()
            self._register_changed.clear()
            try:
                found = await within(REGISTER_S, calibration.load(self._engine, self._snapshot))
                self._resolver.calibration = found
            except AWAY as error:
                log.debug("the register cannot be read now: %s", explain(error))
                self._register_changed.set()
                await asyncio.sleep(RETRY_S)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run one gateway until `stop` is set. Raises SettingsError where its folder or its metrics port is taken."""
    with only_one(settings.data_dir / "gateway", "gateway"):
        await _run_alone(settings, stop)


async def _run_alone(settings: Settings, stop: asyncio.Event) -> None:
    gateway = Gateway(settings)
    try:
        server, thread = start_http_server(
            settings.gateway_metrics_port, settings.metrics_host, registry=gateway.metrics.registry
        )
    except OSError as error:
        raise SettingsError(f"EMBERWATCH_GATEWAY_METRICS_PORT: {error}; choose a free port") from None
    try:
        await gateway.run(stop)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
