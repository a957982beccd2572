"""The evaluator's rows, on plain PostgreSQL and on TimescaleDB: writing twice is writing once."""

from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base import schema
from ember_service.alarms.repository import probe, store_messages, store_transitions
from ember_service.notify.model import MessageRow
from ember_wire.alarms import Transition
from tests.support.alarms import Site, verdict


def life() -> list[Transition]:
    """A fire from its raise to its end."""
    site = Site(rules=[verdict()])
    site.say(1, smoke_alarm=1)
    alarm = site.only().id
    site.do("ack", alarm, comment="seen\0 it")
    site.do("verdict", alarm, verdict="nuisance", cause="a\0b")
    site.say(9, smoke_alarm=0)
    return site.log


def row(**given: Any) -> MessageRow:
    words = dict.fromkeys(("contact", "contact_name", "channel", "address", "language", "subject", "text"), "x")
    common = {"id": "m1", "alarm": "a", "transition": "t", "reason": None, "sent": None, "queued": 1_763_900_000_000}
    return msgspec.convert({**words, **common, "state": "queued", "attempts": 0, "revision": 1, **given}, MessageRow)


async def test_a_life_is_stored_once_whatever_the_order(engine: AsyncEngine) -> None:
    steps = life()
    async with engine.begin() as connection:
        await probe(connection)
        await store_transitions(connection, steps[2:])
        await store_transitions(connection, steps)
        await store_transitions(connection, steps[:1])
    async with engine.connect() as connection:
        (alarm,) = (await connection.execute(select(schema.alarm))).all()
        events = (await connection.execute(select(schema.alarm_event).order_by(schema.alarm_event.c.seq))).all()
    last = steps[-1].alarm
    assert (alarm.revision, alarm.open, alarm.state) == (last.revision, False, "A")
    assert alarm.channel == int(last.channel or 0)
    assert alarm.verdict == "nuisance"
    assert alarm.record["cause"] == "a\ufffdb"
    assert [event.id for event in events] == [step.id for step in steps]
    assert [event.kind for event in events] == [step.kind for step in steps]
    assert events[1].why == "seen\ufffd it"
    assert "alarm" not in events[0].record


async def test_a_message_stands_as_it_was_last(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await store_messages(connection, [row()])
        await store_messages(connection, [row(state="delivered", attempts=2, sent=1_763_900_009_000)])
    async with engine.connect() as connection:
        (found,) = (await connection.execute(select(schema.message))).all()
    assert (found.state, found.attempts, found.sent > found.queued) == ("delivered", 2, True)
