"""What every device of the district would measure at a moment: an ordinary day, and a scenario on top. Pure."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Self

import msgspec

from ember_sim import physics
from ember_sim.physics import Values
from ember_sim.scenario import Scenario, ScenarioError
from ember_sim.spot import Spot, spots


class Playing(NamedTuple):
    """A scenario that starts at `start` (ms since the epoch, UTC), `stretch` times slower than written."""

    scenario: Scenario
    start: int
    stretch: float = 1.0

    def elapsed(self, now: int) -> float:
        """Seconds of the scenario's own time at `now` (ms)."""
        return (now - self.start) / 1000 / self.stretch

    @property
    def end(self) -> int:
        """When all is as before, in ms since the epoch."""
        return self.start + round(self.scenario.duration * self.stretch * 1000)

    def cast_from(self, known: Collection[str]) -> Self:
        """The same with only those devices that there are: a small district plays what it can. Raises ScenarioError
        where it has none of them."""
        scenario = self.scenario
        devices = [device for device in scenario.devices if device in known]
        if not devices:
            raise ScenarioError(f"this district has none of the devices of {scenario.name}")
        timeline = [
            msgspec.structs.replace(effect, devices=left)
            for effect in scenario.timeline
            if (left := [device for device in effect.devices if device in known])
        ]
        return self._replace(scenario=msgspec.structs.replace(scenario, devices=devices, timeline=timeline))


class World:
    """The district and, perhaps, one story in it."""

    def __init__(
        self, plan: Mapping[str, Any], seed: int, playing: Playing | None = None, *, cast_only: bool = False
    ) -> None:
        """`cast_only`: leave out devices that have no part in the scenario. Raises ScenarioError where it needs
        devices or a workshop that this district does not have."""
        cast = set(playing.scenario.devices) if playing and cast_only else None
        self.spots = [spot for spot in spots(plan) if cast is None or spot.device in cast]
        self.seed = seed
        self.playing = playing
        if playing:
            _check_fit(playing.scenario, plan)

    def measured(self, spot: Spot, now: int) -> Values | None:
        """Physical values at `now` (ms); None while the scenario silences the device."""
        values = physics.ordinary(spot, now, self.seed)
        if self.playing and spot.device in self.playing.scenario.devices:
            return self.playing.scenario.values(spot.device, self.playing.elapsed(now), values)
        return values

    def watched(self, spot: Spot, now: int) -> bool:
        """Whether the device has reason to look between its reports: something is going on around it."""
        playing = self.playing
        return playing is not None and spot.device in playing.scenario.devices and playing.start <= now <= playing.end

    def battery(self, spot: Spot, now: int) -> int | None:
        """Charge in %; None for a device on the mains."""
        return physics.battery(spot, now, self.seed) if spot.model.has_battery else None


def _check_fit(scenario: Scenario, plan: Mapping[str, Any]) -> None:
    known = {device["id"] for device in plan["devices"]}
    if missing := sorted(set(scenario.devices) - known):
        raise ScenarioError(
            f"{scenario.name} needs {', '.join(missing)}, which this district of {len(known)} devices does not have"
        )
    if scenario.workshop not in {workshop["id"] for workshop in plan["workshops"]}:
        raise ScenarioError(f"{scenario.name} plays in {scenario.workshop}, which this district does not have")
