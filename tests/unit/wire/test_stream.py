"""The packed messages between processes: what was packed comes back; anything else is a StreamError, never more."""

import contextlib
import struct
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ember_wire.readings import Batch, Columns, Introduction, Reading
from ember_wire.stream import Answer, Command, Heartbeat, StreamError, pack, pack_batch, unpack, unpack_batch
from ember_wire.topics import MAX_NAME

INT64 = st.integers(-(2**63), 2**63 - 1)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
READINGS = st.builds(Reading, INT64, INT64, INT64, st.floats(allow_nan=False), st.integers(0, 2**16 - 1))
BATCHES = st.builds(
    Batch,
    NAMES,
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    INT64,
    st.lists(READINGS, max_size=20).map(Columns.of),
    st.lists(st.builds(Introduction, INT64, NAMES, NAMES), max_size=5),
)
SAMPLE = Batch(
    "gw-北区",
    7,
    42,
    1_763_900_000_123,
    Columns.of([Reading(-5, 1, 2, 0.1, 3), Reading(9, -1, 2, -0.0, 0)]),
    [Introduction(-5, "烟感-07", "smoke")],
)


def same(one: Batch, other: Batch) -> bool:
    return (one.gateway, one.start, one.n, one.sent, one.introductions, one.columns.rows()) == (
        (other.gateway, other.start, other.n, other.sent, other.introductions, other.columns.rows())
    )


@given(BATCHES)
def test_a_batch_comes_back_as_it_was(batch: Batch) -> None:
    assert same(unpack_batch(pack_batch(batch)), batch)


def test_columns_keep_their_types() -> None:
    columns = unpack_batch(pack_batch(SAMPLE)).columns
    assert [c.dtype for c in (columns.channel, columns.time, columns.received, columns.value, columns.quality)] == [
        np.dtype(kind) for kind in ("<i8", "<i8", "<i8", "<f8", "<u2")
    ]
    assert np.signbit(columns.value).tolist() == [False, True]  # −0.0 too


@pytest.mark.parametrize("sign", ["g", "网", "🔥"])
def test_the_longest_gateway_name_fits(sign: str) -> None:
    name = sign * MAX_NAME
    assert unpack_batch(pack_batch(Batch(name, 1, 1, 0, Columns.of([])))).gateway == name


def test_a_batch_cut_short_anywhere_is_refused() -> None:
    packed = pack_batch(SAMPLE)
    for length in range(len(packed)):
        with pytest.raises(StreamError):
            unpack_batch(packed[:length])


def test_what_stands_after_a_batch_is_refused() -> None:
    with pytest.raises(StreamError):
        unpack_batch(pack_batch(SAMPLE) + b"\0")


@pytest.mark.parametrize("version", [0, 2, 0x7B, 255])
def test_another_version_is_refused_by_its_number(version: int) -> None:
    with pytest.raises(StreamError, match=rf"version {version}\b"):
        unpack_batch(bytes([version]) + pack_batch(SAMPLE)[1:])
    with pytest.raises(StreamError, match=rf"version {version}\b"):
        unpack(bytes([version]) + pack({})[1:], dict)


@given(st.binary(max_size=300))
def test_garbage_is_never_more_than_a_stream_error(data: bytes) -> None:
    for payload in (data, b"\x01" + data):
        for read in (unpack_batch, lambda d: unpack(d, Heartbeat), lambda d: unpack(d, dict)):
            with contextlib.suppress(StreamError):
                read(payload)


@given(st.data())
def test_a_batch_with_one_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    packed = bytearray(pack_batch(SAMPLE))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(StreamError):
        unpack_batch(bytes(packed))


def test_a_count_that_cannot_be_takes_no_memory() -> None:
    header = struct.pack("<BHQQqI", 1, 0, 1, 1, 0, 2**32 - 1)
    with pytest.raises(StreamError, match="cut short"):
        unpack_batch(header + b"\0" * 100)


@pytest.mark.parametrize("body", [b"\x91" * 100_000, b"\x81\xa0" * 100_000, b"\xdd\xff\xff\xff\xff", b"\xc1"])
def test_deep_and_endless_messages_are_refused(body: bytes) -> None:
    with pytest.raises(StreamError):
        unpack(b"\x01" + body, dict[str, Any])
    with pytest.raises(StreamError):
        unpack_batch(pack_batch(Batch("g", 1, 1, 0, Columns.of([])))[:-1] + body)


@pytest.mark.parametrize(
    "message",
    [
        Heartbeat(gateway="gw-1", start=2**60, n=7, now=5, faults={"database": "no answer in time"}),
        Command(id="c1", do="ack", alarm="a", who="operator", reply="r", seen=3, detail={"comment": "在路上"}),
        Answer(id="c1", refused="closed already", word="not_open", alarm={"id": "a", "open": False}),
    ],
)
def test_messages_come_back(message: msgspec.Struct) -> None:
    assert unpack(pack(message), type(message)) == message


def test_a_message_of_another_kind_is_refused() -> None:
    with pytest.raises(StreamError, match="Heartbeat"):
        unpack(pack(Answer(id="x")), Heartbeat)
    with pytest.raises(StreamError):
        unpack(b"", Heartbeat)
