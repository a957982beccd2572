"""The kinds of rule that look at single channels: a new one is a file here and a line in `KINDS`."""

from typing import Final

from ember_service.alarms.engine.kinds.base import Kind
from ember_service.alarms.engine.kinds.threshold import ThresholdKind
from ember_service.alarms.engine.kinds.verdict import VerdictKind
from ember_service.rules.model import DeviceVerdict, Rule, Threshold

KINDS: Final[dict[type, Kind]] = {Threshold: ThresholdKind(), DeviceVerdict: VerdictKind()}


def kind_of_rule(rule: Rule) -> Kind:
    """Who decides for a rule. Supervision looks at devices and stands in `supervision.py`."""
    return KINDS[type(rule)]
