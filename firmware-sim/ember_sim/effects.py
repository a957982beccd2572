"""What a scenario can do to devices: each effect is data, and changes what physics says. Pure."""

from bisect import bisect_right
from typing import Annotated

import msgspec

from ember_sim.fire import Smoulder
from ember_sim.physics import Values

Seconds = Annotated[float, msgspec.Meta(ge=0)]


class EffectBase(msgspec.Struct, frozen=True, kw_only=True, tag_field="effect", forbid_unknown_fields=True):
    """From `at` s after the scenario's start, on these devices; `until` (s, same clock) or to the scenario's end."""

    at: Seconds
    devices: Annotated[list[str], msgspec.Meta(min_length=1)]
    until: Seconds | None = None

    def alter(self, _t: float, values: Values) -> Values | None:
        """`values` as they are `t` s into the effect; None: the device says nothing at all."""
        return values


class Fire(EffectBase, frozen=True, kw_only=True, tag="smouldering", forbid_unknown_fields=True):
    """Heat and smoke of a smouldering fire."""

    fire: Smoulder = Smoulder()

    def alter(self, t: float, values: Values) -> Values:
        traces = self.fire.traces(t)
        return _added(_added(values, "temperature", traces.heat), "smoke", traces.smoke)


class PowerLost(EffectBase, frozen=True, kw_only=True, tag="power-lost", forbid_unknown_fields=True):
    """A fuse goes: what flows through the circuit falls to `left` of itself (the meter has a supply of its own)."""

    left: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.02

    def alter(self, _t: float, values: Values) -> Values:
        flows = {name: value * self.left for name, value in values.items() if name.startswith(("current", "power"))}
        return values | flows


class Ramp(EffectBase, frozen=True, kw_only=True, tag="ramp", forbid_unknown_fields=True):
    """Adds to one channel along `points` of [s into the effect, amount], straight in between; the last one stays."""

    channel: str
    points: Annotated[list[tuple[Seconds, float]], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        times = [time for time, _ in self.points]
        if times != sorted(set(times)):
            raise ValueError(f"`points` of a ramp must have rising times, not {times}")

    def alter(self, t: float, values: Values) -> Values:
        return _added(values, self.channel, self._amount(t))

    def _amount(self, t: float) -> float:
        after = bisect_right(self.points, t, key=lambda point: point[0])
        if after == 0:
            return 0.0
        if after == len(self.points):
            return self.points[-1][1]
        (start, low), (end, high) = self.points[after - 1], self.points[after]
        return low + (high - low) * (t - start) / (end - start)


class Press(EffectBase, frozen=True, kw_only=True, tag="press", forbid_unknown_fields=True):
    """Someone breaks the glass of a manual call point; it stays pressed until then."""

    def alter(self, _t: float, values: Values) -> Values:
        return values | {"manual_call": True} if "manual_call" in values else values


class Silence(EffectBase, frozen=True, kw_only=True, tag="silence", forbid_unknown_fields=True):
    """The device is destroyed or cut off: it says nothing more."""

    def alter(self, _t: float, _values: Values) -> None:
        return None


Effect = Fire | PowerLost | Ramp | Press | Silence


def _added(values: Values, channel: str, amount: float) -> Values:
    return values | {channel: values[channel] + amount} if channel in values else values
