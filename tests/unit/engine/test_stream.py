"""The numbered stream, ticks and clocks: gaps and repeats are seen, nothing that comes breaks the engine."""

from math import inf, nan

import pytest

from ember_service.alarms.engine import Heard, Readings, Tick
from ember_wire.channels import channel_id
from ember_wire.readings import Batch, Columns, Introduction
from tests.support.alarms import Site, device, ms, reading, threshold, told, verdict

SELF = [Introduction(channel_id("d1", "smoke_alarm"), "d1", "smoke_alarm")]


def test_a_batch_that_came_before_is_ignored() -> None:
    site = Site([verdict()])
    site.batch([reading("d1", "smoke_alarm", 1, 1)], 1, n=1, told=SELF)
    site.batch([], 2, n=2)
    assert site.batch([reading("d1", "smoke_alarm", 0, 3)], 3, n=2) == []
    assert site.only().facts.active
    assert site.engine.counters.duplicate_batches == 1


def test_a_gap_in_the_numbers_is_a_trouble_and_a_fault() -> None:
    site = Site()
    site.batch([], 1, n=1)
    (raised,) = site.batch([], 2, n=5)
    assert (raised.alarm.rule, raised.alarm.workshop) == ("readings_missed", "system")
    assert "2 to 4" in (raised.why or "")
    assert "readings_missed" in site.engine.faults()


def test_a_gap_is_over_when_it_is_filled_and_what_fills_it_is_late() -> None:
    site = Site([verdict()])
    site.batch([], 1, n=1)
    site.batch([], 2, n=4)
    assert told(site.batch([reading("d1", "smoke_alarm", 1, 1)], 3, n=2, live=False, told=SELF)) == ["raised smoke"]
    assert site.of("smoke").facts.late
    assert told(site.batch([], 3, n=3, live=False)) == ["returned readings_missed"]
    assert site.batch([reading("d1", "smoke_alarm", 0, 5)], 3, n=3, live=False) == []


def test_a_gap_that_is_not_filled_is_told_for_a_minute_and_waits_for_a_person() -> None:
    site = Site()
    site.batch([], 1, n=1)
    site.batch([], 2, n=4)
    site.run(3, 60)
    assert site.only().facts.active
    site.run(61, 64)
    assert site.only().state == "D"


@pytest.mark.parametrize(("first", "expected"), [(1, []), (3, ["raised readings_missed"])])
def test_a_new_start_counts_from_one(first: int, expected: list[str]) -> None:
    site = Site()
    site.batch([], 1, n=7)
    assert told(site.batch([], 2, n=first, start=2)) == expected


def test_a_batch_of_an_older_start_is_a_repeat() -> None:
    site = Site([verdict()])
    site.batch([], 1, n=7)
    site.batch([], 2, n=1, start=2)
    assert site.batch([reading("d1", "smoke_alarm", 1, 3)], 3, n=7, start=1, told=SELF) == []
    assert site.engine.open_alarms() == []


def test_the_first_batch_ever_tells_of_no_gap_and_what_was_before_can_be_filled() -> None:
    site = Site([verdict()])
    assert site.batch([], 1, n=70) == []
    assert told(site.batch([reading("d1", "smoke_alarm", 1, 1)], 2, n=69, live=False, told=SELF)) == ["raised smoke"]


def test_a_gateways_clock_that_is_off_is_a_trouble() -> None:
    site = Site()
    assert site.heard(1, off=4.9) == []
    (raised,) = site.heard(3, off=-6)
    assert (raised.alarm.rule, raised.alarm.class_) == ("gateway_clock", "trouble")
    assert "6.0 s behind" in (raised.why or "")
    assert site.heard(5, off=4) == []
    assert told(site.heard(7, off=1)) == ["returned gateway_clock"]


def test_ticks_never_go_backwards() -> None:
    site = Site([threshold(delay_on=10)])
    site.tick(100)
    site.say(100, temperature=61)
    site.tick(50)
    assert site.engine.now == ms(100)
    assert told(site.tick(110)) == ["raised hot"]


def test_heartbeats_move_no_time() -> None:
    site = Site([threshold(delay_on=10)])
    site.say(0, temperature=61)
    assert site.heard(100) == []
    assert site.engine.now == ms(0)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_values_that_are_no_numbers_are_counted_and_change_nothing(bad: float) -> None:
    site = Site([threshold(), verdict()])
    site.say(1, temperature=61, smoke_alarm=1)
    assert site.say(2, temperature=bad, smoke_alarm=bad) == []
    assert len(site.engine.open_alarms()) == 2
    assert site.engine.counters.bad == 2


def test_an_unknown_channel_is_counted_and_evaluated_once_it_is_introduced() -> None:
    site = Site([verdict()], [])
    assert site.batch([reading("x", "smoke_alarm", 1, 1)], 1) == []
    assert site.engine.counters.unknown == 1
    told_ = [Introduction(channel_id("x", "smoke_alarm"), "x", "smoke_alarm")]
    assert told(site.batch([], 2, told=told_)) == ["raised smoke"]


def test_a_registered_device_needs_no_introduction() -> None:
    site = Site([verdict()], [device("d1")])
    assert told(site.batch([reading("d1", "smoke_alarm", 1, 1)], 1)) == ["raised smoke"]


@pytest.mark.parametrize("at", [0, -(2**62), 2**62])
def test_times_from_nowhere_break_nothing(at: int) -> None:
    site = Site([threshold(delay_on=5, delay_off=5)])
    number = channel_id("d1", "temperature")
    for n, value in enumerate((61.0, 20.0, 61.0), 1):
        columns = Columns.of([reading("d1", "temperature", value, n)._replace(time=at + n)])
        site.step(Readings(Batch("gw-1", 1, n, ms(n), columns, [Introduction(number, "d1", "temperature")])))
    site.step(Heard("gw-1", at, at))
    site.step(Tick(at))
    assert type(site.engine).load(site.engine.dump()).open_alarms() == site.engine.open_alarms()


def test_an_introduction_without_names_is_ignored() -> None:
    site = Site([verdict()], [])
    assert (
        site.batch([reading("x", "smoke_alarm", 1, 1)], 1, told=[Introduction(1, "", "y"), Introduction(2, "x", "")])
        == []
    )
