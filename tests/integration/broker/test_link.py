"""Our link on real brokers, over kills, restarts and silence."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from ember_base import mqtt
from ember_base.mqtt import Incoming, Link, Will
from tests.support.broker import RunningBroker
from tests.support.until import until

Make = Callable[..., Any]
TOPIC = "ew/v1/dev/烟感-07/telemetry"


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "RETRY_S", (0.05, 0.2))


class Listener:
    """Keeps what comes, in order."""

    def __init__(self) -> None:
        self.seen: list[Incoming] = []

    def __call__(self, message: Incoming) -> None:
        self.seen.append(message)

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.seen]


@pytest.fixture
async def link() -> AsyncIterator[Make]:
    """Makes links that stand before they are handed out, and end with the test."""
    async with AsyncExitStack() as stack:

        async def make(broker: RunningBroker, name: str, **more: Any) -> Link:
            made = await stack.enter_async_context(Link(broker.url, name, version=broker.version, **more))
            async with asyncio.timeout(10):
                await made.wait_connected()
            return made

        yield make


async def subscribed(broker: RunningBroker, make: Make, listener: Listener, **more: Any) -> Link:
    """A listener whose subscription stands: what it is sent arrives."""
    made: Link = await make(broker, "listener", on_message=listener, subscriptions=[(TOPIC, 1)], **more)
    made.publish(TOPIC, b"mark")
    await until("the subscription stands", lambda: b"mark" in listener.payloads)
    for message in listener.seen:
        made.ack(message)
    listener.seen.clear()
    return made


async def test_messages_in_order_under_a_chinese_name(broker: RunningBroker, link: Make) -> None:
    listener = Listener()
    await subscribed(broker, link, listener)
    sender = await link(broker, "sender")
    for n in range(500):
        sender.publish(TOPIC, str(n))
    await until("all arrive", lambda: len(listener.seen) >= 500)
    assert listener.payloads == [str(n).encode() for n in range(500)]
    assert {message.topic for message in listener.seen} == {TOPIC}


async def test_it_comes_back_after_a_kill_and_hears_again(broker: RunningBroker, link: Make) -> None:
    listener = Listener()
    connected: list[None] = []
    hearing = await subscribed(broker, link, listener, on_connected=lambda: connected.append(None))
    broker.kill()
    await until("the loss is seen", lambda: not hearing.connected)
    queued = hearing.publish(TOPIC, b"queued while away")
    broker.start()
    await until("what was queued goes out, and is heard", lambda: b"queued while away" in listener.payloads)
    await until("its sender knows", queued.is_published)
    assert len(connected) == 2


async def test_what_was_not_acknowledged_comes_again(broker: RunningBroker, link: Make) -> None:
    listener = Listener()
    async with AsyncExitStack() as first:
        hearing = Link(
            broker.url,
            "keeper",
            version=broker.version,
            on_message=listener,
            subscriptions=[(TOPIC, 1)],
            keep_session=True,
            manual_ack=True,
        )
        await first.enter_async_context(hearing)
        await hearing.wait_connected()
        hearing.publish(TOPIC, b"mark")
        await until("the subscription stands", lambda: listener.seen)
        assert hearing.ack(listener.seen[0])
        for n in range(10):
            hearing.publish(TOPIC, str(n))
        await until("ten more arrive", lambda: len(listener.seen) == 11)
        assert [hearing.ack(message) for message in listener.seen[1:4]] == [True] * 3
    stale = listener.seen[-1]
    assert not hearing.can_ack(stale)
    assert not hearing.ack(stale)
    listener.seen.clear()
    again = await link(broker, "keeper", on_message=listener, keep_session=True, manual_ack=True)
    await until("the rest comes again", lambda: len(listener.seen) >= 7)
    assert listener.payloads == [str(n).encode() for n in range(3, 10)]
    assert all(again.ack(message) for message in listener.seen)


async def test_a_session_holds_what_comes_while_away_and_over_a_restart(mosquitto: RunningBroker, link: Make) -> None:
    listener = Listener()
    async with Link(
        mosquitto.url,
        "keeper",
        subscriptions=[(TOPIC, 1)],
        on_message=listener,
        keep_session=True,
        version=mosquitto.version,
    ) as early:
        await early.wait_connected()
        early.publish(TOPIC, b"mark")
        await until("the subscription stands", lambda: listener.seen)
    sender = await link(mosquitto, "sender")
    sent = [sender.publish(TOPIC, str(n)) for n in range(20)]
    await until("the broker has them", lambda: all(info.is_published() for info in sent))
    mosquitto.stop()
    mosquitto.start()
    listener.seen.clear()
    await link(mosquitto, "keeper", on_message=listener, keep_session=True)
    await until("they come", lambda: len(listener.seen) >= 20)
    assert listener.payloads == [str(n).encode() for n in range(20)]


async def test_the_will_is_said_for_one_that_vanished_not_for_one_that_left(broker: RunningBroker, link: Make) -> None:
    listener = Listener()
    await subscribed(broker, link, listener)
    will = Will(TOPIC, b"gone", retain=False)
    async with Link(broker.url, "leaver", version=broker.version, will=will) as leaver:
        await leaver.wait_connected()
    vanisher = await link(broker, "vanisher", will=Will(TOPIC, b"vanished", retain=False))
    vanisher._client._sock_close()  # as a cut cable
    await until("the will is said", lambda: listener.seen)
    assert listener.payloads == [b"vanished"]


async def test_a_stale_connection_acknowledges_nothing(broker: RunningBroker, link: Make) -> None:
    """A packet id of an earlier connection may mean another message on this one."""
    listener = Listener()
    hearing = await subscribed(broker, link, listener, manual_ack=True)
    hearing.publish(TOPIC, b"one")
    await until("it arrives", lambda: listener.seen)
    message = listener.seen[0]
    broker.kill()
    await until("the loss is seen", lambda: not hearing.connected)
    assert not hearing.ack(message)
    broker.start()
    await until("it is back", lambda: hearing.connected)
    assert not hearing.ack(message)
    assert hearing.ack(message._replace(qos=0))  # nothing to send


@pytest.mark.parametrize("state", ["away", "frozen", "frozen with much to send"])
async def test_it_ends_at_once_whatever_the_broker_does(mosquitto: RunningBroker, state: str) -> None:
    made = Link(mosquitto.url, "x", version=mosquitto.version)
    async with asyncio.timeout(10):
        await made.__aenter__()
        await made.wait_connected()
    if state == "away":
        mosquitto.kill()
        await until("the loss is seen", lambda: not made.connected)
    else:
        mosquitto.freeze()
        for _ in range(100 if "much" in state else 0):
            made.publish(TOPIC, bytes(200_000))
    async with asyncio.timeout(2):
        await made.__aexit__(None, None, None)
    mosquitto.kill()
    gc.collect()


async def test_a_handler_that_fails_stops_nothing(broker: RunningBroker, link: Make) -> None:
    seen: list[bytes] = []

    def handle(message: Incoming) -> None:
        seen.append(message.payload)
        raise RuntimeError("a fault of the owner")

    hearing = await link(broker, "failing", on_message=handle, subscriptions=[(TOPIC, 1)])
    await until("the subscription stands", lambda: hearing.publish(TOPIC, b"mark") and seen)
    seen.clear()
    for n in range(3):
        hearing.publish(TOPIC, str(n))
    await until("all are handled", lambda: seen[-1:] == [b"2"])
