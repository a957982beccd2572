"""What the gateway acknowledged is in the database exactly once, and the stream waits for nobody. Tried to break."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from ember_base.mqtt import Link
from ember_wire import topics
from tests.integration.gateway.conftest import Database, Gateway, Watch, rows, stored
from tests.integration.gateway.tap import PUBACK, PUBLISH, Packet, tapped
from tests.support.broker import RunningBroker
from tests.support.until import until

Make = Callable[..., Any]
T0 = 1_763_900_000_000
IN_FLIGHT = 200
A_TICK = 10


class Load:
    """A device that publishes numbered readings, a few on its way at any time, until it is told to stop."""

    def __init__(self, link: Link, device: str = "d", *, timed: bool = True) -> None:
        self._link, self._device, self._timed = link, device, timed
        self.sent = 0
        self._on_way: list[Any] = []
        self._task = asyncio.create_task(self._publish())

    async def stop(self) -> list[float]:
        """Stop, and wait until the broker has all of it; returns the values."""
        self._task.cancel()
        await asyncio.wait([self._task])
        await until("the broker has it all", lambda: all(info.is_published() for info in self._on_way))
        return [float(n) for n in range(self.sent)]

    async def _publish(self) -> None:
        while True:
            self._on_way = [info for info in self._on_way if not info.is_published()]
            for _ in range(min(A_TICK, IN_FLIGHT - len(self._on_way))):
                time = {"ts": T0 + self.sent} if self._timed else {}
                leaf = "alarm" if self.sent % 50 == 0 else "telemetry"
                body = json.dumps({**time, "values": {"smoke": self.sent}})
                self._on_way.append(self._link.publish(f"ew/v1/dev/{self._device}/{leaf}", body))
                self.sent += 1
            await asyncio.sleep(0.02)


async def ready(gateway: Gateway) -> None:
    await until("the gateway has broker and database", lambda: _is(gateway, "database_up", 1))
    await until("and its sessions", lambda: _is(gateway, "broker_up", 1))


async def _is(gateway: Gateway, name: str, figure: float) -> bool:
    return await gateway.metric(name) == figure


async def grows(gateway: Gateway, name: str, by: float = 1) -> None:
    """Wait until one of its counters has grown."""
    before = max(await gateway.metric(name), 0)

    async def more() -> bool:
        return await gateway.metric(name) >= before + by

    await until(f"{name} grows", more)


async def all_stored(url: str, expected: list[float], device: str = "d") -> None:
    async def whole() -> bool:
        return len(await stored(url, device, "smoke")) >= len(expected)

    await until("all is stored", whole)
    assert await stored(url, device, "smoke") == expected


@pytest.mark.parametrize("mosquitto", ["3.1.1"], indirect=True)
async def test_killed_again_and_again_it_loses_nothing_and_stores_nothing_twice(
    mosquitto: RunningBroker, postgres_url: str, gateway: Make, watch: Make, link: Make
) -> None:
    heard: Watch = await watch(mosquitto)
    one: Gateway = gateway(mosquitto, postgres_url)
    await ready(one)
    loads = [Load(await link(mosquitto, "timed")), Load(await link(mosquitto, "untimed"), "none", timed=False)]
    for _ in range(5):
        await grows(one, "stored_total", 100)
        one.kill()
        one.start()
    await grows(one, "stored_total", 100)
    timed, untimed = [await load.stop() for load in loads]
    await all_stored(postgres_url, timed)
    await until("all without time is there, too", lambda: _holds(postgres_url, set(untimed)))
    heard.check_numbers()
    assert len({batch.start for batch in heard.batches}) == 6
    assert set(heard.values("d", "smoke")) == set(timed)
    assert await one.terminate() == 0


async def _holds(url: str, wanted: set[float]) -> bool:
    return set(await stored(url, "none", "smoke")) == wanted


@pytest.mark.parametrize("mosquitto", ["5"], indirect=True)
async def test_a_database_that_freezes_and_one_that_stops_delay_neither_stream_nor_puback(
    mosquitto: RunningBroker, database: Database, gateway: Make, watch: Make, link: Make
) -> None:
    heard: Watch = await watch(mosquitto)
    one: Gateway = gateway(mosquitto, database.url)
    await ready(one)
    load = Load(await link(mosquitto))
    await grows(one, "stored_total", 100)
    for away, back in ((database.freeze, database.thaw), (database.stop, database.start)):
        away()
        await grows(one, "spooled_total")
        streamed = len(heard.batches)
        await grows(one, "acknowledged_total", 200)
        assert len(heard.batches) > streamed
        await until("the heartbeat says so", lambda: "database" in heard.faults)
        back()
        await until("and that it is over", lambda: "database" not in heard.faults)
        await grows(one, "stored_total", 100)
    expected = await load.stop()
    await all_stored(database.url, expected)
    await until("the spool is empty", lambda: _is(one, "spool_parcels", 0))
    await until("all is acknowledged", lambda: _is(one, "unacknowledged", 0))
    assert sorted(heard.values("d", "smoke")) == expected  # two sessions, so two orders
    heard.check_numbers()
    assert one.log.count("late or away") < 10


@pytest.mark.parametrize("mosquitto", ["3.1.1"], indirect=True)
async def test_it_starts_without_a_database_and_a_kill_keeps_what_it_acknowledged(
    mosquitto: RunningBroker, database: Database, gateway: Make, watch: Make, link: Make
) -> None:
    database.stop()
    heard: Watch = await watch(mosquitto)
    one: Gateway = gateway(mosquitto, database.url)
    await until("it has its sessions", lambda: _is(one, "broker_up", 1))
    load = Load(await link(mosquitto))
    await grows(one, "acknowledged_total", 300)
    expected = await load.stop()
    await until("the stream has all", lambda: set(heard.values("d", "smoke")) == set(expected))
    await until("all is acknowledged", lambda: _is(one, "unacknowledged", 0))
    one.kill()
    database.start()
    one.start()
    await all_stored(database.url, expected)


@pytest.mark.parametrize("mosquitto", ["5"], indirect=True)
async def test_an_empty_database_is_waited_for_without_haste(
    mosquitto: RunningBroker, database: Database, gateway: Make, watch: Make, link: Make
) -> None:
    """Between the start of everything and `emberwatch migrate`, the gateway once asked without pause."""
    await rows(database.url, "ALTER TABLE reading RENAME TO reading_away")
    heard: Watch = await watch(mosquitto)
    one: Gateway = gateway(mosquitto, database.url)
    await until("it says what to do", lambda: "emberwatch migrate" in heard.faults.get("database", ""))
    load = Load(await link(mosquitto))
    await grows(one, "acknowledged_total", 300)
    beats = len(heard.beats)
    await until("two more heartbeats", lambda: len(heard.beats) >= beats + 2)
    assert len(one.log.splitlines()) < 20
    await rows(database.url, "ALTER TABLE reading_away RENAME TO reading")
    await all_stored(database.url, await load.stop())


@pytest.mark.parametrize("mosquitto", ["5"], indirect=True)
async def test_a_full_spool_holds_back_pubacks_and_loses_nothing(
    mosquitto: RunningBroker, database: Database, gateway: Make, watch: Make, link: Make
) -> None:
    database.stop()
    heard: Watch = await watch(mosquitto)
    one: Gateway = gateway(mosquitto, database.url, SPOOL_LIMIT_MB="1")
    await until("it has its sessions", lambda: _is(one, "broker_up", 1))
    device = await link(mosquitto)
    names = [f"c{n}" for n in range(2000)]
    sent = 40
    for n in range(sent):
        device.publish(topics.telemetry("wide"), json.dumps({"ts": T0 + n, "values": dict.fromkeys(names, 1)}))
    await until("the spool is full", lambda: "spool" in heard.faults)
    assert "limit" in heard.faults["spool"]
    held = await one.metric("unacknowledged")
    assert held > 0
    device.publish(topics.alarm("d"), b'{"values": {"smoke_alarm": true}}')
    await until("a fire is streamed all the same", lambda: heard.values("d", "smoke_alarm") == [1.0])
    assert await one.metric("unacknowledged") == held + 1
    database.start()
    await until("all is acknowledged", lambda: _is(one, "unacknowledged", 0))
    await until("all is stored", lambda: _readings(database.url, sent * 2000 + 1))
    await until("the fault is over", lambda: heard.faults == {})


async def _readings(url: str, count: int) -> bool:
    (row,) = await rows(url, "SELECT count(*) FROM reading")
    return bool(row[0] == count)


def is_stream(packet: Packet) -> bool:
    return packet.kind == PUBLISH and packet.out and packet.topic.startswith("ew/v1/stream/readings/")


def is_stream_taken(packet: Packet) -> bool:
    return packet.kind == PUBACK and not packet.out and packet.client.endswith("-stream")


def is_puback(packet: Packet) -> bool:
    return packet.kind == PUBACK and packet.out and not packet.client.endswith("-stream")


@pytest.mark.parametrize("broker", ["mosquitto 5", "embedded 3.1.1"], indirect=True)
async def test_the_broker_has_the_stream_before_the_device_message_is_acknowledged(
    broker: RunningBroker, postgres_url: str, gateway: Make, link: Make
) -> None:
    """A kill in between may repeat a fire; the other order would swallow it."""
    async with tapped(broker.port, broker.version) as tap:
        one: Gateway = gateway(broker, postgres_url, MQTT_URL=f"mqtt://127.0.0.1:{tap.port}")
        await ready(one)
        tap.hold = is_stream_taken
        device = await link(broker)
        device.publish(topics.alarm("d"), b'{"values": {"smoke_alarm": true}}')
        await until("the broker's answer is held", lambda: tap.held)
        await until("it is stored", lambda: stored(postgres_url, "d", "smoke_alarm"))
        assert tap.position(is_puback) is None
        tap.release()
        await until("it is acknowledged", lambda: tap.position(is_puback) is not None)
        order = [tap.position(wanted) for wanted in (is_stream, is_stream_taken, is_puback)]
        assert order == sorted(order, key=lambda at: at or 0)


@pytest.mark.parametrize("mosquitto", ["3.1.1"], indirect=True)
async def test_a_stream_that_comes_back_later_than_the_devices_is_waited_for(
    mosquitto: RunningBroker, postgres_url: str, gateway: Make, watch: Make, link: Make
) -> None:
    """After an outage the three connections come back in any order; publishing too early once ended the gateway."""
    heard: Watch = await watch(mosquitto)
    async with tapped(mosquitto.port, mosquitto.version) as tap:
        one: Gateway = gateway(mosquitto, postgres_url, MQTT_URL=f"mqtt://127.0.0.1:{tap.port}")
        await ready(one)
        tap.refuse = lambda client: client.endswith("-stream")
        tap.cut("-stream")
        await until("the stream is away", lambda: tap.refused)
        device = await link(mosquitto)
        for n in range(5):
            device.publish(topics.telemetry("d"), b'{"ts": %d, "values": {"smoke": %d}}' % (T0 + n, n))
        await until("they are stored", lambda: _readings(postgres_url, 5))
        assert tap.position(is_puback) is None
        tap.refuse = lambda _: False
        await until("they are streamed", lambda: heard.values("d", "smoke") == [0, 1, 2, 3, 4])
        await until("and acknowledged", lambda: _is(one, "acknowledged_total", 5))


@pytest.mark.parametrize("broker", ["mosquitto 3.1.1", "embedded 5"], indirect=True)
async def test_a_killed_broker_is_come_back_to(
    broker: RunningBroker, postgres_url: str, gateway: Make, watch: Make, link: Make
) -> None:
    heard: Watch = await watch(broker)
    one: Gateway = gateway(broker, postgres_url)
    await ready(one)
    load = Load(await link(broker))
    await grows(one, "stored_total", 100)
    broker.kill()
    broker.start()
    await until("it is back", lambda: _is(one, "broker_up", 1))
    await grows(one, "stored_total", 100)
    await load.stop()
    await until("all is acknowledged", lambda: _is(one, "unacknowledged", 0))
    streamed, kept = heard.values("d", "smoke"), await stored(postgres_url, "d", "smoke")
    assert set(streamed) <= set(kept)
    assert len(kept) == len(set(kept))


@pytest.mark.parametrize(("mosquitto", "state"), [("5", "frozen"), ("3.1.1", "gone")], indirect=["mosquitto"])
async def test_sigterm_ends_it_whatever_broker_and_database_do(
    mosquitto: RunningBroker, database: Database, gateway: Make, link: Make, state: str
) -> None:
    one: Gateway = gateway(mosquitto, database.url)
    await ready(one)
    load = Load(await link(mosquitto))
    await grows(one, "stored_total", 50)
    if state == "frozen":
        database.freeze()
        mosquitto.freeze()
    elif state == "gone":
        database.stop()
        mosquitto.kill()
    try:
        assert await one.terminate() == 0
    finally:
        if state == "frozen":
            database.thaw()
            mosquitto.thaw()
    if state == "gone":
        mosquitto.start()
    await load.stop()
