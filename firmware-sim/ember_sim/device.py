"""A device as good firmware makes it: identity, verdicts at once, changes soon, everything each period. Pure."""

from typing import Final, NamedTuple

import msgspec

from ember_sim.physics import Values
from ember_sim.spot import Spot
from ember_wire import topics
from ember_wire.kinds import VERDICTS, kind_of

FIRMWARE: Final = "1.2.0"
SMOKE_ALARM_ON: Final = 10.0
"""%/m, and a second look that agrees (EN 54-7 wants an answer between 0.05 and 0.7 dB/m, 1 to 15 %/m; from memory)."""
SMOKE_ALARM_OFF: Final = 5.0

_DIGITS: Final = {"smoke": 2, "current": 2, "power": 0}
_NOTEWORTHY: Final = {
    "smoke": 0.5,
    "temperature": 1.0,
    "cable_temperature": 1.0,
    "current": 3.0,
    "residual_current": 10.0,
}
_encoder: Final = msgspec.json.Encoder()


class Message(NamedTuple):
    """One MQTT message, QoS 1. `urgent` goes before all that waits."""

    topic: str
    payload: bytes
    retain: bool = False
    urgent: bool = False


def status(
    device: str, *, online: bool, battery: int | None = None, period: float = 0, hub: str | None = None
) -> Message:
    """The retained `status`; with `online` false it is the will and the goodbye."""
    body: dict[str, object] = {"online": online}
    if online:
        body |= {"fw": FIRMWARE, "period": period}
        body |= {"battery": battery} if battery is not None else {}
        body |= {"hub": hub} if hub else {}
    return Message(topics.status(device), _encoder.encode(body), retain=True, urgent=True)


class Firmware:
    """The running program of one device. `boot` must be another one at each start; `seq` counts both topics."""

    def __init__(self, spot: Spot, boot: str) -> None:
        self.spot = spot
        self._boot = boot
        self._seq = 0
        self._smoke_looks = 0
        self._sent: Values = {}

    def sample(self, now: int, measured: Values) -> list[Message]:
        """The periodic report: every channel at `now` (ms), and the verdict on its own topic where it changed."""
        values = self._judge(measured)
        return [*self._verdict(now, values), self._telemetry(now, values)]

    def glance(self, now: int, measured: Values) -> list[Message]:
        """A look between two reports: says only what is new, a changed verdict at once, a noteworthy change too."""
        values = self._judge(measured)
        if verdict := self._verdict(now, values):
            return verdict
        return [self._telemetry(now, values)] if self._noteworthy(values) else []

    def _judge(self, measured: Values) -> Values:
        values: Values = {name: measured[name] for name in self.spot.model.channels if name in measured}
        if "smoke_alarm" in self.spot.model.channels:
            values["smoke_alarm"] = self._smoke_alarm(float(measured["smoke"]))
        return {name: _rounded(name, value) for name, value in values.items()}

    def _smoke_alarm(self, smoke: float) -> bool:
        """Two looks in a row above the limit raise it, one far below ends it."""
        if smoke >= SMOKE_ALARM_ON:
            self._smoke_looks += 1
        elif smoke < SMOKE_ALARM_OFF or self._smoke_looks < 2:
            self._smoke_looks = 0
        return self._smoke_looks >= 2

    def _verdict(self, now: int, values: Values) -> list[Message]:
        if all(values[name] == self._sent.get(name, False) for name in values if kind_of(name) in VERDICTS):
            return []
        return [self._message(topics.alarm(self.spot.device), now, values, urgent=True)]

    def _noteworthy(self, values: Values) -> bool:
        return any(
            abs(value - self._sent.get(name, value)) >= _NOTEWORTHY.get(kind_of(name), float("inf"))
            for name, value in values.items()
        )

    def _telemetry(self, now: int, values: Values) -> Message:
        return self._message(topics.telemetry(self.spot.device), now, values, urgent=False)

    def _message(self, topic: str, now: int, values: Values, *, urgent: bool) -> Message:
        self._seq += 1
        self._sent = values
        body = {"ts": now, "boot": self._boot, "seq": self._seq, "values": values}
        return Message(topic, _encoder.encode(body), urgent=urgent)


def _rounded(name: str, value: float | bool) -> float | bool:
    return value if isinstance(value, bool) else round(value, _DIGITS.get(kind_of(name), 1))
