"""Transitions and messages for tests of telling."""

from typing import Any

from ember_service.notify.model import Channel, Message
from ember_wire.alarms import AlarmClass, AlarmRecord, Facts, Text, Transition, TransitionKind

T0 = 1_763_900_000_000


def record(**given: Any) -> AlarmRecord:
    """A temperature alarm of d1 in w1."""
    facts = Facts(active=True)
    common: dict[str, Any] = {
        "id": "a1",
        "revision": 1,
        "rule": "hot",
        "rule_version": 1,
        "class_": AlarmClass.FIRE,
        "severity": 900,
        "open": True,
        "state": "B",
        "facts": facts,
        "workshop": "w1",
        "device": "d1",
        "channel": "17",
        "channel_name": "temperature.2",
        "kind": "temperature",
        "unit": "Cel",
        "value": 71.26,
        "limit": 60.0,
        "onset": T0,
        "raised": T0 + 1000,
        "title": Text("Too hot", "温度过高"),
        "guidance": Text("Call 119.", "拨打119。"),
    }
    return AlarmRecord(**{**common, **given})


def transition(
    *, id_: str = "t1", kind: TransitionKind = TransitionKind.RAISED, seq: int = 1, **given: Any
) -> Transition:
    """A step of that alarm."""
    return Transition(id=id_, seq=seq, kind=kind, happened=T0, known=T0 + 1000, alarm=record(**given))


def message(
    id_: str = "m1", *, channel: Channel = Channel.MAIL, address: str = "li@example.org", **given: Any
) -> Message:
    """A message about it."""
    return Message(
        id=id_,
        alarm=record(**given),
        transition="t1",
        kind="raised",
        contact="owner",
        contact_name="Li",
        channel=channel,
        address=address,
        language="en",
        subject="[FIRE] One: Too hot",
        text="Too hot\n",
        queued=T0,
    )
