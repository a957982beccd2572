"""What must outlive a kill -9: whole files replaced at once, and logs of framed records.

A record is `length, CRC-32 of the data, data`. A segment ends at its first torn record: what stands after it was never
promised, and is kept aside as `.torn`. Segments are files `{first index:016x}.log`, so that old ones are dropped whole.
"""

import logging
import os
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from itertools import pairwise
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)
_FRAME: Final = struct.Struct("<II")
MAX_RECORD: Final = 64 * 1024 * 1024
WRITE_BYTES: Final = 1024 * 1024


def atomic_write(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, durably: after a crash there is the old file or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def set_aside(path: Path) -> Path:
    """Rename what cannot be used, so that it is kept and in nobody's way; returns its new place."""
    aside = path.with_name(f"{path.name}.bad-{time.time_ns() // 1_000_000}")
    path.rename(aside)
    return aside


def sync_folder(folder: Path) -> None:
    """Make names within `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class RecordLog:
    """An append-only log of byte records in segments. Not shared between processes; `append` alone is not durable.

    When `append` or `sync` raises OSError, all records since the last `sync` that succeeded are taken back.
    """

    def __init__(self, folder: Path, segment_bytes: int = 16 * 1024 * 1024) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self._file: FileIO | None = None
        self._pending = bytearray()
        self._written = 0  # bytes in the open segment,
        self._synced = 0  # and those of them that are durable
        self._damaged: set[Path] = set()
        self._next = self._recover()
        self._kept = self._next

    @property
    def next_index(self) -> int:
        """The index that the next record gets; the first record ever has 0."""
        return self._next

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self._segments()) + len(self._pending)

    def append(self, data: bytes) -> int:
        """Write one record and return its index. Durable only after `sync`. Raises ValueError over MAX_RECORD bytes."""
        if len(data) > MAX_RECORD:
            raise ValueError(f"a record of {len(data)} bytes; one has at most {MAX_RECORD}")
        if self._file is None or self._written + len(self._pending) >= self._segment_bytes:
            self._open_segment()
        self._pending += _FRAME.pack(len(data), zlib.crc32(data))
        self._pending += data
        self._next += 1
        if len(self._pending) >= WRITE_BYTES:
            self._write()
        return self._next - 1

    def sync(self) -> None:
        """Make every appended record durable."""
        if self._file is None:
            return
        self._write()
        try:
            os.fsync(self._file.fileno())
        except OSError:
            self._take_back()
            raise
        self._synced, self._kept = self._written, self._next

    def read(self, first: int = 0) -> Iterator[tuple[int, bytes]]:
        """(index, data) of every record from index `first` on that is still there; what is damaged is left out."""
        self._write()
        segments = self._segments()
        followers: list[Path | None] = [*segments[1:], None]
        for path, following in zip(segments, followers, strict=False):
            end = _first_index(following) if following else self._next
            if end <= first:
                continue
            index = _first_index(path)
            for data in _records(path):
                if index >= end:
                    break
                if index >= first:
                    yield index, data
                index += 1
            if index < end and path not in self._damaged:
                log.error("%s is damaged: records %d to %d cannot be read", path.name, index, end - 1)
                self._damaged.add(path)

    def drop_before(self, index: int) -> None:
        """Delete the segments that hold only records before `index`; damaged ones are set aside as `.torn`."""
        if self._next <= index and self.size:
            # The newest segment is done with as well: a fresh one keeps the count.
            self._open_segment()
        segments = self._segments()
        for path, following in pairwise(segments):
            if _first_index(following) > index:
                break
            if path in self._damaged:
                path.replace(path.with_suffix(".torn"))
                self._damaged.discard(path)
            else:
                path.unlink()

    def close(self) -> None:
        """Make all durable and close. Raises OSError where that failed; it is closed all the same."""
        try:
            self.sync()
        finally:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _name(self, index: int) -> str:
        return f"{index:016x}.log"

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob("*.log"))

    def _open_segment(self) -> None:
        self.close()
        file = (self._folder / self._name(self._next)).open("ab", buffering=0)
        try:
            file.truncate(0)  # whatever bears this name holds no whole record
            sync_folder(self._folder)
        except OSError:
            file.close()
            raise
        self._file = file
        self._written = self._synced = 0

    def _write(self) -> None:
        if self._file is None or not self._pending:
            return
        try:
            with memoryview(self._pending) as rest:
                at = 0
                while at < len(rest):
                    at += self._file.write(rest[at:])
        except OSError:
            self._take_back()
            raise
        self._written += len(self._pending)
        self._pending.clear()

    def _take_back(self) -> None:
        """After an error nobody knows what the disk holds: cut back to what is durable; the next goes to a new file."""
        self._pending.clear()
        self._next = self._kept
        if self._file is not None:
            with suppress(OSError):  # if it cannot be cut either, `read` stops where the next segment begins
                self._file.truncate(self._synced)
            self._file.close()
            self._file = None

    def _recover(self) -> int:
        """Cut the newest segment at its first torn record; return the next index."""
        segments = self._segments()
        if not segments:
            return 0
        newest = segments[-1]
        count, good = 0, 0
        for data in _records(newest):
            count += 1
            good += _FRAME.size + len(data)
        torn = newest.stat().st_size - good
        if torn:
            log.warning("%s: %d bytes after its last whole record set aside", newest.name, torn)
            with newest.open("r+b") as file:
                file.seek(good)
                newest.with_suffix(".torn").write_bytes(file.read())
                file.truncate(good)
                os.fsync(file.fileno())
        return _first_index(newest) + count


def _first_index(path: Path) -> int:
    return int(path.stem, 16)


def _records(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while len(frame := file.read(_FRAME.size)) == _FRAME.size:
            length, checksum = _FRAME.unpack(frame)
            if length > MAX_RECORD:
                return
            data = file.read(length)
            if len(data) < length or zlib.crc32(data) != checksum:
                return
            yield data
