"""From samples to readings: ids, times that can be, calibrated values, the derived `load`. Pure: time comes in."""

import math
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from ember_wire.channels import channel_id
from ember_wire.dialects.base import Decoded, Reason, Reject, Sample
from ember_wire.kinds import kind_of
from ember_wire.quality import Quality
from ember_wire.readings import Introduction, Reading

EARLIEST_MS: Final = 1_577_836_800_000  # 2020-01-01: before any of our devices was made
AHEAD_MS: Final = 24 * 3600 * 1000
STAND_IN_AHEAD_MS: Final = 60_000
"""A burst without times runs ahead of the clock by 1 ms each; further ahead than this, the clock was set back."""
INTRODUCE_EVERY_MS: Final = 300_000
REMEMBERED: Final = 200_000


class Calibration(msgspec.Struct, frozen=True):
    """What the register says of a channel: value·scale + offset; `rated_current` in A where its circuit has one."""

    scale: float = 1.0
    offset: float = 0.0
    rated_current: float | None = None


@dataclass(slots=True)
class Resolved:
    readings: list[Reading] = field(default_factory=list)
    introductions: list[Introduction] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


class Last(NamedTuple):
    """What a channel said last: its newest time, its value, and the last time that stood in for one it did not give."""

    time: int
    value: float
    stand_in: int


class Resolver:
    """Knows the calibration, and what it told and saw last, so that retained repeats are dropped."""

    def __init__(self) -> None:
        self.calibration: dict[int, Calibration] = {}
        self._introduced: dict[int, int] = {}
        self._last: dict[int, Last] = {}

    def resolve(self, decoded: Decoded, arrival: int, *, retained: bool = False) -> Resolved:
        """Readings of one message that arrived at `arrival` (ms), in its order."""
        out = Resolved()
        for sample in decoded.samples:
            self._sample(decoded.device, sample, arrival, retained, out)
        return out

    def _sample(self, device: str, sample: Sample, arrival: int, retained: bool, out: Resolved) -> None:
        channel = channel_id(device, sample.channel)
        known = self.calibration.get(channel)
        value = sample.value if known is None else sample.value * known.scale + known.offset
        if not math.isfinite(value):
            text = f"{sample.channel}: {sample.value} with its scale and offset is beyond a 64-bit float; correct those"
            out.rejects.append(Reject(Reason.NOT_FINITE, text))
            return
        last = self._last.get(channel)
        quality = Quality.TEST if sample.test else Quality.GOOD
        if retained:
            if last is not None and last.value == value:
                return
            quality |= Quality.RETAINED
        time, doubt = self._time(sample, arrival, last)
        quality |= doubt
        if len(self._last) >= REMEMBERED and channel not in self._last:
            self._last.clear()
            self._introduced.clear()
        stand_in = time if doubt else last.stand_in if last else 0
        self._last[channel] = Last(max(time, last.time) if last else time, value, stand_in)
        self._introduce(channel, device, sample.channel, arrival, out)
        out.readings.append(Reading(channel, time, arrival, value, int(quality)))
        if known and known.rated_current and kind_of(sample.channel) == "current":
            self._load(device, sample.channel, Reading(channel, time, arrival, value, int(quality)), known, out)

    def _time(self, sample: Sample, arrival: int, last: Last | None) -> tuple[int, Quality]:
        """A time that can be, and what was done for it. Two samples of a channel without time never share one."""
        if sample.ts is not None and EARLIEST_MS <= sample.ts <= arrival + AHEAD_MS:
            return sample.ts, Quality.GOOD
        doubt = Quality.BAD_TIME if sample.bad_time or sample.ts is not None else Quality.NO_TIME
        if sample.boot is None or sample.seq is None:
            doubt |= Quality.NO_IDENTITY
        if last is None:
            return arrival, doubt
        time = last.stand_in + 1
        if not arrival < time <= arrival + STAND_IN_AHEAD_MS:
            time = arrival
        return (time + 1 if time == last.time else time), doubt

    def _introduce(self, channel: int, device: str, name: str, arrival: int, out: Resolved) -> None:
        """Say whose channel it is, now and then again: a listener that came later learns it too."""
        told = self._introduced.get(channel)
        if told is None or arrival - told >= INTRODUCE_EVERY_MS:
            self._introduced[channel] = arrival
            out.introductions.append(Introduction(channel, device, name))

    def _load(self, device: str, name: str, current: Reading, known: Calibration, out: Resolved) -> None:
        """`load` in % of the circuit's rated current, beside the current that it is derived from."""
        load_name = "load" + name.removeprefix("current")
        percent = 100.0 * current.value / (known.rated_current or 1.0)
        if not math.isfinite(percent):
            return
        channel = channel_id(device, load_name)
        self._introduce(channel, device, load_name, current.received, out)
        quality = current.quality | Quality.DERIVED
        out.readings.append(current._replace(channel=channel, value=percent, quality=int(quality)))
