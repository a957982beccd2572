"""Supervision: a device that is not heard is a trouble, and its active alarms stay, marked "signal lost"."""

import numpy as np

from ember_service.alarms.engine.book import Cause, Onset
from ember_service.alarms.engine.columns import UNBOUNDED
from ember_service.alarms.engine.moves import Move
from ember_service.alarms.engine.state import State
from ember_service.rules.model import Supervision


def heard(state: State, number: int, path: int, clock: int, at: int, cause: Cause) -> None:
    """A device spoke at `at` on the clock of its path (`clock`: that clock's now); it may have been lost until now."""
    devices = state.population.devices
    if devices.path[number] == path:
        at = max(at, int(devices.heard[number]))
    devices.heard[number], devices.path[number] = at, path
    devices.seen[number] = max(cause.known, int(devices.seen[number]))
    name = devices.names[number]
    if not devices.lost[number] or clock - at > state.bindings.patience(name):
        return
    devices.lost[number] = False
    devices.wait[number] = state.bindings.patience(name)
    warm(state, number)
    for episode in state.book.of_device(name):
        if isinstance(episode.rule, Supervision):
            state.book.returned(episode, cause.known, cause)
        elif episode.record.facts.signal_lost:
            state.book.try_move(episode, Move.REGAIN_SIGNAL, cause.known, cause)


def offline(state: State, number: int, cause: Cause) -> None:
    """The broker tells a device's will: it is gone, whatever its interval says."""
    cause = cause._replace(why="the device is offline: its connection broke")
    _lose(state, number, UNBOUNDED, cause)


def overdue(state: State, cause: Cause) -> None:
    """A tick: whoever was not heard for too long, by the clock of its path."""
    devices = state.population.devices
    count = len(devices)
    clocks = state.paths.clocks(state.now)
    silent = clocks[devices.path[:count]] - devices.heard[:count]
    for number in np.flatnonzero(silent > devices.wait[:count]).tolist():
        _lose(state, number, int(silent[number]), cause)


def warm(state: State, number: int) -> None:
    """Each reading of a device that is lost or in test is looked at."""
    devices = state.population.devices
    devices.hot[number] = bool(devices.lost[number]) or number in state.tests


def _lose(state: State, number: int, silent: int, cause: Cause) -> None:
    """Mark a device as lost; every rule whose interval has passed raises, the next one waits."""
    devices = state.population.devices
    name = devices.names[number]
    devices.wait[number] = UNBOUNDED
    for interval in state.bindings.intervals(name):
        if interval.wait >= silent:
            devices.wait[number] = interval.wait
            break
        why = cause.why or f"nothing heard for more than {interval.wait // 1000} s"
        begin = Onset(cause.known, cause.known, limit=interval.wait / 1000, signal_lost=True)
        state.book.activate(interval.rule, state.device_subject(name), begin, cause._replace(why=why))
    if devices.lost[number]:
        return
    devices.lost[number] = True
    warm(state, number)
    for episode in state.book.of_device(name):
        if not episode.record.facts.signal_lost:
            state.book.try_move(episode, Move.LOSE_SIGNAL, cause.known, cause)
