"""From the journal to those who tell: lanes by class, so that a fire waits behind nothing."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ember_service.alarms.archive import Archive
from ember_service.notify.model import Message
from ember_service.notify.outbox import Outbox
from ember_wire.alarms import AlarmClass, Transition

log = logging.getLogger(__name__)

MOST_TOGETHER: Final = 100
RETRY_S: Final = 2.0


class _Item(NamedTuple):
    number: int
    transition: Transition


class Handoff:
    """Puts durable transitions into outbox and archive. `plan` makes the messages of one transition."""

    def __init__(
        self,
        outbox: Outbox,
        archive: Archive,
        plan: Callable[[Transition], list[Message]],
        queued: Callable[[], None],
        clock: Callable[[], int],
    ) -> None:
        self._outbox = outbox
        self._archive = archive
        self._plan = plan
        self._queued = queued
        self._clock = clock
        self._lanes: dict[AlarmClass, deque[_Item]] = {name: deque() for name in AlarmClass}
        self._to_archive: deque[_Item] = deque()
        self._news, self._archive_news, self._progress = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._number = 0
        self.faults: dict[str, str] = {}

    def put(self, transitions: Sequence[Transition]) -> None:
        """Take over transitions that the journal holds."""
        for transition in transitions:
            self._number += 1
            item = _Item(self._number, transition)
            self._lanes[transition.alarm.class_].append(item)
            self._to_archive.append(item)
        if transitions:
            self._news.set()
            self._archive_news.set()

    async def done(self) -> None:
        """Wait until everything put so far is durable in outbox and archive."""
        until = self._number
        while any(lane and lane[0].number <= until for lane in (*self._lanes.values(), self._to_archive)):
            self._progress.clear()
            await self._progress.wait()

    async def run_outbox(self) -> None:
        """Hand over to the outbox until cancelled, the worst class first."""
        while True:
            await self._news.wait()
            self._news.clear()
            while lane := next((lane for lane in self._lanes.values() if lane), None):
                some = [lane[at] for at in range(min(len(lane), MOST_TOGETHER))]
                messages = [message for item in some for message in self._planned(item.transition)]
                if messages and await self._outbox.add(messages, self._clock()):
                    self._queued()
                self._drop(lane, len(some))

    async def run_archive(self) -> None:
        """Hand over to the archive until cancelled. A failing disk is tried again: the journal's part stays kept."""
        lane = self._to_archive
        while True:
            await self._archive_news.wait()
            self._archive_news.clear()
            while lane:
                some = [lane[at] for at in range(min(len(lane), MOST_TOGETHER))]
                try:
                    await self._archive.put([item.transition for item in some])
                except OSError as error:
                    if "archive_failing" not in self.faults:
                        log.warning("the archive's queue cannot be written (%s); retrying", error)
                    self.faults["archive_failing"] = f"Alarms cannot be kept for the database: {error}."
                    await asyncio.sleep(RETRY_S)
                    continue
                self.faults.pop("archive_failing", None)
                self._drop(lane, len(some))

    def _planned(self, transition: Transition) -> list[Message]:
        try:
            return self._plan(transition)
        except Exception as error:
            log.exception("the messages of transition %s could not be made", transition.id)
            self.faults["planning_failed"] = f"Nobody could be told of alarm {transition.alarm.id}: {error}."
            return []

    def _drop(self, lane: deque[_Item], count: int) -> None:
        for _ in range(count):
            lane.popleft()
        self._progress.set()
