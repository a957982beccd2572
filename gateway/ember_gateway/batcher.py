"""Gathers what a few messages said into one numbered parcel."""

from pathlib import Path
from typing import Final

from ember_base.disk import atomic_write
from ember_base.mqtt import Incoming
from ember_gateway.parcel import Acknowledger, DeadLetter, Parcel, SeenDevice
from ember_gateway.resolve import Resolved
from ember_wire.dialects.base import Decoded
from ember_wire.readings import Batch, Columns, Introduction, Reading

MAX_READINGS: Final = 2000
MAX_KEPT_PAYLOAD: Final = 64 * 1024
SEEN_EVERY_MS: Final = 60_000


class Batcher:
    """Collects between two `take`s. Batches count from 1 within a start; a start's number is never used again."""

    def __init__(self, gateway: str, start: int) -> None:
        self.gateway = gateway
        self.start = start
        self.n = 0
        self._readings: list[Reading] = []
        self._introductions: list[Introduction] = []
        self._dead: list[DeadLetter] = []
        self._devices: dict[str, SeenDevice] = {}
        self._seen_at: dict[str, int] = {}
        self._waiting: list[tuple[Acknowledger, Incoming]] = []

    @property
    def full(self) -> bool:
        return len(self._readings) >= MAX_READINGS

    def add(self, link: Acknowledger, message: Incoming, decoded: Decoded, resolved: Resolved, arrival: int) -> None:
        """Take in one message: what it said, what was set aside of it, and who waits for its PUBACK."""
        self._readings += resolved.readings
        self._introductions += resolved.introductions
        self._waiting.append((link, message))
        kept = message.payload[:MAX_KEPT_PAYLOAD]
        self._dead += [DeadLetter(arrival, message.topic, kept, r.reason, r.detail) for r in decoded.rejects]
        if decoded.device and (decoded.samples or decoded.attributes):
            self._seen(decoded, arrival)

    def take(self, now: int) -> Parcel | None:
        """All that was gathered, as the next numbered parcel; None where there is nothing."""
        if not self._waiting:
            return None
        if self._readings or self._introductions:
            self.n += 1
        batch = Batch(self.gateway, self.start, self.n, now, Columns.of(self._readings), self._introductions)
        parcel = Parcel(batch, self._dead, list(self._devices.values()), self._waiting)
        self._readings, self._introductions, self._dead, self._devices, self._waiting = [], [], [], {}, []
        return parcel

    def _seen(self, decoded: Decoded, arrival: int) -> None:
        """Note a device now and then only: a row for every message would double what is written."""
        fresh = arrival - self._seen_at.get(decoded.device, 0) >= SEEN_EVERY_MS
        if fresh or decoded.attributes:
            earlier = self._devices.get(decoded.device)
            attributes = {**earlier.attributes, **decoded.attributes} if earlier else decoded.attributes
            self._devices[decoded.device] = SeenDevice(decoded.device, arrival, attributes)
            self._seen_at[decoded.device] = arrival


def next_start(folder: Path, now_ms: int) -> int:
    """A number for this start that no earlier start had: counted on disk, and past the clock should the disk be new."""
    path = folder / "start"
    try:
        last = int(path.read_text())
    except (FileNotFoundError, ValueError):
        last = 0
    number = max(last + 1, now_ms // 1000)
    atomic_write(path, str(number).encode())
    return number
