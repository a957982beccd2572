"""The way of alarms and messages into the database: late, never lost, and nobody waits for it.

Transitions lie in a log on disk until they are committed; messages lie in the outbox. What the database refuses for
what it is, again and again and alone, is set aside with its reason, so that it holds nothing else up.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import inf
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.database import explain
from ember_base.disk import RecordLog, atomic_write, set_aside
from ember_service.alarms import repository
from ember_service.notify.model import MessageRow
from ember_service.notify.outbox import Outbox
from ember_wire.alarms import Transition

log = logging.getLogger(__name__)
T = TypeVar("T")

SEGMENT_BYTES: Final = 4 * 1024 * 1024
MOST_AT_ONCE: Final = 500
GATHER_S: Final = 0.1
RETRY_S: Final = (0.5, 1.0, 2.0, 5.0)
WITHIN_S: Final = 30.0
TRIES_OF_BAD_ROW: Final = 3
TRIES_UNKNOWN: Final = 20
_BAD_ROW: Final = ("22", "23", "54")
"""SQLSTATE classes that speak of the row: data exception, integrity violation, limit exceeded."""
_decoder: Final = msgspec.msgpack.Decoder(Transition)


class Queue:
    """Transitions on disk until they are archived. Used by one thread; `position` counts from the first ever."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._cursor = folder / "archived"
        try:
            self._log = RecordLog(folder / "log", SEGMENT_BYTES)
        except ValueError as error:
            aside = set_aside(folder / "log")
            log.warning("the archive's queue cannot be read (%s); set aside as %s", error, aside.name)
            self._log = RecordLog(folder / "log", SEGMENT_BYTES)
        self.position = min(self._read_cursor(), self._log.next_index)

    def __len__(self) -> int:
        return self._log.next_index - self.position

    def put(self, transitions: Iterable[Transition]) -> None:
        """Keep these, durably."""
        for transition in transitions:
            self._log.append(msgspec.msgpack.encode(transition))
        self._log.sync()

    def peek(self, most: int) -> tuple[list[Transition], int]:
        """The oldest, and the position after them. A record that cannot be read is passed over."""
        found: list[Transition] = []
        after = self.position
        for index, record in self._log.read(self.position):
            after = index + 1
            try:
                found.append(_decoder.decode(record))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                log.warning("record %d of the archive's queue cannot be read (%s); passed over", index, error)
            if len(found) >= most:
                break
        else:
            after = self._log.next_index
        return found, after

    def advance(self, position: int) -> None:
        """All before `position` is archived."""
        self.position = position
        atomic_write(self._cursor, str(position).encode())
        self._log.drop_before(position)

    def put_aside(self, row: Transition | MessageRow, why: str) -> None:
        """Keep a row that the database refuses, with its reason, as a line of JSON."""
        with (self._folder / "set-aside.jsonl").open("ab") as file:
            file.write(msgspec.json.encode({"why": why, "row": row}) + b"\n")

    def close(self) -> None:
        self._log.close()

    def _read_cursor(self) -> int:
        try:
            return max(int(self._cursor.read_text()), 0)
        except (FileNotFoundError, ValueError):
            return 0


def tries_alone(error: Exception) -> float:
    """How often a row may fail alone before it is set aside; without end where the database itself is away."""
    if not isinstance(error, StatementError):
        return inf
    if not isinstance(error, DBAPIError) or str(getattr(error.orig, "sqlstate", None) or "")[:2] in _BAD_ROW:
        return TRIES_OF_BAD_ROW
    return inf if error.connection_invalidated else TRIES_UNKNOWN


class Archive:
    """Carries both queues into the database until cancelled. `faults`: word to sentence."""

    def __init__(self, folder: Path, engine: AsyncEngine, outbox: Outbox, clock: Callable[[], int]) -> None:
        self._folder = folder
        self._engine = engine
        self._outbox = outbox
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "archive")
        self._queue: Queue | None = None
        self._news = asyncio.Event()
        self._failures = 0
        self._at_once = MOST_AT_ONCE
        self._set_aside = 0
        self._tries: dict[str, int] = {}
        self.pending = 0
        self.faults: dict[str, str] = {"database_away": "The database has not been reached yet."}

    @property
    def database_up(self) -> bool:
        return "database_away" not in self.faults

    async def open(self) -> None:
        self._queue = await self._run(lambda: Queue(self._folder))
        self.pending = len(self._queue)
        self._news.set()

    async def put(self, transitions: Sequence[Transition]) -> None:
        """Keep transitions until they are archived; durable when it returns. Raises OSError where the disk fails."""
        queue = self._opened()
        await self._run(lambda: queue.put(transitions))
        self.pending = len(queue)
        self.wake()

    def wake(self) -> None:
        """Something new is there: a transition, or a message that changed."""
        self._news.set()

    async def run(self) -> None:
        """Archive until cancelled."""
        while True:
            try:
                async with asyncio.timeout(RETRY_S[-1]):
                    await self._news.wait()
            except TimeoutError:
                pass  # the database's state is asked for now and then, even when there is nothing to write
            self._news.clear()
            await asyncio.sleep(GATHER_S)
            done = await self._round()
            while not done:
                await asyncio.sleep(RETRY_S[min(self._failures, len(RETRY_S)) - 1])
                done = await self._round()

    async def close(self) -> None:
        if self._queue is not None:
            await self._run(self._queue.close)
        self._thread.shutdown()

    async def _round(self) -> bool:
        """Archive all that waits; false where it is to be tried again later."""
        queue = self._opened()
        try:
            async with asyncio.timeout(WITHIN_S), self._engine.connect() as connection:
                await repository.probe(connection)
            self._reached()
            while True:
                transitions, after = await self._run(lambda: queue.peek(self._at_once))
                messages = await self._outbox.unarchived(self._at_once)
                if not transitions and not messages and after == queue.position:
                    return True
                await self._store(transitions, messages)
                await self._run(partial(queue.advance, after))
                await self._outbox.archived(messages, self._clock())
                self.pending = len(queue)
        except Exception as error:  # noqa: BLE001 - an unknown error means: keep, and try again
            self._lost(error)
            return False

    async def _store(self, transitions: list[Transition], messages: list[MessageRow]) -> None:
        """Commit both. After a failure one row at a time, so that the one that is refused is found."""
        try:
            await self._commit(transitions, messages)
        except Exception:
            if self._at_once > 1:
                self._at_once = 1
                raise
            rows: list[Transition | MessageRow] = [*transitions, *messages]
            for row in rows:
                await self._alone(row)
        else:
            self._at_once = min(self._at_once * 2, MOST_AT_ONCE)
        self._failures = 0

    async def _commit(self, transitions: list[Transition], messages: list[MessageRow]) -> None:
        async with asyncio.timeout(WITHIN_S), self._engine.begin() as connection:
            await repository.store_transitions(connection, transitions)
            await repository.store_messages(connection, messages)

    async def _alone(self, row: Transition | MessageRow) -> None:
        """One row; where it fails again and again while the database answers, it is set aside."""
        try:
            await (self._commit([row], []) if isinstance(row, Transition) else self._commit([], [row]))
        except Exception as error:
            self._tries[row.id] = self._tries.get(row.id, 0) + 1
            if self._tries[row.id] < tries_alone(error):
                raise
            await self._put_aside(row, explain(error))
        self._tries.pop(row.id, None)

    async def _put_aside(self, row: Transition | MessageRow, why: str) -> None:
        log.error("the database refuses a row again and again (%s): set aside", why)
        queue = self._opened()
        await self._run(lambda: queue.put_aside(row, why))
        self._set_aside += 1
        text = f"{self._set_aside} rows were refused by the database and set aside in the data folder: {why}."
        self.faults["archive_set_aside"] = text

    def _reached(self) -> None:
        if self.faults.pop("database_away", None):
            log.info("the database answers; %d transitions wait", self.pending)

    def _lost(self, error: Exception) -> None:
        text = f"The database does not take alarms now ({explain(error)}); they are told all the same and kept."
        if self.faults.get("database_away") != text:
            log.warning("%s", text)
        self.faults["database_away"] = text
        self._failures += 1

    def _opened(self) -> Queue:
        if self._queue is None:
            raise RuntimeError("the archive is not open")
        return self._queue

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
