"""Supervision: silence is a trouble and never safety; its clock stands still while the path is down."""

import pytest

from ember_service.alarms.engine import Configured
from ember_wire.quality import Quality
from tests.support.alarms import Site, device, ms, register, supervision, threshold, told, verdict


@pytest.mark.parametrize(
    ("class_", "period", "interval"),
    [("radio", None, 180), ("mains", None, 180), ("radio", 60, 180), ("radio", 100, 300), ("mains", 10, 180)],
)
def test_the_interval_is_the_larger_of_the_class_and_three_periods(class_: str, period: float, interval: int) -> None:
    site = Site([supervision()], [device("d1", class_, period)])
    site.heard(0)
    site.say(0, temperature=20)
    assert site.run(1, interval) == []
    (raised,) = site.run(interval + 1, interval + 2)
    assert (raised.alarm.rule, raised.alarm.class_, raised.alarm.limit) == ("silent", "trouble", interval)
    assert raised.alarm.facts.signal_lost
    assert raised.why is not None


def test_passive_battery_devices_may_be_silent_for_25_hours() -> None:
    site = Site([supervision()], [device("d1", "battery")])
    site.say(0, temperature=20)
    site.run(1, 2_000)
    assert site.log == []
    for hour in range(1, 27):
        for second in range(0, 3_600, 8):
            site.heard(hour * 3_600 + second)
        site.tick(hour * 3_600 + 3_599)
    assert [t.alarm.rule for t in site.log if t.alarm.device == "d1"] == ["silent"]


def test_a_registered_device_that_never_spoke_is_missed_too() -> None:
    site = Site([supervision()])
    assert site.run(0, 170) == []
    assert told(site.run(171, 200)) == ["raised silent"]


def test_there_is_no_supervision_before_adoption() -> None:
    site = Site([supervision()], [])
    site.say(0, "stranger", temperature=20)
    assert site.run(1, 1_000) == []


def test_from_adoption_on_a_device_has_its_whole_interval() -> None:
    site = Site([supervision()], [])
    site.say(0, "d1", temperature=20)
    site.run(1, 300)
    site.step(Configured(ms(300), register(device()), [supervision()]))
    assert site.run(301, 479) == []
    assert told(site.run(480, 490)) == ["raised silent"]


def test_heard_again_the_trouble_returns_and_closes_once_acknowledged() -> None:
    site = Site([supervision()])
    site.say(0, temperature=20)
    site.run(1, 200)
    site.do("ack", site.only().id, 200)
    assert told(site.say(201, temperature=20)) == ["returned silent", "closed silent"]
    assert site.engine.open_alarms() == []
    assert told(site.run(202, 400)) == ["raised silent"]


def test_a_sensor_that_goes_quiet_in_alarm_stays_in_alarm_and_gains_signal_lost() -> None:
    site = Site([threshold(), supervision()])
    site.say(0, temperature=61)
    assert told(site.run(1, 200)) == ["raised silent", "signal_lost hot"]
    alarm = site.of("hot")
    assert (alarm.facts.active, alarm.facts.signal_lost) == (True, True)
    assert told(site.say(201, temperature=62)) == ["signal_back hot", "returned silent"]
    assert site.of("hot").facts.active


def test_an_outage_of_the_gateway_is_one_trouble_and_not_ten_thousand() -> None:
    devices = [device(f"d{i}") for i in range(50)]
    site = Site([supervision()], devices)
    for i in range(50):
        site.say(0, f"d{i}", temperature=20)
    assert told(site.run(1, 2_000, gateway=False)) == ["raised gateway_silent"]
    assert site.only().workshop == "system"
    assert "gateway_silent" in site.engine.faults()
    assert told(site.heard(2_001)) == ["returned gateway_silent"]
    assert site.engine.faults() == {}


def test_the_clocks_go_on_where_they_stood_when_the_path_is_back() -> None:
    site = Site([supervision()])
    site.say(0, temperature=20)
    site.run(1, 100)
    site.run(101, 1_000, gateway=False)
    site.heard(1_001)
    assert told(site.run(1_001, 1_080)) == []
    assert told(site.run(1_081, 1_090)) == ["raised silent"]


def test_our_own_absence_is_nobodys_silence() -> None:
    site = Site([supervision()], [device(f"d{i}") for i in range(5)])
    for i in range(5):
        site.say(0, f"d{i}", temperature=20)
    site.run(1, 10)
    assert site.tick(5_000) == []
    assert site.heard(5_001) == []
    assert site.run(5_001, 5_100) == []


def test_a_gateway_silent_after_our_own_absence_is_told() -> None:
    site = Site([supervision()])
    site.run(0, 10)
    site.tick(5_000)
    assert told(site.run(5_001, 5_012, gateway=False)) == ["raised gateway_silent"]


def test_if_no_gateway_is_ever_heard_that_is_told() -> None:
    site = Site([supervision()])
    assert told(site.run(1, 100, gateway=False)) == ["raised gateway_silent"]
    assert told(site.heard(101)) == ["returned gateway_silent"]


def test_one_silent_gateway_stops_only_the_clocks_of_its_own_devices() -> None:
    site = Site([supervision()], [device("d1"), device("d2")])
    site.batch([], 0, gateway="gw-2")
    site.say(0, "d1", temperature=20)
    for second in range(1, 400):
        site.heard(second, "gw-2")
        site.tick(second)
    assert "raised silent" not in told([t for t in site.log if t.alarm.device == "d1"])
    assert told([t for t in site.log if t.alarm.device is None]) == ["raised gateway_silent"]


def test_a_will_says_offline_at_once_and_never_clears_anything() -> None:
    site = Site([threshold(), supervision()])
    site.say(0, temperature=61, online=1)
    found = site.say(5, online=0)
    assert told(found) == ["raised silent", "signal_lost hot"]
    assert "offline" in (found[0].why or "")
    assert site.of("hot").facts.active
    assert told(site.say(6, online=1)) == ["signal_back hot", "returned silent"]


def test_a_retained_state_is_no_sign_of_life() -> None:
    site = Site([supervision()])
    site.say(0, temperature=20, online=1)
    site.run(1, 100)
    site.say(100, online=1, quality=Quality.RETAINED)
    site.run(101, 150)
    site.say(150, temperature=21, quality=Quality.RETAINED)
    assert told(site.run(151, 190)) == ["raised silent"]


def test_an_alarm_raised_without_signal_says_so() -> None:
    site = Site([threshold(delay_on=100), supervision()])
    site.say(0, temperature=61)
    site.say(1, online=0)
    found = site.run(2, 110)
    assert told(found) == ["raised hot"]
    assert found[0].alarm.facts.signal_lost


def test_an_active_fire_without_signal_is_reset_with_a_reason_and_watched_again() -> None:
    site = Site([verdict(), supervision()])
    site.say(0, smoke_alarm=1)
    fire = site.of("smoke").id
    site.do("ack", fire, 1)
    assert site.do("reset", fire, 1, reason="no fire there").refused == "active"
    site.run(1, 200)
    assert site.do("reset", fire, 200).refused == "no_reason"
    outcome = site.do("reset", fire, 200, reason="detector burnt, replaced")
    assert outcome.alarm is not None
    assert not outcome.alarm.facts.active
    assert outcome.alarm.open
    assert told(site.say(201, smoke_alarm=1)) == ["returned silent", "reactivated smoke"]


def test_the_trouble_of_a_device_that_was_taken_away_is_reset() -> None:
    site = Site([supervision()])
    site.say(0, temperature=20)
    site.run(1, 200)
    site.step(Configured(ms(200), register(), [supervision()]))
    trouble = site.only().id
    site.do("ack", trouble, 201)
    site.do("reset", trouble, 202, reason="taken down")
    assert site.engine.open_alarms() == []


def test_a_gateway_given_up_holds_up_no_clock() -> None:
    site = Site([supervision()])
    site.batch([], 0, gateway="gw-2")
    site.say(0, "d1", temperature=20)
    for second in range(1, 20):
        site.heard(second, "gw-2")
        site.tick(second)
    trouble = site.only()
    site.do("ack", trouble.id, 20)
    site.do("reset", trouble.id, 20, reason="replaced by gw-2")
    for second in range(21, 300):
        site.heard(second, "gw-2")
        site.tick(second)
    assert site.only().rule == "silent"


def test_a_retired_devices_open_alarms_stay() -> None:
    site = Site([threshold(), supervision()])
    site.say(0, temperature=61)
    site.step(Configured(ms(1), register(), [threshold(), supervision()]))
    assert site.only().workshop == "w1"
    assert site.only().facts.active


def test_a_changed_interval_counts_from_then_on() -> None:
    site = Site([supervision()])
    site.say(0, temperature=20)
    site.run(1, 50)
    site.step(Configured(ms(50), register(device()), [supervision(intervals={"radio": 60})]))
    assert told(site.run(51, 70)) == ["raised silent"]


def test_two_rules_of_supervision_raise_one_after_the_other() -> None:
    slow = supervision("long", intervals={"radio": 300})
    site = Site([supervision(), slow])
    site.say(0, temperature=20)
    assert told(site.run(1, 290)) == ["raised silent"]
    assert told(site.run(291, 310)) == ["raised long"]
    assert told(site.say(311, temperature=20)) == ["returned silent", "returned long"]


def test_a_filled_in_batch_is_an_old_sign_of_life() -> None:
    site = Site([supervision()])
    site.say(0, temperature=20)
    site.run(1, 185)
    assert site.of("silent").facts.active
    site.say(3, temperature=20, live=False)
    assert site.of("silent").facts.active
    site.say(150, temperature=20, live=False)
    assert not site.of("silent").facts.active
