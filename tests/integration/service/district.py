"""What gateway and evaluator would have written for the demo's district."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import insert

from ember_base import schema
from ember_service.context import Context
from ember_wire.alarms import AlarmClass, AlarmRecord, Facts, Text, Transition, TransitionKind, Verdict
from ember_wire.channels import channel_id
from tests.integration.service.conftest import MINE
from tests.support.rows import introduce, store

DEVICE = f"{MINE}-waste-smoke"
T0 = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=50)
MS = int(T0.timestamp() * 1000)


def record(
    number: str, *, closed: bool = False, minute: int = 0, workshop: str = MINE, revision: int = 1
) -> AlarmRecord:
    at = MS + minute * 60_000
    return AlarmRecord(
        id=number,
        revision=revision,
        rule="smoke-fire",
        rule_version=1,
        class_=AlarmClass.FIRE,
        severity=900,
        open=not closed,
        state="A" if closed else "B",
        facts=Facts(active=not closed),
        workshop=workshop,
        device=DEVICE,
        channel=str(channel_id(DEVICE, "temperature")),
        onset=at,
        raised=at,
        closed=at if closed else None,
        verdict=Verdict.NUISANCE if closed else None,
        title=Text("Smoke", "烟雾"),
        guidance=Text("Go there", "去现场"),
    )


def alarm(number: str, **given: Any) -> dict[str, Any]:
    """The row of table `alarm`."""
    made = record(number, **given)
    at = datetime.fromtimestamp(made.raised / 1000, UTC)
    columns = {
        "class": made.class_.value,
        "onset": at,
        "raised": at,
        "updated": at,
        "record": msgspec.to_builtins(made),
        "verdict": made.verdict.value if made.verdict else None,
    }
    same = ("id", "revision", "rule", "rule_version", "severity", "open", "state", "workshop", "device")
    return {name: getattr(made, name) for name in same} | columns


async def fill(context: Context) -> None:
    """An open alarm, stored and live, with its event; readings; a message; a dead letter; a discovered device."""
    made = record("a1")
    step = Transition(id="a1-1", seq=1, kind=TransitionKind.RAISED, happened=MS, known=MS, alarm=made)
    context.feed.state.take_transition(step)
    event = msgspec.to_builtins(step)
    del event["alarm"]
    async with context.engine.begin() as connection:
        known = await introduce(connection, DEVICE, "temperature", seen=T0)
        new = await introduce(connection, "new-1", "smoke", seen=T0)
        await connection.execute(insert(schema.alarm), [alarm("a1")])
        row = {"id": "a1-1", "alarm": "a1", "seq": 1, "kind": "raised", "happened": T0, "known": T0, "record": event}
        await connection.execute(insert(schema.alarm_event), [row])
        texts = dict.fromkeys(("transition", "contact", "contact_name", "address", "language", "subject", "text"), "x")
        told = {"id": "m1", "alarm": "a1", "channel": "mail", "state": "delivered", "queued": T0, "sent": T0}
        await connection.execute(insert(schema.message), [texts | told])
        letter = {
            "time": T0,
            "gateway": "gw-1",
            "topic": "ew/v1/dev/x/telemetry",
            "payload": b"\xff{",
            "reason": "json",
        }
        await connection.execute(insert(schema.dead_letter), [letter])
    await store(context.engine, [(known, T0, 21.5), (new, T0, 0.1)])
    for channel, device, name in ((known, DEVICE, "temperature"), (new, "new-1", "smoke")):
        context.feed.state.introduce(channel, device, name)
