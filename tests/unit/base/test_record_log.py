"""The record log after a crash at any byte, on a disk that fails, with damage in the middle."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ember_base.disk import MAX_RECORD, RecordLog, atomic_write

RECORDS = [b"", b"one", b"\0" * 40, "三".encode(), b"last"]


_open: list[RecordLog] = []


def open_log(folder: Path, segment_bytes: int = 1 << 20) -> RecordLog:
    """Open a log as a new process does, whether or not the last one closed it."""
    _open.append(RecordLog(folder, segment_bytes))
    return _open[-1]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while _open:
        _open.pop().close()


def filled(folder: Path, records: list[bytes] = RECORDS, segment_bytes: int = 1 << 20) -> RecordLog:
    log = open_log(folder, segment_bytes)
    for record in records:
        log.append(record)
    log.sync()
    return log


def contents(log: RecordLog, first: int = 0) -> list[tuple[int, bytes]]:
    return list(log.read(first))


def only_segment(folder: Path) -> Path:
    (path,) = folder.glob("*.log")
    return path


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Files cannot grow beyond `room` bytes: every write beyond fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_was_written_is_read_in_order_from_anywhere(tmp_path: Path) -> None:
    log = filled(tmp_path)
    whole = list(enumerate(RECORDS))
    for first in range(len(RECORDS) + 2):
        assert contents(log, first) == whole[first:]
    log.close()
    again = open_log(tmp_path)
    assert (contents(again), again.next_index) == (whole, len(RECORDS))


def test_a_torn_tail_at_every_byte(tmp_path: Path) -> None:
    filled(tmp_path / "whole").close()
    whole = only_segment(tmp_path / "whole").read_bytes()
    ends = [0]
    for record in RECORDS:
        ends.append(ends[-1] + 8 + len(record))
    for cut in range(len(whole) + 1):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / f"{0:016x}.log").write_bytes(whole[:cut])
        kept = sum(end <= cut for end in ends) - 1
        log = open_log(folder)
        assert contents(log) == list(enumerate(RECORDS))[:kept]
        assert log.append(b"after") == kept
        log.close()
        assert contents(open_log(folder)) == [*list(enumerate(RECORDS))[:kept], (kept, b"after")]
        torn = list(folder.glob("*.torn"))
        assert [path.read_bytes() for path in torn] == ([whole[ends[kept] : cut]] if cut > ends[kept] else [])


@given(at=st.integers(0, 200), bit=st.integers(0, 7))
@settings(max_examples=60)
def test_a_flipped_bit_is_never_read_as_a_record(tmp_path_factory: pytest.TempPathFactory, at: int, bit: int) -> None:
    folder = tmp_path_factory.mktemp("log")
    filled(folder).close()
    path = only_segment(folder)
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1 << bit
    path.write_bytes(data)
    found = contents(open_log(folder))
    assert found == list(enumerate(RECORDS))[: len(found)]
    assert len(found) < len(RECORDS)


def test_damage_in_an_old_segment_costs_only_what_stands_behind_it_there(tmp_path: Path) -> None:
    log = filled(tmp_path, [b"%03d" % n for n in range(30)], segment_bytes=100)
    log.close()
    segments = sorted(tmp_path.glob("*.log"))
    assert len(segments) >= 3
    data = bytearray(segments[1].read_bytes())
    data[len(data) // 2] ^= 0xFF
    segments[1].write_bytes(data)
    log = open_log(tmp_path, 100)
    found = [index for index, _ in contents(log)]
    first, second = int(segments[1].stem, 16), int(segments[2].stem, 16)
    assert set(range(30)) - set(found) < set(range(first, second))
    assert log.next_index == 30
    log.drop_before(30)
    assert [path.stem for path in tmp_path.glob("*.torn")] == [segments[1].stem]  # kept for people to look at
    assert contents(log) == []


def test_segments_are_dropped_whole_and_the_count_goes_on(tmp_path: Path) -> None:
    log = filled(tmp_path, [b"x" * 50] * 20, segment_bytes=200)
    log.drop_before(9)
    found = [index for index, _ in contents(log)]
    assert found[0] <= 9
    assert found[-1] == 19
    assert log.size < 20 * 58
    log.drop_before(20)
    assert (contents(log), log.size, log.next_index) == ([], 0, 20)
    log.close()
    log = open_log(tmp_path)
    assert log.append(b"next") == 20
    log.sync()
    log.drop_before(20)
    assert contents(log) == [(20, b"next")]


@pytest.mark.parametrize("drops", [1, 3])
def test_dropping_an_empty_log_is_nothing(tmp_path: Path, drops: int) -> None:
    log = open_log(tmp_path)
    for _ in range(drops):
        log.drop_before(0)
    assert log.append(b"first") == 0


def test_a_kill_before_sync_loses_only_what_was_not_synced(tmp_path: Path) -> None:
    log = filled(tmp_path)
    log.append(b"not synced")
    assert [data for _, data in open_log(tmp_path).read()] == RECORDS


@pytest.mark.parametrize("room", [60, 75, 80, 90, 100])
def test_a_full_disk_takes_back_what_was_not_durable_and_goes_on_later(tmp_path: Path, room: int) -> None:
    """A torn record in the middle would swallow all that are written behind it, acknowledged ones too."""
    log = filled(tmp_path, [b"kept"])
    with full_disk(room), pytest.raises(OSError, match="too large"):
        append_in_twos(log)
    kept = contents(log)
    assert log.next_index == len(kept)
    assert kept[0] == (0, b"kept")
    assert len(kept) % 2 == 1  # of two that were synced together neither or both
    assert log.append(b"later") == len(kept)
    log.sync()
    for seen in (log, open_log(tmp_path)):
        assert contents(seen) == [*kept, (len(kept), b"later")]


def append_in_twos(log: RecordLog) -> None:
    for _ in range(10):
        log.append(b"x" * 20)
        log.append(b"y" * 20)
        log.sync()


def test_a_record_that_could_not_be_read_again_is_not_taken(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    with pytest.raises(ValueError, match="at most"):
        log.append(bytes(MAX_RECORD + 1))
    assert (log.next_index, contents(log)) == (0, [])


def test_large_records_are_whole(tmp_path: Path) -> None:
    records = [bytes([n]) * 3_000_000 for n in range(3)]
    log = filled(tmp_path, records)
    assert [data for _, data in log.read()] == records
    log.close()
    assert [data for _, data in open_log(tmp_path).read()] == records


def test_atomic_write_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "a" / "file"
    atomic_write(path, b"old")
    with full_disk(2), pytest.raises(OSError, match="too large"):
        atomic_write(path, b"newer")
    assert path.read_bytes() == b"old"
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["file"]
