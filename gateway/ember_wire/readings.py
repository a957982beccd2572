"""Readings: the one thing behind the gateway's door, one by one and in columns."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Reading(NamedTuple):
    """One value of one channel. Times are milliseconds since the epoch, UTC; a boolean is 0.0 or 1.0."""

    channel: int
    time: int
    received: int
    value: float
    quality: int


class Introduction(NamedTuple):
    """Which device and channel name stand behind a channel's id."""

    channel: int
    device: str
    name: str


@dataclass(slots=True, frozen=True)
class Columns:
    """Readings as columns of one length, in order of receipt."""

    channel: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]
    received: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    quality: npt.NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.channel)

    def rows(self) -> list[Reading]:
        """The same as rows of Python numbers."""
        lists = (c.tolist() for c in (self.channel, self.time, self.received, self.value, self.quality))
        return [Reading(*row) for row in zip(*lists, strict=True)]

    @classmethod
    def of(cls, readings: list[Reading]) -> "Columns":
        """Turn rows into columns."""
        channel, time, received, value, quality = zip(*readings, strict=True) if readings else ((),) * 5
        return cls(
            np.array(channel, np.int64),
            np.array(time, np.int64),
            np.array(received, np.int64),
            np.array(value, np.float64),
            np.array(quality, np.uint16),
        )


@dataclass(slots=True, frozen=True)
class Batch:
    """What the gateway streams at once: readings, numbered (gateway, start, n), and the channels it introduces.

    n counts from 1 within a start; a start's number is never used again. `sent` is the gateway's clock in ms.
    """

    gateway: str
    start: int
    n: int
    sent: int
    columns: Columns
    introductions: list[Introduction] = field(default_factory=list)
