"""What must outlive a kill -9: whole files replaced at once, and logs of framed records.

A record is `length, CRC-32 of the data, data`. A log ends at its first torn record: what stands after it was never
promised. Segments are files `{first index:016x}.log`, so that old ones are dropped whole.
"""

import logging
import os
import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

log = logging.getLogger(__name__)
_FRAME: Final = struct.Struct("<II")
MAX_RECORD: Final = 64 * 1024 * 1024


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


def sync_folder(folder: Path) -> None:
    """Make names within `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class RecordLog:
    """An append-only log of byte records in segments. Not shared between processes; `append` alone is not durable."""

    def __init__(self, folder: Path, segment_bytes: int = 16 * 1024 * 1024) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO | None = None
        self._next = self._recover()

    @property
    def next_index(self) -> int:
        """The index that the next record gets; the first record ever has 0."""
        return self._next

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self._segments())

    def append(self, data: bytes) -> int:
        """Write one record and return its index. Durable only after `sync`."""
        if self._file is None or self._file.tell() >= self._segment_bytes:
            self._file = self._open_segment()
        self._file.write(_FRAME.pack(len(data), zlib.crc32(data)) + data)
        self._next += 1
        return self._next - 1

    def sync(self) -> None:
        """Make every appended record durable."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    def read(self, first: int = 0) -> Iterator[tuple[int, bytes]]:
        """(index, data) of every record from index `first` on that is still there."""
        if self._file is not None:
            self._file.flush()
        segments = self._segments()
        for path, following in zip(segments, [*segments[1:], None], strict=True):
            if following is not None and _first_index(following) <= first:
                continue
            index = _first_index(path)
            for data in _records(path):
                if index >= first:
                    yield index, data
                index += 1

    def drop_before(self, index: int) -> None:
        """Delete the segments that hold only records before `index`."""
        if self._next <= index and self.size:
            # The newest segment is done with as well: a fresh one keeps the count.
            self._file = self._open_segment()
        segments = self._segments()
        for path, following in pairwise(segments):
            if _first_index(following) <= index:
                path.unlink()

    def close(self) -> None:
        if self._file is not None:
            self.sync()
            self._file.close()
            self._file = None

    def _name(self, index: int) -> str:
        return f"{index:016x}.log"

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob("*.log"))

    def _open_segment(self) -> BinaryIO:
        self.close()
        file = (self._folder / self._name(self._next)).open("ab")
        sync_folder(self._folder)
        return file

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
