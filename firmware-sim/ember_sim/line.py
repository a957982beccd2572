"""A device's (or a hub's) line to the broker: an outbox that outlives connections, and the patience to get new ones.

What is not acknowledged stays in the outbox and goes out again, in order and unchanged, over the next connection: the
same `ts`, `boot` and `seq` let the gateway tell a repeat from news. The outbox is bounded and keeps the newest.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from random import Random
from typing import Final

from ember_sim.connection import Broker, BrokerError, Connection
from ember_sim.device import Message

log = logging.getLogger(__name__)

KEEP: Final = 10_000
RETRY_FIRST_S: Final = 0.5
RETRY_MOST_S: Final = 4.0  # a broker that is back has its devices back within five seconds
STEADY_S: Final = 10.0


class Line:
    """Give it messages with `send`; `run` keeps it up; `close` ends it politely.

    `announce` gives what goes first on each new connection (the retained status). `on_acked` hears of each PUBACK.
    `keep` bounds the waiting messages of each urgency: beyond it the oldest is dropped and counted in `dropped`.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        *,
        will: Message | None = None,
        announce: Callable[[], Iterable[Message]] = tuple,
        on_acked: Callable[[Message], None] = lambda _: None,
        keep: int = KEEP,
        random: Random | None = None,
    ) -> None:
        self.client_id = client_id
        self.acked = 0
        self.dropped = 0
        self.refused = 0
        self._broker = broker
        self._will = will
        self._announce = announce
        self._on_acked = on_acked
        self._keep = keep
        self._random = random or Random()
        self._urgent: deque[Message] = deque()
        self._calm: deque[Message] = deque()
        self._flying: dict[int, Message] = {}
        self._connection: Connection | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._up = asyncio.Event()
        self._closing = False
        self._powered = asyncio.Event()
        self._powered.set()

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    @property
    def waiting(self) -> int:
        """Messages that the broker has not acknowledged yet."""
        return len(self._urgent) + len(self._calm) + len(self._flying)

    async def wait_connected(self) -> None:
        await self._up.wait()

    async def wait_idle(self) -> None:
        """Until everything sent so far is acknowledged (or refused)."""
        await self._idle.wait()

    def send(self, message: Message) -> None:
        """Put a message into the outbox: urgent ones overtake the others."""
        queue = self._urgent if message.urgent else self._calm
        if len(queue) >= self._keep:
            queue.popleft()
            self.dropped += 1
        queue.append(message)
        self._idle.clear()
        self._pump()

    async def run(self) -> None:
        """Keep a connection up until closed. Waits twice as long after each failure, by a random share of it, so that
        a fleet does not come back all at once."""
        clock = asyncio.get_running_loop().time
        wait = RETRY_FIRST_S
        while True:
            await self._powered.wait()
            started = clock()
            try:
                why = await self._one_connection()
            except BrokerError as error:
                why = str(error)
            if self._closing:
                return
            if not self._powered.is_set():
                wait = RETRY_FIRST_S
                continue
            if clock() - started > STEADY_S:
                wait = RETRY_FIRST_S
            pause = wait * self._random.uniform(0.5, 1.0)
            log.warning("%s: %s; trying again in %.1f s, %d waiting", self.client_id, why, pause, self.waiting)
            await asyncio.sleep(pause)
            wait = min(RETRY_MOST_S, 2 * wait)

    async def close(self, farewell: Iterable[Message] = (), within: float = 1.0) -> None:
        """Send what is left and `farewell`, at most `within` s, then disconnect."""
        if self._connection is None or not self.connected:
            self._closing = True
            return
        for message in farewell:
            self.send(message)
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.wait_idle()
        self._closing = True
        if connection := self._connection:
            await connection.close()

    def power(self, *, on: bool) -> None:
        """Off: die without a word and forget what waited, as in a fire; the broker publishes the will."""
        if on:
            self._powered.set()
            return
        self._powered.clear()
        if self._connection:
            self._connection.abort()
        self._take_back()
        self._urgent.clear()
        self._calm.clear()
        self._idle.set()

    async def _one_connection(self) -> str:
        connection = Connection(self._broker, self.client_id, will=self._will, on_acked=self._answered)
        await connection.open()
        try:
            self._connection = connection
            self._announce_all()
            self._up.set()
            log.info("%s: connected to the broker at %s, %d waiting", self.client_id, self._broker, self.waiting)
            self._pump()
            return await connection.lost()
        finally:
            self._up.clear()
            self._connection = None
            connection.abort()
            self._take_back()

    def _announce_all(self) -> None:
        """Put the announcements first. They are states: one that still waits from before is out of date."""
        waiting = [message for message in self._urgent if not message.retain]
        self._urgent = deque((*self._announce(), *waiting))
        if self._urgent:
            self._idle.clear()

    def _pump(self) -> None:
        connection = self._connection
        while connection and len(self._flying) < connection.window and (self._urgent or self._calm):
            message = self._urgent[0] if self._urgent else self._calm[0]
            try:
                mid = connection.publish(message)
            except BrokerError:
                return  # the connection is ending; it stays in the outbox
            (self._urgent or self._calm).popleft()
            self._flying[mid] = message

    def _answered(self, mid: int, accepted: bool) -> None:
        message = self._flying.pop(mid, None)
        if message is None:
            return
        if accepted:
            self.acked += 1
            self._on_acked(message)
        else:  # sending it again would be refused again
            self.refused += 1
            log.warning("%s: the broker refuses a message on %s", self.client_id, message.topic)
        self._pump()
        if not self.waiting:
            self._idle.set()

    def _take_back(self) -> None:
        """What flew when the connection broke goes back to the heads of its queues."""
        flying, self._flying = list(self._flying.values()), {}
        self._urgent.extendleft(reversed([message for message in flying if message.urgent]))
        self._calm.extendleft(reversed([message for message in flying if not message.urgent]))
