"""Any one part is killed with -9: it is back within 5 s, and no reading that the gateway acknowledged is lost."""

import json
import os
import signal
import threading
import time

import httpx2
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.acceptance.outside import Demo, until

PARTS = ("evaluator", "service", "gateway", "database", "sim", "broker")


class Publisher:
    """Publishes numbered samples at QoS 1 and remembers which the broker has acknowledged."""

    def __init__(self, port: int, device: str) -> None:
        self.device, self.acknowledged, self._sent = device, set[int](), dict[int, int]()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, f"steady-{device}", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = lambda _c, _u, mid, _r, _p: self._acked(mid)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _acked(self, mid: int) -> None:
        if mid in self._sent:
            self.acknowledged.add(self._sent.pop(mid))

    def _run(self) -> None:
        last = 0
        while not self._stop.wait(0.02):
            ts = max(last + 1, time.time_ns() // 1_000_000)
            last = ts
            body = json.dumps({"ts": ts, "values": {"humidity": ts % 90}})
            self._sent[self._client.publish(f"ew/v1/dev/{self.device}/telemetry", body, qos=1).mid] = ts

    def finish(self) -> set[int]:
        self._stop.set()
        self._thread.join(5)
        deadline = time.monotonic() + 10
        while self._sent and time.monotonic() < deadline:
            time.sleep(0.05)
        self._client.disconnect()
        self._client.loop_stop()
        return self.acknowledged


def ready(demo: Demo) -> bool:
    return httpx2.get(f"{demo.url}/readyz", timeout=5).status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_killed_part_heals(demo: Demo, part: str) -> None:
    until("all is well before", lambda: ready(demo), 60)
    publisher = Publisher(demo.mqtt_port, f"steady-{part}")
    until("its readings arrive", lambda: len(publisher.acknowledged) > 20)
    old = demo.pid(part)
    os.kill(old, signal.SIGKILL)
    until(f"{part} runs again", lambda: demo.pid(part) != old, 5)
    until("all is well again", lambda: ready(demo), 40)
    # What the broker had acknowledged and not yet delivered dies with it: who must be sure waits for `durable`.
    lost_with_it = set(publisher.acknowledged) if part == "broker" else set[int]()
    count = len(publisher.acknowledged)
    until("readings go on", lambda: len(publisher.acknowledged) > count + 20)
    acknowledged = publisher.finish() - lost_with_it

    def missing() -> set[int]:
        rows = demo.query(
            "SELECT (extract(epoch FROM r.time) * 1000)::bigint AS ts FROM reading r"
            " JOIN seen_channel c ON c.id = r.channel WHERE c.device = $1",
            publisher.device,
        )
        return acknowledged - {row["ts"] for row in rows}

    until("every acknowledged reading is in the database", lambda: not missing(), 60)
