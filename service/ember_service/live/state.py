"""The live state: last values, open alarms, who is there. Pure: time comes in. Works without a database."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ember_service.auth.access import areas_within
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
    recent: dict[str, list[Transition]] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    offline: set[str] = field(default_factory=set)
    health: Health | None = None
    health_at: int = 0
    faults_since: dict[tuple[str, str], int] = field(default_factory=dict)
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

    def take_heartbeat(self, beat: Heartbeat, now: int) -> None:
        self._paths[beat.gateway] = _Path(beat, now)

    def take_health(self, health: Health, now: int) -> None:
        self.health, self.health_at = health, now

    def take_document(self, workshop: str, document: WorkshopAlarms) -> list[AlarmRecord]:
        """A workshop's retained list: what is missing in it is closed. Returns the alarms that are news."""
        listed = {alarm.id for alarm in document.alarms}
        for gone in [a.id for a in self.alarms.values() if a.workshop == workshop and a.id not in listed]:
            del self.alarms[gone]
        return [alarm for alarm in document.alarms if self._enter(alarm)]

    def take_transition(self, transition: Transition) -> bool:
        """Whether it was news."""
        alarm = transition.alarm
        steps = self.recent.setdefault(alarm.id, [])
        if any(step.id == transition.id for step in steps):
            return False
        steps.append(transition)
        while len(self.recent) > REMEMBERED_CLOSED:
            oldest = next((key for key in self.recent if key not in self.alarms), next(iter(self.recent)))
            del self.recent[oldest]
        self._enter(alarm)
        return True

    def _enter(self, alarm: AlarmRecord) -> bool:
        known = self.alarms.get(alarm.id)
        if known is not None and known.revision >= alarm.revision:
            return False
        if alarm.open:
            self.alarms[alarm.id] = alarm
        else:
            self.alarms.pop(alarm.id, None)
        return True

    # --- what is asked for ---------------------------------------------------------------------------------------

    def workshop_of(self, device: str) -> str:
        known = self._devices.get(device)
        return known.workshop if known else topics.UNASSIGNED

    def knows(self, workshop: str) -> bool:
        return workshop in self._workshops or workshop in (topics.UNASSIGNED, topics.SYSTEM)

    def open_alarms(self) -> list[AlarmRecord]:
        """Worst first."""
        return sorted(self.alarms.values(), key=urgency)

    def reading(self, value: Value) -> dict[str, Any]:
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

    def channels(self, workshop: str) -> list[dict[str, Any]]:
        """The channels of a workshop as `/status/{workshop}` tells them."""
        known = (self.values[channel] for channel in self._channels_of[workshop] if channel in self.values)
        rows = [self.reading(value) | {"zone": self._zone(value.device)} for value in known]
        return sorted(rows, key=lambda row: (row["zone"] or "", row["device"], row["name"]))

    def workshops(self) -> list[str]:
        """Ids in use; `unassigned` while devices are heard that nobody adopted."""
        found = list(self._workshops)
        return [*found, topics.UNASSIGNED] if self._channels_of.get(topics.UNASSIGNED) else found

    def item(self, workshop: str, now: int) -> dict[str, Any]:
        """A workshop as `/status` tells it."""
        alarms = [alarm for alarm in self.alarms.values() if alarm.workshop == workshop]
        devices = self._devices_of[workshop]
        values = [self.values[c] for c in self._channels_of.get(workshop, ()) if c in self.values]
        known = self._workshops.get(workshop)
        place = {"id": workshop, "name": workshop, "area": None, "address": ""}
        if known:
            place |= {"name": known.name, "area": known.area, "address": known.address}
        return {
            "workshop": place,
            "worst": min(alarms, key=urgency).class_ if alarms else None,
            "open": {name: sum(alarm.class_ is name for alarm in alarms) for name in AlarmClass},
            "devices": {"total": len(devices), "online": sum(self._online(device, now) for device in devices)},
            "last": max((value.received for value in values), default=None),
            "highlights": _highlights(values),
        }

    def items(self, now: int, scope: frozenset[str] | None = None) -> list[dict[str, Any]]:
        return [self.item(w, now) for w in self.workshops() if scope is None or w in scope]

    def in_area(self, area: str) -> frozenset[str]:
        within = areas_within(area, self.register)
        return frozenset(workshop.id for workshop in self.register.workshops if workshop.area in within)

    def gateway_ok(self, now: int) -> tuple[bool, str]:
        """Whether any gateway lives, and what ails it."""
        alive = [path for path in self._paths.values() if now - path.heard <= GATEWAY_SILENT_MS]
        if not alive:
            return False, "no gateway has been heard for 10 s: is `emberwatch gateway` running?"
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

    def system(self, own: dict[str, str], now: int) -> dict[str, Any]:
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
        faults = [
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


def _highlights(values: list[Value]) -> dict[str, dict[str, Any]]:
    """For each kind that matters at a glance, the largest value and where it is."""
    out = {}
    for kind in HIGHLIGHTS:
        found = [value for value in values if kind_of(value.name) == kind]
        if found:
            top = max(found, key=lambda value: value.value)
            out[kind] = {"value": top.value, "unit": unit_of(kind), "channel": str(top.channel), "time": top.time}
    return out


def encode(data: Any) -> bytes:
    """JSON bytes, Structs included."""
    return msgspec.json.encode(data)
