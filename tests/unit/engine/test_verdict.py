"""The device's own verdict: fire at once, `test` apart, retained told twice dropped, refused for no time."""

from ember_wire.alarms import AlarmClass
from ember_wire.quality import Quality
from tests.support.alarms import Site, device, ms, threshold, told, verdict


def test_a_verdict_is_fire_at_once() -> None:
    (raised,) = Site([verdict()]).say(1, smoke_alarm=1)
    assert (raised.alarm.class_, raised.alarm.state, raised.alarm.facts.latched) == ("fire", "B", True)


def test_false_is_nothing() -> None:
    assert Site([verdict()]).say(1, smoke_alarm=0) == []


def test_said_again_it_is_the_same_alarm() -> None:
    site = Site([verdict()])
    site.say(1, smoke_alarm=1)
    assert site.say(2, smoke_alarm=1) == []


def test_a_verdict_alarm_latches_after_the_device_says_false() -> None:
    site = Site([verdict()])
    site.say(1, smoke_alarm=1)
    (returned,) = site.say(2, smoke_alarm=0)
    assert (returned.kind, returned.alarm.state, returned.alarm.open) == ("returned", "E", True)
    assert not site.do("ack", returned.alarm.id).refused
    assert site.only().state == "F"
    assert site.do("verdict", returned.alarm.id, verdict="nuisance", cause="steam").alarm is not None
    assert site.engine.open_alarms() == []


def test_a_verdict_is_never_refused_for_its_time() -> None:
    site = Site([verdict()])
    site.tick(100)
    site.say(100, smoke_alarm=0, temperature=20)
    found = site.say(-50_000, smoke_alarm=1, received=101)
    assert told(found) == ["raised smoke", "returned smoke"]
    assert found[0].alarm.facts.late
    assert (found[0].alarm.onset, found[1].happened) == (ms(-50_000), ms(100))
    assert site.only().state == "E"


def test_a_late_verdict_that_is_told_already_is_not_told_again() -> None:
    site = Site([verdict()])
    site.say(10, smoke_alarm=1)
    site.say(20, smoke_alarm=0)
    assert site.say(15, smoke_alarm=1, received=21) == []
    alarm = site.only().id
    site.do("ack", alarm)
    site.do("verdict", alarm, verdict="fire")
    assert site.say(10, smoke_alarm=1, received=22) == []
    assert site.engine.open_alarms() == []


def test_a_late_verdict_after_the_return_opens_the_acknowledgement_again() -> None:
    site = Site([verdict()])
    site.say(10, smoke_alarm=1)
    site.say(20, smoke_alarm=0)
    site.do("ack", site.only().id)
    site.say(40, smoke_alarm=0)
    assert told(site.say(30, smoke_alarm=1, received=41)) == ["reactivated smoke", "returned smoke"]
    assert site.only().state == "E"


def test_a_late_false_clears_nothing() -> None:
    site = Site([verdict()])
    site.say(10, smoke_alarm=1)
    assert site.say(5, smoke_alarm=0, received=11) == []
    assert site.only().facts.active


def test_retained_and_equal_to_the_last_known_is_dropped() -> None:
    site = Site([verdict()])
    site.say(1, smoke_alarm=1)
    site.say(2, smoke_alarm=0)
    assert site.say(3, smoke_alarm=0, quality=Quality.RETAINED) == []
    assert site.only().returned == ms(2)


def test_retained_true_that_is_known_raises_nothing_twice() -> None:
    site = Site([verdict()])
    site.say(1, smoke_alarm=1)
    assert site.say(3, smoke_alarm=1, quality=Quality.RETAINED) == []


def test_retained_and_different_is_a_reading() -> None:
    site = Site([verdict()])
    assert told(site.say(3, smoke_alarm=1, quality=Quality.RETAINED)) == ["raised smoke"]
    assert told(site.say(4, smoke_alarm=0, quality=Quality.RETAINED)) == ["returned smoke"]


def test_a_test_raises_no_fire_but_says_that_the_device_is_in_test() -> None:
    site = Site([verdict(), threshold(kinds=["smoke"], above=4, class_=AlarmClass.FIRE)])
    (raised,) = site.test(1, smoke_alarm=1, smoke=20)
    assert (raised.alarm.rule, raised.alarm.class_, raised.alarm.facts.test) == ("device_in_test", "supervisory", True)
    assert told(site.say(5, smoke_alarm=0, smoke=0.1)) == ["returned device_in_test"]


def test_a_rule_below_prewarning_is_not_stopped_by_a_test() -> None:
    site = Site([verdict("tamper", class_=AlarmClass.SUPERVISORY, kinds=["tamper"])])
    assert told(site.test(1, tamper=1)) == ["raised device_in_test", "raised tamper"]


def test_a_test_clears_no_fire() -> None:
    site = Site([verdict()])
    site.say(1, smoke_alarm=1)
    site.test(2, smoke_alarm=0)
    assert site.of("smoke").facts.active


def test_after_ten_minutes_a_test_is_a_trouble_and_verdicts_are_fire() -> None:
    site = Site([verdict()], [device("d1", "battery")])
    site.test(0, smoke_alarm=1)
    assert site.run(1, 600) == []
    assert told(site.test(600, smoke_alarm=1)) == []
    assert told(site.run(601, 602)) == ["returned device_in_test", "raised test_left_on"]
    assert told(site.test(603, smoke_alarm=1)) == ["raised smoke"]
    assert told(site.say(700, smoke_alarm=0)) == ["returned test_left_on", "returned smoke"]


def test_the_ten_minutes_end_by_a_sample_too() -> None:
    site = Site([verdict()], [device("d1", "battery")])
    site.test(0, smoke_alarm=0)
    site.run(1, 600)
    assert told(site.test(601, smoke_alarm=1)) == ["returned device_in_test", "raised test_left_on", "raised smoke"]


def test_other_channels_of_a_device_in_test_do_not_end_it() -> None:
    site = Site([verdict()])
    site.test(0, smoke_alarm=1)
    assert site.say(5, temperature=20) == []
    assert site.test(6, smoke_alarm=1) == []


def test_a_real_verdict_during_a_test_is_fire() -> None:
    site = Site([verdict(), verdict("press", kinds=["manual_call"])])
    site.test(0, smoke_alarm=1)
    assert told(site.say(5, manual_call=1)) == ["raised press"]
    assert told(site.say(6, smoke_alarm=1)) == ["returned device_in_test", "raised smoke"]
