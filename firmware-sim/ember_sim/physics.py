"""What is true in a workshop on an ordinary day, as a function of time. Pure: time is an argument, noise has no state.

Quiet by design: an ordinary day stays below the figures of the trade (rooms under 35 °C, resin kept at 20-24 °C, a
third to four fifths of a circuit's rating in working hours, 20-90 mA of natural leakage), with a puff of dust
now and then. Seasons are not modelled.
"""

import math
from collections.abc import Callable
from typing import Final

from ember_sim.noise import drift, key_of, uniform
from ember_sim.spot import Spot

Values = dict[str, float | bool]

UTC_OFFSET_H: Final = 8
_SHIFTS: Final = ((8.0, 12.0), (13.5, 17.5))
_EVENING: Final = (18.5, 21.0)
_RAMP_H: Final = 0.25
_WARMED_BY_WORK: Final = {"curing": 6.0, "casting": 4.0, "grinding": 3.0, "spraying": 2.0, "waste": 1.5, "living": 1.0}
_KEPT_AT: Final = {"resin_store": 22.0, "peroxide_store": 19.0}
_DUSTY: Final = frozenset({"grinding", "spraying"})
_PUFF_SLOT_S: Final = 600
_PUFFS_PER_SLOT: Final = 0.01
_BATTERY_SPAN_S: Final = 180 * 86_400


def ordinary(spot: Spot, now: int, seed: int) -> Values:
    """What `spot` would measure at `now` (ms since the epoch, UTC) if nothing is wrong, unrounded, in canonical units.

    A device that judges smoke gets the smoke that it judges by, also where it does not report it.
    """
    t = now / 1000
    key = key_of(seed, spot.device)
    values: Values = {}
    for channel in (*spot.model.channels, *(("smoke",) if "smoke_alarm" in spot.model.channels else ())):
        if channel in _MEASURES:
            values[channel] = _MEASURES[channel](spot, t, key, seed)
    if spot.model.name.startswith("EW-EM3"):
        values |= _electrical(spot, t, key, seed)
    return values


def battery(spot: Spot, now: int, seed: int) -> int:
    """Charge in %: a new one each half year, down by a third until then."""
    key = key_of(seed, spot.device, "battery")
    age = (now / 1000 + uniform(key) * _BATTERY_SPAN_S) % _BATTERY_SPAN_S
    return round(99 - 33 * age / _BATTERY_SPAN_S)


def work(workshop: str, t: float, seed: int) -> float:
    """How hard a workshop works at `t` (s): 0 closed, 1 in full swing. Some have an evening shift."""
    key = key_of(seed, workshop, "shift")
    hour = _local_hour(t) - (uniform(key) - 0.5)  # nobody starts at the same minute
    shifts = (*_SHIFTS, _EVENING) if uniform(key, 1) < 0.3 else _SHIFTS
    return max(_within(hour, *shift) for shift in shifts)


def room_temperature(spot: Spot, t: float, key: int, seed: int) -> float:
    """Air under the ceiling, °C."""
    wander = drift(key, t, 1800)
    if spot.zone_kind in _KEPT_AT:
        return _KEPT_AT[spot.zone_kind] + 0.4 * _sun(t) + 0.9 * wander + 0.1 * drift(key + 1, t, 40)
    warmed = _WARMED_BY_WORK.get(spot.zone_kind, 1.0) * work(spot.workshop, t, seed)
    return 21 + 3 * _sun(t) + warmed + 0.7 * wander + 0.1 * drift(key + 1, t, 40)


def smoke(spot: Spot, t: float, key: int, seed: int) -> float:
    """Obscuration, %/m: a clean background, and dust for half a minute about once a day."""
    background = 0.12 + 0.06 * drift(key + 2, t, 300)
    slot = int(t // _PUFF_SLOT_S)
    if uniform(key + 3, slot) >= _PUFFS_PER_SLOT or not work(spot.workshop, t, seed):
        return background
    middle = 60 + uniform(key + 4, slot) * (_PUFF_SLOT_S - 120)
    height = (0.9 if spot.zone_kind in _DUSTY else 0.5) * uniform(key + 5, slot)
    return background + height * max(0.0, 1 - abs(t % _PUFF_SLOT_S - middle) / 25)


def _cable(spot: Spot, t: float, key: int, seed: int) -> float:
    """The oven's supply cable, °C: it heats up with the shift, then the thermostat cycles every 20 minutes."""
    duty = work(spot.workshop, t, seed) * (0.75 + 0.25 * math.sin(t / 1200 * 2 * math.pi + uniform(key) * 6))
    return room_temperature(spot, t, key, seed) + 15 * duty


def _humidity(_spot: Spot, t: float, key: int, _seed: int) -> float:
    return 55 + 8 * drift(key + 6, t, 7200) + 0.5 * drift(key + 7, t, 60)


def _electrical(spot: Spot, t: float, key: int, seed: int) -> Values:
    """Three phases of a board. Loads follow work; leakage follows load, as filters and damp do."""
    busy = work(spot.workshop, t, seed)
    idle = 0.07 + 0.02 * drift(key + 8, t, 1200)
    load = idle + busy * (0.47 + 0.11 * drift(key + 9, t, 900) + 0.04 * drift(key + 10, t, 40))
    values: Values = {}
    total = 0.0
    for phase in (1, 2, 3):
        tilt = 0.05 * busy * (2 * uniform(key + 11, phase) - 1)
        current = spot.rated_current * (load + tilt + 0.01 * drift(key + 11 + phase, t, 20))
        values[f"current.l{phase}"] = current
        total += current
    volts = 232 - 4 * load + 1.5 * drift(key + 15, t, 600)
    values["voltage"] = volts
    values["power"] = 0.92 * volts * total
    values["residual_current"] = 27 + 20 * uniform(key + 16) + 35 * load + 6 * drift(key + 17, t, 300)
    return values


def _local_hour(t: float) -> float:
    return (t / 3600 + UTC_OFFSET_H) % 24


def _sun(t: float) -> float:
    """-1 before dawn to 1 in the early afternoon."""
    return math.sin((_local_hour(t) - 9) / 24 * 2 * math.pi)


def _within(hour: float, start: float, end: float) -> float:
    """1 inside a shift, 0 outside, a quarter of an hour of going up and down."""
    return min(1.0, max(0.0, (hour - start) / _RAMP_H), max(0.0, (end - hour) / _RAMP_H))


_MEASURES: Final[dict[str, Callable[[Spot, float, int, int], float | bool]]] = {
    "temperature": room_temperature,
    "smoke": smoke,
    "cable_temperature": _cable,
    "humidity": _humidity,
    "manual_call": lambda *_: False,
    "tamper": lambda *_: False,
}
