"""Takes messages from the outbox to their channels: each channel with lanes of its own, so that none waits for another.

A lane for fires and a lane for the rest, each with a bounded number of tries at once and one at a time to an address:
neither ten thousand troubles nor a receiver that never answers holds a fire up.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from ember_service.notify.model import DONE, Channel, Message, Result, Sender, State, unknown
from ember_service.notify.outbox import Outbox
from ember_wire.alarms import AlarmClass

log = logging.getLogger(__name__)

TRY_WITHIN_S: Final = 15.0
AT_ONCE: Final = 16
FIRE_RETRY_S: Final = (5, 10, 20, 30)
PREWARNING_RETRY_S: Final = (10, 30, 60)
OTHER_RETRY_S: Final = (30, 120, 600, 900)
GIVE_UP_AFTER_S: Final = 86_400
LOOK_AGAIN_S: Final = 60.0


class Lane(NamedTuple):
    """One channel's fires, or the rest of it."""

    channel: Channel
    fires: bool


def retry_after(class_: AlarmClass, attempts: int, age: float) -> float | None:
    """Seconds until the next try after `attempts` tries; None: given up. A fire's message is never given up."""
    steps: tuple[int, ...]
    if class_ is AlarmClass.FIRE:
        steps = FIRE_RETRY_S
    elif age > GIVE_UP_AFTER_S:
        return None
    else:
        steps = PREWARNING_RETRY_S if class_ is AlarmClass.PREWARNING else OTHER_RETRY_S
    return steps[min(attempts, len(steps)) - 1]


class Deliverer:
    """`told` is called after each try: for the metrics, and to archive the message as it stands now."""

    def __init__(
        self,
        outbox: Outbox,
        senders: Mapping[Channel, Sender],
        clock: Callable[[], int],
        told: Callable[[Message, Result], None] = lambda _message, _result: None,
    ) -> None:
        self._outbox = outbox
        self._senders = senders
        self._clock = clock
        self._told = told
        self._stopping = False
        self._news = {Lane(channel, fires): asyncio.Event() for channel in senders for fires in (True, False)}

    def wake(self) -> None:
        """There is something new in the outbox."""
        for event in self._news.values():
            event.set()

    def stop(self) -> None:
        """Begin no further try; `run` ends with the last that is under way."""
        self._stopping = True
        self.wake()

    async def run(self) -> None:
        """Deliver until `stop`, or until cancelled: then what is under way is marked as a repeat at the next start."""
        async with asyncio.TaskGroup() as group:
            for lane in self._news:
                group.create_task(self._lane(lane), name=f"deliver {lane.channel} {'fires' if lane.fires else 'rest'}")

    async def _lane(self, lane: Lane) -> None:
        news, busy = self._news[lane], set[str]()
        async with asyncio.TaskGroup() as tries:
            while not self._stopping:
                news.clear()
                claimed: list[Message] = []
                if len(busy) < AT_ONCE:
                    claimed = await self._outbox.claim(
                        lane.channel, fires=lane.fires, now=self._clock(), busy=busy, most=AT_ONCE - len(busy)
                    )
                for message in claimed:
                    busy.add(message.address)
                    tries.create_task(self._try(message, busy, news), name=f"tell {message.contact}")
                if not claimed:
                    await self._wait(lane, news)

    async def _wait(self, lane: Lane, news: asyncio.Event) -> None:
        """Until there is something new, or the next message is due."""
        due = await self._outbox.next_due(lane.channel, fires=lane.fires)
        now = self._clock()
        # What is due already waits for its address, whose end is news.
        wait = LOOK_AGAIN_S if due is None or due <= now else min((due - now) / 1000, LOOK_AGAIN_S)
        try:
            async with asyncio.timeout(wait):
                await news.wait()
        except TimeoutError:
            return

    async def _try(self, message: Message, busy: set[str], news: asyncio.Event) -> None:
        try:
            await self._deliver(message)
        finally:
            busy.discard(message.address)
            news.set()

    async def _deliver(self, message: Message) -> None:
        try:
            async with asyncio.timeout(TRY_WITHIN_S):
                result = await self._senders[message.channel].send(message)
        except TimeoutError:
            result = unknown(f"no end within {TRY_WITHIN_S:.0f} s", arrived=True)
        except Exception as error:
            log.exception("the channel %s failed on message %s", message.channel, message.id)
            result = unknown(f"{type(error).__name__}: {error}", arrived=True)
        now = self._clock()
        tries = message.attempts + 1
        wait = retry_after(message.alarm.class_, tries, (now - message.queued) / 1000)
        if wait is None and result.state is State.UNKNOWN:
            result = Result(state=State.UNKNOWN, reason=f"given up after {tries} tries: {result.reason}")
        due = None if wait is None or result.state in DONE else now + round(wait * 1000)
        await self._outbox.finish(message, result, now, due)
        say = log.info if result.state is State.DELIVERED else log.warning
        alarm = message.alarm
        say("%s to %s by %s: %s %s", alarm.class_, message.contact, message.channel, result.state, result.reason)
        self._told(message, result)
