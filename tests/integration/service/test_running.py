"""The service as it runs: a real port, mosquitto, the real evaluator, a database that can be stopped."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from ember_base.database import dispose, make_engine
from ember_base.settings import Settings, load
from ember_host.embedded.postgres import EmbeddedPostgres
from ember_wire import topics
from ember_wire.alarms import Health, WorkshopAlarms
from ember_wire.channels import channel_id
from tests.integration.evaluator.site import Site
from tests.integration.service.district import record
from tests.integration.service.running import fill, serving, signed_in, watching
from tests.support.broker import RunningBroker, running
from tests.support.ports import free_port
from tests.support.until import until

API = "/api/v1"
PLAN: dict[str, list[dict[str, Any]]] = {
    "areas": [{"id": "a1", "name": "North", "kind": "town"}, {"id": "a2", "name": "South", "kind": "town"}],
    "workshops": [{"id": "w1", "name": "棚户一号", "area": "a1"}, {"id": "w2", "name": "棚户二号", "area": "a2"}],
    "zones": [{"id": "z1", "workshop": "w1", "name": "Casting", "kind": "casting"}],
    "devices": [{"id": f"d{n}", "workshop": "w1", "zone": "z1", "supervision": "radio"} for n in (1, 2, 3)],
}
ROLES = {
    "op": {"role": "operator"},
    "south": {"role": "officer", "area": "a2"},
    "admin": {"role": "admin"},
}


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[RunningBroker]:
    """mosquitto, MQTT 5."""
    yield from running("mosquitto", "5", tmp_path / "broker")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of the test's own, with a register and accounts."""
    server = EmbeddedPostgres(tmp_path / "database", durable=False)
    server.prepare()
    server.start()
    await fill(server.url, PLAN, ROLES)
    yield server
    server.stop()


@pytest.fixture
async def settings(tmp_path: Path, stream: RunningBroker, database: EmbeddedPostgres) -> AsyncIterator[Settings]:
    """Of a service that runs."""
    made = load(
        data_dir=tmp_path / "data",
        mqtt_url=stream.url,
        database_url=database.url,
        http_port=free_port(),
        secret_key=SecretStr("0123456789abcdef" * 2),
    )
    async with serving(made):
        yield made


@pytest.fixture
async def site(tmp_path: Path, stream: RunningBroker, database: EmbeddedPostgres) -> AsyncIterator[Site]:
    """The evaluator, and a gateway that the test plays."""
    made = Site(tmp_path / "evaluator", stream.url)
    made.folder.mkdir()
    made.database_url = database.url
    await made.open()
    await made.start()
    yield made
    await made.close()


def is_fire(device: str) -> Any:
    return lambda news: news["alarm"]["class"] == "fire" and news["alarm"]["device"] == device


async def test_from_a_reading_to_a_taken_alarm(settings: Settings, site: Site) -> None:
    async with signed_in(settings.http_port, "op") as http, watching(http) as viewer:
        assert viewer.events[0][0] == "snapshot"
        assert viewer.headers["content-type"].startswith("text/event-stream")
        assert viewer.headers["x-accel-buffering"] == "no"
        assert viewer.headers["cache-control"] == "no-store"
        assert "content-encoding" not in viewer.headers
        assert {item["workshop"]["id"] for item in viewer.events[0][1]["status"]} == {"w1", "w2"}

        site.say("d1", temperature=21.5)
        reading = await viewer.sees("reading", lambda r: r["name"] == "temperature")
        assert (reading["channel"], reading["workshop"]) == (str(channel_id("d1", "temperature")), "w1")
        assert (reading["value"], reading["unit"]) == (21.5, "Cel")

        site.say("d1", smoke_alarm=1)
        news = await viewer.sees("alarm", is_fire("d1"))
        assert news["transition"]["kind"] == "raised"
        number = news["alarm"]["id"]
        await viewer.sees("status", lambda item: item["open"]["fire"] == 1)

        body = {"command_id": "mine-1", "seen": news["alarm"]["revision"], "comment": "on my way"}
        first = await http.post(f"{API}/alarms/{number}/ack", json=body)
        assert first.status_code == 200, first.text
        assert first.json()["alarm"]["acked_by"] == "op"
        again = await http.post(f"{API}/alarms/{number}/ack", json=body)
        assert again.json() == first.json(), "the same command is done once"
        assert (await viewer.sees("alarm", lambda n: n["alarm"]["acked"]))["transition"]["who"] == "op"

        refused = await http.post(f"{API}/alarms/{number}/ack", json={})
        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["word"]
        assert refused.json()["detail"]
        stale = await http.post(f"{API}/alarms/{number}/reset", json={"seen": 0, "reason": "x"})
        assert stale.status_code == 409

        shown = (await http.get(f"{API}/alarms/{number}")).json()
        assert [event["kind"] for event in shown["events"]][:2] == ["raised", "acked"]
        listed = (await http.get(f"{API}/alarms?class=fire&workshop=w1")).json()["items"]
        assert [alarm["id"] for alarm in listed] == [number]
        assert viewer.numbers == sorted(set(viewer.numbers))


async def test_who_may_not_see_it_hears_nothing_of_it(settings: Settings, site: Site) -> None:
    async with (
        signed_in(settings.http_port, "op") as operator,
        signed_in(settings.http_port, "south") as south,
        watching(operator) as all_,
        watching(south) as theirs,
        watching(operator, f"{API}/live?workshops=w2") as asked,
    ):
        site.say("d1", smoke_alarm=1)
        number = (await all_.sees("alarm", is_fire("d1")))["alarm"]["id"]
        await all_.sees("status", lambda item: item["open"]["fire"] == 1)
        told = len([1 for name, _ in all_.events if name == "system"])
        await until("one more system event", lambda: len([1 for n, _ in all_.events if n == "system"]) > told)
        for viewer in (theirs, asked):
            await until("the same system event", lambda v=viewer: v.numbers[-1] >= all_.numbers[-1])
            assert {name for name, _ in viewer.events} <= {"snapshot", "system", "status"}
            assert [s["workshop"]["id"] for s in viewer.events[0][1]["status"]] == ["w2"]
        assert (await south.get(f"{API}/alarms/{number}")).status_code == 404
        assert (await south.post(f"{API}/alarms/{number}/ack", json={})).status_code == 404
        assert (await south.get(f"{API}/alarms")).json()["items"] == []


async def test_without_the_database_a_fire_is_seen_and_taken(
    settings: Settings, site: Site, database: EmbeddedPostgres
) -> None:
    async with signed_in(settings.http_port, "op") as http, watching(http) as viewer:
        site.say("d1", temperature=20)
        await viewer.sees("reading")
        database.stop()
        assert (
            "database" in (await viewer.sees("system", lambda s: "database" in str(s["faults"])))["faults"][0]["text"]
        )
        async with signed_in(settings.http_port, "op") as fresh:
            site.say("d2", smoke_alarm=1)
            number = (await viewer.sees("alarm", is_fire("d2")))["alarm"]["id"]
            taken = await fresh.post(f"{API}/alarms/{number}/ack", json={})
            assert taken.status_code == 200, taken.text
            detail = (await fresh.get(f"{API}/alarms/{number}")).json()
            assert [event["kind"] for event in detail["events"]] == ["raised", "acked"]
            for path in ("alarms?state=closed", "workshops", "readings?channel=d1/temperature", "messages"):
                answer = await fresh.get(f"{API}/{path}")
                assert (answer.status_code, answer.json()["word"]) == (503, "database_away"), path
                assert answer.headers["Retry-After"]
            assert len((await fresh.get(f"{API}/status")).json()["items"]) == 2
            assert (await fresh.get(f"{API}/rules")).json()["items"]
        ready = (await http.get("/readyz")).json()
        assert {name for name, part in ready["parts"].items() if not part["ok"]} == {"database"}
        database.start()
        await until("it is well again", lambda: _ok(http))
        await until("the alarm is stored", lambda: _lists(http, f"{API}/alarms?state=all", number))


async def _ok(http: Any) -> bool:
    answer = await http.get("/readyz")
    return bool(answer.status_code == 200 and answer.json()["ok"])


async def _lists(http: Any, path: str, number: str) -> bool:
    answer = await http.get(path)
    return answer.status_code == 200 and number in {item["id"] for item in answer.json()["items"]}


async def test_without_the_broker_every_screen_says_so_and_commands_are_not_kept_for_later(
    settings: Settings, site: Site, stream: RunningBroker
) -> None:
    async with signed_in(settings.http_port, "op") as http, watching(http) as viewer:
        site.say("d1", smoke_alarm=1)
        number = (await viewer.sees("alarm", is_fire("d1")))["alarm"]["id"]
        stream.kill()
        await viewer.sees("system", lambda s: "broker" in {fault["word"] for fault in s["faults"]})
        answer = await http.post(f"{API}/alarms/{number}/ack", json={})
        assert (answer.status_code, answer.json()["word"]) == (503, "broker_away")
        assert not (await http.get("/readyz")).json()["parts"]["broker"]["ok"]
        stream.start()
        await until("the evaluator answers again", lambda: _acked(http, number))
        assert (await http.get(f"{API}/alarms/{number}")).json()["alarm"]["acked_by"] == "op"


async def _acked(http: Any, number: str) -> bool:
    return bool((await http.post(f"{API}/alarms/{number}/ack", json={"command_id": "later"})).is_success)


async def test_what_a_list_no_longer_holds_leaves_every_screen(settings: Settings, site: Site) -> None:
    """As after an outage of the broker in which alarms were closed: no step tells it, the list does."""

    def say(*alarms: Any) -> None:
        document = WorkshopAlarms(as_of=1, seq=1, alarms=list(alarms))
        site.publish(topics.alarms("w2"), msgspec.json.encode(document))

    async with signed_in(settings.http_port, "op") as http, watching(http) as viewer:
        say(record("ghost", workshop="w2"))
        assert (await viewer.sees("alarm", lambda n: n["alarm"]["id"] == "ghost"))["transition"] is None
        say()
        await until("a snapshot again", lambda: [n for n, _ in viewer.events].count("snapshot") == 2)
        assert [d for n, d in viewer.events if n == "snapshot"][1]["alarms"] == []


async def test_what_cannot_be_read_stops_nothing(settings: Settings, site: Site) -> None:
    async with signed_in(settings.http_port, "op") as http, watching(http) as viewer:
        for payload in (b"", b"\x00", b"\x01", b"\x01\xff", b"\x02{}", b"\xff\xfe", b"[" * 5000, b'{"v": "\xff"}'):
            for topic in ("stream/readings/gw-1", "stream/heartbeat/gw-1", "stream/transitions/all", "alarms/w1"):
                site.publish(f"ew/v1/{topic}", payload)
            site.publish("ew/v1/alarms/health", payload)
            site.publish("ew/v1/stream/registry/changed", payload)
        site.publish("ew/v1/alarms/health", msgspec.json.encode(Health(as_of=2**53 - 1, ok=True)))
        site.say("d1", temperature=33)
        assert (await viewer.sees("reading", lambda r: r["value"] == 33))["device"] == "d1"


async def test_last_event_id_goes_on_where_it_was(settings: Settings, site: Site) -> None:
    async with signed_in(settings.http_port, "op") as http:
        async with watching(http) as viewer:
            site.say("d1", temperature=20)
            await viewer.sees("reading")
        site.say("d1", smoke_alarm=1)
        async with watching(http, **{"Last-Event-ID": str(viewer.numbers[-1])}) as back:
            await back.sees("alarm", is_fire("d1"))
            assert "snapshot" not in {name for name, _ in back.events}
        for other in (viewer.numbers[-1] + 1, 7, 2**80):
            async with watching(http, **{"Last-Event-ID": str(other)}) as lost:
                assert lost.events[0][0] == "snapshot"


async def test_a_new_workshop_reaches_a_running_stream_and_lost_rights_end_it(
    settings: Settings, site: Site, database: EmbeddedPostgres
) -> None:
    async with (
        signed_in(settings.http_port, "admin") as admin,
        signed_in(settings.http_port, "south") as south,
        watching(south) as viewer,
    ):
        made = await admin.post(f"{API}/workshops", json={"id": "w3", "name": "New", "area": "a2"})
        assert made.status_code == 201
        await viewer.sees("snapshot", lambda s: {item["workshop"]["id"] for item in s["status"]} == {"w2", "w3"})
        engine = make_engine(database.url, pool=1)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE account SET disabled = now() WHERE name = 'south'"))
        await dispose(engine)
        async with asyncio.timeout(20):
            await viewer.ended.wait()


async def test_a_heard_device_is_discovered_adopted_and_its_alarm_is_at_home(settings: Settings, site: Site) -> None:
    """Without a gateway that writes: discovery itself is tested with the API; here that all learn of the adoption."""
    async with signed_in(settings.http_port, "admin") as http, watching(http) as viewer:
        site.say("new-1", temperature=19)
        assert (await viewer.sees("reading", lambda r: r["device"] == "new-1"))["workshop"] == "unassigned"
        body = {"id": "new-1", "workshop": "w2"}
        assert (await http.post(f"{API}/devices", json=body)).status_code == 201
        await viewer.sees("status", lambda s: s["workshop"]["id"] == "w2" and s["devices"]["total"] == 1)

        async def at_home() -> bool:
            site.say("new-1", smoke_alarm=1)
            shown = (await http.get(f"{API}/alarms?class=fire")).json()["items"]
            return "w2" in {alarm["workshop"] for alarm in shown}

        await until("the evaluator knows where it is", at_home)
