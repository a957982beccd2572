"""Devices in test: `test` counts for ten minutes from its first sample, then it is a trouble and verdicts are fire."""

from typing import Final

from ember_service.alarms.engine.book import Cause, Onset
from ember_service.alarms.engine.products import DEVICE_IN_TEST, TEST_LEFT_ON
from ember_service.alarms.engine.silence import warm
from ember_service.alarms.engine.state import State, TestRun

TEST_LASTS: Final = 600_000


def counts(state: State, number: int) -> bool:
    """Whether the word "test" still counts for a device; an old sample that says it begins none."""
    run = state.tests.get(number)
    return run is None or not run.overrun


def told(state: State, number: int, slot: int, cause: Cause) -> bool:
    """A sample marked as test: whether it counts as one, so that it raises no fire."""
    run = state.tests.get(number)
    if run is None:
        run = state.tests[number] = TestRun(cause.known, [slot])
        warm(state, number)
        begin = Onset(cause.known, cause.known, test=True)
        subject = state.device_subject(state.population.devices.names[number])
        state.product(DEVICE_IN_TEST, subject, cause, begins=True, onset=begin)
    elif slot not in run.slots:
        run.slots.append(slot)
    _expire(state, number, run, cause)
    return not run.overrun


def ended(state: State, number: int, slot: int, cause: Cause) -> None:
    """A sample not marked: the test ends with the last channel that said so."""
    run = state.tests.get(number)
    if run is None or slot not in run.slots:
        return
    run.slots.remove(slot)
    if not run.slots:
        del state.tests[number]
        warm(state, number)
        subject = state.device_subject(state.population.devices.names[number])
        state.product(TEST_LEFT_ON if run.overrun else DEVICE_IN_TEST, subject, cause, begins=False)


def tick(state: State, cause: Cause) -> None:
    """Tests that have lasted too long."""
    for number, run in list(state.tests.items()):
        _expire(state, number, run, cause)


def _expire(state: State, number: int, run: TestRun, cause: Cause) -> None:
    if run.overrun or cause.known - run.since <= TEST_LASTS:
        return
    run.overrun = True
    subject = state.device_subject(state.population.devices.names[number])
    state.product(DEVICE_IN_TEST, subject, cause, begins=False)
    state.product(TEST_LEFT_ON, subject, cause, begins=True)
