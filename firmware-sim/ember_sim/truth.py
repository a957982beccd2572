"""The ground truth of a scenario, for whoever wants to judge what was detected. Pure."""

from typing import Any, Final

import msgspec

from ember_sim.device import Firmware
from ember_sim.world import World
from ember_wire import topics
from ember_wire.kinds import VERDICTS, kind_of

_STEP_MS: Final = 1000


def ground_truth(world: World) -> dict[str, Any]:
    """What really happens in the world's scenario, and what its detectors will say of it; times in ms, UTC.

    `verdicts`: from when to when each device's own verdict stands, by its firmware looking once a second.
    """
    playing = world.playing
    if playing is None:
        raise ValueError("a world without a scenario has no story to tell")
    scenario = playing.scenario

    def at(seconds: float) -> int:
        return playing.start + round(seconds * playing.stretch * 1000)

    return {
        "scenario": scenario.name,
        "title": msgspec.to_builtins(scenario.title),
        "workshop": scenario.workshop,
        "start": playing.start,
        "end": playing.end,
        "truth": [
            {
                "kind": truth.kind.value,
                "zone": truth.zone,
                "onset": at(truth.onset),
                "until": at(truth.until),
                "expect": {word: at(seconds) for word, seconds in truth.expect.items()},
            }
            for truth in scenario.truth
        ],
        "verdicts": [verdict for spot in world.spots for verdict in _verdicts(world, spot.device)],
    }


def _verdicts(world: World, device: str) -> list[dict[str, Any]]:
    """Let the device's firmware look each second from the start to the end, and note what it says."""
    playing = world.playing
    assert playing is not None  # noqa: S101 - the caller has checked
    spot = next(spot for spot in world.spots if spot.device == device)
    if device not in playing.scenario.devices:
        return []
    firmware = Firmware(spot, "truth")
    standing: dict[str, dict[str, Any]] = {}
    out: list[dict[str, Any]] = []
    for now in range(playing.start, playing.end + _STEP_MS, _STEP_MS):
        measured = world.measured(spot, now)
        if measured is None:
            continue
        for message in firmware.glance(now, measured):
            if message.topic != topics.alarm(device):
                continue
            for name, value in msgspec.json.decode(message.payload)["values"].items():
                if kind_of(name) not in VERDICTS:
                    continue
                if value and name not in standing:
                    standing[name] = {"device": device, "channel": name, "from": now, "until": None}
                    out.append(standing[name])
                elif not value and name in standing:
                    standing.pop(name)["until"] = now
    return out
