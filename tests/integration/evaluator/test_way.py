"""From the stream to people, screens and the database, and back as commands."""

import asyncio
from pathlib import Path

import pytest

from ember_base.settings import SettingsError
from ember_service.alarms.evaluator import run
from ember_wire import topics
from tests.integration.evaluator.receivers import SECRET
from tests.integration.evaluator.site import Site
from tests.support.until import until


async def test_a_fire_reaches_everybody(site: Site) -> None:
    await site.start()
    site.say(smoke_alarm=1)
    alarm = await site.alarm()
    await until("the mail", lambda: site.mailbox.mails)
    await until("the webhook", lambda: site.hook.posts)
    (mail,), (post,) = site.mailbox.mails, site.hook.posts
    assert mail["To"] == "li@example.org"
    assert str(mail["Subject"]).startswith("【火警】 棚户一号 Casting")
    assert f"http://console.example/#/alarms/{alarm.id}" in site.mailbox.texts()[0]
    assert post["alarm"]["id"] == alarm.id
    assert post["message"]["subject"].startswith("[FIRE] 棚户一号 Casting")
    assert site.hook.headers[0]["x-emberwatch-signature"].startswith("sha256=")
    assert SECRET not in str(site.hook.headers)
    await until("the transition", lambda: site.told("raised"))
    assert site.health is not None
    assert "no_contact" not in site.health.faults


async def test_a_command_is_answered_once_and_again_the_same(site: Site) -> None:
    await site.start()
    site.say(smoke_alarm=1)
    alarm = await site.alarm()
    answer = await site.command("ack", alarm.id, "k1", comment="on my way")
    assert not answer.refused
    assert answer.alarm is not None
    assert answer.alarm["acked_by"] == "op"
    await until("the document tells it", lambda: site.open_alarms()[0].facts.acked)
    refused = await site.command("ack", alarm.id, "k2")
    assert refused.word == "already_acked"
    assert refused.refused
    await site.stop()
    await site.start()
    assert await site.command("ack", alarm.id, "k1") == answer
    assert (await site.command("reset", alarm.id, "k3")).word == "active"
    assert sum(site.told("acked").values()) == 1


async def test_a_fire_is_closed_and_its_document_is_empty(site: Site) -> None:
    await site.start()
    site.say(smoke_alarm=1)
    alarm = await site.alarm()
    await site.command("ack", alarm.id)
    await site.command("verdict", alarm.id, verdict="nuisance", cause="steam")
    site.say(smoke_alarm=0)
    await until("it is closed", lambda: "w1" in site.documents and not site.open_alarms())
    await until("its end is told", lambda: site.webhooks("closed"))
    assert "nuisance" in site.webhooks("closed")[0]["message"]["text"]


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (topics.STREAM_COMMANDS, b"\x01\xff"),
        (topics.STREAM_COMMANDS, b""),
        (topics.STREAM_COMMANDS, b"\x02{}"),
        (topics.stream_readings("gw-1"), b"\x01\x05"),
        (topics.stream_heartbeat("gw-1"), b"\x01\xa1"),
    ],
)
async def test_a_bad_message_is_counted_and_the_stream_goes_on(site: Site, topic: str, payload: bytes) -> None:
    await site.start()
    site.publish(topic, payload)
    site.say(smoke_alarm=1)
    await site.alarm()
    counted = {name: value for name, value in (await site.metrics()).items() if "refused_payloads_total" in name}
    assert sum(counted.values()) == 1


async def test_a_command_cannot_make_the_evaluator_speak_elsewhere(site: Site) -> None:
    from ember_wire.stream import Command, pack

    await site.start()
    command = Command(id="x", do="ack", alarm="none", who="op", reply="ew/v1/dev/d1/command")
    site.publish(topics.STREAM_COMMANDS, pack(command))
    answer = await site.command("ack", "none", "y")
    assert answer.word == "unknown_alarm"
    assert "x" not in site.answers


async def test_metrics_have_the_documented_names(site: Site) -> None:
    await site.start()
    site.say(smoke_alarm=1)
    await site.alarm()
    await until("it is told", lambda: site.hook.posts and site.mailbox.mails)

    async def complete() -> bool:
        names = {name.partition("{")[0] for name in await site.metrics()}
        return names >= {
            f"emberwatch_evaluator_{name}"
            for name in (
                "transitions_total",
                "open_alarms",
                "stream_gap_total",
                "messages_pending",
                "messages_total",
                "tick_lag_seconds",
                "database_up",
                "broker_up",
                "journal_fsync_seconds_bucket",
            )
        }

    await until("all metrics", complete)

    async def settled() -> bool:
        found = await site.metrics()
        return (
            found['emberwatch_evaluator_open_alarms{"class": "fire"}'] == 1
            and found['emberwatch_evaluator_messages_total{"channel": "mail", "state": "delivered"}'] == 1
            and found["emberwatch_evaluator_broker_up{}"] == 1
            and found["emberwatch_evaluator_database_up{}"] == 0
        )

    await until("their values", settled)


async def test_without_contacts_a_fault_says_so(site: Site) -> None:
    site.contacts = []
    await site.start()
    site.say(smoke_alarm=1)
    await site.alarm()
    await until("the fault", lambda: site.health and "no_contact" in site.health.faults)
    assert site.health is not None
    assert {"database_away"} <= site.health.faults.keys()
    assert "w1" in site.health.faults["no_contact"]


async def test_it_says_that_it_stops(site: Site) -> None:
    await site.start()
    await site.stop()
    await until("health is not ok", lambda: site.health and not site.health.ok)


async def test_only_one_on_a_data_folder(site: Site) -> None:
    await site.start()
    with pytest.raises(SettingsError, match="EMBERWATCH_DATA_DIR: another evaluator"):
        await run(site.settings(evaluator_metrics_port=site.metrics_port + 1), asyncio.Event())


async def test_a_taken_metrics_port_is_named(site: Site, tmp_path: Path) -> None:
    await site.start()
    with pytest.raises(SettingsError, match="EMBERWATCH_EVALUATOR_METRICS_PORT"):
        await run(site.settings(data_dir=tmp_path / "other"), asyncio.Event())


async def test_bad_rules_are_refused_by_name(site: Site, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.yaml").write_text("- {type: threshold, id: x}\n")
    with pytest.raises(SettingsError, match=r"EMBERWATCH_RULES_DIR: mine\.yaml"):
        await run(site.settings(rules_dir=tmp_path / "rules"), asyncio.Event())
