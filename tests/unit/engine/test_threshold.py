"""Threshold: limits, hysteresis, delays counted between samples; delay on also by ticks, return by samples only."""

import pytest

from ember_service.alarms.engine import Configured
from tests.support.alarms import Site, device, ms, register, supervision, threshold, told


def test_above_the_limit_raises_with_what_was_seen() -> None:
    site = Site([threshold()])
    (raised,) = site.say(1, temperature=61)
    alarm = raised.alarm
    assert (alarm.value, alarm.limit, alarm.unit, alarm.channel_name) == (61, 60, "Cel", "temperature")
    assert (alarm.workshop, alarm.zone, alarm.device, alarm.state) == ("w1", "z1", "d1", "B")
    assert (alarm.onset, alarm.raised, raised.happened, raised.known) == (ms(1), ms(1), ms(1), ms(1))
    assert not alarm.facts.late


def test_the_limit_itself_is_still_good() -> None:
    assert Site([threshold()]).say(1, temperature=60) == []


def test_below_the_limit_raises() -> None:
    site = Site([threshold(kinds=["battery"], below=15, reset=25)])
    assert told(site.say(1, battery=14)) == ["raised hot"]
    assert site.say(2, battery=24) == []
    assert told(site.say(3, battery=25)) == ["returned hot"]


def test_hysteresis_an_alarm_returns_only_at_its_reset_limit() -> None:
    site = Site([threshold(reset=55)])
    site.say(1, temperature=61)
    assert site.say(2, temperature=56) == []
    assert told(site.say(3, temperature=55)) == ["returned hot"]


def test_without_a_reset_limit_it_returns_at_the_limit() -> None:
    site = Site([threshold()])
    site.say(1, temperature=61)
    assert told(site.say(2, temperature=60)) == ["returned hot"]


def test_delay_on_counts_between_samples_by_their_own_times() -> None:
    site = Site([threshold(delay_on=10)])
    site.tick(100)
    assert site.say(1, temperature=61, received=100) == []
    assert site.say(10, temperature=61, received=101) == []
    (raised,) = site.say(11, temperature=61, received=102)
    assert (raised.alarm.onset, raised.happened, raised.known) == (ms(1), ms(11), ms(102))


def test_a_sample_below_the_limit_ends_the_delay() -> None:
    site = Site([threshold(delay_on=10)])
    site.say(1, temperature=61)
    site.say(5, temperature=59)
    assert site.say(12, temperature=61) == []
    assert told(site.say(22, temperature=61)) == ["raised hot"]


def test_a_burst_that_spans_the_delay_raises_at_once_marked_late() -> None:
    site = Site([threshold(delay_on=10)])
    site.tick(300)
    site.say(0, temperature=61, received=300)
    (raised,) = site.say(20, temperature=61, received=300)
    assert raised.alarm.facts.late
    assert (raised.happened, raised.known) == (ms(10), ms(300))


def test_a_batch_filled_in_is_late_whatever_its_times() -> None:
    (raised,) = Site([threshold()]).say(1, temperature=61, live=False)
    assert raised.alarm.facts.late


def test_delay_on_elapses_on_ticks_for_a_detector_that_burns_after_crossing_the_limit() -> None:
    site = Site([threshold(delay_on=10), supervision()])
    site.say(1, temperature=61)
    assert site.run(1, 10) == []
    (raised,) = site.run(11, 12)
    assert (raised.kind, raised.happened, raised.alarm.value) == ("raised", ms(11), 61)


def test_a_tick_counts_from_arrival_not_from_the_devices_clock() -> None:
    site = Site([threshold(delay_on=10)])
    site.run(0, 100)
    site.say(1, temperature=61, received=100)
    assert site.run(101, 109) == []
    assert told(site.run(110, 111)) == ["raised hot"]


def test_the_last_value_is_held_no_longer_than_the_supervision_interval() -> None:
    site = Site([threshold(delay_on=300), supervision()])
    site.say(1, temperature=61)
    assert told(site.run(2, 400)) == ["raised silent"]


def test_delay_off_and_return_need_samples_and_never_ticks() -> None:
    site = Site([threshold(delay_off=30)])
    site.say(1, temperature=61)
    assert site.say(10, temperature=20) == []
    assert site.run(11, 100) == []
    (returned,) = site.say(101, temperature=20)
    assert (returned.kind, returned.happened, returned.alarm.returned) == ("returned", ms(40), ms(40))


def test_a_rise_within_the_delay_off_keeps_the_alarm_active() -> None:
    site = Site([threshold(delay_off=30)])
    site.say(1, temperature=61)
    site.say(10, temperature=20)
    site.say(20, temperature=61)
    assert site.say(41, temperature=20) == []
    assert told(site.say(71, temperature=20)) == ["returned hot"]


def test_a_value_between_both_limits_stops_the_delay_off() -> None:
    site = Site([threshold(reset=50, delay_off=30)])
    site.say(1, temperature=61)
    site.say(10, temperature=20)
    site.say(20, temperature=55)
    assert site.say(45, temperature=20) == []
    assert told(site.say(75, temperature=20)) == ["returned hot"]


def test_no_data_never_clears_anything() -> None:
    site = Site([threshold(), supervision()])
    site.say(1, temperature=61)
    site.run(2, 2_000)
    assert site.of("hot").facts.active


def test_late_samples_never_move_a_threshold_backwards() -> None:
    site = Site([threshold()])
    site.say(10, temperature=20)
    assert site.say(5, temperature=99, received=11) == []
    site.say(20, temperature=61)
    assert site.say(15, temperature=20, received=21) == []
    assert site.of("hot").facts.active
    assert site.engine.counters.late == 2


def test_a_sample_ahead_of_arrival_is_taken_at_arrival() -> None:
    site = Site([threshold()])
    (raised,) = site.say(3_600, temperature=61, received=5)
    assert raised.alarm.onset == ms(5)
    assert told(site.say(6, temperature=20)) == ["returned hot"]


def test_a_device_whose_clock_stepped_back_is_not_deaf_for_long() -> None:
    site = Site([threshold()])
    site.run(0, 5)
    site.say(5, temperature=20)
    for second in range(10, 1_000, 60):
        site.run(second, second)
        site.say(second - 50_000, temperature=99, received=second)
    assert site.of("hot").facts.active


def test_each_channel_stands_for_itself() -> None:
    site = Site([threshold()])
    assert told(site.say(1, temperature=61, temperature__2=62)) == ["raised hot", "raised hot"]
    assert told(site.say(2, temperature=20, temperature__2=62)) == ["returned hot"]
    assert [a.channel_name for a in site.engine.open_alarms() if a.facts.active] == ["temperature.2"]


@pytest.mark.parametrize(("zone", "expected"), [("curing", []), ("casting", ["raised hot"])])
def test_a_rule_watches_only_its_scope(zone: str, expected: list[str]) -> None:
    site = Site([threshold(zone_kinds=["casting"])], zone_kind=zone)
    assert told(site.say(1, temperature=61, smoke=99)) == expected


def test_running_delays_start_anew_under_a_changed_rule() -> None:
    site = Site([threshold(delay_on=10)])
    site.say(0, temperature=61)
    site.run(1, 8)
    site.step(Configured(ms(8), register(device()), [threshold(delay_on=10, above=50, version=2)]))
    assert site.run(9, 17) == []
    (raised,) = site.run(18, 19)
    assert (raised.alarm.rule_version, raised.alarm.limit) == (2, 50)


def test_an_unchanged_rule_keeps_its_running_delay() -> None:
    site = Site([threshold(delay_on=10)])
    site.say(0, temperature=61)
    site.run(1, 8)
    site.step(Configured(ms(8), register(device(), device("d2")), [threshold(delay_on=10), threshold("other")]))
    assert told(site.run(9, 11)) == ["raised hot"]


def test_a_deleted_rule_ends_its_running_delays() -> None:
    site = Site([threshold(delay_on=10)])
    site.say(0, temperature=61)
    site.step(Configured(ms(1), register(device()), []))
    assert site.run(1, 30) == []
    assert site.say(31, temperature=61) == []


def test_open_episodes_keep_their_version_and_its_limits() -> None:
    site = Site([threshold(reset=55)])
    site.say(0, temperature=61)
    site.step(Configured(ms(1), register(device()), [threshold(above=90, version=2)]))
    assert site.say(2, temperature=56) == []
    (returned,) = site.say(3, temperature=55)
    assert returned.alarm.rule_version == 1


def test_an_episode_active_again_is_judged_by_the_rule_as_it_is_now() -> None:
    site = Site([threshold(reset=55)])
    site.say(0, temperature=61)
    site.say(1, temperature=20)
    site.step(Configured(ms(2), register(device()), [threshold(above=40, version=2)]))
    (again,) = site.say(3, temperature=45)
    assert (again.kind, again.alarm.rule_version, again.alarm.limit) == ("reactivated", 2, 40)
    assert site.say(4, temperature=45.5) == []
    assert told(site.say(5, temperature=39)) == ["returned hot"]


def test_a_deleted_rule_closes_nothing() -> None:
    site = Site([threshold()])
    site.say(0, temperature=61)
    site.step(Configured(ms(1), register(device()), []))
    alarm = site.only()
    site.do("ack", alarm.id)
    site.do("verdict", alarm.id, verdict="nuisance")
    assert site.only().facts.active
    assert told(site.say(2, temperature=20)) == ["returned hot", "closed hot"]
