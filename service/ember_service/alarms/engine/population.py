"""Which channels and devices the engine keeps: the register's, and a bounded number of discovered ones."""

from collections.abc import Callable
from typing import Final

import numpy as np

from ember_service.alarms.engine.bindings import Bindings
from ember_service.alarms.engine.columns import Channels, Devices
from ember_wire.kinds import VERDICTS, kind_of
from ember_wire.readings import Introduction

MAX_DISCOVERED: Final = 1_000
MAX_CHANNELS: Final = 32
MAX_REGISTERED_CHANNELS: Final = 256
MAX_TOLD: Final = 65_536
Busy = Callable[[], set[str]]
"""Names of the devices that must not give way."""


class Population:
    """Channels and devices with their places in the columns. `told` remembers introductions of those not kept."""

    def __init__(self) -> None:
        self.channels = Channels()
        self.devices = Devices()
        self.discovered: set[int] = set()
        self.told: dict[int, tuple[str, str]] = {}
        self.shed = 0

    def introduce(self, introduction: Introduction, bindings: Bindings, now: int, clock: int, busy: Busy) -> int | None:
        """Give a channel its slot; None where it is known already, or there is no room for it.

        `clock`: the path clock for devices not yet heard.
        """
        channel, device, name = introduction
        if not device or not name or self.channels.index.get(channel) >= 0:
            return None
        if device in bindings.places:
            registered = self._device(device, bindings, now, clock)
            return self._add_if_fits(channel, registered, name, MAX_REGISTERED_CHANNELS, busy)
        self.told.pop(channel, None)
        self.told[channel] = (device, name)
        if len(self.told) > MAX_TOLD:
            del self.told[next(iter(self.told))]
        number = self.devices.number.get(device)
        if number is None:
            self._make_room(busy)
            number = self._device(device, bindings, now, clock)
            self.discovered.add(number)
        return self._add_if_fits(channel, number, name, MAX_CHANNELS, busy)

    def who(self, channel: int, bindings: Bindings) -> tuple[str, str] | None:
        """Device and name behind an id without a slot, as far as they can be known."""
        return self.told.get(channel) or bindings.guess(channel)

    def settle(self, bindings: Bindings, now: int, clock: int) -> list[int]:
        """The register changed: every registered device gets its place. Returns the numbers of the newly adopted."""
        adopted = []
        for name in bindings.places:
            number = self.devices.number.get(name)
            if number is None:
                adopted.append(self._device(name, bindings, now, clock))
            elif number in self.discovered:
                self.discovered.discard(number)
                adopted.append(number)
        for name, number in self.devices.number.items():
            if name not in bindings.places:
                self.discovered.add(number)
        for channel in bindings.register.channels:
            number = self.devices.number.get(channel.device)
            if number is not None and self.channels.index.get(channel.id) < 0:
                self._add(channel.id, number, channel.name)
        return adopted

    def drop(self, number: int) -> None:
        """Forget a device and its channels."""
        for slot in self.devices.channels[number]:
            self.channels.remove(slot)
        self.devices.remove(number)
        self.discovered.discard(number)

    def _device(self, name: str, bindings: Bindings, now: int, clock: int) -> int:
        number = self.devices.number.get(name)
        return self.devices.add(name, clock, now, bindings.patience(name)) if number is None else number

    def _add_if_fits(self, channel: int, number: int, name: str, limit: int, busy: Busy) -> int | None:
        if self._fits(number, name, limit, busy):
            return self._add(channel, number, name)
        self.shed += 1
        return None

    def _add(self, channel: int, number: int, name: str) -> int:
        slot = self.channels.add(channel, number, name)
        self.devices.channels[number].append(slot)
        return slot

    def _make_room(self, busy: Busy) -> None:
        """The discovered device silent longest gives way, unless an alarm of it is open."""
        if len(self.discovered) < MAX_DISCOVERED:
            return
        pinned = busy()
        idle = [n for n in sorted(self.discovered) if self.devices.names[n] not in pinned]
        if idle:
            self.drop(idle[int(np.argmin(self.devices.seen[idle]))])

    def _fits(self, number: int, name: str, limit: int, busy: Busy) -> bool:
        """Room for one more channel: a verdict takes the place of another one that is none, if need be."""
        slots = self.devices.channels[number]
        if len(slots) < limit:
            return True
        if kind_of(name) not in VERDICTS:
            return False
        if self.devices.names[number] not in busy():
            plain = [s for s in slots if kind_of(self.channels.names[s]) not in VERDICTS] or slots
            slot = min(plain, key=lambda s: (int(self.channels.arrival[s]), s))
            slots.remove(slot)
            self.channels.remove(slot)
        return True
