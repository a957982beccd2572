"""An evaluator between a real broker and real receivers, with a gateway that the test plays."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from ember_base.disk import atomic_write
from ember_base.mqtt import Incoming, Link
from ember_base.settings import Settings, load
from ember_service.alarms.evaluator import run
from ember_service.register.model import Area, Contact, Device, Register, Workshop, Zone
from ember_service.register.snapshot import Config
from ember_service.rules.model import Rule
from ember_wire import topics
from ember_wire.alarms import AlarmRecord, Health, Transition, WorkshopAlarms
from ember_wire.channels import channel_id
from ember_wire.readings import Batch, Columns, Introduction, Reading
from ember_wire.stream import Answer, Command, Heartbeat, pack, pack_batch, unpack
from tests.integration.evaluator.receivers import SECRET, Hook, Mailbox
from tests.support.alarms import threshold, verdict
from tests.support.ports import free_port
from tests.support.until import until

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
RULES: list[Rule] = [verdict(), threshold()]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def register(contacts: list[Contact], devices: int = 3) -> Register:
    """Workshop w1 (棚户一号) with devices d1, d2 …"""
    return Register(
        revision=1,
        areas=[Area(id="a1", name="North", kind="town")],
        workshops=[Workshop(id="w1", name="棚户一号", area="a1", address="湖滨路1号")],
        zones=[Zone(id="z1", workshop="w1", name="Casting", kind="casting")],
        devices=[Device(id=f"d{n}", workshop="w1", zone="z1", supervision="radio") for n in range(1, devices + 1)],
        contacts=contacts,
    )


class Site:
    """`contacts` are told by `mailbox` and `hook`. `start` runs the evaluator in this loop, `spawn` outside."""

    def __init__(self, folder: Path, mqtt_url: str, version: str = "5") -> None:
        self.folder = folder
        self.mqtt_url, self.mqtt_version = mqtt_url, version
        self.mailbox, self.hook = Mailbox(), Hook()
        self.contacts: list[Contact] = []
        self.rules = RULES
        self.devices = 3
        self.database_url = NOWHERE
        self.metrics_port = free_port()
        self.documents: dict[str, WorkshopAlarms] = {}
        self.health: Health | None = None
        self.transitions: list[Transition] = []
        self.answers: dict[str, Answer] = {}
        self._number = 0
        self._start = now_ms()
        self._subscribed = asyncio.Event()
        self._link = Link(
            mqtt_url,
            "observer",
            on_message=self._hear,
            on_connected=self._subscribed.set,
            version=version,
            subscriptions=[
                (topics.ALARMS_FILTER, 1),
                (topics.STREAM_TRANSITIONS, 1),
                (topics.stream_command_answers("test"), 1),
            ],
        )
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._processes: list[subprocess.Popen[bytes]] = []

    async def open(self) -> None:
        await self.mailbox.start()
        await self.hook.start()
        self.contacts = [
            Contact(id="owner", name="Owner Li", workshop="w1", mail="li@example.org", language="zh"),
            Contact(id="centre", name="Centre", webhook=self.hook.url(), language="en"),
        ]
        await self._link.__aenter__()
        await self._subscribed.wait()

    async def close(self) -> None:
        await self.stop()
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            await asyncio.to_thread(process.wait)
        await self._link.__aexit__(None, None, None)
        await self.mailbox.stop()
        await self.hook.stop()

    # The evaluator ---------------------------------------------------------------------------------------------------

    def given(self) -> dict[str, str]:
        return {
            "data_dir": str(self.folder),
            "mqtt_url": self.mqtt_url,
            "mqtt_version": self.mqtt_version,
            "database_url": self.database_url,
            "smtp_url": self.mailbox.url,
            "mail_from": "alarm@example.org",
            "webhook_secret": SECRET,
            "evaluator_metrics_port": str(self.metrics_port),
            "public_url": "http://console.example",
        }

    def settings(self, **given: Any) -> Settings:
        return load(**{**self.given(), **given})

    def keep_register(self) -> None:
        """As a former run would have left it, so that none needs a database."""
        config = Config(register=register(self.contacts, self.devices), rules=self.rules)
        atomic_write(self.folder / "evaluator" / "register", msgspec.msgpack.encode(config))

    async def start(self) -> None:
        """Run the evaluator in this loop; returns when it says that it is there."""
        if not (self.folder / "evaluator" / "register").exists():
            self.keep_register()
        self._stop.clear()
        self.health = None
        self._task = asyncio.create_task(run(self.settings(), self._stop))
        await self.up()

    async def up(self) -> None:
        await until("the evaluator says that it is there", self._is_up)

    def _is_up(self) -> bool:
        if self._task is not None and self._task.done():
            self._task.result()
        return self.health is not None and self.health.ok

    async def stop(self) -> None:
        if self._task is not None:
            self._stop.set()
            await self._task
            self._task = None

    def spawn(self) -> subprocess.Popen[bytes]:
        """Run the evaluator as a process of its own."""
        if not (self.folder / "evaluator" / "register").exists():
            self.keep_register()
        self.health = None
        env = {**os.environ, **{f"EMBERWATCH_{name.upper()}": value for name, value in self.given().items()}}
        with (self.folder / "evaluator.log").open("ab") as out:
            process = subprocess.Popen([sys.executable, "-m", "ember_host.cli", "evaluator"], env=env, stderr=out)
        self._processes.append(process)
        return process

    # The gateway -----------------------------------------------------------------------------------------------------

    def beat(self) -> None:
        beat = Heartbeat(gateway="gw-1", start=self._start, n=self._number, now=now_ms())
        self._link.publish(topics.stream_heartbeat("gw-1"), pack(beat))

    def say(self, device: str = "d1", at: int | None = None, **values: float) -> int:
        """A device's message; returns its time."""
        self.beat()
        now = now_ms()
        time_ = now if at is None else at
        ids = {name: channel_id(device, name) for name in values}
        rows = [Reading(ids[name], time_, now, float(value), 0) for name, value in values.items()]
        told = [Introduction(number, device, name) for name, number in ids.items()]
        self._number += 1
        batch = Batch("gw-1", self._start, self._number, now, Columns.of(rows), told)
        self._link.publish(topics.stream_readings("gw-1"), pack_batch(batch))
        return time_

    def publish(self, topic: str, payload: bytes) -> None:
        self._link.publish(topic, payload)

    async def command(self, do: str, alarm: str, id_: str = "", **detail: str) -> Answer:
        """A command of an operator, and the answer."""
        name = id_ or f"c-{len(self.answers)}"
        self.answers.pop(name, None)
        command = Command(
            id=name, do=do, alarm=alarm, who="op", reply=topics.stream_command_answers("test"), detail=detail
        )
        self._link.publish(topics.STREAM_COMMANDS, pack(command))
        await until(f"an answer to {do}", lambda: name in self.answers)
        return self.answers[name]

    # What is heard ---------------------------------------------------------------------------------------------------

    def _hear(self, message: Incoming) -> None:
        if message.topic == topics.ALARMS_HEALTH:
            self.health = msgspec.json.decode(message.payload, type=Health)
        elif message.topic == topics.STREAM_TRANSITIONS:
            self.transitions += unpack(message.payload, list[Transition])
        elif message.topic == topics.stream_command_answers("test"):
            answer = unpack(message.payload, Answer)
            self.answers[answer.id] = answer
        else:
            self.documents[message.topic.rpartition("/")[2]] = msgspec.json.decode(message.payload, type=WorkshopAlarms)

    def open_alarms(self, workshop: str = "w1") -> list[AlarmRecord]:
        """As the retained document has them."""
        found = self.documents.get(workshop)
        return found.alarms if found else []

    async def alarm(self, class_: str = "fire") -> AlarmRecord:
        """Wait for an open alarm."""
        found = await until(f"an alarm: {class_}", lambda: [a for a in self.open_alarms() if a.class_ == class_])
        return found[0]

    def told(self, kind: str) -> Counter[str]:
        """How often each transition of a kind came over the stream, by id."""
        return Counter(t.id for t in self.transitions if t.kind == kind)

    def webhooks(self, kind: str = "raised") -> list[dict[str, Any]]:
        return [post for post in self.hook.posts if post["message"]["kind"] == kind]

    async def metrics(self) -> dict[str, float]:
        """Samples by name and labels, as Prometheus would scrape them."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.metrics_port)
        writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
        text = (await reader.read()).decode().partition("\r\n\r\n")[2]
        writer.close()
        return {
            sample.name + json.dumps(dict(sorted(sample.labels.items())) if sample.labels else {}): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
