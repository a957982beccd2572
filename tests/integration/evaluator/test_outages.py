"""A dead database, broker, mail server or webhook hurts only itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from ember_base.database import make_engine
from ember_base.migrate import migrate
from ember_host.embedded.postgres import EmbeddedPostgres
from ember_service.register.model import Contact
from ember_wire.stream import pack
from ember_wire.topics import STREAM_REGISTRY
from tests.integration.evaluator.site import Site
from tests.support.broker import RunningBroker
from tests.support.until import until


class Database:
    """A PostgreSQL that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedPostgres(folder, durable=False)
        self._server.prepare()
        self.url = self._server.url_of("postgres")
        self.start, self.stop = self._server.start, self._server.stop

    async def rows(self, query: str) -> list[dict[str, Any]]:
        connection = await asyncpg.connect(self.url)
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    async def do(self, *statements: str) -> None:
        engine = make_engine(self.url)
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))
        await engine.dispose()


@pytest.fixture
async def database(tmp_path: Path, site: Site) -> AsyncIterator[Database]:
    made = Database(tmp_path / "postgres")
    made.start()
    await asyncio.to_thread(migrate, made.url)
    site.database_url = made.url
    yield made
    made.stop()


async def test_a_fire_is_told_without_the_database_and_archived_later(site: Site, database: Database) -> None:
    database.stop()
    await site.start()
    site.say(smoke_alarm=1)
    fire = await site.alarm()
    await until("people are told", lambda: site.mailbox.mails and site.hook.posts)
    answer = await site.command("ack", fire.id)
    assert not answer.refused
    assert site.health is not None
    await until("a fault says so", lambda: site.health and "database_away" in site.health.faults)
    await site.stop()
    database.start()
    await site.start()

    async def archived() -> bool:
        (alarm,) = await database.rows("SELECT * FROM alarm") or [{}]
        messages = await database.rows("SELECT * FROM message WHERE state = 'delivered' AND sent IS NOT NULL")
        return alarm.get("state") == "C" and alarm["acked_by"] == "op" and len(messages) == 2

    await until("all is archived", archived)
    events = await database.rows("SELECT kind, seq FROM alarm_event ORDER BY seq")
    assert [event["kind"] for event in events] == ["raised", "acked"]
    await until("the fault is gone", lambda: site.health and "database_away" not in site.health.faults)


async def test_the_register_is_taken_from_the_database_when_it_changes(site: Site, database: Database) -> None:
    await site.start()
    await database.do(
        "INSERT INTO area (id, name, kind) VALUES ('a1', 'North', 'town')",
        "INSERT INTO workshop (id, name, area) VALUES ('w7', 'Seven', 'a1')",
        "INSERT INTO device (id, workshop) VALUES ('d7', 'w7')",
        "INSERT INTO contact (id, name, workshop, language, mail) VALUES ('c7', 'Wu', 'w7', 'en', 'wu@example.org')",
        "UPDATE register_revision SET revision = revision + 1",
    )
    site.publish(STREAM_REGISTRY, pack({"revision": 2}))
    kept = site.folder / "evaluator" / "register"
    await until("it is kept on disk", lambda: b"Seven" in kept.read_bytes())
    site.say("d7", smoke_alarm=1)
    await until("the device belongs to its workshop", lambda: site.open_alarms("w7"))
    await until("its contact is told", lambda: [m for m in site.mailbox.mails if m["To"] == "wu@example.org"])
    await site.stop()
    database.stop()
    await site.start()
    assert [alarm.device for alarm in site.open_alarms("w7")] == ["d7"]


async def test_a_row_that_is_refused_holds_nothing_up(site: Site, database: Database) -> None:
    await database.do(
        "ALTER TABLE alarm ADD CONSTRAINT no_d1 CHECK (device <> 'd1')",
    )
    await site.start()
    site.say("d1", smoke_alarm=1)
    site.say("d2", smoke_alarm=1)
    site.say("d3", smoke_alarm=1)

    async def archived() -> bool:
        rows = await database.rows("SELECT device FROM alarm ORDER BY device")
        return [row["device"] for row in rows] == ["d2", "d3"]

    await until("the others are archived", archived, within=40)
    await until("a fault says so", lambda: site.health and "archive_set_aside" in site.health.faults, within=40)
    assert "no_d1" in (site.folder / "evaluator" / "archive" / "set-aside.jsonl").read_text()


async def test_a_missing_schema_is_waited_for(site: Site, tmp_path: Path) -> None:
    bare = Database(tmp_path / "bare")
    bare.start()
    try:
        site.database_url = bare.url
        await site.start()
        site.say(smoke_alarm=1)
        await until("a fault names the way out", lambda: site.health and "migrate" in str(site.health.faults))
        await asyncio.to_thread(migrate, bare.url)

        async def archived() -> bool:
            return bool(await bare.rows("SELECT 1 FROM alarm"))

        await until("it is archived", archived, within=40)
        await site.stop()
    finally:
        bare.stop()


async def test_a_silent_webhook_delays_neither_mail_nor_other_webhooks(site: Site) -> None:
    other = type(site.hook)()
    await other.start()
    site.contacts = [
        *site.contacts,
        Contact(id="second", name="Second", webhook=other.url()),
        Contact(id="third", name="Third", mail="third@example.org"),
    ]
    site.hook.hold = asyncio.Event()
    await site.start()
    for number in range(1, 4):
        site.say(f"d{number}", smoke_alarm=1)
    await until("the silent one is tried", lambda: site.hook.tried)
    await until("all mails are there", lambda: len(site.mailbox.mails) == 6)
    await until("all other webhooks are there", lambda: len(other.posts) == 3)
    assert not site.hook.posts
    await site.stop()
    await other.stop()


async def test_a_dead_mail_server_delays_no_webhook_and_gets_its_mail_later(site: Site) -> None:
    port = site.mailbox.port
    await site.start()
    await site.mailbox.stop()
    site.say(smoke_alarm=1)
    await until("the webhook", lambda: site.hook.posts)
    await site.mailbox.start(port)
    await until("the mail comes later", lambda: site.mailbox.mails)
    assert "REPEAT" not in str(site.mailbox.mails[0]["Subject"]), "it cannot have arrived before"


async def test_what_the_receiver_refuses_is_not_tried_again(site: Site) -> None:
    site.hook.status, site.mailbox.answer = 410, "554 no"
    await site.start()
    site.say(smoke_alarm=1)
    await until("both were tried", lambda: site.hook.tried and site.mailbox.tried)
    await until("a fault says so", lambda: site.health and "delivery_failing" in site.health.faults)
    assert site.health is not None
    assert "HTTP 410" in site.health.faults["delivery_failing"]
    assert "554" in site.health.faults["delivery_failing"]
    assert (site.hook.tried, site.mailbox.tried) == (1, 1)


async def test_what_fails_for_now_is_tried_again(site: Site) -> None:
    site.hook.status, site.mailbox.answer = 503, "451 later"
    await site.start()
    site.say(smoke_alarm=1)
    await until("both were tried", lambda: site.hook.tried and site.mailbox.tried)
    site.hook.status, site.mailbox.answer = 200, "250 ok"
    await until("both have it", lambda: site.hook.posts and site.mailbox.mails)


async def test_redirects_are_not_followed(site: Site) -> None:
    target = type(site.hook)()
    await target.start()
    site.hook.status, site.hook.more = 307, f"location: {target.url()}\r\n"
    await site.start()
    site.say(smoke_alarm=1)

    async def tried() -> bool:
        name = 'emberwatch_evaluator_messages_total{"channel": "webhook", "state": "unknown"}'
        return (await site.metrics()).get(name, 0) == 1

    await until("it was tried", tried)
    assert (site.hook.tried, target.tried) == (1, 0)
    await site.stop()
    await target.stop()


async def test_documents_come_back_with_the_broker(site: Site, stream: RunningBroker) -> None:
    await site.start()
    site.say(smoke_alarm=1)
    fire = await site.alarm()
    site.documents.clear()
    site.health = None
    stream.kill()
    stream.start()
    await site.up()
    await until("the alarm is there again", lambda: [a.id for a in site.open_alarms()] == [fire.id])
    site.say("d2", smoke_alarm=1)
    await until("and the next one", lambda: len(site.open_alarms()) == 2)


async def test_hundreds_of_lesser_alarms_do_not_hold_a_fire_up(site: Site) -> None:
    """P5, with a receiver that takes none of them."""
    site.contacts = [
        Contact(id="slow", name="Slow", webhook=site.hook.url("slow")),
        Contact(id="quick", name="Quick", mail="quick@example.org", language="en"),
    ]
    site.devices = 300
    site.hook.hold = asyncio.Event()
    await site.start()
    for number in range(2, 301):
        site.say(f"d{number}", temperature=99)
    site.say("d1", smoke_alarm=1)
    await until("the fire is told", lambda: [m for m in site.mailbox.mails if "[FIRE]" in str(m["Subject"])])
    assert len(site.mailbox.mails) < 200, "it went before most of the others"
    await until("all are shown", lambda: len(site.open_alarms()) == 300)
