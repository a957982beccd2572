"""The outbox: in order of class, once, and over a crash."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ember_service.notify.model import Channel, Message, State, delivered, refused, unknown
from ember_service.notify.outbox import KEEP_MS, Outbox
from ember_wire.alarms import AlarmClass
from tests.unit.notify.make import T0, message


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    made = Outbox(tmp_path / "outbox.sqlite")
    await made.open(T0)
    yield made
    await made.close()


def some(count: int, class_: AlarmClass, *, address: str = "") -> list[Message]:
    return [
        message(f"{class_}{number}", class_=class_, address=address or f"{class_}{number}@x") for number in range(count)
    ]


def list_files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def claim(
    outbox: Outbox, *, fires: bool = False, now: int = T0, most: int = 99, busy: tuple[str, ...] = ()
) -> list[Message]:
    return await outbox.claim(Channel.MAIL, fires=fires, now=now, busy=busy, most=most)


async def test_queueing_twice_is_queueing_once(outbox: Outbox) -> None:
    assert await outbox.add([message()], T0) == 1
    assert await outbox.add([message(), message("m2")], T0) == 1
    (first,) = await claim(outbox, fires=True)
    await outbox.finish(first, delivered(), T0, None)
    assert await outbox.add([message()], T0) == 0
    assert [m.id for m in await claim(outbox, fires=True)] == ["m2"]


async def test_the_worst_first_and_fires_apart(outbox: Outbox) -> None:
    for class_ in reversed(AlarmClass):
        await outbox.add(some(2, class_), T0)
    assert {m.alarm.class_ for m in await claim(outbox, fires=True)} == {AlarmClass.FIRE}
    assert [m.alarm.class_ for m in await claim(outbox, most=3)] == ["prewarning", "prewarning", "supervisory"]
    assert [m.alarm.class_ for m in await claim(outbox)] == ["supervisory", "trouble", "trouble"]


async def test_one_at_a_time_to_an_address_and_none_to_a_busy_one(outbox: Outbox) -> None:
    await outbox.add(some(300, AlarmClass.TROUBLE, address="a@x"), T0)
    await outbox.add([message("b", class_=AlarmClass.TROUBLE, address="b@x")], T0)
    assert [m.address for m in await claim(outbox)] == ["a@x"]
    assert [m.address for m in await claim(outbox, busy=("a@x",))] == ["b@x"]


async def test_a_try_without_end_waits_for_its_time(outbox: Outbox) -> None:
    await outbox.add([message()], T0)
    (tried,) = await claim(outbox, fires=True)
    await outbox.finish(tried, unknown("busy"), T0, T0 + 5000)
    assert await outbox.next_due(Channel.MAIL, fires=True) == T0 + 5000
    assert await outbox.next_due(Channel.MAIL, fires=False) is None
    assert not await claim(outbox, fires=True, now=T0 + 4999)
    (again,) = await claim(outbox, fires=True, now=T0 + 5000)
    assert (again.attempts, again.repeat) == (1, False)
    await outbox.finish(again, unknown("silent", arrived=True), T0, T0)
    (third,) = await claim(outbox, fires=True)
    assert (third.attempts, third.repeat) == (2, True)


async def test_what_was_under_way_at_a_crash_is_repeated_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    first = Outbox(path)
    await first.open(T0)
    await first.add([message("m1"), message("m2", address="b@x"), message("m3", address="c@x")], T0)
    claimed = await claim(first, fires=True, most=2)
    await first.finish(claimed[0], delivered(), T0, None)
    await first.close()
    second = Outbox(path)
    await second.open(T0)
    assert second.repeated == 1
    found = {m.id: m.repeat for m in await claim(second, fires=True)}
    assert found == {claimed[1].id: True, "m3": False}
    await second.close()


async def test_the_archive_sees_each_change_and_old_ones_go(outbox: Outbox) -> None:
    await outbox.add([message()], T0)
    (queued,) = await outbox.unarchived(10)
    assert (queued.state, queued.attempts, queued.sent) == ("queued", 0, None)
    (tried,) = await claim(outbox, fires=True)
    await outbox.finish(tried, delivered(), T0 + 7, None)
    await outbox.archived([queued], T0)
    (done,) = await outbox.unarchived(10)
    assert (done.state, done.attempts, done.sent) == ("delivered", 1, T0 + 7)
    await outbox.archived([done], T0 + KEEP_MS)
    assert await outbox.unarchived(10) == []
    assert await outbox.add([message()], T0) == 0
    await outbox.archived([], T0 + KEEP_MS + 8)
    assert await outbox.add([message()], T0) == 1


async def test_standing(outbox: Outbox) -> None:
    await outbox.add([message("m1"), message("m2", address="b@x"), message("m3", address="c@x")], T0)
    one, two, three = await claim(outbox, fires=True)
    await outbox.finish(one, refused("no such box"), T0, None)
    await outbox.finish(two, delivered(), T0, None)
    await outbox.finish(three, unknown("busy"), T0, T0)
    standing = await outbox.standing(T0)
    assert standing.pending == 1
    assert standing.failing == [("Li", "no such box")], "once failed is not failing"
    assert (await outbox.standing(T0 + 4_000_000)).failing == []


async def test_a_file_that_is_none_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"nothing of ours" * 1000)
    outbox = Outbox(path)
    await outbox.open(T0)
    assert outbox.fault
    assert await outbox.add([message()], T0) == 1
    await outbox.close()
    assert any(kept.name.startswith("outbox.sqlite.bad-") for kept in list_files(tmp_path))


async def test_without_a_disk_messages_are_kept_in_memory(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "no" / "such" / "folder")
    await outbox.open(T0)
    assert "memory" in outbox.fault
    await outbox.add([message()], T0)
    (found,) = await claim(outbox, fires=True)
    await outbox.finish(found, delivered(), T0, None)
    (row,) = await outbox.unarchived(9)
    assert row.state == State.DELIVERED
    await outbox.close()
