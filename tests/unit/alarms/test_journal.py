"""The journal: what goes in comes out, whatever was torn."""

from pathlib import Path

import pytest

from ember_service.alarms.engine import Commanded, Configured, Event, Heard, Readings, Tick
from ember_service.alarms.journal import Journal, JournalError, decode, encode
from ember_wire.readings import Batch, Columns, Introduction
from ember_wire.stream import pack_batch
from tests.support.alarms import T0, device, reading, register, threshold

BATCH = Batch("gw-1", 7, 3, T0, Columns.of([reading("d1", "temperature", 21.5, 0)]), [Introduction(5, "d1", "smoke")])
EVENTS: list[Event] = [
    Tick(T0),
    Heard("gw-1", T0, T0 - 5, {"spool": "full"}),
    Commanded("c1", "ack", "a1", "op", T0, 3, {"comment": "on my way"}),
    Configured(T0, register(device()), [threshold()]),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_comes_out_as_it_went_in(event: Event) -> None:
    assert decode(encode(event)) == event


@pytest.mark.parametrize("live", [True, False])
def test_a_batch_is_kept_as_it_came(live: bool) -> None:
    packed = pack_batch(BATCH)
    record = encode(Readings(BATCH, live), packed)
    assert record == encode(Readings(BATCH, live))
    found = decode(record)
    assert isinstance(found, Readings)
    assert found.live is live
    assert pack_batch(found.batch) == packed


def test_a_tick_is_small() -> None:
    assert len(encode(Tick(T0))) == 10


@pytest.mark.parametrize("record", [b"", b"\x01", b"\x02t12345678", b"\x01x", b"\x01t123", b"\x01r123", b"\x01e\xc1"])
def test_what_cannot_be_read_is_an_error_of_its_own(record: bytes) -> None:
    with pytest.raises(JournalError):
        decode(record)


def written(folder: Path, count: int = 5) -> Path:
    journal = Journal(folder)
    assert journal.write([encode(Tick(T0 + number)) for number in range(count)]) == count
    journal.close()
    (segment,) = folder.glob("*.log")
    return segment


def times(journal: Journal, first: int = 0) -> list[int]:
    return [event.now - T0 for event in journal.replay(first) if isinstance(event, Tick)]


def test_replay_goes_on_from_a_record(tmp_path: Path) -> None:
    written(tmp_path)
    journal = Journal(tmp_path)
    assert times(journal, 3) == [3, 4]
    assert journal.damage == []
    assert journal.write([encode(Tick(T0 + 5))]) == 6
    assert times(journal, 4) == [4, 5]
    journal.close()


def test_a_torn_tail_is_cut_and_the_rest_stands(tmp_path: Path) -> None:
    segment = written(tmp_path)
    segment.write_bytes(segment.read_bytes()[:-3])
    journal = Journal(tmp_path)
    assert times(journal) == [0, 1, 2, 3]
    assert journal.next_index == 4
    assert journal.write([encode(Tick(T0 + 9))]) == 5
    assert times(journal) == [0, 1, 2, 3, 9]
    journal.close()


def test_a_record_of_another_version_is_passed_over_and_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write([encode(Tick(T0)), b"\x09t", encode(Tick(T0 + 2))])
    assert times(journal) == [0, 2]
    assert len(journal.damage) == 1
    assert "record 1" in journal.damage[0]
    journal.close()


def test_missing_records_are_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write([encode(Tick(T0 + number)) for number in range(3)])
    journal.drop_before(3)
    journal.write([encode(Tick(T0 + 3))])
    assert times(journal) == [3]
    assert journal.damage == ["records 0 to 2 are missing"]
    journal.close()


def test_a_folder_that_is_no_journal_is_set_aside(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    (folder / "nonsense.log").write_bytes(b"x")
    journal = Journal(folder)
    assert journal.write([encode(Tick(T0))]) == 1
    assert journal.damage
    assert list(tmp_path.glob("journal.bad-*"))
    journal.close()


def test_a_disk_that_fails_is_a_fault_and_no_end(tmp_path: Path) -> None:
    (tmp_path / "journal").write_bytes(b"a file where the folder should be")
    journal = Journal(tmp_path / "journal")
    assert journal.write([encode(Tick(T0))]) == -1
    assert journal.fault
    assert times(journal) == []
    journal.close()


def test_a_snapshot_lets_old_segments_go(tmp_path: Path) -> None:
    segment = written(tmp_path)
    journal = Journal(tmp_path)
    journal.drop_before(5)
    assert not segment.exists()
    assert journal.write([encode(Tick(T0 + 5))]) == 6
    journal.close()
    assert times(Journal(tmp_path), 5) == [5]
