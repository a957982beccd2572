"""What moves through the gateway: a parcel holds all that a few messages said, until it is durable and acknowledged."""

from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from ember_base.mqtt import Incoming
from ember_wire.readings import Batch
from ember_wire.stream import StreamError, pack_batch, unpack_batch


class DeadLetter(msgspec.Struct, frozen=True, array_like=True):
    """A message, or a part of one, that was set aside: why, in a word and in a sentence. `time` in ms."""

    time: int
    topic: str
    payload: bytes
    reason: str
    detail: str


class SeenDevice(msgspec.Struct, frozen=True, array_like=True):
    """A device was heard at `time` (ms), and what it told about itself."""

    device: str
    time: int
    attributes: dict[str, str]


class Acknowledger(Protocol):
    """The link that a message came over."""

    def ack(self, message: Incoming) -> bool: ...

    def can_ack(self, message: Incoming) -> bool: ...


class Published(Protocol):
    """A stream message on its way to the broker."""

    def is_published(self) -> bool: ...

    def wait_for_publish(self, timeout: float | None = None) -> None: ...


@dataclass(slots=True)
class Parcel:
    """One stream batch with all that belongs to it. `waiting`: messages to acknowledge, in order of receipt."""

    batch: Batch
    dead_letters: list[DeadLetter] = field(default_factory=list)
    devices: list[SeenDevice] = field(default_factory=list)
    waiting: list[tuple[Acknowledger, Incoming]] = field(default_factory=list)
    sent: Published | None = None

    @property
    def reachable(self) -> bool:
        """Whether anybody can still be acknowledged; after a lost connection the broker delivers again anyway."""
        return any(link.can_ack(message) for link, message in self.waiting)

    def acknowledge(self) -> int:
        """Send the PUBACKs; return how many went out. Those of a lost connection will be delivered again."""
        return sum(link.ack(message) for link, message in self.waiting)


class _Record(msgspec.Struct, frozen=True, array_like=True):
    batch: bytes
    dead_letters: list[DeadLetter]
    devices: list[SeenDevice]


_VERSION = b"\x01"
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Record)


def to_record(parcel: Parcel) -> bytes:
    """A parcel as the spool keeps it; nobody waits for it any more."""
    record = _Record(pack_batch(parcel.batch), parcel.dead_letters, parcel.devices)
    return _VERSION + _encoder.encode(record)


def from_record(data: bytes) -> Parcel:
    """Read what `to_record` wrote. Raises StreamError."""
    if data[:1] != _VERSION:
        raise StreamError(f"a spool record of version {data[:1].hex() or 'none'}; this gateway reads 01")
    try:
        record = _decoder.decode(memoryview(data)[1:])
    except msgspec.DecodeError as error:
        raise StreamError(f"a spool record that cannot be read: {error}") from None
    return Parcel(unpack_batch(record.batch), record.dead_letters, record.devices)
