"""A site in front of a real engine: readings, ticks and commands in short words. Times in seconds from `T0`."""

from collections.abc import Mapping, Sequence

from ember_service.alarms.engine import Commanded, CommandOutcome, Configured, Engine, Event, Heard, Readings, Tick
from ember_service.register.model import Device, Register, Workshop, Zone
from ember_service.rules.model import DeviceVerdict, Rule, Scope, Supervision, Threshold
from ember_wire.alarms import AlarmClass, AlarmRecord, Text, Transition
from ember_wire.channels import channel_id
from ember_wire.quality import Quality
from ember_wire.readings import Batch, Columns, Introduction, Reading

T0 = 1_763_900_000_000
TEXT = Text("Look there.", "请查看。")


def ms(seconds: float) -> int:
    """Seconds from T0 as ms since the epoch."""
    return T0 + round(seconds * 1000)


def threshold(
    id_: str = "hot",
    *,
    class_: AlarmClass = AlarmClass.PREWARNING,
    kinds: Sequence[str] = ("temperature",),
    above: float | None = None,
    below: float | None = None,
    reset: float | None = None,
    delay_on: float = 0,
    delay_off: float = 0,
    latch: bool = False,
    version: int = 1,
    severity: int = 500,
    zone_kinds: Sequence[str] = (),
) -> Threshold:
    """A threshold, above 60 unless told otherwise."""
    return Threshold(
        id=id_,
        version=version,
        class_=class_,
        severity=severity,
        title=TEXT,
        guidance=TEXT,
        scope=Scope(kinds=list(kinds), zone_kinds=list(zone_kinds)),
        latch=latch,
        above=60.0 if above is None and below is None else None if above is None else float(above),
        below=None if below is None else float(below),
        reset=None if reset is None else float(reset),
        delay_on=float(delay_on),
        delay_off=float(delay_off),
    )


def verdict(
    id_: str = "smoke",
    *,
    class_: AlarmClass = AlarmClass.FIRE,
    kinds: Sequence[str] = ("smoke_alarm",),
    version: int = 1,
) -> DeviceVerdict:
    """A device's own verdict, fire unless told otherwise."""
    scope = Scope(kinds=list(kinds))
    return DeviceVerdict(id=id_, version=version, class_=class_, severity=900, title=TEXT, guidance=TEXT, scope=scope)


def supervision(id_: str = "silent", *, intervals: Mapping[str, float] | None = None) -> Supervision:
    """Radio and mains 180 s, battery 25 h."""
    given = intervals or {"radio": 180, "mains": 180, "battery": 90_000}
    found = {name: float(seconds) for name, seconds in given.items()}
    return Supervision(id=id_, class_=AlarmClass.TROUBLE, severity=100, title=TEXT, guidance=TEXT, intervals=found)


def register(*devices: Device, zone_kind: str = "casting") -> Register:
    """The devices in workshop `w1`, zone `z1`."""
    return Register(
        workshops=[Workshop(id="w1", name="W1", area="a1")],
        zones=[Zone(id="z1", workshop="w1", name="Z1", kind=zone_kind)],
        devices=list(devices),
    )


def device(id_: str = "d1", supervision_: str = "radio", period: float | None = None) -> Device:
    """A device in `w1`, `z1`."""
    return Device(id=id_, workshop="w1", zone="z1", supervision=supervision_, period=period)


def reading(
    device_: str, name: str, value: float, at: float, *, received: float | None = None, quality: int = 0
) -> Reading:
    """One reading; received when it was measured unless told otherwise."""
    got = at if received is None else received
    return Reading(channel_id(device_, name), ms(at), ms(got), float(value), int(quality))


class Site:
    """An engine with a gateway `gw-1` before it. `log` keeps every transition."""

    def __init__(
        self, rules: Sequence[Rule] = (), devices: Sequence[Device] | None = None, zone_kind: str = "casting"
    ) -> None:
        self.engine = Engine()
        self.log: list[Transition] = []
        self.numbers: dict[str, int] = {}
        self.commands = 0
        found = [device()] if devices is None else list(devices)
        self.step(Configured(T0, register(*found, zone_kind=zone_kind), list(rules)))
        self.tick(0)

    def step(self, event: Event) -> list[Transition]:
        """One event."""
        found = self.engine.step(event)
        self.log += found
        return found

    def tick(self, at: float) -> list[Transition]:
        """Now."""
        return self.step(Tick(ms(at)))

    def heard(self, at: float, gateway: str = "gw-1", off: float = 0) -> list[Transition]:
        """A heartbeat; `off`: how far the gateway's clock is ahead, s."""
        return self.step(Heard(gateway, ms(at), ms(at + off)))

    def run(self, start: float, end: float, *, gateway: bool = True) -> list[Transition]:
        """Ticks each second, both ends in, and heartbeats unless the gateway is silent."""
        out: list[Transition] = []
        for second in range(int(start), int(end) + 1):
            if gateway and second % 2 == 0:
                out += self.heard(second)
            out += self.tick(second)
        return out

    def batch(
        self,
        readings: Sequence[Reading],
        at: float,
        *,
        live: bool = True,
        n: int | None = None,
        start: int = 1,
        gateway: str = "gw-1",
        told: Sequence[Introduction] = (),
    ) -> list[Transition]:
        """A batch with the next number, sent at `at`."""
        number = self.numbers.get(gateway, 0) + 1 if n is None else n
        self.numbers[gateway] = max(number, self.numbers.get(gateway, 0)) if start == 1 else number
        return self.step(Readings(Batch(gateway, start, number, ms(at), Columns.of(list(readings)), list(told)), live))

    def message(
        self,
        device_: str,
        values: Mapping[str, float],
        at: float,
        *,
        received: float | None = None,
        quality: int = 0,
        live: bool = True,
    ) -> list[Transition]:
        """A device's message, introduced; `received` later than `at` is a late one."""
        got = at if received is None else received
        told = [Introduction(channel_id(device_, name), device_, name) for name in values]
        rows = [reading(device_, name, value, at, received=got, quality=quality) for name, value in values.items()]
        return self.batch(rows, got, live=live, told=told)

    def say(
        self,
        at: float,
        device_: str = "d1",
        *,
        received: float | None = None,
        quality: int = 0,
        live: bool = True,
        **values: float,
    ) -> list[Transition]:
        """The same with the values as keywords; `__` in a name stands for a dot."""
        named = {name.replace("__", "."): value for name, value in values.items()}
        return self.message(device_, named, at, received=received, quality=quality, live=live)

    def test(self, at: float, device_: str = "d1", **values: float) -> list[Transition]:
        """The same with the device's word that it is being tested."""
        return self.message(device_, values, at, quality=Quality.TEST)

    def command(
        self, what: str, alarm: str, at: float, detail: Mapping[str, str], seen: int | None = None, id_: str = ""
    ) -> CommandOutcome:
        """A command of the operator."""
        self.commands += 1
        event = Commanded(id_ or f"c{self.commands}", what, alarm, "operator", ms(at), seen, dict(detail))
        found, outcome = self.engine.command(event)
        self.log += found
        return outcome

    def do(
        self, what: str, alarm: str, at: float = 1_000, *, seen: int | None = None, id_: str = "", **detail: str
    ) -> CommandOutcome:
        """The same with its details as keywords."""
        return self.command(what, alarm, at, detail, seen, id_)

    def only(self) -> AlarmRecord:
        """The one open alarm."""
        (alarm,) = self.engine.open_alarms()
        return alarm

    def of(self, rule: str) -> AlarmRecord:
        """The open alarm of a rule."""
        (alarm,) = [alarm for alarm in self.engine.open_alarms() if alarm.rule == rule]
        return alarm


def told(transitions: Sequence[Transition]) -> list[str]:
    """Transitions in short words: kind and rule."""
    return [f"{t.kind} {t.alarm.rule}" for t in transitions]
