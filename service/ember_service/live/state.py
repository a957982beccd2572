"""The live state: last values, open alarms, who is there. Pure: time comes in. Works without a database."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ember_service.live.model import (
    ChannelStatus,
    Counts,
    Fault,
    Highlight,
    LiveReading,
    Place,
    System,
    WorkshopStatus,
)
from ember_service.register.model import Device, Register, Workshop
from ember_wire import topics
from ember_wire.alarms import AlarmClass, AlarmRecord, Health, Transition, WorkshopAlarms, urgency
from ember_wire.kinds import kind_of, unit_of
from ember_wire.quality import words
from ember_wire.readings import Batch
from ember_wire.stream import Heartbeat

GATEWAY_SILENT_MS: Final = 10_000
EVALUATOR_SILENT_MS: Final = 30_000
CLOCK_OFF_MS: Final = 5_000
PATIENCE_MS: Final = {"radio": 180_000, "mains": 180_000, "battery": 25 * 3600_000}
HIGHLIGHTS: Final = ("temperature", "smoke", "load", "residual_current")
REMEMBERED_CLOSED: Final = 2_000
STEPS_KEPT: Final = 200
"""Of one alarm: the steps of all its life are in the database."""


@dataclass(slots=True)
class Value:
    """The newest reading of a channel, with its names."""

    channel: int
    device: str
    name: str
    value: float
    time: int
    received: int
    quality: int


@dataclass(slots=True)
class _Path:
    beat: Heartbeat
    heard: int


@dataclass(slots=True)
class LiveState:
    """Everything a screen asks for, by workshop."""

    register: Register = field(default_factory=Register)
    values: dict[int, Value] = field(default_factory=dict)
    names: dict[int, tuple[str, str]] = field(default_factory=dict)
    alarms: dict[str, AlarmRecord] = field(default_factory=dict)
    recent: dict[str, deque[Transition]] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    offline: set[str] = field(default_factory=set)
    health: Health | None = None
    health_at: int = 0
    faults_since: dict[tuple[str, str], int] = field(default_factory=dict)
    _alarms_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _closed: dict[str, int] = field(default_factory=dict)
    _paths: dict[str, _Path] = field(default_factory=dict)
    _devices: dict[str, Device] = field(default_factory=dict)
    _workshops: dict[str, Workshop] = field(default_factory=dict)
    _devices_of: dict[str, list[Device]] = field(default_factory=lambda: defaultdict(list))
    _channels_of: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    # --- what comes in -------------------------------------------------------------------------------------------

    def configure(self, register: Register) -> None:
        """The register as it is from now on."""
        self.register = register
        self._devices = {device.id: device for device in register.devices}
        self._workshops = {workshop.id: workshop for workshop in register.workshops}
        self._devices_of = defaultdict(list)
        for one in register.devices:
            self._devices_of[one.workshop].append(one)
        self.names |= {channel.id: (channel.device, channel.name) for channel in register.channels}
        self._channels_of = defaultdict(set)
        for channel, (device, _) in self.names.items():
            self._channels_of[self.workshop_of(device)].add(channel)

    def introduce(self, channel: int, device: str, name: str) -> None:
        if channel not in self.names:
            self.names[channel] = (device, name)
            self._channels_of[self.workshop_of(device)].add(channel)

    def take_batch(self, batch: Batch) -> list[Value]:
        """Keep what is newer than what is known; return it."""
        for told in batch.introductions:
            self.introduce(told.channel, told.device, told.name)
        fresh = []
        for row in batch.columns.rows():
            names = self.names.get(row.channel)
            if names is None:
                continue
            known = self.values.get(row.channel)
            device, name = names
            self.heard[device] = max(self.heard.get(device, 0), row.received)
            if name == "online":
                (self.offline.add if row.value == 0 else self.offline.discard)(device)
            if known is not None and row.time <= known.time:
                continue
            value = Value(row.channel, device, name, row.value, row.time, row.received, row.quality)
            self.values[row.channel] = value
            fresh.append(value)
        return fresh

    def take_first(self, value: Value) -> None:
        """A value from before this process began; what was heard since stands."""
        self.introduce(value.channel, value.device, value.name)
        self.values.setdefault(value.channel, value)
        self.heard[value.device] = max(self.heard.get(value.device, 0), value.received)
        if value.name == "online" and value.value == 0 and self.values[value.channel] is value:
            self.offline.add(value.device)

    def take_heartbeat(self, beat: Heartbeat, now: int) -> None:
        self._paths[beat.gateway] = _Path(beat, now)

    def take_health(self, health: Health, now: int, *, retained: bool = False) -> None:
        """A retained one is as old as it says: the broker gives it for ever, whoever died since."""
        self.health, self.health_at = health, min(now, health.as_of) if retained else now

    def take_document(
        self, workshop: str, document: WorkshopAlarms, *, whole: bool = True
    ) -> tuple[list[AlarmRecord], list[str]]:
        """A workshop's retained list: (alarms that are news, ids of those that were closed while we did not hear it).

        Not `whole`: the list was cut to its worst, so that what is missing in it tells nothing.
        """
        listed = {alarm.id for alarm in document.alarms}
        gone = sorted(self._alarms_of.get(workshop, set()) - listed) if whole else []
        for number in gone:
            self._close(self.alarms[number])
        return [alarm for alarm in document.alarms if self._enter(alarm)], gone

    def take_transition(self, transition: Transition) -> bool:
        """Whether it was news."""
        alarm = transition.alarm
        steps = self.recent.setdefault(alarm.id, deque(maxlen=STEPS_KEPT))
        if any(step.id == transition.id for step in steps):
            return False
        steps.append(transition)
        self._enter(alarm)
        return True

    def _enter(self, alarm: AlarmRecord) -> bool:
        """Whether this is newer than what is known. What is closed is opened by no older list."""
        known = self.alarms.get(alarm.id)
        revision = known.revision if known else self._closed.get(alarm.id, -1)
        if revision >= alarm.revision:
            return False
        if known is not None:
            self._alarms_of[known.workshop].discard(alarm.id)
        if not alarm.open:
            self._close(alarm)
            return True
        self._closed.pop(alarm.id, None)
        self.alarms[alarm.id] = alarm
        self._alarms_of[alarm.workshop].add(alarm.id)
        return True

    def _close(self, alarm: AlarmRecord) -> None:
        """Keep the steps of the last closed ones: they may not be in the database yet."""
        self.alarms.pop(alarm.id, None)
        self._alarms_of[alarm.workshop].discard(alarm.id)
        self._closed.pop(alarm.id, None)
        # Gone from a list while the last that we know is open: the same may be listed again.
        self._closed[alarm.id] = alarm.revision - alarm.open
        while len(self._closed) > REMEMBERED_CLOSED:
            oldest = next(iter(self._closed))
            del self._closed[oldest]
            self.recent.pop(oldest, None)

    # --- what is asked for ---------------------------------------------------------------------------------------

    def workshop_of(self, device: str) -> str:
        known = self._devices.get(device)
        return known.workshop if known else topics.UNASSIGNED

    def knows(self, workshop: str) -> bool:
        return workshop in self._workshops or workshop in (topics.UNASSIGNED, topics.SYSTEM)

    def alarm(self, number: str) -> AlarmRecord | None:
        """An alarm that is open, or was closed a while ago."""
        steps = self.recent.get(number)
        newest = max((step.alarm for step in steps), key=lambda alarm: alarm.revision) if steps else None
        return self.alarms.get(number) or (newest if newest and not newest.open else None)

    def open_alarms(self) -> list[AlarmRecord]:
        """Worst first."""
        return sorted(self.alarms.values(), key=urgency)

    def alarms_of(self, workshop: str) -> list[AlarmRecord]:
        """The open alarms of a workshop, worst first."""
        return sorted((self.alarms[number] for number in self._alarms_of.get(workshop, ())), key=urgency)

    def reading(self, value: Value) -> LiveReading:
        """A reading as `/live` tells it."""
        kind = kind_of(value.name)
        return {
            "channel": str(value.channel),
            "workshop": self.workshop_of(value.device),
            "device": value.device,
            "name": value.name,
            "kind": kind,
            "unit": unit_of(kind),
            "value": value.value,
            "time": value.time,
            "received": value.received,
            "quality": words(value.quality),
        }

    def channels(self, workshop: str) -> list[ChannelStatus]:
        """The channels of a workshop as `/status/{workshop}` tells them."""
        known = (self.values[number] for number in self._channels_of.get(workshop, ()) if number in self.values)
        rows: list[ChannelStatus] = [{**self.reading(value), "zone": self._zone(value.device)} for value in known]
        return sorted(rows, key=lambda row: (row["zone"] or "", row["device"], row["name"]))

    def workshops(self) -> list[str]:
        """Ids in use; `unassigned` while devices are heard that nobody adopted."""
        found = list(self._workshops)
        return [*found, topics.UNASSIGNED] if self._channels_of.get(topics.UNASSIGNED) else found

    def place(self, workshop: str) -> Place:
        """Where it is."""
        known = self._workshops.get(workshop)
        if known is None:
            return {"id": workshop, "name": workshop, "area": None, "address": ""}
        return {"id": workshop, "name": known.name, "area": known.area, "address": known.address}

    def item(self, workshop: str, now: int) -> WorkshopStatus:
        """A workshop as `/status` tells it."""
        alarms = [self.alarms[number] for number in self._alarms_of.get(workshop, ())]
        devices = self._devices_of.get(workshop, [])
        values = [self.values[c] for c in self._channels_of.get(workshop, ()) if c in self.values]
        return {
            "workshop": self.place(workshop),
            "worst": min(alarms, key=urgency).class_ if alarms else None,
            "open": _counts(alarms),
            "devices": {"total": len(devices), "online": sum(self._online(device, now) for device in devices)},
            "last": max((value.received for value in values), default=None),
            "highlights": _highlights(values),
        }

    def items(self, now: int, scope: frozenset[str] | None = None) -> list[WorkshopStatus]:
        return [self.item(w, now) for w in self.workshops() if scope is None or w in scope]

    def gateway_ok(self, now: int) -> tuple[bool, str]:
        """Whether any gateway lives, and what ails it."""
        alive = [path for path in self._paths.values() if now - path.heard <= GATEWAY_SILENT_MS]
        if not alive:
            since = "for 10 s" if self._paths else "yet"
            return False, f"no gateway has been heard {since}: is `emberwatch gateway` running?"
        ills = [f"{name}: {text}" for path in alive for name, text in path.beat.faults.items()]
        return not ills, "; ".join(ills)

    def evaluator_ok(self, now: int) -> tuple[bool, str]:
        if (
            self.health is None
            or now - self.health_at > EVALUATOR_SILENT_MS
            or (not self.health.ok and not self.health.faults)
        ):
            return False, "the evaluator is not there: no alarm is raised now; is `emberwatch evaluator` running?"
        return self.health.ok, "; ".join(self.health.faults.values())

    def system(self, own: dict[str, str], now: int) -> System:
        """What ails the product: `own` are the faults of this service by part."""
        found = {("service", part): text for part, text in own.items()}
        for part, (well, text) in (("gateway", self.gateway_ok(now)), ("evaluator", self.evaluator_ok(now))):
            if not well:
                found[(part, part)] = text
        for path in self._paths.values():
            off = path.beat.now - path.heard
            if abs(off) > CLOCK_OFF_MS:
                found[("gateway", "clock")] = f"the clock of {path.beat.gateway} is off by {off / 1000:.0f} s"
        self.faults_since = {key: self.faults_since.get(key, now) for key in found}
        faults: list[Fault] = [
            {"part": part, "word": word, "text": text, "since": self.faults_since[(part, word)]}
            for (part, word), text in found.items()
        ]
        return {"ok": not faults, "as_of": now, "faults": faults}

    def _online(self, device: Device, now: int) -> bool:
        patience = max(PATIENCE_MS.get(device.supervision, 180_000), 3000 * (device.period or 0))
        return device.id not in self.offline and now - self.heard.get(device.id, 0) <= patience

    def _zone(self, device: str) -> str | None:
        known = self._devices.get(device)
        return known.zone if known else None


def _counts(alarms: list[AlarmRecord]) -> Counts:
    found = Counter(alarm.class_ for alarm in alarms)
    return {
        "fire": found[AlarmClass.FIRE],
        "prewarning": found[AlarmClass.PREWARNING],
        "supervisory": found[AlarmClass.SUPERVISORY],
        "trouble": found[AlarmClass.TROUBLE],
    }


def _highlights(values: list[Value]) -> dict[str, Highlight]:
    """For each kind that matters at a glance, the largest value and where it is."""
    out: dict[str, Highlight] = {}
    for value in values:
        kind = kind_of(value.name)
        if kind in HIGHLIGHTS and (kind not in out or value.value > out[kind]["value"]):
            channel = str(value.channel)
            out[kind] = {"value": value.value, "unit": unit_of(kind), "channel": channel, "time": value.time}
    return out


def encode(data: Any) -> bytes:
    """JSON bytes, Structs included."""
    return msgspec.json.encode(data)
