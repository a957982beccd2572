"""Gathers what a few messages said into numbered parcels."""

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ember_base.disk import atomic_write
from ember_base.mqtt import Incoming
from ember_gateway.parcel import Acknowledger, DeadLetter, Parcel, SeenDevice
from ember_gateway.resolve import Resolved
from ember_wire.dialects.base import Decoded, Reject
from ember_wire.readings import Batch, Columns, Introduction, Reading

MAX_READINGS: Final = 2000
MAX_INTRODUCTION_BYTES: Final = 256 * 1024
"""With these two a batch stays well below the megabyte that brokers carry, whatever one message holds."""
MAX_KEPT_PAYLOAD: Final = 64 * 1024
MAX_DEAD_BYTES: Final = 4 * 1024 * 1024
SEEN_EVERY_MS: Final = 60_000
REMEMBERED: Final = 100_000
_RANDOM_BITS: Final = 20


class Batcher:
    """Collects between two `take`s. Batches count from 1 within a start; a start's number is never used again."""

    def __init__(self, gateway: str, start: int) -> None:
        self.gateway = gateway
        self.start = start
        self.n = 0
        self._readings: list[Reading] = []
        self._introductions: list[Introduction] = []
        self._dead: list[DeadLetter] = []
        self._dead_bytes = 0
        self._devices: dict[str, SeenDevice] = {}
        self._seen_at: dict[str, int] = {}
        self._waiting: list[tuple[Acknowledger, Incoming]] = []

    @property
    def full(self) -> bool:
        return len(self._readings) >= MAX_READINGS or self._dead_bytes >= MAX_DEAD_BYTES

    def add(self, link: Acknowledger, message: Incoming, decoded: Decoded, resolved: Resolved, arrival: int) -> None:
        """Take in one message: what it said, what was set aside of it, and who waits for its PUBACK."""
        self._readings += resolved.readings
        self._introductions += resolved.introductions
        self._waiting.append((link, message))
        for letter in _letters(message, [*decoded.rejects, *resolved.rejects], arrival):
            self._dead.append(letter)
            self._dead_bytes += len(letter.payload)
        if decoded.device and (decoded.samples or decoded.attributes):
            self._seen(decoded, arrival)

    def take(self, now: int) -> list[Parcel]:
        """All that was gathered, as numbered parcels; the PUBACKs hang on the last. Mostly one; none for nothing."""
        if not self._waiting:
            return []
        parcels = [Parcel(self._batch(now, *piece)) for piece in _pieces(self._readings, self._introductions)]
        parcels = parcels or [Parcel(Batch(self.gateway, self.start, self.n, now, Columns.of([])))]
        parcels[0].dead_letters, parcels[0].devices = self._dead, list(self._devices.values())
        parcels[-1].waiting = self._waiting
        self._readings, self._introductions, self._dead, self._devices, self._waiting = [], [], [], {}, []
        self._dead_bytes = 0
        return parcels

    def _batch(self, now: int, introductions: list[Introduction], readings: list[Reading]) -> Batch:
        self.n += 1
        return Batch(self.gateway, self.start, self.n, now, Columns.of(readings), introductions)

    def _seen(self, decoded: Decoded, arrival: int) -> None:
        """Note a device now and then only: a row for every message would double what is written."""
        fresh = arrival - self._seen_at.get(decoded.device, 0) >= SEEN_EVERY_MS
        if fresh or decoded.attributes:
            earlier = self._devices.get(decoded.device)
            attributes = {**earlier.attributes, **decoded.attributes} if earlier else decoded.attributes
            self._devices[decoded.device] = SeenDevice(decoded.device, arrival, attributes)
            if len(self._seen_at) >= REMEMBERED:
                self._seen_at.clear()
            self._seen_at[decoded.device] = arrival


def _pieces(
    readings: list[Reading], introductions: list[Introduction]
) -> Iterator[tuple[list[Introduction], list[Reading]]]:
    """Introductions and readings in pieces that a broker carries; no reading goes before its introduction."""
    rest: list[Introduction] = []
    size = 0
    for introduction in introductions:
        size += len(introduction.device.encode()) + len(introduction.name.encode()) + 16
        if size > MAX_INTRODUCTION_BYTES:
            yield rest, []
            rest, size = [], 0
        rest.append(introduction)
    for first in range(0, len(readings), MAX_READINGS):
        yield rest, readings[first : first + MAX_READINGS]
        rest = []
    if rest:
        yield rest, []


def _letters(message: Incoming, rejects: Sequence[Reject], arrival: int) -> Iterator[DeadLetter]:
    """A letter for each bad part. The first keeps the payload; the others share as much again, or many would flood."""
    share = MAX_KEPT_PAYLOAD // max(len(rejects), 1)
    for number, reject in enumerate(rejects):
        kept = message.payload[: share if number else MAX_KEPT_PAYLOAD]
        yield DeadLetter(arrival, message.topic, kept, reject.reason, reject.detail)


def next_start(folder: Path, now_ms: int) -> int:
    """A number for this start that no earlier start had.

    Counted on disk. Should the disk be new, the clock tells starts apart, and chance where the clock was set back.
    """
    path = folder / "start"
    try:
        last = int(path.read_text())
    except (FileNotFoundError, ValueError):
        last = 0
    number = max(last + 1, (now_ms << _RANDOM_BITS) + secrets.randbits(_RANDOM_BITS))
    atomic_write(path, str(number).encode())
    return number
