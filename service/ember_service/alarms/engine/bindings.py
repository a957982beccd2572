"""Which rules watch which channel and device, from the register and the rules as they are now."""

from math import inf
from typing import Final, NamedTuple

from ember_service.alarms.engine.kinds import KINDS, kind_of_rule
from ember_service.alarms.engine.kinds.base import Limits
from ember_service.register.model import Register
from ember_service.rules.model import OTHER_ZONE, ZONE_KINDS, Rule, Scope, Supervision
from ember_wire import topics
from ember_wire.alarms import CLASS_ORDER, AlarmClass
from ember_wire.channels import channel_id
from ember_wire.kinds import KINDS as CHANNEL_KINDS

DEFAULT_INTERVALS: Final = {"radio": 180_000, "mains": 180_000, "battery": 25 * 3_600_000}
"""ms of silence, for devices that no supervision rule watches: their alarms gain "signal lost" after it."""
DISCOVERED_INTERVAL: Final = DEFAULT_INTERVALS["battery"]
PERIODS: Final = 3


class Place(NamedTuple):
    """Where a device stands and how it is supervised. `period` in s, 0 where none is declared."""

    workshop: str
    zone: str | None
    zone_kind: str
    supervision: str
    period: float


UNASSIGNED: Final = Place(topics.UNASSIGNED, None, OTHER_ZONE, "", 0.0)


class Watched(NamedTuple):
    """The rules on a channel, fires first, and the limits inside which none of them has anything to do."""

    rules: tuple[Rule, ...]
    quiet: Limits


class Interval(NamedTuple):
    """After how many ms of silence a rule of supervision raises."""

    wait: int
    rule: Supervision


class Bindings:
    """Register and rules, looked up. A new one is made at each change."""

    def __init__(self, register: Register, rules: list[Rule]) -> None:
        self.register, self.rules = register, rules
        enabled = sorted((rule for rule in rules if rule.enabled), key=lambda r: (CLASS_ORDER[r.class_], r.id))
        self._channel_rules = [rule for rule in enabled if type(rule) in KINDS]
        self._supervisions = [rule for rule in enabled if isinstance(rule, Supervision)]
        self._named = {device for rule in enabled for device in rule.scope.devices}
        zone_kinds = {zone.id: zone.kind for zone in register.zones}
        self.places = {
            d.id: Place(
                d.workshop, d.zone, _zone_kind(zone_kinds.get(d.zone or "")), d.supervision, max(d.period or 0.0, 0.0)
            )
            for d in register.devices
        }
        self._watched: dict[tuple[str, str, str, str], Watched] = {}
        self._patience: dict[str, int] = {}
        self._guesses: dict[int, tuple[str, str]] | None = None

    def place(self, device: str) -> Place:
        """Where a device stands; `UNASSIGNED` for one that nobody adopted."""
        return self.places.get(device, UNASSIGNED)

    def watched(self, device: str, kind: str) -> Watched:
        """The rules on a channel of this kind of this device. Discovered devices: those for fire only."""
        place = self.place(device)
        key = (kind, place.workshop, place.zone_kind, device if device in self._named else "")
        found = self._watched.get(key)
        if found is None:
            found = self._watched[key] = self._match(device, kind, place)
        return found

    def intervals(self, device: str) -> list[Interval]:
        """The rules that supervise a device, the most impatient first; none before adoption."""
        place = self.places.get(device)
        if place is None:
            return []
        found = [
            Interval(self._wait(rule.intervals[place.supervision], place), rule)
            for rule in self._supervisions
            if place.supervision in rule.intervals and _holds(rule.scope, None, device, place)
        ]
        return sorted(found, key=lambda i: (i.wait, i.rule.id))

    def patience(self, device: str) -> int:
        """After how many ms of silence a device counts as lost."""
        found = self._patience.get(device)
        if found is None:
            found = self._patience[device] = self._find_patience(device)
        return found

    def guess(self, channel: int) -> tuple[str, str] | None:
        """Device and name behind an id that was never introduced: registered devices with the usual names."""
        if self._guesses is None:
            self._guesses = {channel_id(d, name): (d, name) for d in self.places for name in CHANNEL_KINDS}
            self._guesses |= {c.id: (c.device, c.name) for c in self.register.channels}
        return self._guesses.get(channel)

    def _match(self, device: str, kind: str, place: Place) -> Watched:
        rules = tuple(
            rule
            for rule in self._channel_rules
            if _holds(rule.scope, kind, device, place) and (place is not UNASSIGNED or rule.class_ is AlarmClass.FIRE)
        )
        low, high = -inf, inf
        for rule in rules:
            below, above = kind_of_rule(rule).quiet(rule)
            low, high = max(low, below), min(high, above)
        return Watched(rules, (low, high))

    def _find_patience(self, device: str) -> int:
        place = self.places.get(device)
        if place is None:
            return DISCOVERED_INTERVAL
        for interval in self.intervals(device):
            return interval.wait
        return self._wait(DEFAULT_INTERVALS.get(place.supervision, DEFAULT_INTERVALS["mains"]) / 1000, place)

    @staticmethod
    def _wait(seconds: float, place: Place) -> int:
        return round(1000 * max(seconds, PERIODS * place.period))


def _holds(scope: Scope, kind: str | None, device: str, place: Place) -> bool:
    return (
        (kind is None or not scope.kinds or kind in scope.kinds)
        and (not scope.zone_kinds or place.zone_kind in scope.zone_kinds)
        and (not scope.workshops or place.workshop in scope.workshops)
        and (not scope.devices or device in scope.devices)
    )


def _zone_kind(kind: str | None) -> str:
    """A kind of zone that no rule can name is like none."""
    return kind if kind in ZONE_KINDS else OTHER_ZONE
