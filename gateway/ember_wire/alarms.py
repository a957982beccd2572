"""Alarms as they cross between evaluator, API, screens and sirens. Words of ISA-18.2 and OPC UA Part 9."""

from enum import StrEnum
from typing import Final

import msgspec


class AlarmClass(StrEnum):
    """What an alarm is about. The order is the order at every queue: see `CLASS_ORDER`."""

    FIRE = "fire"
    PREWARNING = "prewarning"
    SUPERVISORY = "supervisory"
    TROUBLE = "trouble"


CLASS_ORDER: Final = {name: rank for rank, name in enumerate(AlarmClass)}
"""0 is the worst: sort by this first."""


class TransitionKind(StrEnum):
    """What happened to an alarm."""

    RAISED = "raised"
    WORSENED = "worsened"
    EASED = "eased"
    RETURNED = "returned"
    REACTIVATED = "reactivated"
    SIGNAL_LOST = "signal_lost"
    SIGNAL_BACK = "signal_back"
    ACKED = "acked"
    RESET = "reset"
    VERDICT = "verdict"
    COMMENT = "comment"
    CLOSED = "closed"


class Verdict(StrEnum):
    """What a fire or prewarning turned out to be; without one it is not closed."""

    FIRE = "fire"
    TEST = "test"
    DRILL = "drill"
    NUISANCE = "nuisance"
    FAULT = "fault"
    UNKNOWN = "unknown"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The orthogonal facts of an alarm; the ISA letter is derived from them."""

    active: bool
    acked: bool = False
    latched: bool = False
    signal_lost: bool = False
    late: bool = False
    test: bool = False


class Text(msgspec.Struct, frozen=True):
    """A text in the two languages of the product."""

    en: str
    zh: str


class AlarmRecord(msgspec.Struct, frozen=True, kw_only=True, rename={"class_": "class"}):
    """One episode as everyone sees it: the same shape over MQTT, `/live` and HTTP. Times in ms since the epoch, UTC.

    `revision` counts its transitions. `state` is the ISA-18.2 letter. `onset`: when it happened, by the device's
    clock; `raised`: when we knew. `channel` is the 64-bit id as a decimal text (JavaScript's numbers end at 2^53).
    """

    id: str
    revision: int
    rule: str
    rule_version: int
    class_: AlarmClass
    severity: int
    open: bool
    state: str
    facts: Facts
    workshop: str
    zone: str | None = None
    device: str | None = None
    channel: str | None = None
    channel_name: str | None = None
    kind: str | None = None
    unit: str = ""
    value: float | None = None
    limit: float | None = None
    onset: int
    raised: int
    returned: int | None = None
    acked: int | None = None
    acked_by: str | None = None
    closed: int | None = None
    verdict: Verdict | None = None
    cause: str | None = None
    title: Text
    guidance: Text


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One step in an alarm's life, and the alarm after it. `id` is a hash: writing it twice is writing it once.

    `happened`: when it was so, by the sample's time; `known`: when the evaluator learnt it.
    """

    id: str
    seq: int
    kind: TransitionKind
    happened: int
    known: int
    who: str | None = None
    why: str | None = None
    alarm: AlarmRecord


class WorkshopAlarms(msgspec.Struct, frozen=True, kw_only=True):
    """`ew/v1/alarms/{workshop}`, retained JSON: the open alarms of one workshop, worst first."""

    v: int = 1
    as_of: int
    seq: int
    alarms: list[AlarmRecord]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`ew/v1/alarms/health`, retained JSON every 10 s and as the will (`ok` false): is anybody there?"""

    v: int = 1
    as_of: int
    ok: bool
    faults: dict[str, str] = {}


def urgency(alarm: AlarmRecord) -> tuple[int, int, int, str]:
    """Sorts the worst first: class, severity, the oldest."""
    return CLASS_ORDER[alarm.class_], -alarm.severity, alarm.onset, alarm.id
