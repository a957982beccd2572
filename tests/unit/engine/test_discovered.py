"""Devices that nobody adopted: the fire rules watch them, a bounded number of them, verdicts always."""

from ember_service.alarms.engine import Configured, Engine
from ember_service.alarms.engine.population import MAX_CHANNELS, MAX_DISCOVERED, MAX_REGISTERED_CHANNELS
from ember_service.rules.model import Rule
from ember_wire import topics
from ember_wire.alarms import AlarmClass
from tests.support.alarms import Site, device, ms, reading, register, supervision, threshold, told, verdict


def test_a_fire_rule_watches_a_device_that_nobody_adopted() -> None:
    site = Site([verdict(), threshold(class_=AlarmClass.FIRE)], [])
    (raised,) = site.say(1, "stranger", smoke_alarm=1)
    assert (raised.alarm.workshop, raised.alarm.zone, raised.alarm.device) == (topics.UNASSIGNED, None, "stranger")
    assert told(site.say(2, "stranger", temperature=61)) == ["raised hot"]


def test_other_rules_do_not() -> None:
    site = Site([threshold(class_=AlarmClass.PREWARNING), threshold("t", class_=AlarmClass.TROUBLE)], [])
    assert site.say(1, "stranger", temperature=61) == []


def test_once_adopted_all_rules_of_its_place_watch_it() -> None:
    rules: list[Rule] = [threshold(zone_kinds=["casting"])]
    site = Site(rules, [])
    site.say(1, "d1", temperature=61)
    site.step(Configured(ms(2), register(device("d1")), rules))
    (raised,) = site.say(3, "d1", temperature=61.5)
    assert (raised.alarm.workshop, raised.alarm.zone) == ("w1", "z1")


def test_a_fire_of_before_the_adoption_stays_open() -> None:
    site = Site([verdict()], [])
    site.say(1, "d1", smoke_alarm=1)
    site.step(Configured(ms(2), register(device("d1")), [verdict()]))
    assert site.only().facts.active
    assert told(site.say(3, "d1", smoke_alarm=0)) == ["returned smoke"]


def test_the_discovered_device_silent_longest_gives_way_and_verdicts_are_taken_even_so() -> None:
    site = Site([verdict(), threshold(class_=AlarmClass.FIRE)], [])
    for i in range(MAX_DISCOVERED + 5):
        site.tick(i)
        site.say(i, f"s{i}", temperature=20)
    population = site.engine._state.population
    assert len(population.discovered) == MAX_DISCOVERED
    assert "s0" not in population.devices.number
    assert "s5" in population.devices.number
    site.tick(2_000)
    assert told(site.say(2_001, "s0", smoke_alarm=1)) == ["raised smoke"]
    assert len(population.discovered) == MAX_DISCOVERED


def test_one_that_gave_way_needs_no_new_introduction() -> None:
    site = Site([verdict()], [])
    for i in range(MAX_DISCOVERED + 5):
        site.tick(i)
        site.say(i, f"s{i}", smoke_alarm=0)
    site.tick(3_000)
    assert told(site.batch([reading("s0", "smoke_alarm", 1, 3_000)], 3_000)) == ["raised smoke"]


def test_a_device_with_an_open_alarm_never_gives_way() -> None:
    site = Site([verdict()], [])
    site.say(0, "burning", smoke_alarm=1)
    for i in range(1, MAX_DISCOVERED + 5):
        site.tick(i)
        site.say(i, f"s{i}", temperature=20)
    assert site.only().facts.active
    assert told(site.say(2_000, "burning", smoke_alarm=0)) == ["returned smoke"]


def test_a_device_has_32_channels_and_verdicts_beyond_are_taken() -> None:
    site = Site([verdict(), threshold(class_=AlarmClass.FIRE)], [])
    for i in range(MAX_CHANNELS + 3):
        site.message("s", {f"temperature.{i}": 20}, i)
    assert site.message("s", {f"temperature.{MAX_CHANNELS + 2}": 90}, 50) == []
    assert told(site.say(51, "s", temperature__5=90)) == ["raised hot"]
    site.do("ack", site.only().id, 52)
    assert told(site.say(52, "s", smoke_alarm=1)) == ["raised smoke"]


def test_a_registered_device_has_256_channels_and_its_verdicts_are_taken_even_so() -> None:
    site = Site([verdict(), threshold()], [device("d1")])
    for i in range(MAX_REGISTERED_CHANNELS + 10):
        site.message("d1", {f"temperature.{i}": 20}, i)
    assert site.engine.counters.shed > 0
    assert told(site.say(300, smoke_alarm=1)) == ["raised smoke"]


def test_a_table_full_of_fires_still_takes_the_next_one() -> None:
    site = Site([verdict()], [])
    for i in range(MAX_DISCOVERED + 3):
        site.say(i, f"s{i}", smoke_alarm=1)
    assert len(site.engine.open_alarms()) == MAX_DISCOVERED + 3


def test_places_given_back_are_used_again_also_after_a_snapshot() -> None:
    site = Site([verdict()], [])
    for i in range(MAX_DISCOVERED + 20):
        site.tick(i)
        site.say(i, f"s{i}", smoke_alarm=0)
    site.engine = Engine.load(site.engine.dump())
    for i in range(MAX_DISCOVERED + 20, MAX_DISCOVERED + 60):
        site.tick(i)
        site.say(i, f"s{i}", smoke_alarm=1)
    assert len(site.engine.open_alarms()) == 40
    assert len(site.engine._state.population.channels.names) == MAX_DISCOVERED


def test_an_active_alarm_of_a_silent_stranger_loses_its_signal_after_25_hours() -> None:
    site = Site([verdict(), supervision()], [])
    site.say(0, "s", smoke_alarm=1)
    for second in range(0, 25 * 3_600 + 60, 9):
        site.heard(second)
    assert told(site.tick(25 * 3_600 + 60)) == ["signal_lost smoke"]
