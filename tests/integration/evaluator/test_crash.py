"""Killed at any point: no alarm is lost, none raised twice, delays go on, and a message that is repeated says so."""

import asyncio
import signal
import sqlite3

import pytest

from ember_service.rules.model import Rule
from ember_wire.alarms import TransitionKind
from tests.integration.evaluator.site import Site
from tests.support.alarms import threshold, verdict
from tests.support.until import until


def once(site: Site, kind: TransitionKind = TransitionKind.RAISED) -> set[str]:
    """The alarms that were raised, each by one transition only (heard again or not)."""
    by_alarm: dict[str, set[str]] = {}
    for transition in site.transitions:
        if transition.kind == kind:
            by_alarm.setdefault(transition.alarm.id, set()).add(transition.id)
    assert all(len(ids) == 1 for ids in by_alarm.values()), by_alarm
    return set(by_alarm)


async def test_kill_with_an_active_delay_and_a_pending_message(site: Site) -> None:
    rules: list[Rule] = [verdict(), threshold("hot", delay_on=6)]
    site.rules = rules
    site.hook.hold = asyncio.Event()  # the centre's webhook is under way when the process dies
    process = site.spawn()
    await site.up()
    began = site.say(device="d2", temperature=80)
    site.say(device="d1", smoke_alarm=1)
    fire = await site.alarm()
    await until("the webhook is under way", lambda: site.hook.tried)
    await until("the mail is told", lambda: site.mailbox.mails)
    process.kill()
    await asyncio.to_thread(process.wait)
    await until("the broker says that nobody is there", lambda: site.health and not site.health.ok)
    site.hook.hold.set()
    site.hook.hold = None
    await until("what was under way had arrived", lambda: site.hook.posts)
    site.spawn()
    await site.up()
    site.beat()

    await until("the message is repeated", lambda: len(site.webhooks()) > 1)
    first, again = site.webhooks()[:2]
    assert again["message"]["id"] == first["message"]["id"]
    assert not first["message"]["repeat"]
    assert again["message"]["repeat"]
    assert "REPEAT" in again["message"]["subject"]
    assert site.hook.headers[1]["x-emberwatch-repeat"] == "1"

    hot = await site.alarm("prewarning")
    assert hot.onset == began, "the delay went on from where it began"
    assert (await site.alarm()).id == fire.id
    await until("the prewarning is told too", lambda: len(site.mailbox.mails) == 2)
    assert once(site) >= {fire.id, hot.id}
    await until("and by webhook", lambda: len({post["message"]["id"] for post in site.webhooks()}) == 2)
    unmarked = [post["message"]["id"] for post in site.webhooks() if not post["message"]["repeat"]]
    assert len(unmarked) == len(set(unmarked)), "nothing was told twice but what was marked"


async def test_kill_again_and_again_while_alarms_come(site: Site) -> None:
    site.keep_register()
    said = {f"x{number}" for number in range(12)}
    devices = iter(sorted(said))
    for _ in range(3):
        process = site.spawn()
        await site.up()
        for _ in range(4):
            site.say(device=next(devices), smoke_alarm=1)
        process.kill()  # in the middle of it
        await asyncio.to_thread(process.wait)
        await until("it is gone", lambda: site.health and not site.health.ok)
    site.spawn()
    await site.up()
    await until("every fire is open", lambda: {a.device for a in site.open_alarms("unassigned")} == said)
    fires = {t.alarm.id for t in site.transitions if t.kind == TransitionKind.RAISED and t.alarm.class_ == "fire"}
    assert fires <= once(site)
    assert len(fires) == len(said)
    await until("every fire is told", lambda: {p["alarm"]["device"] for p in site.webhooks()} == said)
    told = [p["message"]["id"] for p in site.webhooks() if not p["message"]["repeat"]]
    assert len(told) == len(set(told)), "only what is marked comes twice"


async def test_what_came_while_it_was_away_is_evaluated(site: Site) -> None:
    await site.start()
    site.say(temperature=20)
    await site.stop()
    site.say(smoke_alarm=1)
    await site.start()
    await site.alarm()


async def test_sigterm_ends_it_within_its_time(site: Site) -> None:
    site.hook.hold = asyncio.Event()
    process = site.spawn()
    await site.up()
    site.say(smoke_alarm=1)
    await until("a message is under way", lambda: site.hook.tried)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(asyncio.to_thread(process.wait), 10) == 0
    assert site.health is not None
    await until("it said so", lambda: site.health and not site.health.ok)


async def test_a_restart_tells_nothing_again(site: Site) -> None:
    await site.start()
    site.say(smoke_alarm=1)
    alarm = await site.alarm()
    await until("it is told", lambda: site.hook.posts and site.mailbox.mails)
    await site.stop()
    await site.start()
    site.say(device="d3", smoke_alarm=1)
    await until("another is told", lambda: len(site.hook.posts) == 2 and len(site.mailbox.mails) == 2)
    assert alarm.id in {a.id for a in site.open_alarms()}


async def test_a_torn_journal_goes_on_from_what_is_whole(site: Site) -> None:
    process = site.spawn()
    await site.up()
    site.say(smoke_alarm=1)
    fire = await site.alarm()
    process.kill()
    await asyncio.to_thread(process.wait)
    newest = max((site.folder / "evaluator" / "journal").glob("*.log"))
    with newest.open("ab") as file:
        file.write(b"\x40\x00\x00\x00torn")
    site.spawn()
    await site.up()
    assert (await site.alarm()).id == fire.id
    assert len(once(site)) == 1


@pytest.mark.parametrize("name", ["checkpoint", "outbox.sqlite", "register"])
async def test_a_file_that_cannot_be_read_is_set_aside(site: Site, name: str) -> None:
    site.keep_register()
    await site.start()
    await site.stop()
    broken = site.folder / "evaluator" / name
    broken.write_bytes(b"this is nothing of ours" * 100)
    await site.start()
    site.say(smoke_alarm=1)
    await site.alarm()
    await until("it is told", lambda: site.mailbox.mails and site.hook.posts)
    if name != "register":
        assert list(broken.parent.glob(f"{name}.bad-*"))
        fault = {"checkpoint": "journal_damaged", "outbox.sqlite": "outbox_failing"}[name]
        await until("a fault says so", lambda: site.health and fault in site.health.faults)


async def test_a_lost_journal_is_no_reason_not_to_watch(site: Site) -> None:
    await site.start()
    site.say(temperature=20)
    await site.stop()
    for file in (site.folder / "evaluator" / "journal").iterdir():
        file.unlink()
    await site.start()
    site.say(smoke_alarm=1)
    fire = await site.alarm()
    await until("a fault says so", lambda: site.health and "journal_damaged" in site.health.faults)
    await site.stop()
    await site.start()
    assert (await site.alarm()).id == fire.id


async def test_an_outbox_that_fails_while_running_still_tells(site: Site) -> None:
    await site.start()
    with sqlite3.connect(site.folder / "evaluator" / "outbox.sqlite") as other:
        other.execute("DROP TABLE message")
    other.close()
    site.say(smoke_alarm=1)
    await until("it is told", lambda: site.mailbox.mails and site.hook.posts)
    await until("a fault says so", lambda: site.health and "outbox_failing" in site.health.faults)
