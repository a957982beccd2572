"""From the broker to the live state and on to the viewers; the register and the first values from the database."""

import asyncio
import logging
import time
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.database import AWAY, explain
from ember_base.mqtt import Incoming, Link
from ember_base.settings import Settings
from ember_service.auth.accounts import Accounts
from ember_service.history.repository import last_values
from ember_service.live.hub import Hub
from ember_service.live.state import LiveState, Value
from ember_service.register.snapshot import Snapshot
from ember_wire import topics
from ember_wire.alarms import Health, Transition, WorkshopAlarms
from ember_wire.stream import Answer, Heartbeat, StreamError, unpack, unpack_batch

log = logging.getLogger(__name__)

FLUSH_S: Final = 0.1
SYSTEM_EVERY_S: Final = 10.0
REFRESH_S: Final = 5.0
FIRST_VALUES_MS: Final = 3600_000


def now_ms() -> int:
    """The one clock of the service."""
    return time.time_ns() // 1_000_000


class Feed:
    """Keeps state and hub up to date until cancelled."""

    def __init__(
        self, settings: Settings, replica: str, engine: AsyncEngine, register: Snapshot, accounts: Accounts
    ) -> None:
        self.state = LiveState()
        self.hub = Hub(self.snapshot)
        self.config = register.from_disk()
        self.state.configure(self.config.register)
        self.database = "not reached yet"
        self.answers: dict[str, asyncio.Future[Answer]] = {}
        self._engine, self._register, self._accounts = engine, register, accounts
        self._changed = asyncio.Event()
        self._status: dict[str, tuple[Any, ...]] = {}
        self._handlers = {
            "readings": self._readings,
            "heartbeat": self._heartbeat,
            "transitions": self._transitions,
            "registry": lambda _: self._changed.set(),
            "commands": self._answer,
        }
        filters = [
            topics.STREAM_READINGS_FILTER,
            topics.STREAM_HEARTBEAT_FILTER,
            topics.STREAM_TRANSITIONS,
            topics.STREAM_REGISTRY,
            topics.ALARMS_FILTER,
            topics.stream_command_answers(replica),
        ]
        self.link = Link(
            settings.mqtt_url,
            f"ew-service-{replica}",
            version=settings.mqtt_version,
            subscriptions=[(name, 1) for name in filters],
            on_message=self._receive,
        )

    def snapshot(self, scope: frozenset[str] | None) -> dict[str, Any]:
        """What a viewer starts from."""
        now = now_ms()
        return {
            "as_of": now,
            "status": self.state.items(now, scope),
            "alarms": [a for a in self.state.open_alarms() if scope is None or a.workshop in scope],
            "system": self.system(),
        }

    def system(self) -> dict[str, Any]:
        own = {}
        if self.database:
            own["database"] = f"the database is away: {self.database}"
        if not self.link.connected:
            own["broker"] = "the broker is away: nothing on this page is live"
        return self.state.system(own, now_ms())

    async def run(self) -> None:
        """Until cancelled: the beats of the stream, and the register."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._flush_loop(), name="flush")
            group.create_task(self._refresh_loop(), name="refresh")

    def register_changed(self) -> None:
        """Reload now, and let others know."""
        self._changed.set()

    # --- from the broker -----------------------------------------------------------------------------------------

    def _receive(self, message: Incoming) -> None:
        parts = message.topic.split("/")
        try:
            if parts[2] == "stream":
                self._handlers[parts[3]](message.payload)
            elif parts[2] == "alarms":
                self._alarms(parts[3], message.payload)
        except (StreamError, msgspec.DecodeError, IndexError, KeyError) as error:
            log.warning("a message on %s cannot be read: %s", message.topic, error)

    def _readings(self, payload: bytes) -> None:
        now = now_ms()
        for value in self.state.take_batch(unpack_batch(payload)):
            self.hub.reading(value.channel, self.state.reading(value), now)

    def _heartbeat(self, payload: bytes) -> None:
        self.state.take_heartbeat(unpack(payload, Heartbeat), now_ms())

    def _transitions(self, payload: bytes) -> None:
        for transition in unpack(payload, list[Transition]):
            if self.state.take_transition(transition):
                step = msgspec.to_builtins(transition)
                alarm = step.pop("alarm")
                self.hub.publish("alarm", alarm["workshop"], {"transition": step, "alarm": alarm})
                self._tell_status(alarm["workshop"])

    def _alarms(self, workshop: str, payload: bytes) -> None:
        if workshop == "health":
            self.state.take_health(msgspec.json.decode(payload, type=Health), now_ms())
        elif payload:
            document = msgspec.json.decode(payload, type=WorkshopAlarms)
            for alarm in self.state.take_document(workshop, document):
                self.hub.publish("alarm", workshop, {"transition": None, "alarm": alarm})
            self._tell_status(workshop)

    def _answer(self, payload: bytes) -> None:
        answer = unpack(payload, Answer)
        waiting = self.answers.pop(answer.id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    # --- beats ---------------------------------------------------------------------------------------------------

    async def _flush_loop(self) -> None:
        beats, told = 0, None
        while True:
            await asyncio.sleep(FLUSH_S)
            self.hub.flush(now_ms())
            beats += 1
            if beats % 10 == 0:
                for workshop in self.state.workshops():
                    self._tell_status(workshop)
                system = self.system()
                if system["faults"] != told or beats % int(SYSTEM_EVERY_S / FLUSH_S) == 0:
                    told = system["faults"]
                    self.hub.publish("system", "", system)

    def _tell_status(self, workshop: str) -> None:
        """Tell a workshop's item where something but its values changed."""
        item = self.state.item(workshop, now_ms())
        key = (item["worst"], tuple(item["open"].values()), tuple(item["devices"].values()), len(item["highlights"]))
        if self._status.get(workshop) != key:
            self._status[workshop] = key
            self.hub.publish("status", workshop, item)

    async def _refresh_loop(self) -> None:
        """The register when it changed, the accounts and the database's health every 5 s."""
        loaded, revision = False, -1
        while True:
            try:
                async with asyncio.timeout(REFRESH_S):
                    await self._accounts.refresh(self._engine)
                    current = await self._register.revision()
                    if current != revision or self._changed.is_set():
                        self._changed.clear()
                        self.config = await self._register.load()
                        revision = self.config.register.revision
                        self.state.configure(self.config.register)
                        self._status.clear()
                    if not loaded:
                        await self._first_values()
                        loaded = True
                self.database = ""
            except AWAY as error:
                if not self.database:
                    log.warning("the database is away (%s); going on with what is known", explain(error))
                self.database = explain(error)
            try:
                async with asyncio.timeout(REFRESH_S):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _first_values(self) -> None:
        """What was last known before this process began."""
        async with self._engine.connect() as connection:
            for row in await last_values(connection, now_ms() - FIRST_VALUES_MS):
                self.state.introduce(row.channel, row.device, row.name)
                value = Value(row.channel, row.device, row.name, row.value, row.time, row.received, row.quality)
                known = self.state.values.setdefault(row.channel, value)
                self.state.heard[row.device] = max(self.state.heard.get(row.device, 0), known.received)
