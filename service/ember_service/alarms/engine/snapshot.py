"""The engine's state as bytes and back: an engine from a snapshot goes on as the one that wrote it."""

from heapq import heapify
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from ember_service.alarms.engine.bindings import Bindings
from ember_service.alarms.engine.book import Episode
from ember_service.alarms.engine.columns import Channels, Devices
from ember_service.alarms.engine.decide import settle
from ember_service.alarms.engine.kinds.base import Watch
from ember_service.alarms.engine.paths import Path
from ember_service.alarms.engine.silence import warm
from ember_service.alarms.engine.state import CommandOutcome, Counters, State, TestRun
from ember_service.register.model import Register
from ember_service.rules.model import Rule
from ember_wire.readings import Reading

VERSION: Final = 1
_CHANNEL_COLUMNS: Final = ("id", "device", "time", "arrival", "value")
_DEVICE_COLUMNS: Final = ("heard", "seen", "wait", "path", "lost")


class SnapshotError(ValueError):
    """Bytes that are no snapshot that this version reads."""


class Snapshot(msgspec.Struct, kw_only=True):
    """What cannot be worked out again. Columns are little-endian bytes."""

    version: int
    now: int
    seq: int
    register: Register
    rules: list[Rule]
    opened: list[Episode]
    closed: list[Episode]
    answers: dict[str, CommandOutcome]
    paths: list[Path]
    common: int
    began: int | None
    channel_names: list[str]
    channels_free: list[int]
    channel_columns: dict[str, bytes]
    device_names: list[str]
    devices_free: list[int]
    device_columns: dict[str, bytes]
    device_channels: list[list[int]]
    discovered: list[int]
    told: dict[int, tuple[str, str]]
    shed: int
    watches: dict[int, list[Watch]]
    due: list[tuple[int, str, int]]
    tests: dict[int, TestRun]
    unknown: dict[int, Reading]
    counters: Counters


_decoder = msgspec.msgpack.Decoder(Snapshot)


def dump(state: State) -> bytes:
    """Write it all."""
    population, book = state.population, state.book
    channels, devices = population.channels, population.devices
    return msgspec.msgpack.encode(
        Snapshot(
            version=VERSION,
            now=state.now,
            seq=book.seq,
            register=state.bindings.register,
            rules=state.bindings.rules,
            opened=list(book.open.values()),
            closed=list(book.closed.values()),
            answers=state.answers,
            paths=state.paths.paths,
            common=state.paths.common,
            began=state.paths.began,
            channel_names=channels.names,
            channels_free=channels.free,
            channel_columns=_columns(channels, _CHANNEL_COLUMNS, len(channels.names)),
            device_names=devices.names,
            devices_free=devices.free,
            device_columns=_columns(devices, _DEVICE_COLUMNS, len(devices.names)),
            device_channels=devices.channels,
            discovered=sorted(population.discovered),
            told=population.told,
            shed=population.shed,
            watches=state.watches,
            due=state.due,
            tests=state.tests,
            unknown=state.unknown,
            counters=state.counters,
        )
    )


def load(data: bytes) -> State:
    """Read what `dump` wrote. Raises SnapshotError."""
    try:
        snapshot = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotError(f"not a snapshot of the engine: {error}") from None
    if snapshot.version != VERSION:
        raise SnapshotError(f"a snapshot of version {snapshot.version}; this engine reads version {VERSION}")
    state = State(now=snapshot.now, bindings=Bindings(snapshot.register, snapshot.rules))
    state.book.restore(snapshot.seq, snapshot.opened, snapshot.closed)
    state.paths.paths, state.paths.common, state.paths.began = snapshot.paths, snapshot.common, snapshot.began
    _populate(state, snapshot)
    state.watches, state.tests, state.unknown = snapshot.watches, snapshot.tests, snapshot.unknown
    state.answers, state.counters, state.due = snapshot.answers, snapshot.counters, snapshot.due
    heapify(state.due)
    for slot in state.population.channels.slots():
        settle(state, slot)
    for number in range(len(state.population.devices)):
        warm(state, number)
    return state


def _populate(state: State, snapshot: Snapshot) -> None:
    population = state.population
    channels, devices = population.channels, population.devices
    channels.names, channels.free = snapshot.channel_names, snapshot.channels_free
    _fill(channels, snapshot.channel_columns, len(channels.names))
    for slot in channels.slots():
        channels.index.add(int(channels.id[slot]), slot)
    devices.names, devices.free = snapshot.device_names, snapshot.devices_free
    _fill(devices, snapshot.device_columns, len(devices.names))
    devices.channels = snapshot.device_channels
    devices.number = {name: number for number, name in enumerate(devices.names) if name}
    population.discovered = set(snapshot.discovered)
    population.told, population.shed = snapshot.told, snapshot.shed


def _columns(table: Channels | Devices, names: tuple[str, ...], count: int) -> dict[str, bytes]:
    return {name: _portable(getattr(table, name)[:count]).tobytes() for name in names}


def _fill(table: Channels | Devices, columns: dict[str, bytes], count: int) -> None:
    """Columns from their bytes, in the types that the table has, with room to grow."""
    table.reserve(count)
    for name, data in columns.items():
        column = getattr(table, name)
        column[:count] = np.frombuffer(data, column.dtype.newbyteorder("<"), count)


def _portable(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return column.astype(column.dtype.newbyteorder("<"), copy=False)
