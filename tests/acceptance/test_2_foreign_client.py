"""A foreign client publishes; its device is discovered, adopted, watched: all from outside."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.acceptance.outside import Demo, until

LIMIT_ABOVE = 95.0  # °C: over every temperature limit of the default pack
NORMAL = 22.0


@contextmanager
def live(demo: Demo, name: str = "operator") -> Iterator["Queue[tuple[str, dict[str, Any]]]"]:
    """`/live` as a queue of (event, data)."""
    events: Queue[tuple[str, dict[str, Any]]] = Queue()
    client = demo.client(name)
    opened = threading.Event()

    def read() -> None:
        with client.stream("GET", "/live", timeout=60) as answer:
            opened.set()
            kind = ""
            for line in answer.iter_lines():
                if stopped.is_set():
                    return
                if line.startswith("event:"):
                    kind = line[6:].strip()
                elif line.startswith("data:"):
                    events.put((kind, json.loads(line[5:])))

    stopped = threading.Event()
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert opened.wait(10)
    try:
        yield events
    finally:
        stopped.set()
        reader.join(15)
        client.close()


def wait_for(events: "Queue[tuple[str, dict[str, Any]]]", what: str, wanted: Any, within: float = 30) -> dict[str, Any]:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            kind, data = events.get(timeout=max(0.01, deadline - time.monotonic()))
        except Empty:
            break
        if wanted(kind, data):
            return data
    pytest.fail(f"not on /live within {within} s: {what}")


def publish(demo: Demo, device: str, value: float) -> None:
    """By paho, at QoS 1, acknowledged."""
    client = paho.Client(CallbackAPIVersion.VERSION2, f"foreign-{time.time_ns()}")
    client.connect("127.0.0.1", demo.mqtt_port)
    client.loop_start()
    body = json.dumps({"ts": time.time_ns() // 1_000_000, "values": {"temperature": value}})
    client.publish(f"ew/v1/dev/{device}/telemetry", body, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def mosquitto_pub(demo: Demo, device: str, value: float) -> None:
    body = json.dumps({"values": {"temperature": value}})
    topic = f"ew/v1/dev/{device}/telemetry"
    command = ["mosquitto_pub", "-p", str(demo.mqtt_port), "-q", "1", "-t", topic, "-m", body]
    subprocess.run(command, check=True, timeout=10)


def test_from_unknown_device_to_alarm_and_back(demo: Demo) -> None:
    device = "foreign-1"
    try:
        mosquitto_pub(demo, device, NORMAL)
    except FileNotFoundError:
        publish(demo, device, NORMAL)  # the same from Python, where mosquitto's clients are not installed
    publish(demo, device, NORMAL + 0.5)
    with demo.client("admin") as http, live(demo) as events:
        found = until(
            "the device is under discovered",
            lambda: [d for d in http.get("/devices/discovered").json()["items"] if d["id"] == device],
        )
        assert [c["name"] for c in found[0]["channels"]] == ["temperature"]
        zone = next(z for z in http.get("/zones", params={"limit": 1000}).json()["items"] if z["kind"] != "curing")
        answer = http.post(
            f"/devices/discovered/{device}/adopt", json={"workshop": zone["workshop"], "zone": zone["id"]}
        )
        assert answer.status_code == 201, answer.text
        assert device in [d["id"] for d in http.get("/devices", params={"workshop": zone["workshop"]}).json()["items"]]

        publish(demo, device, LIMIT_ABOVE)

        def hot() -> bool:
            publish(demo, device, LIMIT_ABOVE + time.monotonic() % 1)
            return any(a["device"] == device for a in http.get("/alarms", params={"state": "open"}).json()["items"])

        until("the alarm is open", hot, 60)
        raised = wait_for(
            events,
            "the alarm of the device",
            lambda kind, data: kind == "alarm" and data["alarm"]["device"] == device,
        )["alarm"]
        assert raised["workshop"] == zone["workshop"]
        assert raised["value"] >= raised["limit"]

        def cool() -> bool:
            publish(demo, device, NORMAL + time.monotonic() % 1)
            return not http.get(f"/alarms/{raised['id']}").json()["alarm"]["facts"]["active"]

        until("the alarm has returned", cool, 120)
        wait_for(
            events,
            "its return",
            lambda kind, data: (
                kind == "alarm" and data["alarm"]["id"] == raised["id"] and data["transition"]["kind"] == "returned"
            ),
        )
        events_kept = until(
            "raised and returned are in the database",
            lambda: (
                {"raised", "returned"}
                <= {r["kind"] for r in demo.query("SELECT kind FROM alarm_event WHERE alarm = $1", raised["id"])}
            ),
        )
        assert events_kept
