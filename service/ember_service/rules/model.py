"""What a rule may say. A rule is data: YAML files, the API and the journal hold the same."""

from typing import Final

import msgspec

from ember_wire.alarms import AlarmClass, Text

OTHER_ZONE: Final = "other"
"""The kind of zone of a device without a zone, and of one that nobody adopted."""
ZONE_KINDS: Final = frozenset(
    {"casting", "curing", "spraying", "grinding", "resin_store", "peroxide_store", "waste", "living", OTHER_ZONE}
)
SUPERVISION_CLASSES: Final = frozenset({"radio", "mains", "battery"})
PRODUCT_IDS: Final = frozenset({"gateway_silent", "gateway_clock", "readings_missed", "device_in_test", "test_left_on"})
"""Alarms of the product itself (`alarms.engine.products`); no rule may take their ids."""


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which channels a rule watches: each list given must hold the channel's own; an empty list holds all."""

    kinds: list[str] = []
    zone_kinds: list[str] = []
    workshops: list[str] = []
    devices: list[str] = []


class RuleBase(msgspec.Struct, frozen=True, kw_only=True, rename={"class_": "class"}, forbid_unknown_fields=True):
    """What every rule has. `severity`: 1 to 1000 (OPC UA Part 9), within the class. `latch`: stays until reset."""

    id: str
    version: int = 1
    class_: AlarmClass
    severity: int
    title: Text
    guidance: Text
    scope: Scope = Scope()
    latch: bool = False
    enabled: bool = True


class Threshold(RuleBase, frozen=True, kw_only=True, tag="threshold", forbid_unknown_fields=True):
    """Above (or below, not both) a limit for `delay_on` s; returned at or past `reset` for `delay_off` s."""

    above: float | None = None
    below: float | None = None
    reset: float | None = None
    delay_on: float = 0.0
    delay_off: float = 0.0


class DeviceVerdict(RuleBase, frozen=True, kw_only=True, tag="verdict", forbid_unknown_fields=True):
    """The device itself says so: true raises at once. A sample marked `test` raises no fire."""


class Supervision(RuleBase, frozen=True, kw_only=True, tag="supervision", forbid_unknown_fields=True):
    """Nothing heard from an adopted device for longer than its interval; s for each class of supervision."""

    intervals: dict[str, float]


Rule = Threshold | DeviceVerdict | Supervision
