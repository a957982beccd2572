"""From a foreign client through the real gateway into the stream and the database, on every broker."""

import asyncio
import json
import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest

from ember_wire import topics
from ember_wire.channels import channel_id
from ember_wire.dialects.native import MAX_BYTES
from ember_wire.quality import Quality
from tests.integration.gateway.conftest import Gateway, rows, stored
from tests.support.broker import RunningBroker
from tests.support.not_run import not_run
from tests.support.until import until

Make = Callable[..., Any]
DEVICE = "烟感-07"
GOOD = b'{"values": {"smoke": 0.5}}'
BAD: list[tuple[str, bytes, list[str]]] = [
    (topics.telemetry("bad"), b"", ["not_json"]),
    (topics.telemetry("bad"), b"hello", ["not_json"]),
    (topics.telemetry("bad"), b"\xff\x00\xfe", ["not_json"]),
    (topics.telemetry("bad"), b"[" * 100_000, ["too_deep"]),
    (topics.telemetry("bad"), b" " * (MAX_BYTES + 1), ["too_large"]),
    (topics.telemetry("bad"), b"null", ["unknown_shape"]),
    (topics.alarm("bad"), b"[1, {}]", ["wrong_type", "unknown_shape"]),
    (topics.telemetry("bad"), b'{"values": {"a": null, "b/c": 1, "d": NaN}}', ["wrong_type", "bad_name", "not_finite"]),
    (topics.status("bad"), b'{"online": []}', ["wrong_type"]),
    ("ew/v1/dev/a/b/telemetry", GOOD, ["bad_name"]),
    (f"ew/v1/dev/{'x' * 129}/telemetry", GOOD, ["bad_name"]),
    ("ew/v1/dev//telemetry", GOOD, ["bad_name"]),
    ("ew/v1/dev/a/b/c/other", GOOD, ["unknown_topic"]),
]


async def mosquitto_pub(broker: RunningBroker, topic: str, payload: bytes) -> None:
    program = shutil.which("mosquitto_pub")
    if program is None:
        not_run("mosquitto_pub is not installed: apt-get install mosquitto-clients")
    version = "mqttv5" if broker.version == "5" else "mqttv311"
    words = ["-h", "127.0.0.1", "-p", str(broker.port), "-V", version, "-q", "1", "-t", topic, "-s"]
    client = await asyncio.create_subprocess_exec(program, *words, stdin=asyncio.subprocess.PIPE)
    await client.communicate(payload)
    assert client.returncode == 0


async def test_a_foreign_client_is_stored_streamed_and_discovered(
    broker: RunningBroker, postgres_url: str, gateway: Make, watch: Make
) -> None:
    heard = await watch(broker)
    one: Gateway = gateway(broker, postgres_url)
    await until("it has its sessions", lambda: heard.beats)
    ts = time.time_ns() // 1_000_000 - 5000
    entries = [
        {"ts": ts, "boot": "7f3a", "seq": 17, "values": {"temperature": 23.25, "smoke": 0.1, "fw": "1.2"}},
        {"ts": ts + 1, "test": True, "values": {"smoke_alarm": True, "自有": -1e-9}},
    ]
    await mosquitto_pub(broker, topics.telemetry(DEVICE), json.dumps(entries).encode())
    sql = """
        SELECT c.device, c.name, c.kind, c.unit, r.value, r.quality, (extract(epoch FROM r.time) * 1000)::bigint AS ts,
          extract(epoch FROM r.received - r.time) AS late
        FROM reading r JOIN seen_channel c ON c.id = r.channel ORDER BY c.name
    """
    found = await until("four readings", lambda: rows(postgres_url, sql))
    assert [tuple(row)[:7] for row in found] == [
        (DEVICE, "smoke", "smoke", "%/m", 0.1, 0, ts),
        (DEVICE, "smoke_alarm", "smoke_alarm", "", 1.0, Quality.TEST, ts + 1),
        (DEVICE, "temperature", "temperature", "Cel", 23.25, 0, ts),
        (DEVICE, "自有", "自有", "", -1e-9, Quality.TEST, ts + 1),
    ]
    assert all(4 < row["late"] < 30 for row in found)
    (device,) = await rows(postgres_url, "SELECT id, attributes, first_seen = last_seen AS once FROM seen_device")
    assert (device["id"], json.loads(device["attributes"]), device["once"]) == (DEVICE, {"fw": "1.2"}, True)
    await until("the stream has it", lambda: heard.batches)
    batch = heard.batches[0]
    assert (batch.gateway, batch.n, batch.start) == ("gw-1", 1, heard.beats[-1].start)
    assert [(r.channel, r.time, r.value) for r in batch.columns.rows()] == [
        (channel_id(DEVICE, name), time_, value)
        for name, time_, value in (
            ("temperature", ts, 23.25),
            ("smoke", ts, 0.1),
            ("smoke_alarm", ts + 1, 1.0),
            ("自有", ts + 1, -1e-9),
        )
    ]
    assert {(i.device, i.name) for i in batch.introductions} == {
        (DEVICE, name) for name in ("temperature", "smoke", "smoke_alarm", "自有")
    }
    assert await until("it is acknowledged", lambda: one.metric("acknowledged_total")) == 1.0


@pytest.mark.parametrize("broker", ["mosquitto 5", "embedded 3.1.1"], indirect=True)
async def test_nothing_malformed_stops_the_stream(
    broker: RunningBroker, postgres_url: str, gateway: Make, watch: Make, link: Make
) -> None:
    heard = await watch(broker)
    one: Gateway = gateway(broker, postgres_url)
    await until("it has its sessions", lambda: heard.beats)
    device = await link(broker)
    good = 0
    for topic, payload, _ in BAD:
        device.publish(topic, payload)
        good += 1
        device.publish(topics.telemetry("good"), json.dumps({"values": {"smoke": good}}))
    wide = json.dumps({"values": {f"w{n:x}": n for n in range(16_000)}}, separators=(",", ":"))
    assert len(wide) <= MAX_BYTES
    device.publish(topics.telemetry("宽" * 128), wide)  # in pieces: whole, no broker would carry it on
    device.publish(topics.telemetry("good"), json.dumps({"ts": 1, "values": {"smoke": good + 1}}))
    expected = [float(n) for n in range(1, good + 2)]
    await until("every good one is streamed", lambda: heard.values("good", "smoke") == expected)
    heard.check_numbers()
    total = 2 * len(BAD) + 2
    await until("all is acknowledged", lambda: _reached(one, "acknowledged_total", total))
    await until("all is stored", lambda: _count(postgres_url, "reading", len(expected) + 16_000))
    assert await stored(postgres_url, "good", "smoke") == expected
    told = sorted((topic, reason, payload) for topic, payload, given in BAD for reason in given)
    await until("all letters are stored", lambda: _count(postgres_url, "dead_letter", len(told)))
    letters = await rows(postgres_url, "SELECT * FROM dead_letter")
    letters.sort(key=lambda letter: (letter["topic"], letter["reason"], letter["payload"]))
    for letter, (topic, reason, payload) in zip(letters, told, strict=True):
        assert (letter["topic"], letter["reason"]) == (topic, reason)
        assert payload.startswith(letter["payload"])
        assert len(letter["payload"]) >= min(len(payload), 32 * 1024)
        assert letter["detail"]
        assert letter["gateway"] == "gw-1"
        assert letter["time"] is not None


async def _count(url: str, table: str, count: int) -> bool:
    (row,) = await rows(url, f"SELECT count(*) FROM {table}")  # noqa: S608
    return bool(row[0] == count)


async def _reached(gateway: Gateway, name: str, figure: float) -> bool:
    return await gateway.metric(name) == figure


@pytest.mark.parametrize(("mosquitto", "leaf"), [("5", "telemetry"), ("3.1.1", "alarm")], indirect=["mosquitto"])
async def test_within_a_session_the_stream_keeps_the_devices_order(
    mosquitto: RunningBroker, postgres_url: str, gateway: Make, watch: Make, link: Make, leaf: str
) -> None:
    heard = await watch(mosquitto)
    gateway(mosquitto, postgres_url)
    await until("it has its sessions", lambda: heard.beats)
    device = await link(mosquitto)
    for n in range(3000):
        device.publish(f"ew/v1/dev/d/{leaf}", b'{"values": {"smoke": %d}}' % n)
    await until("all are streamed", lambda: len(heard.values("d", "smoke")) == 3000)
    assert heard.values("d", "smoke") == list(range(3000))
    heard.check_numbers()
    await until("all are stored, each for itself", lambda: _count(postgres_url, "reading", 3000))
