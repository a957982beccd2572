"""A waste bin that heats itself: the truth behind the scenario `smouldering-fire`.

Mixed leftovers of resin and hardener react on; the bin smoulders, with a thin haze and rising heat, until it breaks out
in thick smoke, and somebody puts it out. Rises follow 1 - exp(-(t/τ)^1.5): slow at first as a self-heating mass is,
then quick, then held by the room.
"""

import math
from typing import NamedTuple

import msgspec

_SHAPE = 1.5


class Traces(NamedTuple):
    """What a fire adds at one place: °C and %/m of obscuration."""

    heat: float
    smoke: float


class Smoulder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures of one fire as one place feels it; times in s.

    `heat`: °C above the room at its height, reached with the time constant `heat_rise`. `haze`: the thin smoke (%/m) of
    smouldering from `haze_after` on, with `haze_rise`. `smoke`: the thick one (%/m) from `breaks_out` on, with
    `smoke_rise`. Put out after `burns`, back to normal `fades` later.
    """

    heat: float = 70.0
    heat_rise: float = 35.0
    haze: float = 3.2
    haze_after: float = 4.0
    haze_rise: float = 3.0
    smoke: float = 35.0
    breaks_out: float = 20.0
    smoke_rise: float = 25.0
    burns: float = 420.0
    fades: float = 120.0

    def traces(self, t: float) -> Traces:
        """What is added `t` s after the onset; nothing before it and after the end."""
        if t <= 0 or t >= self.burns + self.fades:
            return Traces(0.0, 0.0)
        strength = min(1.0, (self.burns + self.fades - t) / self.fades)
        haze = self.haze * _risen(t - self.haze_after, self.haze_rise)
        smoke = haze + self.smoke * _risen(t - self.breaks_out, self.smoke_rise)
        return Traces(strength * self.heat * _risen(t, self.heat_rise), strength * smoke)


def _risen(t: float, rise: float) -> float:
    return 1 - math.exp(-((t / rise) ** _SHAPE)) if t > 0 else 0.0
