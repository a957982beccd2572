"""Scenarios as data: rules, a site, timed happenings, and the transitions that must come of it.

```yaml
about: what it shows
rules: [smoke-alarm]              # of the default pack; `all`, or whole rules in a list
devices: {d1: {zone: casting, supervision: radio, period: 60}}
until: 120                        # ticks come each second to here, heartbeats each second second
silent: [[20, 50]]                # no heartbeat from .. to
steps:
  - {at: 5, device: d1, values: {smoke_alarm: 1}, test: false, retained: false, received: 7, live: true}
  - {at: 9, do: ack, alarm: smoke-alarm, refused: ""}
expect:
  - 5 raised smoke-alarm d1 B     # when we knew, in s; what; rule; device (or -); ISA letter
```
"""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from ember_service.alarms.engine import Configured
from ember_service.register.model import Device, Register, Workshop, Zone
from ember_service.rules.load import load_pack
from ember_service.rules.model import Rule
from ember_service.rules.validate import parse
from ember_wire.alarms import Transition
from ember_wire.quality import Quality
from tests.support.alarms import T0, Site


class Placed(msgspec.Struct, forbid_unknown_fields=True):
    """A device of the scenario; `adopted: false` for a discovered one."""

    zone: str = "casting"
    supervision: str = "radio"
    period: float | None = None
    adopted: bool = True


class Step(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A message of a device, or a command on the open alarm of a rule."""

    at: float
    device: str = ""
    values: dict[str, float] = {}
    test: bool = False
    retained: bool = False
    received: float | None = None
    live: bool = True
    do: str = ""
    alarm: str = ""
    detail: dict[str, str] = {}
    refused: str = ""

    @property
    def when(self) -> float:
        return self.at if self.received is None else self.received


class Scenario(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """See above."""

    about: str
    rules: str | list[str | dict[str, Any]] = "all"
    devices: dict[str, Placed]
    until: float
    silent: list[tuple[float, float]] = []
    steps: list[Step]
    expect: list[str]


def load(path: Path) -> Scenario:
    """A scenario's file."""
    return msgspec.convert(yaml.safe_load(path.read_text("utf-8")), Scenario)


def play(scenario: Scenario) -> list[str]:
    """What came of it, in the words of `expect`."""
    site = Site([], [])
    site.step(_configured(scenario))
    steps = sorted(scenario.steps, key=lambda step: step.when)
    for second in range(int(scenario.until) + 1):
        if second % 2 == 0 and not any(start <= second <= end for start, end in scenario.silent):
            site.heard(second)
        site.tick(second)
        while steps and steps[0].when < second + 1:
            _take(site, steps.pop(0))
    return [_line(transition) for transition in site.log]


def _configured(scenario: Scenario) -> Configured:
    adopted = {name: placed for name, placed in scenario.devices.items() if placed.adopted}
    zones = sorted({placed.zone for placed in adopted.values()})
    register = Register(
        workshops=[Workshop(id="w1", name="W1", area="a1")],
        zones=[Zone(id=kind, workshop="w1", name=kind, kind=kind) for kind in zones],
        devices=[
            Device(id=name, workshop="w1", zone=placed.zone, supervision=placed.supervision, period=placed.period)
            for name, placed in adopted.items()
        ],
    )
    return Configured(T0, register, _rules(scenario.rules))


def _rules(given: str | list[str | dict[str, Any]]) -> list[Rule]:
    pack = {rule.id: rule for rule in load_pack()}
    if isinstance(given, str):
        return list(pack.values())
    return [pack[one] if isinstance(one, str) else parse(one) for one in given]


def _take(site: Site, step: Step) -> None:
    if step.do:
        outcome = site.command(step.do, site.of(step.alarm).id, step.at, step.detail)
        assert outcome.refused == step.refused, f"{step.do} at {step.at} s: {outcome.reason}"
        return
    quality = (Quality.TEST if step.test else 0) | (Quality.RETAINED if step.retained else 0)
    site.message(step.device, step.values, step.at, received=step.when, quality=quality, live=step.live)


def _line(transition: Transition) -> str:
    alarm = transition.alarm
    known = (transition.known - T0) / 1000
    return f"{known:g} {transition.kind} {alarm.rule} {alarm.device or '-'} {alarm.state}"
