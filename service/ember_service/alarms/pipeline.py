"""Events in one order: evaluated at once, told when the journal holds them.

An event is evaluated as it arrives. Its record, and all that it brought about, wait for the journal's next fsync: at
once where there is something to tell, else within a tenth of a second. Only then does the broker get its
acknowledgement, the person an answer, and everybody the transitions. So a kill at any point loses nothing: what was
not journalled was not acknowledged, and comes again; what was journalled is derived again, with the same ids.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from ember_service.alarms.engine import Commanded, CommandOutcome, Engine, Event
from ember_service.alarms.journal import Journal, encode
from ember_wire.alarms import Transition

log = logging.getLogger(__name__)

SYNC_WITHIN_S: Final = 0.1
UNACKED: Final = 10
"""Brokers hold back after 20 unacknowledged messages by default."""


FAILED: Final = CommandOutcome(refused="internal", reason="The command could not be carried out.")


def _nothing() -> None:
    return None


class _Done(NamedTuple):
    record: bytes
    transitions: list[Transition]
    after: Callable[[], object]


class Pipeline:
    """`tell` gets what is durable, in order. `errors` counts events on which the engine failed."""

    def __init__(self, engine: Engine, journal: Journal, tell: Callable[[Sequence[Transition]], None]) -> None:
        self.engine = engine
        self.errors = 0
        self._journal = journal
        self._tell = tell
        self._waiting: deque[_Done] = deque()
        self._news, self._urgent = asyncio.Event(), asyncio.Event()
        self._committing = asyncio.Lock()
        self._stopping = False
        self._thread = ThreadPoolExecutor(1, "journal")

    def take(self, event: Event, packed: bytes | None = None, after: Callable[[], object] = _nothing) -> None:
        """Evaluate an event; `after` is called once it is durable."""
        self._enqueue(event, self._step(event), packed, after, urgent=False)

    def command(self, event: Commanded, after: Callable[[CommandOutcome], object]) -> None:
        """Carry a command out; `after` gets its outcome once that is durable."""
        try:
            transitions, outcome = self.engine.command(event)
        except Exception:
            log.exception("the engine failed on command %s", event.id)
            self.errors += 1
            transitions, outcome = [], FAILED
        self._enqueue(event, transitions, None, lambda: after(outcome), urgent=True)

    def pass_over(self, after: Callable[[], object]) -> None:
        """Something that is no event: `after` is called in its turn."""
        self._waiting.append(_Done(b"", [], after))
        self._news.set()

    async def run(self) -> None:
        """Commit until `stop`, and once more then."""
        while not self._stopping:
            await self._news.wait()
            try:
                async with asyncio.timeout(SYNC_WITHIN_S):
                    await self._urgent.wait()
            except TimeoutError:
                pass
            await self.commit()
        await self.commit()

    def stop(self) -> None:
        """Let `run` come to its end. It is not to be cancelled: what is half written would be written twice."""
        self._stopping = True
        self._news.set()
        self._urgent.set()

    async def commit(self) -> int:
        """Make durable what waits, then tell it; returns the journal's index after it, -1 where the disk fails."""
        async with self._committing:
            return await self._commit()

    async def checkpoint(self) -> tuple[bytes, int]:
        """The engine's dump, and the journal's index after the last event that is in it."""
        async with self._committing:
            return self.engine.dump(), await self._commit()

    async def _commit(self) -> int:
        self._news.clear()
        self._urgent.clear()
        some = list(self._waiting)
        records = [done.record for done in some if done.record]
        # Where the disk fails, `Journal.fault` says so and the alarms are told all the same.
        index = await asyncio.get_running_loop().run_in_executor(self._thread, self._journal.write, records)
        self._release(some)
        return index

    async def drop_before(self, index: int) -> None:
        """The checkpoint at `index` is on disk."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._journal.drop_before, index)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._journal.close)
        self._thread.shutdown()

    def _step(self, event: Event) -> list[Transition]:
        try:
            return self.engine.step(event)
        except Exception:
            # One event must not end the watch; it is in the journal, so the fault can be found.
            log.exception("the engine failed on an event of kind %s", type(event).__name__)
            self.errors += 1
            return []

    def _enqueue(
        self,
        event: Event,
        transitions: list[Transition],
        packed: bytes | None,
        after: Callable[[], object],
        *,
        urgent: bool,
    ) -> None:
        self._waiting.append(_Done(encode(event, packed), transitions, after))
        if urgent or transitions or len(self._waiting) >= UNACKED:
            self._urgent.set()
        self._news.set()

    def _release(self, some: list[_Done]) -> None:
        for _ in some:
            self._waiting.popleft()
        transitions = [transition for done in some for transition in done.transitions]
        if transitions:
            try:
                self._tell(transitions)
            except Exception:
                log.exception("%d transitions could not be told", len(transitions))
                self.errors += 1
        for done in some:
            try:
                done.after()
            except Exception:
                log.exception("an acknowledgement or answer could not be sent")
