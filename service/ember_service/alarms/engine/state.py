"""All that the engine knows, in one place; the parts beside this file are functions on it."""

from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from ember_service.alarms.engine.bindings import Bindings
from ember_service.alarms.engine.book import Book, Cause, Onset, Subject
from ember_service.alarms.engine.kinds.base import Watch
from ember_service.alarms.engine.paths import Paths
from ember_service.alarms.engine.population import Population
from ember_service.alarms.engine.products import Product
from ember_service.register.model import Register
from ember_wire import topics
from ember_wire.alarms import AlarmRecord
from ember_wire.kinds import kind_of, unit_of
from ember_wire.readings import Reading

AHEAD: Final = 5_000
"""A gateway's clock is believed up to so many ms ahead of ours."""
LATE_AFTER: Final = 30_000
"""An alarm that happened longer than this before we learnt of it is marked late, ms."""
HORIZON: Final = 600_000
"""A sample older than its channel's newest is late; unless no other came for so long (ms): then its clock stepped."""
KEEP_ANSWERS: Final = 4_096
KEEP_UNKNOWN: Final = 1_024


class CommandOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command: done (`refused` empty), or the word and the sentence why not; and the alarm now."""

    refused: str = ""
    reason: str = ""
    alarm: AlarmRecord | None = None


class TestRun(msgspec.Struct):
    """A device in test: since when by our clock (ms), which of its channels say so, and whether it lasted too long."""

    __test__ = False

    since: int
    slots: list[int]
    overrun: bool = False


class Counters(msgspec.Struct):
    """What was set aside, for the metrics."""

    late: int = 0
    bad: int = 0
    unknown: int = 0
    shed: int = 0
    duplicate_batches: int = 0


@dataclass(slots=True)
class State:
    """`now`: ms, moved by ticks alone; 0 before the first. `watches`: rules that are not quiet, by slot."""

    now: int = 0
    bindings: Bindings = field(default_factory=lambda: Bindings(Register(), []))
    book: Book = field(default_factory=Book)
    paths: Paths = field(default_factory=Paths)
    population: Population = field(default_factory=Population)
    watches: dict[int, list[Watch]] = field(default_factory=dict)
    due: list[tuple[int, str, int]] = field(default_factory=list)
    tests: dict[int, TestRun] = field(default_factory=dict)
    answers: dict[str, CommandOutcome] = field(default_factory=dict)
    unknown: dict[int, Reading] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)

    def arrival(self, received: int) -> int:
        """When we learnt of what a gateway received then: never before our last tick, nor far ahead of it."""
        return received if not self.now else min(max(received, self.now), self.now + AHEAD)

    def arrivals(self, received: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The same for a column."""
        return received if not self.now else np.clip(received, self.now, self.now + AHEAD)

    def busy(self) -> set[str]:
        """Devices that must not give way to others."""
        names, owner = self.population.devices.names, self.population.channels.device
        pinned = [int(owner[slot]) for slot in self.watches] + list(self.tests)
        return self.book.devices() | {names[number] for number in pinned}

    def device_subject(self, device: str) -> Subject:
        """A device as the subject of an alarm."""
        place = self.bindings.place(device)
        return Subject(key=f"device:{device}", workshop=place.workshop, zone=place.zone, device=device)

    def channel_subject(self, slot: int) -> Subject:
        """A channel as the subject of an alarm."""
        channels, devices = self.population.channels, self.population.devices
        name, device = channels.names[slot], devices.names[int(channels.device[slot])]
        place, kind, channel = self.bindings.place(device), kind_of(name), int(channels.id[slot])
        return Subject(
            key=channel_key(channel),
            workshop=place.workshop,
            zone=place.zone,
            device=device,
            channel=str(channel),
            channel_name=name,
            kind=kind,
            unit=unit_of(kind),
        )

    def product(
        self, product: Product, subject: Subject, cause: Cause, *, begins: bool, onset: Onset | None = None
    ) -> None:
        """A built-in alarm begins or ends."""
        if begins:
            self.book.activate(product, subject, onset or Onset(cause.known, cause.known), cause)
            return
        episode = self.book.of(product.id, subject.key)
        if episode is not None:
            self.book.returned(episode, cause.known, cause)


def channel_key(channel: int) -> str:
    """The key of a channel as a subject."""
    return f"channel:{channel}"


def gateway_subject(gateway: str) -> Subject:
    """A gateway as the subject of an alarm; these belong to no workshop."""
    return Subject(key=f"gateway:{gateway}", workshop=topics.SYSTEM)
