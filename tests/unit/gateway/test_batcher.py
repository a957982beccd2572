"""Numbered parcels: no number twice, no message larger than a broker carries, no letter that floods."""

import json
from itertools import pairwise
from pathlib import Path

from ember_base.mqtt import Incoming
from ember_gateway.batcher import MAX_KEPT_PAYLOAD, Batcher, next_start
from ember_gateway.decode import decode
from ember_gateway.parcel import Parcel
from ember_gateway.resolve import Resolver
from ember_host.embedded.broker import MESSAGE_BYTES
from ember_wire.dialects.native import MAX_BYTES
from ember_wire.stream import pack_batch

NOW = 1_763_900_000_000


class Nobody:
    """Takes acknowledgements, in order."""

    def __init__(self) -> None:
        self.acked: list[int] = []

    def ack(self, message: Incoming) -> bool:
        self.acked.append(message.mid)
        return True

    def can_ack(self, message: Incoming) -> bool:
        return True


def message(payload: bytes, topic: str = "ew/v1/dev/d/telemetry", mid: int = 1) -> Incoming:
    return Incoming(topic, payload, 1, False, mid, 1)


def feed(batcher: Batcher, incoming: Incoming, link: Nobody | None = None, arrival: int = NOW) -> None:
    decoded = decode(incoming)
    batcher.add(link or Nobody(), incoming, decoded, Resolver().resolve(decoded, arrival), arrival)


def reading(n: float) -> bytes:
    return b'{"values": {"smoke": %f}}' % n


def test_batches_count_from_one_without_gaps() -> None:
    batcher = Batcher("g", 5)
    found: list[Parcel] = []
    for n in range(3):
        feed(batcher, message(reading(n)))
        found += batcher.take(NOW)
    assert [(p.batch.start, p.batch.n) for p in found] == [(5, 1), (5, 2), (5, 3)]
    assert batcher.take(NOW) == []


def test_what_is_only_set_aside_takes_no_number() -> None:
    batcher = Batcher("g", 5)
    feed(batcher, message(b"rubbish", mid=7))
    (parcel,) = batcher.take(NOW)
    assert (batcher.n, len(parcel.batch.columns), len(parcel.dead_letters), len(parcel.waiting)) == (0, 0, 1, 1)


def test_an_empty_status_is_still_acknowledged() -> None:
    batcher, link = Batcher("g", 5), Nobody()
    feed(batcher, message(b"", "ew/v1/dev/d/status", mid=9), link)
    (parcel,) = batcher.take(NOW)
    assert (parcel.acknowledge(), link.acked, parcel.dead_letters) == (1, [9], [])


def test_pubacks_go_in_order_of_receipt() -> None:
    batcher, link = Batcher("g", 5), Nobody()
    for mid in (4, 2, 9, 1):
        feed(batcher, message(b"rubbish" if mid == 2 else reading(mid), mid=mid), link)
    assert sum(parcel.acknowledge() for parcel in batcher.take(NOW)) == 4
    assert link.acked == [4, 2, 9, 1]


def test_dead_letters_value_by_value() -> None:
    batcher = Batcher("g", 5)
    payload = b'{"seq": "x", "values": {"a": null, "b/c": 1, "d": 1e999, "smoke_alarm": true}}'
    feed(batcher, message(payload))
    (parcel,) = batcher.take(NOW)
    assert len(parcel.batch.columns) == 1
    assert [letter.reason for letter in parcel.dead_letters] == ["wrong_type", "wrong_type", "bad_name", "not_finite"]
    for letter, word in zip(parcel.dead_letters, ["`seq`", "a", "b/c", "d"], strict=True):
        assert word in letter.detail
        assert (letter.time, letter.topic, letter.payload) == (NOW, "ew/v1/dev/d/telemetry", payload)


def test_the_letters_of_one_message_keep_its_payload_twice_at_most() -> None:
    batcher = Batcher("g", 5)
    payload = json.dumps({"values": {f"a{n}": None for n in range(20_000)}}).encode()
    assert len(payload) > MAX_KEPT_PAYLOAD
    feed(batcher, message(payload))
    (parcel,) = batcher.take(NOW)
    assert parcel.dead_letters[0].payload == payload[:MAX_KEPT_PAYLOAD]
    assert sum(len(letter.payload) for letter in parcel.dead_letters) <= 2 * MAX_KEPT_PAYLOAD


def test_many_large_bad_messages_make_it_full() -> None:
    batcher = Batcher("g", 5)
    for _ in range(64):
        feed(batcher, message(b"x" * MAX_BYTES))
    assert batcher.full


def test_the_largest_message_is_streamed_in_pieces_that_a_broker_carries() -> None:
    """A batch beyond the broker's limit would be refused again and again, and nothing would go out any more."""
    batcher, link = Batcher("网" * 128, 5), Nobody()
    values = {f"温{n:x}": 1 for n in range(18_000)}
    payload = json.dumps({"values": values}, ensure_ascii=False, separators=(",", ":")).encode()
    assert MAX_BYTES * 0.6 < len(payload) <= MAX_BYTES
    feed(batcher, message(payload, f"ew/v1/dev/{'火' * 128}/telemetry", mid=3), link)
    parcels = batcher.take(NOW)
    assert len(parcels) > 10
    assert max(len(pack_batch(parcel.batch)) for parcel in parcels) < MESSAGE_BYTES * 0.6
    assert [parcel.batch.n for parcel in parcels] == list(range(1, len(parcels) + 1))
    assert sum(len(parcel.batch.columns) for parcel in parcels) == len(values)
    known: set[int] = set()
    for parcel in parcels:
        known |= {introduction.channel for introduction in parcel.batch.introductions}
        assert known >= set(parcel.batch.columns.channel.tolist())
    assert [len(parcel.waiting) for parcel in parcels] == [0] * (len(parcels) - 1) + [1]  # acknowledged with the last


def test_a_device_is_noted_now_and_then_and_with_each_text() -> None:
    batcher = Batcher("g", 5)
    seen = []
    for arrival, payload in (
        (NOW, reading(1)),
        (NOW + 1000, reading(2)),
        (NOW + 2000, b'{"values": {"fw": "1.2"}}'),
        (NOW + 59_000, reading(3)),
        (NOW + 62_000, reading(4)),
        (NOW + 62_001, b"rubbish"),
    ):
        feed(batcher, message(payload), arrival=arrival)
        seen += [
            (device.time - NOW, device.attributes) for parcel in batcher.take(arrival) for device in parcel.devices
        ]
    assert seen == [(0, {}), (2000, {"fw": "1.2"}), (62_000, {})]


def test_texts_of_several_messages_come_together() -> None:
    batcher = Batcher("g", 5)
    feed(batcher, message(b'{"values": {"fw": "1", "hub": "h"}}'))
    feed(batcher, message(b'{"values": {"fw": "2"}}'))
    (parcel,) = batcher.take(NOW)
    assert [device.attributes for device in parcel.devices] == [{"fw": "2", "hub": "h"}]


def test_a_start_is_never_used_again(tmp_path: Path) -> None:
    same_folder = [next_start(tmp_path / "a", now) for now in (NOW, NOW, NOW - 10**9, NOW + 5, 0)]
    assert all(earlier < later for earlier, later in pairwise(same_folder))
    assert max(same_folder) < 2**63


def test_a_start_is_not_used_again_when_the_data_folder_is_new(tmp_path: Path) -> None:
    """Nor where starts come quicker than the clock ticks, or its clock begins anew with each boot."""
    old = [next_start(tmp_path / "old", NOW) for _ in range(50)]
    new = [next_start(tmp_path / f"new-{n}", NOW) for n in range(50)]
    assert next_start(tmp_path / "newer", NOW + 1) not in {*old, *new}
    assert len(set(new)) >= 49  # by chance, of a million: two of them may meet, more do not


def test_a_damaged_count_of_starts_is_begun_anew(tmp_path: Path) -> None:
    for rubbish in (b"", b"x", b"\xff\xfe"):
        (tmp_path / "start").write_bytes(rubbish)
        assert next_start(tmp_path, NOW) >= NOW
