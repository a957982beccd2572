"""A batch as columns: what no rule has anything to do with is noted at once, the rest is decided row by row.

A reading is quiet when its value lies inside its channel's limits, it is in order, and nothing about its quality or its
device asks for more. One reading that is not quiet calls all rows of its device out of the batch, so that splitting a
batch changes nothing.
"""

import numpy as np
import numpy.typing as npt

from ember_service.alarms.engine.configure import meet
from ember_service.alarms.engine.decide import Arrived, take
from ember_service.alarms.engine.state import HORIZON, KEEP_UNKNOWN, State
from ember_wire.quality import Quality
from ember_wire.readings import Columns, Reading

_SPECIAL = int(Quality.TEST | Quality.RETAINED)
Rows = npt.NDArray[np.intp]


def sift(state: State, columns: Columns, how: Arrived) -> None:
    """Take a batch in: quiet rows in columns, the others one by one, in their order."""
    _recall(state, how)
    columns, slots = _known(state, _finite(state, columns))
    if not len(columns):
        return
    wanted = _wanted(state, columns, slots)
    quiet: slice | Rows = slice(None)
    if wanted.any():
        owner = state.population.channels.device[slots]
        called = np.zeros(len(state.population.devices), np.bool_)
        called[owner[wanted]] = True
        wanted = called[owner]
        quiet = np.flatnonzero(~wanted)
    _note(state, columns, slots, quiet, how)
    for row in np.flatnonzero(wanted).tolist():
        take(state, int(slots[row]), _row(columns, row), how)


def _recall(state: State, how: Arrived) -> None:
    """Readings that came before their channel's introduction, now that it has come."""
    for channel in list(state.unknown):
        slot = state.population.channels.index.get(channel)
        if slot >= 0:
            take(state, slot, state.unknown.pop(channel), how)


def _finite(state: State, columns: Columns) -> Columns:
    finite = np.isfinite(columns.value)
    if finite.all():
        return columns
    state.counters.bad += int(len(columns) - np.count_nonzero(finite))
    return _pick(columns, np.flatnonzero(finite))


def _known(state: State, columns: Columns) -> tuple[Columns, npt.NDArray[np.int32]]:
    """The rows whose channel is known, with their slots. Of each other one the newest is kept for its introduction."""
    index = state.population.channels.index
    slots = index.find(columns.channel)
    known = slots >= 0
    if known.all():
        return columns, slots
    if sum([meet(state, channel) for channel in dict.fromkeys(columns.channel[~known].tolist())]):
        slots = index.find(columns.channel)
        known = slots >= 0
    strangers = np.flatnonzero(~known)
    state.counters.unknown += len(strangers)
    for row in strangers.tolist():
        reading = _row(columns, row)
        state.unknown.pop(reading.channel, None)
        state.unknown[reading.channel] = reading
        if len(state.unknown) > KEEP_UNKNOWN:
            del state.unknown[next(iter(state.unknown))]
    rows = np.flatnonzero(known)
    return _pick(columns, rows), slots[rows]


def _wanted(state: State, columns: Columns, slots: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which rows are not quiet by themselves; those late within the limits change nothing and are only counted."""
    channels, devices = state.population.channels, state.population.devices
    value = columns.value
    return np.asarray(
        (value < channels.low[slots])
        | (value > channels.high[slots])
        | ((columns.quality & _SPECIAL) != 0)
        | devices.hot[channels.device[slots]]
    )


def _note(state: State, columns: Columns, slots: npt.NDArray[np.int32], quiet: slice | Rows, how: Arrived) -> None:
    """Quiet rows: the newest sample of their channels, and a sign of life of their devices."""
    channels = state.population.channels
    slots = slots[quiet]
    received = columns.received[quiet]
    time = np.minimum(columns.time[quiet], received)
    arrival = state.arrivals(received)
    value = columns.value[quiet]
    owner = channels.device[slots]
    _hear(state, owner, received, arrival, how)
    late = (time < channels.time[slots]) & (arrival - channels.arrival[slots] <= HORIZON)
    if late.any():
        state.counters.late += int(np.count_nonzero(late))
        good = np.flatnonzero(~late)
        slots, time, arrival, value = slots[good], time[good], arrival[good], value[good]
    channels.time[slots] = time
    channels.arrival[slots] = arrival
    channels.value[slots] = value
    disordered = np.flatnonzero(channels.time[slots] < time)
    for row in disordered.tolist():
        slot = slots[row]
        if time[row] >= channels.time[slot]:
            channels.time[slot], channels.arrival[slot], channels.value[slot] = time[row], arrival[row], value[row]


def _hear(
    state: State,
    owner: npt.NDArray[np.int32],
    received: npt.NDArray[np.int64],
    arrival: npt.NDArray[np.int64],
    how: Arrived,
) -> None:
    devices = state.population.devices
    if how.live:
        devices.heard[owner] = how.clock
        devices.path[owner] = how.path
        devices.seen[owner] = arrival
        return
    at = how.clock - np.maximum(state.now - received, 0)
    moved = devices.path[owner] != how.path
    devices.heard[owner[moved]] = at[moved]
    devices.path[owner] = how.path
    np.maximum.at(devices.heard, owner, at)
    np.maximum.at(devices.seen, owner, arrival)


def _pick(columns: Columns, rows: Rows) -> Columns:
    return Columns(
        columns.channel[rows], columns.time[rows], columns.received[rows], columns.value[rows], columns.quality[rows]
    )


def _row(columns: Columns, row: int) -> Reading:
    return Reading(
        int(columns.channel[row]),
        int(columns.time[row]),
        int(columns.received[row]),
        float(columns.value[row]),
        int(columns.quality[row]),
    )
