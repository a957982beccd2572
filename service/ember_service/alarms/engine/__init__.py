"""The pure alarm engine: no clock, no I/O, no logger, no await. Everything comes in as an event (`events`)."""

from ember_service.alarms.engine.engine import Engine
from ember_service.alarms.engine.events import Commanded, Configured, Event, Heard, Readings, Tick
from ember_service.alarms.engine.snapshot import SnapshotError
from ember_service.alarms.engine.state import CommandOutcome, Counters

__all__ = [
    "CommandOutcome",
    "Commanded",
    "Configured",
    "Counters",
    "Engine",
    "Event",
    "Heard",
    "Readings",
    "SnapshotError",
    "Tick",
]
