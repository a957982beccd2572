"""The spool: in order, over restarts, with what is damaged or of another version set aside."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ember_base.disk import RecordLog
from ember_gateway.parcel import DeadLetter, Parcel, SeenDevice, from_record, to_record
from ember_gateway.spool import Spool, SpoolFullError
from ember_wire.readings import Batch, Columns, Introduction, Reading
from ember_wire.stream import StreamError

Open = Callable[[], Spool]
LIMIT = 10_000


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens the spool as a new process does, whether or not the last one closed it."""
    spools: list[Spool] = []

    def new() -> Spool:
        spools.append(Spool(tmp_path / "spool", LIMIT))
        return spools[-1]

    yield new
    for spool in spools:
        spool.close()


def parcel(n: int) -> Parcel:
    columns = Columns.of([Reading(n, 1, 2, 0.5, 0)])
    batch = Batch("网关", 3, n, 9, columns, [Introduction(n, "烟感", "smoke")])
    return Parcel(batch, [DeadLetter(1, "t", b"\0\xff", "not_json", "why")], [SeenDevice("烟感", 5, {"fw": "1"})])


def drained(spool: Spool) -> list[int]:
    found: list[int] = []
    while len(spool):
        parcels, after = spool.peek()
        found += [p.batch.n for p in parcels]
        spool.advance(after)
    return found


def test_a_parcel_comes_back_whole() -> None:
    back, sent = from_record(to_record(parcel(4))), parcel(4)
    assert back.batch.columns.rows() == sent.batch.columns.rows()
    assert back.batch.introductions == sent.batch.introductions
    assert (back.batch.gateway, back.batch.start, back.batch.n, back.batch.sent) == ("网关", 3, 4, 9)
    assert (back.dead_letters, back.devices, back.waiting) == (sent.dead_letters, sent.devices, [])


def test_a_record_cut_short_anywhere_is_refused() -> None:
    record = to_record(parcel(4))
    for length in range(len(record)):
        with pytest.raises(StreamError):
            from_record(record[:length])
    with pytest.raises(StreamError):
        from_record(b"\x02" + record[1:])


def test_in_order_over_kills(opened: Open) -> None:
    opened().put([parcel(1), parcel(2)])
    spool = opened()
    spool.put([parcel(3)])
    parcels, after = spool.peek(1)
    assert [p.batch.n for p in parcels] == [1]
    spool.advance(after)
    spool = opened()
    assert len(spool) == 2
    assert drained(spool) == [2, 3]
    assert len(opened()) == 0


def test_peeking_alone_takes_nothing_out(opened: Open) -> None:
    spool = opened()
    spool.put([parcel(1)])
    assert spool.peek()[1] == spool.peek()[1] == 1
    assert len(opened()) == 1


def test_a_lost_cursor_replays_rather_than_loses(opened: Open, tmp_path: Path) -> None:
    spool = opened()
    spool.put([parcel(1), parcel(2)])
    spool.advance(1)
    (tmp_path / "spool" / "cursor").write_text("rubbish")
    assert drained(opened()) == [1, 2]


def test_a_cursor_ahead_of_the_log_is_no_debt(opened: Open, tmp_path: Path) -> None:
    opened().put([parcel(1)])
    (tmp_path / "spool" / "cursor").write_text("99")
    assert len(opened()) == 0


def test_a_full_spool_says_so_and_takes_again_when_it_has_room(opened: Open) -> None:
    spool = opened()
    with pytest.raises(SpoolFullError, match="limit"):
        put_until_full(spool)
    kept = len(spool)
    assert kept > 10
    assert drained(spool) == list(range(kept))
    spool.put([parcel(0)])
    assert spool.size < LIMIT


def put_until_full(spool: Spool) -> None:
    for n in range(LIMIT):
        spool.put([parcel(n)])


def test_what_cannot_be_read_is_set_aside_and_those_behind_it_come(opened: Open, tmp_path: Path) -> None:
    log = RecordLog(tmp_path / "spool")
    for record in (b"rubbish", to_record(parcel(1)), b"", b"\x02newer", to_record(parcel(2))):
        log.append(record)
    log.close()
    spool = opened()
    assert drained(spool) == [1, 2]
    assert spool.set_aside == 3


def test_a_damaged_segment_ends_and_is_kept(opened: Open, tmp_path: Path) -> None:
    """It once was tried again for ever."""
    log = RecordLog(tmp_path / "spool")
    for n in range(3):
        log.append(to_record(parcel(n)))
    log.sync()
    log.drop_before(0)
    log.close()
    (segment,) = (tmp_path / "spool").glob("*.log")
    data = bytearray(segment.read_bytes())
    data[-1] ^= 1
    segment.write_bytes(data)
    newer = RecordLog(tmp_path / "other")
    newer.close()
    (tmp_path / "spool" / f"{3:016x}.log").touch()
    spool = opened()
    assert len(spool) == 3
    assert drained(spool) == [0, 1]
    assert list((tmp_path / "spool").glob("*.torn"))
