"""What lies between paho's thread and the event loop."""

import asyncio
import threading

from paho.mqtt.client import MQTTMessage

from ember_base.mqtt import Incoming, Link
from tests.support.until import until


class Slow(MQTTMessage):
    """A message that stops paho's thread in the midst of handing it over."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        super().__init__(2, b"t")

    @property
    def payload(self) -> bytes:
        self.reached.set()
        assert self.go_on.wait(10)
        return b"second"

    @payload.setter
    def payload(self, value: bytes) -> None:
        """Nothing: it is what it is."""


async def test_a_message_that_comes_just_as_the_inbox_runs_empty_is_handed_over() -> None:
    """It once lay there for ever, and all behind it: the thread saw a full inbox, the loop an empty one."""
    seen: list[bytes] = []
    slow = Slow()

    def handle(message: Incoming) -> None:
        seen.append(message.payload)
        if len(seen) == 1:
            thread.start()
            assert slow.reached.wait(10)

    link = Link("mqtt://127.0.0.1:1", "x", on_message=handle)
    link._loop = asyncio.get_running_loop()
    thread = threading.Thread(target=link._message, args=(link._client, None, slow))
    first = MQTTMessage(1, b"t")
    first.payload = b"first"
    link._message(link._client, None, first)
    await until("the first is handled", lambda: seen)
    slow.go_on.set()
    await until("the second is handled", lambda: seen == [b"first", b"second"], within=5)
    thread.join()


async def test_what_is_queued_without_a_connection_can_be_waited_for() -> None:
    """paho's info then raised for good, also after the message was out; and that ended the gateway."""
    link = Link("mqtt://127.0.0.1:1", "x")
    assert not link.publish("t", b"x").is_published()
