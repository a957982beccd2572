"""The packed messages between our processes. The first byte of each is its version."""

import struct
from typing import Any, Final, TypeVar

import msgspec
import numpy as np

from ember_wire.readings import Batch, Columns, Introduction

T = TypeVar("T")

VERSION: Final = 1
_VERSION_BYTE: Final = bytes([VERSION])
_HEADER: Final = struct.Struct("<BHQQqI")  # version, bytes of the gateway's name, start, n, sent, count
_ROW_BYTES: Final = 8 + 8 + 8 + 8 + 2
_intro_encoder = msgspec.msgpack.Encoder()
_intro_decoder = msgspec.msgpack.Decoder(list[tuple[int, str, str]])


class StreamError(ValueError):
    """A stream message that cannot be read: of another version, cut short, or not ours."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """`ew/v1/stream/heartbeat/{gateway}`, every 2 s: the last n, the clock (ms), and what ails the gateway."""

    gateway: str
    start: int
    n: int
    now: int
    faults: dict[str, str] = {}


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A person's command on its way to the evaluator. `seen` is the revision of the alarm that the person saw."""

    id: str
    do: str
    alarm: str
    who: str
    reply: str
    seen: int | None = None
    detail: dict[str, str] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The evaluator's answer, sent after the journal's fsync. `refused` is empty or the reason, with its word."""

    id: str
    refused: str = ""
    word: str = ""
    alarm: dict[str, Any] | None = None


def pack_batch(batch: Batch) -> bytes:
    """A batch as bytes: header, gateway's name, five little-endian columns, introductions as MessagePack."""
    name = batch.gateway.encode()
    columns = batch.columns
    return b"".join(
        (
            _HEADER.pack(VERSION, len(name), batch.start, batch.n, batch.sent, len(columns)),
            name,
            columns.channel.astype("<i8", copy=False).tobytes(),
            columns.time.astype("<i8", copy=False).tobytes(),
            columns.received.astype("<i8", copy=False).tobytes(),
            columns.value.astype("<f8", copy=False).tobytes(),
            columns.quality.astype("<u2", copy=False).tobytes(),
            _intro_encoder.encode(batch.introductions),
        )
    )


def unpack_batch(data: bytes) -> Batch:
    """Read what `pack_batch` wrote. The columns are views on `data`. Raises StreamError."""
    try:
        version, name_length, start, n, sent, count = _HEADER.unpack_from(data)
    except struct.error:
        raise StreamError(f"a batch of {len(data)} bytes is shorter than its header") from None
    if version != VERSION:
        raise StreamError(f"a batch of version {version}; this process reads version {VERSION}")
    at = _HEADER.size + name_length
    if len(data) < at + count * _ROW_BYTES:
        raise StreamError(f"a batch that should hold {count} readings is cut short at {len(data)} bytes")
    try:
        gateway = data[_HEADER.size : at].decode()
        columns = []
        for kind, width in (("<i8", 8), ("<i8", 8), ("<i8", 8), ("<f8", 8), ("<u2", 2)):
            columns.append(np.frombuffer(data, kind, count, at))
            at += count * width
        introductions = [Introduction(*row) for row in _intro_decoder.decode(memoryview(data)[at:])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StreamError(f"a batch whose text cannot be read: {error}") from None
    return Batch(gateway, start, n, sent, Columns(*columns), introductions)


def pack(message: Any) -> bytes:
    """A Struct or plain object as bytes: version, then MessagePack."""
    return _VERSION_BYTE + msgspec.msgpack.encode(message)


def unpack(data: bytes, kind: type[T]) -> T:
    """Read what `pack` wrote, checked against `kind`. Raises StreamError."""
    if not data or data[0] != VERSION:
        raise StreamError(f"a message of version {data[0] if data else 'none'}; this process reads {VERSION}")
    try:
        return msgspec.msgpack.decode(memoryview(data)[1:], type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StreamError(f"not a {kind.__name__}: {error}") from None
