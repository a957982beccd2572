"""The journal of the engine's events, in the one order in which they were evaluated.

A record is: version, kind of event, the event. A batch of readings is kept as the bytes that came over the stream.
"""

import contextlib
import logging
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ember_base.disk import RecordLog, set_aside
from ember_service.alarms.engine import Commanded, Configured, Event, Heard, Readings, Tick
from ember_wire.stream import StreamError, pack_batch, unpack_batch

log = logging.getLogger(__name__)

VERSION: Final = 1
SEGMENT_BYTES: Final = 4 * 1024 * 1024
REOPEN_AFTER_S: Final = 5.0
_TICK: Final = struct.Struct("<q")
_HEAD: Final = 2
_decoder: Final = msgspec.msgpack.Decoder(Heard | Commanded | Configured)


class JournalError(ValueError):
    """A record that this version cannot read."""


def encode(event: Event, packed: bytes | None = None) -> bytes:
    """An event as a record. `packed`: the batch as it came over the stream, so that it need not be packed again."""
    match event:
        case Readings():
            return bytes((VERSION, ord("r" if event.live else "l"))) + (packed or pack_batch(event.batch))
        case Tick():
            return bytes((VERSION, ord("t"))) + _TICK.pack(event.now)
        case _:
            return bytes((VERSION, ord("e"))) + msgspec.msgpack.encode(event)


def decode(record: bytes) -> Event:
    """Read what `encode` wrote. Raises JournalError."""
    if len(record) < _HEAD or record[0] != VERSION:
        raise JournalError(f"a record of version {record[0] if record else 'none'}; this process reads {VERSION}")
    kind, body = chr(record[1]), record[_HEAD:]
    try:
        match kind:
            case "r" | "l":
                return Readings(unpack_batch(body), live=kind == "r")
            case "t":
                return Tick(_TICK.unpack(body)[0])
            case "e":
                found: Event = _decoder.decode(body)
                return found
    except (StreamError, struct.error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise JournalError(f"a record that cannot be read: {error}") from None
    raise JournalError(f"a record of the unknown kind {kind!r}")


class Journal:
    """Records on disk. A disk that fails costs the journal, never the watch: see `fault`. Used by one thread."""

    def __init__(self, folder: Path, observe_sync: Callable[[float], None] = lambda _: None) -> None:
        self._folder = folder
        self._observe_sync = observe_sync
        self._log: RecordLog | None = None
        self._retry_at = 0.0
        self.fault = ""
        self.damage: list[str] = []
        self.grown = 0
        self.wants_checkpoint = False
        self._open()

    def replay(self, first: int) -> Iterator[Event]:
        """The events from record `first` on; what is missing or cannot be read is noted in `damage`."""
        expected = first
        for index, record in self._log.read(first) if self._log else ():
            if index != expected:
                self._damaged(f"records {expected} to {index - 1} are missing")
            expected = index + 1
            try:
                event = decode(record)
            except JournalError as error:
                self._damaged(f"record {index}: {error}")
                continue
            yield event
        if self._log and expected < self._log.next_index:
            self._damaged(f"records {expected} to {self._log.next_index - 1} cannot be read")

    @property
    def next_index(self) -> int:
        return self._log.next_index if self._log else 0

    def write(self, records: Sequence[bytes]) -> int:
        """Append and fsync; returns the index after the last. A failing disk is noted in `fault`, and tried again."""
        if self._log is None and time.monotonic() >= self._retry_at:
            self._open()
            self.wants_checkpoint = True  # what came meanwhile stands in no journal
        if self._log is None:
            return -1
        try:
            for record in records:
                self._log.append(record)
                self.grown += len(record)
            began = time.monotonic()
            self._log.sync()
        except (OSError, ValueError) as error:  # a disk that fails; a record that is too large
            self._give_up(error)
            return -1
        self._observe_sync(time.monotonic() - began)
        self.fault = ""
        return self._log.next_index

    def drop_before(self, index: int) -> None:
        """A snapshot holds all before `index`."""
        self.grown, self.wants_checkpoint = 0, False
        if self._log is not None:
            try:
                self._log.drop_before(index)
            except OSError as error:
                self._give_up(error)

    def close(self) -> None:
        if self._log is not None:
            with contextlib.suppress(OSError):
                self._log.close()
            self._log = None

    def _open(self) -> None:
        try:
            self._log = RecordLog(self._folder, SEGMENT_BYTES)
        except ValueError as error:
            aside = set_aside(self._folder)
            self._damaged(f"it cannot be opened ({error}); set aside as {aside.name}")
            self._log = RecordLog(self._folder, SEGMENT_BYTES)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        if not self.fault:
            log.error("the journal cannot be written (%s): alarms are told, but a crash would lose them", error)
        self.fault = f"cannot be written: {error}"
        self._retry_at = time.monotonic() + REOPEN_AFTER_S
        self.close()

    def _damaged(self, what: str) -> None:
        log.error("the journal is damaged: %s; going on with what can be read", what)
        self.damage.append(what)
