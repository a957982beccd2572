"""What the engine keeps of every channel and device, in columns, so that a batch is looked at as a whole."""

from typing import Final

import numpy as np
import numpy.typing as npt

from ember_service.alarms.engine.index import SlotIndex

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NEVER: Final = -(2**62)
"""A time before all times."""
UNBOUNDED: Final = 2**62
"""A wait without end, ms."""


class Channels:
    """One slot a channel: its newest sample, and the limits (low, high) outside which a value is looked at by rules.

    `time` is the newest sample's own, never ahead of its arrival; `arrival` by our clock; both ms.
    """

    def __init__(self) -> None:
        self.index = SlotIndex()
        self.names: list[str] = []
        self.free: list[int] = []
        self.id: Ints = np.zeros(64, np.int64)
        self.device: npt.NDArray[np.int32] = np.zeros(64, np.int32)
        self.time: Ints = np.full(64, NEVER, np.int64)
        self.arrival: Ints = np.zeros(64, np.int64)
        self.value: Floats = np.full(64, np.nan)
        self.low: Floats = np.full(64, -np.inf)
        self.high: Floats = np.full(64, np.inf)

    def add(self, id_: int, device: int, name: str) -> int:
        """Give a new channel its slot."""
        if self.free:
            slot = self.free.pop()
            self.names[slot] = name
        else:
            slot = len(self.names)
            self.names.append(name)
            self.reserve(len(self.names))
        self.id[slot] = id_
        self.device[slot] = device
        self.time[slot], self.arrival[slot], self.value[slot] = NEVER, 0, np.nan
        self.low[slot], self.high[slot] = -np.inf, np.inf
        self.index.add(id_, slot)
        return slot

    def remove(self, slot: int) -> None:
        """Forget a channel; its slot goes to the next one."""
        self.index.remove(int(self.id[slot]))
        self.names[slot] = ""
        self.free.append(slot)

    def slots(self) -> list[int]:
        """The slots in use."""
        return [slot for slot, name in enumerate(self.names) if name]

    def reserve(self, count: int) -> None:
        """Have room for so many slots."""
        while len(self.id) < count:
            for column in ("id", "device", "time", "arrival", "value", "low", "high"):
                old = getattr(self, column)
                setattr(self, column, np.concatenate([old, np.zeros_like(old)]))


class Devices:
    """One place a device: when it was heard, and how long it may be silent.

    `heard` counts on the clock of its gateway's path (see paths.py), `seen` on ours, both ms. `wait`: ms of silence
    after which it is looked at again. `lost`: silent for longer than its interval, or offline by its own word.
    `hot`: rules want each of its readings.
    """

    def __init__(self) -> None:
        self.number: dict[str, int] = {}
        self.names: list[str] = []
        self.free: list[int] = []
        self.channels: list[list[int]] = []
        self.heard: Ints = np.zeros(64, np.int64)
        self.seen: Ints = np.zeros(64, np.int64)
        self.wait: Ints = np.full(64, UNBOUNDED, np.int64)
        self.path: npt.NDArray[np.int32] = np.zeros(64, np.int32)
        self.lost: Bools = np.zeros(64, np.bool_)
        self.hot: Bools = np.zeros(64, np.bool_)

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: str, heard: int, seen: int, wait: int) -> int:
        """Give a new device its place, on the path that waits for all gateways until one brings it."""
        if self.free:
            device = self.free.pop()
            self.names[device] = name
        else:
            device = len(self.names)
            self.names.append(name)
            self.channels.append([])
            self.reserve(len(self.names))
        self.number[name] = device
        self.heard[device], self.seen[device], self.wait[device] = heard, seen, wait
        self.path[device], self.lost[device], self.hot[device] = 0, False, False
        return device

    def remove(self, device: int) -> None:
        """Forget a device that has no channel left."""
        del self.number[self.names[device]]
        self.names[device] = ""
        self.wait[device] = UNBOUNDED
        self.channels[device] = []
        self.free.append(device)

    def reserve(self, count: int) -> None:
        """Have room for so many devices."""
        while len(self.heard) < count:
            for column in ("heard", "seen", "wait", "path", "lost", "hot"):
                old = getattr(self, column)
                setattr(self, column, np.concatenate([old, np.zeros_like(old)]))
