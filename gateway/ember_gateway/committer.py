"""Makes parcels durable in the order they came, in the database or else the spool, and acknowledges them."""

import asyncio
import logging
import time
from collections import deque
from typing import Final

from sqlalchemy.exc import DataError, IntegrityError

from ember_base.database import AWAY, explain, within
from ember_gateway.metrics import Metrics
from ember_gateway.parcel import Parcel, to_record
from ember_gateway.sink import Sink
from ember_gateway.spool import Spool

log = logging.getLogger(__name__)

COMMIT_WITHIN_S: Final = 0.5
REPLAY_WITHIN_S: Final = 30.0
PROBE_WITHIN_S: Final = 5.0
RETRY_S: Final = 1.0
STREAMED_WITHIN_S: Final = 1.0
MOST_READINGS: Final = 20_000
MOST_PARCELS: Final = 500


class Committer:
    """One queue, one order. The stream never waits for it; devices' PUBACKs do."""

    def __init__(self, sink: Sink, spool: Spool, metrics: Metrics) -> None:
        self._sink, self._spool, self._metrics = sink, spool, metrics
        self._queue: deque[Parcel] = deque()
        self._arrived = asyncio.Event()
        self._away = asyncio.Event()
        self._away.set()  # until the database has answered once
        self._at_once: int | None = None
        self.faults: dict[str, str] = {"database": "not reached yet"}

    def put(self, parcel: Parcel) -> None:
        self._queue.append(parcel)
        self._metrics.unacknowledged.inc(len(parcel.waiting))
        self._arrived.set()

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._queue:
                await self._one_round()

    async def run_replay(self) -> None:
        """Watch for the database's return, then bring the spool in behind the live traffic, until cancelled."""
        while True:
            if self._away.is_set():
                await self._probe()
            if self._away.is_set() or not len(self._spool) or not await self._replayed():
                await asyncio.sleep(RETRY_S)

    async def drain(self) -> None:
        """At the end of the process: what still waits is committed, or spooled."""
        while self._queue and await self._one_round():
            pass

    async def _one_round(self) -> bool:
        """Make the oldest parcels durable and acknowledge them; false where neither database nor disk would."""
        parcels = self._oldest()
        if not await self._commit(parcels) and not await self._keep(parcels):
            await asyncio.sleep(RETRY_S)
            return False
        await self._streamed(parcels)
        for parcel in parcels:
            self._queue.popleft()
            self._metrics.acknowledged.inc(parcel.acknowledge())
            self._metrics.unacknowledged.dec(len(parcel.waiting))
        return True

    async def _streamed(self, parcels: list[Parcel]) -> None:
        """Wait until the broker has the stream's messages: a kill after the PUBACK must not swallow an alarm."""
        last = next((parcel.sent for parcel in reversed(parcels) if parcel.sent is not None), None)
        if last is not None:
            while not last.is_published() and any(parcel.reachable for parcel in parcels):
                await asyncio.to_thread(last.wait_for_publish, STREAMED_WITHIN_S)

    def _oldest(self) -> list[Parcel]:
        parcels, readings = [], 0
        for parcel in self._queue:
            parcels.append(parcel)
            readings += len(parcel.batch.columns)
            if readings >= MOST_READINGS or len(parcels) >= MOST_PARCELS:
                break
        return parcels

    async def _commit(self, parcels: list[Parcel]) -> bool:
        if self._away.is_set():
            return False
        started = time.monotonic()
        try:
            stored = await within(COMMIT_WITHIN_S, self._sink.commit(parcels))
        except AWAY as error:
            self._lost(error)
            return False
        except Exception as error:  # what nobody foresaw is kept like the rest; replay finds the one record at fault
            log.exception("a commit failed")
            self._lost(error)
            return False
        self._metrics.commit_seconds.observe(time.monotonic() - started)
        self._metrics.stored.inc(stored)
        return True

    async def _keep(self, parcels: list[Parcel]) -> bool:
        try:
            await asyncio.to_thread(self._spool.put, parcels)
        except OSError as error:
            if "spool" not in self.faults:
                log.warning("the spool takes no more (%s): PUBACKs are held back, the stream goes on", error)
            self.faults["spool"] = f"takes no more: {error}"
            return False
        self.faults.pop("spool", None)
        self._metrics.spooled.inc(len(parcels))
        self._measure_spool()
        return True

    async def _probe(self) -> None:
        try:
            await within(PROBE_WITHIN_S, self._sink.probe())
        except AWAY as error:
            self._lost(error)
            return
        log.info("the database answers; %d parcels wait in the spool", len(self._spool))
        self.faults.pop("database", None)
        self._metrics.database_up.set(1)
        self._away.clear()

    async def _replayed(self) -> bool:
        """Bring in the oldest of the spool; false where neither database nor disk would just now."""
        try:
            return await self._replay()
        except OSError as error:
            if "spool" not in self.faults:
                log.warning("the spool cannot be worked off (%s); retrying", error)
            self.faults["spool"] = f"cannot be worked off: {error}"
            return False

    async def _replay(self) -> bool:
        """What the database refuses for what it is (or nobody foresaw) is tried alone, then set aside."""
        parcels, after = await asyncio.to_thread(self._spool.peek, self._at_once)
        try:
            stored = await within(REPLAY_WITHIN_S, self._sink.commit(parcels))
        except AWAY as error:
            if not isinstance(error, DataError | IntegrityError):
                self._lost(error)
                return False
            await self._refused(parcels, explain(error))
        except Exception as error:
            log.exception("a replay failed")
            await self._refused(parcels, repr(error))
        else:
            self._at_once = None
            self._metrics.stored.inc(stored)
        if self._at_once and len(parcels) > 1:
            return True
        await asyncio.to_thread(self._spool.advance, after)
        self.faults.pop("spool", None)
        self._measure_spool()
        if not len(self._spool):
            log.info("the spool is empty again")
        return True

    async def _refused(self, parcels: list[Parcel], why: str) -> None:
        self._at_once = 1
        if len(parcels) == 1:
            await asyncio.to_thread(self._spool.put_aside, to_record(parcels[0]), why)
            self.faults["set aside"] = f"{self._spool.set_aside} spool records were refused by the database"

    def _lost(self, error: BaseException) -> None:
        """Note that the database is late or away, once in the log, until it answers again."""
        text = explain(error)
        if self.faults.get("database") != text:
            log.warning("the database is late or away (%s): readings go to the spool, and on to the stream", text)
        self.faults["database"] = text
        self._metrics.database_up.set(0)
        self._away.set()

    def _measure_spool(self) -> None:
        self._metrics.spool_bytes.set(self._spool.size)
        self._metrics.spool_parcels.set(len(self._spool))
