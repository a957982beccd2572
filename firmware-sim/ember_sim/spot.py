"""A device and all that physics must know of where it hangs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ember_sim.district import MODELS, Model


class Spot(NamedTuple):
    """One device in its place. `period` in s, `rated_current` in A (0 where it measures no circuit)."""

    device: str
    workshop: str
    zone_kind: str
    model: Model
    period: float
    rated_current: float


def spots(plan: Mapping[str, Any]) -> list[Spot]:
    """The places of all devices of a district, in its order."""
    kinds = {zone["id"]: zone["kind"] for zone in plan["zones"]}
    rated = {circuit["id"]: circuit["rated_current"] for circuit in plan["circuits"]}
    circuits = {channel["device"]: channel["circuit"] for channel in plan["channels"] if channel["circuit"]}
    return [
        Spot(
            device["id"],
            device["workshop"],
            kinds.get(device["zone"], "other"),
            MODELS[device["model"]],
            device["period"],
            rated.get(circuits.get(device["id"], ""), 0.0),
        )
        for device in plan["devices"]
    ]
