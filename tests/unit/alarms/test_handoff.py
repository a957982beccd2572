"""The hand-off: a fire waits behind nothing, and a checkpoint waits for all before it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ember_base.database import make_engine
from ember_service.alarms.archive import Archive
from ember_service.alarms.handoff import Handoff
from ember_service.notify.model import Channel, Message
from ember_service.notify.outbox import Outbox
from ember_service.notify.plan import Addressees, plan
from ember_service.register.model import Contact, Register
from ember_wire.alarms import AlarmClass, Transition
from tests.unit.notify.make import T0, transition

PEOPLE = Addressees(Register(contacts=[Contact(id="c", name="C", mail="c@example.org")]))


class Parts:
    """A hand-off with its outbox and archive; no database answers."""

    def __init__(self, folder: Path) -> None:
        self.outbox = Outbox(folder / "outbox.sqlite")
        self.database = make_engine("postgresql://nobody@127.0.0.1:1/none")
        self.archive = Archive(folder / "archive", self.database, self.outbox, lambda: T0)
        self.planned: list[str] = []
        self.handoff = Handoff(self.outbox, self.archive, self._plan, lambda: None, lambda: T0)

    def _plan(self, step: Transition) -> list[Message]:
        self.planned.append(step.id)
        if step.alarm.rule == "broken":
            raise ValueError("no words for it")
        return plan(step, PEOPLE, "http://c")


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    made = Parts(tmp_path)
    await made.outbox.open(T0)
    await made.archive.open()
    yield made
    await made.archive.close()
    await made.outbox.close()
    await made.database.dispose()


async def until_done(parts: Parts) -> None:
    tasks = [asyncio.create_task(parts.handoff.run_outbox()), asyncio.create_task(parts.handoff.run_archive())]
    async with asyncio.timeout(20):
        await parts.handoff.done()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_fire_goes_before_the_troubles_that_wait(parts: Parts) -> None:
    troubles = [transition(id_=f"t{n}", id=f"a{n}", class_=AlarmClass.TROUBLE) for n in range(250)]
    parts.handoff.put([*troubles, transition(id_="fire", id="f")])
    await until_done(parts)
    assert parts.planned[0] == "fire"
    assert len(parts.planned) == 251
    (first,) = await parts.outbox.claim(Channel.MAIL, fires=True, now=T0, busy=(), most=9)
    assert first.transition == "fire"
    assert parts.archive.pending == 251


async def test_one_whose_words_fail_stops_no_other(parts: Parts) -> None:
    parts.handoff.put([transition(id_="bad", id="b", rule="broken"), transition(id_="good", id="g")])
    await until_done(parts)
    assert "planning_failed" in parts.handoff.faults
    (told,) = await parts.outbox.claim(Channel.MAIL, fires=True, now=T0, busy=(), most=9)
    assert told.transition == "good"
    assert parts.archive.pending == 2


async def test_the_archives_queue_outlives_the_process(parts: Parts, tmp_path: Path) -> None:
    parts.handoff.put([transition(id_="one", id="a")])
    await until_done(parts)
    again = Archive(tmp_path / "archive", parts.database, parts.outbox, lambda: T0)
    await again.open()
    assert again.pending == 1
    await again.close()
