"""Real brokers for the simulator, on loopback, and an observer that sees what devices say."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from iotcore import Broker as Rumqttd

from ember_base.mqtt import Incoming, Link
from ember_sim.connection import Broker
from ember_wire import topics
from ember_wire.dialects import native
from ember_wire.dialects.base import Decoded

DEADLINE_S = 15.0
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")

_RUMQTTD = """
id = 0
[router]
id = 0
max_connections = 1010
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
"""
_LISTENER = """
[{name}.1]
name = "{name}"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[{name}.1.connections]
connection_timeout_ms = 5000
max_payload_size = 1048576
max_inflight_count = 100
dynamic_filters = true
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells, with a deadline."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class Mosquitto:
    """A mosquitto that can be killed and started again on its port; it keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\nlog_dest none\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if MOSQUITTO is None:
            pytest.fail("mosquitto is not installed: apt-get install mosquitto")
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)])
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        pytest.fail("mosquitto does not listen")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    if MOSQUITTO is None and not os.environ.get("CI"):
        pytest.skip("not run: mosquitto is not installed")
    server = Mosquitto(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["mosquitto 5", "mosquitto 3.1.1", "rumqttd 5", "rumqttd 3.1.1"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """Each kind of broker with each version of MQTT."""
    kind, version = request.param.split()
    if kind == "mosquitto":
        server = request.getfixturevalue("mosquitto")
        yield Broker.of(f"mqtt://127.0.0.1:{server.port}", version)
        return
    ports = {"3.1.1": free_port(), "5": free_port()}
    config = tmp_path / "rumqttd.toml"
    listeners = (_LISTENER.format(name=n, port=ports[v]) for n, v in (("v4", "3.1.1"), ("v5", "5")))
    config.write_text(_RUMQTTD + "".join(listeners))
    with Rumqttd(config_path=str(config)):
        yield Broker.of(f"mqtt://127.0.0.1:{ports[version]}", version)


class Observer:
    """Subscribes to all devices and decodes as the gateway does; a reject fails the test at its end."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, Decoded]] = []
        self.raw: list[Incoming] = []
        self._news = asyncio.Event()

    def see(self, message: Incoming) -> None:
        topic = topics.parse_device_topic(message.topic)
        assert topic is not None
        self.raw.append(message)
        self.messages.append((topic.device, topic.leaf, native.decode(topic.device, topic.leaf, message.payload)))
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that messages bring about."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def values(self, device: str, channel: str, *leaves: str) -> list[float]:
        """All values of a channel in order of arrival, from these topics."""
        return [
            sample.value
            for name, leaf, decoded in self.messages
            if name == device and leaf in leaves
            for sample in decoded.samples
            if sample.channel == channel
        ]

    def online(self) -> dict[str, bool]:
        """The last word of each device's status."""
        return {
            device: bool(sample.value)
            for device, leaf, decoded in self.messages
            if leaf == "status"
            for sample in decoded.samples
            if sample.channel == "online"
        }

    def sequence(self, device: str) -> list[int]:
        """`seq` of each telemetry message in order of arrival."""
        return [
            decoded.samples[0].seq
            for name, leaf, decoded in self.messages
            if (name, leaf) == (device, "telemetry") and decoded.samples[0].seq is not None
        ]


@pytest.fixture
async def observe() -> AsyncIterator[Callable[[Broker], "asyncio.Future[Observer]"]]:
    """Makes observers that are subscribed before they are handed out."""
    links: list[Link] = []
    observers: list[Observer] = []

    async def start(broker: Broker) -> Observer:
        observer = Observer()
        subscribed = asyncio.Event()
        marker = f"ew/v1/dev/marker-{len(links)}/status"

        def see(message: Incoming) -> None:
            if message.topic == marker:
                subscribed.set()
            else:
                observer.see(message)

        url = f"mqtt://{broker.host}:{broker.port}"
        link = Link(
            url,
            f"observer-{len(links)}",
            on_message=see,
            subscriptions=[(one, 1) for one in (*topics.DEVICE_FILTERS, topics.DEVICE_ALARM_FILTER)],
            version="5" if broker.v5 else "3.1.1",
        )
        await link.__aenter__()
        links.append(link)
        observers.append(observer)
        async with asyncio.timeout(DEADLINE_S):
            await link.wait_connected()
            link.publish(marker, b"{}")  # what comes back shows that the subscription stands
            await subscribed.wait()
        return observer

    yield lambda broker: asyncio.ensure_future(start(broker))
    for link in links:
        await link.__aexit__(None, None, None)
    rejects = [(device, leaf, d.rejects) for one in observers for device, leaf, d in one.messages if d.rejects]
    assert rejects == []
