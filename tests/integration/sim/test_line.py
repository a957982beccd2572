"""What a line promises while its broker comes and goes: nothing lost up to its bound, nothing changed, in order."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from ember_sim.connection import Broker
from ember_sim.device import Message
from ember_sim.line import Line
from ember_wire import topics

from .conftest import DEADLINE_S, Mosquitto, Observer, eventually, free_port

Observe = Callable[[Broker], "asyncio.Future[Observer]"]


class Cable:
    """A TCP relay before a broker that can be cut and mended: the broker itself goes on."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def end(self) -> Broker:
        return self._broker._replace(port=self._port)

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", self._port)

    async def cut(self) -> None:
        if self._server:
            self._server.close()
            for writer in self._writers:
                writer.transport.abort()
            await self._server.wait_closed()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._broker.host, self._broker.port)
        mine = {writer, far_writer}
        self._writers |= mine
        try:
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        finally:
            self._writers -= mine

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


def sample(seq: int) -> Message:
    payload = f'{{"ts":{1_767_578_400_000 + seq},"boot":"b","seq":{seq},"values":{{"temperature":20}}}}'
    return Message(topics.telemetry("d"), payload.encode())


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_was_said_during_outages_comes_later_in_order_and_unchanged(
    broker: Broker, observe: Observe
) -> None:
    observer = await observe(broker)
    cable = Cable(broker)
    line = Line(cable.end, "d")
    task = asyncio.create_task(line.run())
    sent = 0
    async with asyncio.timeout(DEADLINE_S):
        for _ in range(2):
            await cable.mend()
            await line.wait_connected()
            for _ in range(300):
                sent += 1
                line.send(sample(sent))
            await asyncio.sleep(0)  # some of it is on its way when the cable breaks
            await cable.cut()
            await eventually(lambda: not line.connected)
        assert line.waiting > 0
        await cable.mend()
        await line.wait_idle()
        await observer.until(lambda: set(observer.sequence("d")) == set(range(1, sent + 1)))
    first_seen = list(dict.fromkeys(observer.sequence("d")))
    assert first_seen == sorted(first_seen)
    for message in observer.raw:
        assert message.payload in {sample(n).payload for n in observer.sequence("d")}
    await end(task)
    await cable.cut()
    assert line.dropped == 0


async def test_a_full_outbox_keeps_the_newest_and_counts_what_it_dropped(broker: Broker, observe: Observe) -> None:
    observer = await observe(broker)
    line = Line(broker, "d", keep=5)
    for seq in range(1, 9):
        line.send(sample(seq))
    assert (line.waiting, line.dropped) == (5, 3)
    task = asyncio.create_task(line.run())
    await observer.until(lambda: observer.sequence("d") == [4, 5, 6, 7, 8])
    await end(task)


async def test_a_verdict_overtakes_what_waited_and_the_status_goes_first(broker: Broker, observe: Observe) -> None:
    observer = await observe(broker)
    hello = Message(topics.status("d"), b'{"online":true}', retain=True, urgent=True)
    line = Line(broker, "d", announce=lambda: [hello])
    for seq in range(1, 100):
        line.send(sample(seq))
    line.send(Message(topics.alarm("d"), b'{"values":{"smoke_alarm":true}}', urgent=True))
    task = asyncio.create_task(line.run())
    await observer.until(lambda: len(observer.messages) == 101)
    assert [leaf for _, leaf, _ in observer.messages[:3]] == ["status", "alarm", "telemetry"]
    await end(task)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_a_polite_end_leaves_the_will_unsaid_and_a_rude_one_does_not(
    version: str, mosquitto: Mosquitto, observe: Observe
) -> None:
    """Not on rumqttd, which now and then publishes the will after a DISCONNECT too (here: the same words again)."""
    broker = Broker.of(f"mqtt://127.0.0.1:{mosquitto.port}", version)
    observer = await observe(broker)
    will = Message(topics.status("d"), b'{"online":false}', retain=True)
    hello = Message(topics.status("d"), b'{"online":true}', retain=True, urgent=True)
    goodbye = Message(topics.status("d"), b'{"online":false,"why":"asked to"}', retain=True, urgent=True)

    polite = Line(broker, "d", will=will, announce=lambda: [hello])
    task = asyncio.create_task(polite.run())
    await observer.until(lambda: len(observer.raw) == 1)
    await polite.close([goodbye])
    await task
    await observer.until(lambda: len(observer.raw) == 2)

    rude = Line(broker, "d", will=will, announce=lambda: [hello])
    task = asyncio.create_task(rude.run())
    await observer.until(lambda: len(observer.raw) == 3)
    rude.power(on=False)
    await observer.until(lambda: len(observer.raw) == 4)
    await end(task)
    assert [m.payload for m in observer.raw] == [hello.payload, goodbye.payload, hello.payload, will.payload]


async def test_nobody_there_is_retried_with_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    line = Line(Broker.of(f"mqtt://127.0.0.1:{free_port()}"), "d")
    task = asyncio.create_task(line.run())
    await eventually(lambda: sum("no broker answers" in record.getMessage() for record in caplog.records) >= 2)
    assert not task.done()
    await end(task)
