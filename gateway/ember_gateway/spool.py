"""Parcels on disk while the database is late or away: fsynced before their PUBACK, replayed in order."""

import logging
import threading
from itertools import islice
from pathlib import Path
from typing import Final

from ember_base.disk import RecordLog, atomic_write
from ember_gateway.parcel import Parcel, from_record, to_record
from ember_wire.stream import StreamError

log = logging.getLogger(__name__)
REPLAY_READINGS: Final = 5000
REPLAY_PARCELS: Final = 200
REPLAY_BYTES: Final = 8 * 1024 * 1024


class SpoolFullError(OSError):
    """The spool has reached its limit: what is not durable is not acknowledged."""


class Spool:
    """A durable queue of parcels. Survives kill -9 at any moment; a parcel may then be replayed twice, stored once."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._log = RecordLog(folder)
        self._aside = RecordLog(folder / "aside")
        self._cursor = folder / "cursor"
        self._limit = limit_bytes
        self._next = self._read_cursor()
        self._lock = threading.Lock()  # put and peek run in threads of their own

    def __len__(self) -> int:
        """Parcels that wait."""
        return self._log.next_index - self._next

    @property
    def size(self) -> int:
        return self._log.size

    @property
    def set_aside(self) -> int:
        """Records that could not be replayed and lie beside the spool."""
        return self._aside.next_index

    def put(self, parcels: list[Parcel]) -> None:
        """Keep parcels durably. Raises SpoolFullError, or OSError of the disk; then none of them counts as kept."""
        with self._lock:
            if self._log.size >= self._limit:
                raise SpoolFullError(f"the spool has reached its limit of {self._limit} bytes")
            for parcel in parcels:
                self._log.append(to_record(parcel))
            self._log.sync()

    def peek(self, most: int | None = None) -> tuple[list[Parcel], int]:
        """The oldest parcels (`most` of them), and the index to `advance` to once they are committed."""
        parcels: list[Parcel] = []
        readings, after = 0, self._next
        records = self._read(most)
        if not records:  # all that is left is damaged: the log keeps it aside
            return [], self._log.next_index
        for index, data in records:
            try:
                parcel = from_record(data)
            except StreamError as error:
                if parcels:
                    break
                self.put_aside(data, str(error))
                after = index + 1
                continue
            parcels.append(parcel)
            readings += len(parcel.batch.columns)
            after = index + 1
            if readings >= REPLAY_READINGS:
                break
        return parcels, after

    def advance(self, index: int) -> None:
        """Everything before `index` is in the database, or set aside."""
        self._next = index
        atomic_write(self._cursor, str(index).encode())
        with self._lock:
            self._log.drop_before(index)

    def put_aside(self, data: bytes, why: str) -> None:
        """Keep a record that the database or this version refuses, out of the way of those behind it."""
        log.error("a spool record of %d bytes set aside: %s", len(data), why)
        self._aside.append(data)
        self._aside.sync()

    def _read(self, most: int | None) -> list[tuple[int, bytes]]:
        found, size = [], 0
        with self._lock:
            for index, data in islice(self._log.read(self._next), most or REPLAY_PARCELS):
                found.append((index, data))
                size += len(data)
                if size >= REPLAY_BYTES:
                    break
        return found

    def close(self) -> None:
        self._log.close()
        self._aside.close()

    def _read_cursor(self) -> int:
        try:
            cursor = int(self._cursor.read_text())
        except (FileNotFoundError, ValueError):
            return 0  # replaying all again stores nothing twice
        return min(cursor, self._log.next_index)
