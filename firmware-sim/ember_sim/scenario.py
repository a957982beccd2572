"""Scenarios are data: a YAML file says what really happens, to which devices, and when. Loaded with clear errors."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import yaml

from ember_sim.effects import Effect, Seconds
from ember_sim.physics import Values
from ember_wire.alarms import Text

SHIPPED: Final = Path(__file__).parent / "scenarios"
MAX_BYTES: Final = 256 * 1024


class ScenarioError(ValueError):
    """A scenario that cannot be played; says where and what is expected."""


class TruthKind(StrEnum):
    """What really happens, whatever anyone detects."""

    FIRE = "fire"
    OVERHEATING = "overheating"
    ELECTRICAL = "electrical"
    FAULT = "fault"
    NUISANCE = "nuisance"


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that really happens, in s after the start. `expect`: alarm class → s by which it should stand."""

    kind: TruthKind
    zone: str | None = None
    onset: Seconds
    until: Seconds
    expect: dict[str, Seconds] = {}


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A story in one workshop. Times in s after its start; at `duration` all is as if it had never been."""

    name: str
    title: Text
    workshop: str
    duration: Annotated[float, msgspec.Meta(gt=0)]
    truth: Annotated[list[Truth], msgspec.Meta(min_length=1)]
    devices: Annotated[list[str], msgspec.Meta(min_length=1)]
    timeline: list[Effect]

    def values(self, device: str, t: float, ordinary: Values) -> Values | None:
        """`ordinary` values of a device as they are `t` s into the story; None while the device is silenced."""
        values: Values | None = ordinary
        if not 0 <= t < self.duration:
            return values
        for effect in self.timeline:
            if values is not None and device in effect.devices and effect.at <= t < (effect.until or self.duration):
                values = effect.alter(t - effect.at, values)
        return values


def shipped() -> list[str]:
    """Names of the scenarios that come with the simulator."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def load(name_or_path: str) -> Scenario:
    """A shipped scenario by its name, or any by its file. Raises ScenarioError."""
    path = SHIPPED / f"{name_or_path}.yaml" if name_or_path in shipped() else Path(name_or_path)
    try:
        data = path.read_bytes()
    except OSError as error:
        known = ", ".join(shipped())
        raise ScenarioError(
            f"no scenario {name_or_path!r} ({error.strerror}); give a file, or one of: {known}"
        ) from None
    return parse(data, str(path))


def parse(data: bytes, origin: str) -> Scenario:
    """A scenario from YAML. `origin` stands in front of each error."""
    if len(data) > MAX_BYTES:
        raise ScenarioError(f"{origin}: {len(data)} bytes; a scenario has at most {MAX_BYTES}")
    try:
        body: Any = yaml.safe_load(data)
        scenario = msgspec.convert(body, Scenario)
    except (yaml.YAMLError, msgspec.ValidationError, RecursionError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{origin}: {error}") from None
    _check(scenario, origin)
    return scenario


def _check(scenario: Scenario, origin: str) -> None:
    known = set(scenario.devices)
    for number, effect in enumerate(scenario.timeline):
        where = f"{origin}: timeline[{number}]"
        if strangers := sorted(set(effect.devices) - known):
            raise ScenarioError(f"{where}: {', '.join(strangers)} not under `devices`")
        if effect.at >= scenario.duration:
            raise ScenarioError(f"{where}: `at` {effect.at:g} lies beyond `duration` {scenario.duration:g}")
        if effect.until is not None and effect.until <= effect.at:
            raise ScenarioError(f"{where}: `until` {effect.until:g} must come after `at` {effect.at:g}")
    for number, truth in enumerate(scenario.truth):
        if not truth.onset < truth.until <= scenario.duration:
            raise ScenarioError(f"{origin}: truth[{number}]: needs onset < until <= duration")
