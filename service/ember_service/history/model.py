"""Plain values of history, and which source answers which step. Times in ms since the epoch, UTC."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 86_400
MAX_STEP_S: Final = 366 * DAY_S
WIDTHS: Final = {"reading_1d": DAY_S, "reading_1h": HOUR_S, "reading_1m": MINUTE_S}
"""Aggregates by name, the coarsest first, with the width of their buckets in s."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 2, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 30, tzinfo=UTC)


class Named(NamedTuple):
    """A channel with its names; `workshop` is None while nobody adopted its device."""

    id: int
    device: str
    name: str
    kind: str
    unit: str
    workshop: str | None


class Point(msgspec.Struct, frozen=True):
    """A reading as it was stored."""

    time: int
    value: float
    quality: int


class Bucket(msgspec.Struct, frozen=True):
    """The readings from `time` on, for one step."""

    time: int
    min: float
    avg: float
    max: float
    count: int


class History(NamedTuple):
    """What a query found, oldest first. `step` 0: points as stored; `more`: the limit cut it off."""

    step: int
    items: list[Point] | list[Bucket]
    more: bool


class LastValue(NamedTuple):
    """The newest reading of a channel."""

    channel: int
    device: str
    name: str
    kind: str
    unit: str
    time: int
    received: int
    value: float
    quality: int


class Source(NamedTuple):
    """Where a step is answered from: table `reading` or an aggregate. `step` in s is the one that will be answered."""

    table: str
    step: int


def source_for(step: int) -> Source:
    """The coarsest source that gives `step` s; a step that is no multiple of its source's width is rounded up."""
    if step <= 0:
        return Source("reading", 0)
    step = min(step, MAX_STEP_S)
    for table, width in WIDTHS.items():
        if step >= width:
            return Source(table, -(-step // width) * width)
    return Source("reading", step)


def to_time(ms: int) -> datetime:
    """ms since the epoch as a time; what lies outside of the calendar becomes its end."""
    try:
        return min(max(EPOCH + timedelta(milliseconds=ms), _FIRST), _LAST)
    except OverflowError:
        return _FIRST if ms < 0 else _LAST


def to_ms(time: datetime) -> int:
    """A time as whole ms since the epoch."""
    return (time - EPOCH) // timedelta(milliseconds=1)
