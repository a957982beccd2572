"""From the broker to the live state and on to the viewers; the register and the first values from the database."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.database import AWAY, explain, within
from ember_base.mqtt import Incoming, Link
from ember_base.settings import Settings
from ember_service.alarms.board import MOST_BYTES
from ember_service.auth.accounts import Accounts
from ember_service.history.repository import last_values
from ember_service.live.hub import Hub, Scope
from ember_service.live.model import Snapshot as Picture
from ember_service.live.model import System, WorkshopStatus
from ember_service.live.state import LiveState, Value
from ember_service.register.snapshot import Snapshot
from ember_wire import topics
from ember_wire.alarms import Health, Transition, WorkshopAlarms
from ember_wire.stream import Answer, Heartbeat, StreamError, unpack, unpack_batch

log = logging.getLogger(__name__)

FLUSH_S: Final = 0.1
SYSTEM_EVERY_S: Final = 10.0
REFRESH_S: Final = 5.0
FIRST_VALUES_MS: Final = 26 * 3600_000
"""Battery detectors speak once a day."""
CUT_BYTES: Final = MOST_BYTES * 3 // 4
"""A retained list that is larger may have been cut to its worst alarms."""
NUMBERS: Final = 256
"""Each life of a process counts frames in steps of this from the time of its start (0.1 ms), with a rest of its own."""


def now_ms() -> int:
    """The one clock of the service."""
    return time.time_ns() // 1_000_000


class Feed:
    """Keeps state and hub up to date until cancelled."""

    def __init__(
        self, settings: Settings, replica: str, engine: AsyncEngine, register: Snapshot, accounts: Accounts
    ) -> None:
        self.state = LiveState()
        first = time.time_ns() // 100_000 * NUMBERS + secrets.randbelow(NUMBERS)
        self.hub = Hub(self.snapshot, first=first, step=NUMBERS)
        self.config = register.from_disk()
        self.state.configure(self.config.register)
        self.database = "not reached yet"
        self.answers: dict[str, asyncio.Future[Answer]] = {}
        self._engine, self._register, self._accounts = engine, register, accounts
        self._changed = asyncio.Event()
        self._revision = -1
        self._status: dict[str, tuple[Any, ...]] = {}
        self._dirty: set[str] = set()
        self._handlers: dict[str, Callable[[bytes], None]] = {
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

    def snapshot(self, scope: Scope) -> Picture:
        """What a viewer starts from."""
        now = now_ms()
        return {
            "as_of": now,
            "status": self.state.items(now, scope),
            "alarms": [a for a in self.state.open_alarms() if scope is None or a.workshop in scope],
            "system": self.system(),
        }

    def system(self) -> System:
        """What ails the product, as every screen says it."""
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
            group.create_task(self._first_values(), name="first values")

    def register_changed(self) -> None:
        """Reload now, and let others know."""
        self._changed.set()

    # --- from the broker -----------------------------------------------------------------------------------------

    def _receive(self, message: Incoming) -> None:
        parts = message.topic.split("/")
        try:
            if message.topic == topics.ALARMS_HEALTH:
                health = msgspec.json.decode(message.payload, type=Health)
                self.state.take_health(health, now_ms(), retained=message.retain)
            elif parts[2] == "stream":
                self._handlers[parts[3]](message.payload)
            elif parts[2] == "alarms" and message.payload:
                self._document(parts[3], message.payload)
        except (StreamError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, LookupError) as error:
            log.warning("a message on %s cannot be read: %s", message.topic, error)

    def _readings(self, payload: bytes) -> None:
        now = now_ms()
        for value in self.state.take_batch(unpack_batch(payload)):
            make = partial(self.state.reading, value)
            self.hub.coalesce(value.channel, "reading", self.state.workshop_of(value.device), make, now)

    def _heartbeat(self, payload: bytes) -> None:
        self.state.take_heartbeat(unpack(payload, Heartbeat), now_ms())

    def _transitions(self, payload: bytes) -> None:
        for transition in unpack(payload, list[Transition]):
            if self.state.take_transition(transition):
                step = msgspec.to_builtins(transition)
                alarm = step.pop("alarm")
                self.hub.publish("alarm", alarm["workshop"], {"transition": step, "alarm": alarm})
                self._dirty.add(alarm["workshop"])

    def _document(self, workshop: str, payload: bytes) -> None:
        document = msgspec.json.decode(payload, type=WorkshopAlarms)
        news, gone = self.state.take_document(workshop, document, whole=len(payload) < CUT_BYTES)
        for alarm in news:
            self.hub.publish("alarm", workshop, {"transition": None, "alarm": alarm})
        if gone:
            self.hub.reload()  # closed while the broker was away: nothing tells how
        if news or gone:
            self._dirty.add(workshop)

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
            now = now_ms()
            self.hub.flush(now)
            beats += 1
            if beats % 10 == 0:
                self._dirty.update(self.state.workshops())
            for workshop in self._dirty:
                self._tell_status(workshop, now)
            self._dirty.clear()
            if beats % 10 == 0:
                system = self.system()
                if system["faults"] != told or beats % int(SYSTEM_EVERY_S / FLUSH_S) == 0:
                    told = system["faults"]
                    self.hub.publish("system", "", system)

    def _tell_status(self, workshop: str, now: int) -> None:
        """Tell a workshop's item where something but its values changed: those come as readings."""
        item = self.state.item(workshop, now)
        key = (item["workshop"], item["worst"], item["open"], item["devices"], sorted(item["highlights"]))
        if self._status.get(workshop) != key:
            self._status[workshop] = key
            self.hub.coalesce(("status", workshop), "status", workshop, partial(self._item, workshop), now)

    def _item(self, workshop: str) -> WorkshopStatus:
        return self.state.item(workshop, now_ms())

    async def _refresh_loop(self) -> None:
        """The register when it changed, the accounts and the database's health every 5 s."""
        while True:
            try:
                await within(REFRESH_S, self._refresh())
                self.database = ""
            except AWAY as error:
                if not self.database:
                    log.warning("the database is away (%s); going on with what is known", explain(error))
                self.database = explain(error)
            except Exception:
                log.exception("what the database holds cannot be taken over; going on with what is known")
                self.database = "it holds what this service cannot read; its log has more"
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._changed.wait()

    async def _refresh(self) -> None:
        changed = await self._accounts.refresh(self._engine)
        current = await self._register.revision()
        if current != self._revision or self._changed.is_set():
            self._changed.clear()
            self.config = await self._register.load()
            self._revision = self.config.register.revision
            self.state.configure(self.config.register)
            changed = True
        if changed:
            self.hub.review()

    async def _first_values(self) -> None:
        """What was last known before this process began: once, whenever the database has it; nothing waits for it."""
        while True:
            try:
                async with self._engine.connect() as connection:
                    rows = await last_values(connection, now_ms() - FIRST_VALUES_MS)
            except AWAY:
                await asyncio.sleep(REFRESH_S)
                continue
            for row in rows:
                value = Value(row.channel, row.device, row.name, row.value, row.time, row.received, row.quality)
                self.state.take_first(value)
            self.hub.reload()
            return
