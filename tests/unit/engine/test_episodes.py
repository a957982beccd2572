"""Episodes: one alarm until it is closed, ids that replay, and people's commands."""

import pytest

from ember_service.alarms.engine import Configured, Engine, SnapshotError
from ember_service.alarms.engine.commands import MAX_TEXT
from ember_wire.alarms import AlarmClass
from tests.support.alarms import Site, device, ms, reading, register, supervision, threshold, told, verdict


def raised(class_: AlarmClass = AlarmClass.PREWARNING, *, latch: bool = False) -> tuple[Site, str]:
    """A site with one active alarm of a threshold."""
    site = Site([threshold(class_=class_, latch=latch)])
    site.say(0, temperature=61)
    return site, site.only().id


def test_active_again_before_it_is_closed_is_the_same_episode_with_its_acknowledgement_reopened() -> None:
    site, alarm = raised()
    site.do("ack", alarm, 1)
    site.say(2, temperature=20)
    (again,) = site.say(3, temperature=61)
    assert (again.kind, again.alarm.id, again.alarm.state) == ("reactivated", alarm, "B")
    assert (again.alarm.acked, again.alarm.acked_by, again.alarm.returned) == (None, None, None)
    assert again.alarm.onset == ms(0)


def test_a_verdict_on_what_was_before_does_not_count_for_what_comes_after() -> None:
    site, alarm = raised(AlarmClass.FIRE)
    site.do("verdict", alarm, 1, verdict="nuisance")
    site.say(2, temperature=20)
    site.say(3, temperature=61)
    assert site.only().verdict is None
    site.do("ack", alarm, 4)
    site.say(5, temperature=20)
    assert site.only().state == "F"


def test_after_it_was_closed_it_is_a_new_episode() -> None:
    site, alarm = raised(AlarmClass.TROUBLE)
    site.do("ack", alarm, 1)
    assert told(site.say(2, temperature=20)) == ["returned hot", "closed hot"]
    site.say(3, temperature=61)
    assert site.only().id != alarm
    closed = site.engine.alarm(alarm)
    assert closed is not None
    assert (closed.open, closed.state, closed.closed) == (False, "A", ms(2))


@pytest.mark.parametrize("class_", [AlarmClass.FIRE, AlarmClass.PREWARNING])
def test_fire_and_prewarning_are_closed_by_return_acknowledgement_and_verdict(class_: AlarmClass) -> None:
    site, alarm = raised(class_)
    site.do("ack", alarm, 1)
    site.say(2, temperature=20)
    assert site.only().state == "F"
    outcome = site.do("verdict", alarm, 3, verdict="fire", cause="soldering iron")
    assert outcome.alarm is not None
    assert (outcome.alarm.open, outcome.alarm.verdict, outcome.alarm.cause) == (False, "fire", "soldering iron")
    assert told(site.log)[-2:] == ["verdict hot", "closed hot"]


@pytest.mark.parametrize("class_", [AlarmClass.FIRE, AlarmClass.PREWARNING])
def test_in_whatever_order_these_three_come(class_: AlarmClass) -> None:
    site, alarm = raised(class_)
    site.do("verdict", alarm, 1, verdict="drill")
    site.say(2, temperature=20)
    assert site.only().state == "D"
    site.do("ack", alarm, 3)
    assert site.engine.open_alarms() == []


@pytest.mark.parametrize("class_", [AlarmClass.SUPERVISORY, AlarmClass.TROUBLE])
def test_lower_classes_close_by_themselves_after_return_and_acknowledgement(class_: AlarmClass) -> None:
    site, alarm = raised(class_)
    site.say(2, temperature=20)
    assert site.only().state == "D"
    outcome = site.do("ack", alarm, 3)
    assert outcome.alarm is not None
    assert not outcome.alarm.open


def test_a_latching_rule_needs_a_reset_first() -> None:
    site, alarm = raised(AlarmClass.TROUBLE, latch=True)
    site.say(2, temperature=20)
    assert site.only().state == "E"
    assert site.do("reset", alarm, 3, reason="repaired").refused == "not_acked"
    site.do("ack", alarm, 3)
    assert site.only().state == "F"
    assert site.do("reset", alarm, 4, reason="repaired").alarm is not None
    assert site.engine.open_alarms() == []


def test_a_latching_prewarning_needs_reset_and_verdict() -> None:
    site, alarm = raised(latch=True)
    site.say(2, temperature=20)
    site.do("ack", alarm, 3)
    site.do("verdict", alarm, 4, verdict="fault")
    assert site.only().state == "F"
    site.do("reset", alarm, 5)
    assert site.engine.open_alarms() == []


def test_an_active_alarm_is_not_reset() -> None:
    site, alarm = raised(latch=True)
    before = site.only()
    outcome = site.do("reset", alarm, 1, reason="so that it is gone")
    assert outcome.refused == "active"
    assert outcome.reason.startswith("It is still active")
    assert outcome.alarm == before == site.only()


@pytest.mark.parametrize(
    ("what", "detail", "word"),
    [
        ("ack", {}, "already_acked"),
        ("reset", {"reason": "x"}, "active"),
        ("verdict", {"verdict": "perhaps"}, "bad_verdict"),
        ("verdict", {}, "bad_verdict"),
        ("comment", {"text": "  "}, "no_text"),
        ("comment", {"text": "x" * (MAX_TEXT + 1)}, "too_long"),
        ("shelve", {}, "unknown_command"),
    ],
)
def test_an_illegal_command_is_refused_with_a_word_and_a_sentence_and_changes_nothing(
    what: str, detail: dict[str, str], word: str
) -> None:
    site, alarm = raised()
    site.do("ack", alarm, 1)
    before, count = site.only(), len(site.log)
    outcome = site.command(what, alarm, 2, detail)
    assert (outcome.refused, outcome.alarm) == (word, before)
    assert outcome.reason.endswith(".")
    assert site.only() == before
    assert len(site.log) == count


def test_an_unknown_alarm_is_refused() -> None:
    assert Site().do("ack", "no such").refused == "unknown_alarm"


def test_a_closed_alarm_takes_comments_only() -> None:
    site, alarm = raised(AlarmClass.TROUBLE)
    site.do("ack", alarm, 1)
    site.say(2, temperature=20)
    assert site.do("ack", alarm, 3).refused == "closed"
    assert site.do("verdict", alarm, 3, verdict="fire").refused == "closed"
    assert not site.do("comment", alarm, 3, text="A lamp stood too near.").refused


def test_who_and_why_stand_in_the_transition() -> None:
    site, alarm = raised()
    site.do("ack", alarm, 5, comment="on my way")
    acked = site.log[-1]
    assert (acked.who, acked.why, acked.known) == ("operator", "on my way", ms(5))
    assert (acked.alarm.acked, acked.alarm.acked_by, acked.alarm.state) == (ms(5), "operator", "C")


def test_a_command_after_an_unseen_rise_is_refused_as_changed() -> None:
    site, alarm = raised()
    seen = site.only().revision
    site.say(1, temperature=20)
    site.say(2, temperature=61)
    assert site.do("ack", alarm, 3, seen=seen).refused == "changed"
    assert not site.only().facts.acked
    assert not site.do("ack", alarm, 4, seen=site.only().revision).refused


def test_a_command_after_an_unseen_return_is_not() -> None:
    site, alarm = raised()
    seen = site.only().revision
    site.say(1, temperature=20)
    assert not site.do("ack", alarm, 3, seen=seen).refused


def test_a_repeated_command_is_answered_again_without_a_second_transition() -> None:
    site, alarm = raised()
    first = site.do("ack", alarm, 1, id_="same")
    count = len(site.log)
    assert site.do("ack", alarm, 9, id_="same") == first
    site.engine = Engine.load(site.engine.dump())
    assert site.do("ack", alarm, 9, id_="same") == first
    assert len(site.log) == count


def test_the_answer_to_the_last_command_can_be_asked_for() -> None:
    site, alarm = raised()
    assert site.do("ack", alarm, 1) == site.engine.answer()


def test_transitions_are_numbered_revisions_count_and_no_id_comes_twice() -> None:
    site, alarm = raised()
    for second in range(1, 40):
        site.say(second, temperature=20 if second % 2 else 61)
    site.do("ack", alarm, 40)
    assert [t.seq for t in site.log] == list(range(1, len(site.log) + 1))
    assert [t.alarm.revision for t in site.log] == list(range(1, len(site.log) + 1))
    assert len({t.id for t in site.log}) == len(site.log)


def test_the_same_events_give_the_same_ids_on_every_machine() -> None:
    (transition,) = Site([threshold()]).say(1, temperature=61)
    assert transition.alarm.id == "9736f4fb8d73f455c635edf54a72436c"
    assert transition.id == "a03940f227d9bb469b7411416669d0c2"


def test_open_alarms_stand_worst_first() -> None:
    rules = [
        threshold("trouble", class_=AlarmClass.TROUBLE, severity=999),
        threshold("mild", class_=AlarmClass.FIRE, severity=800),
        threshold("grave", class_=AlarmClass.FIRE, severity=900),
        threshold("early", class_=AlarmClass.PREWARNING),
    ]
    site = Site(rules)
    site.say(2, temperature=61, temperature__2=61)
    assert [a.rule for a in site.engine.open_alarms()] == [
        *("grave", "grave", "mild", "mild", "early", "early", "trouble", "trouble")
    ]


def test_of_the_same_rank_the_oldest_comes_first() -> None:
    site = Site([verdict()])
    site.say(2, smoke_alarm=1)
    site.say(1, smoke_alarm__2=1)
    assert [a.channel_name for a in site.engine.open_alarms()] == ["smoke_alarm.2", "smoke_alarm"]


def test_the_class_of_an_episode_never_falls_by_a_changed_rule() -> None:
    site, alarm = raised(AlarmClass.FIRE)
    site.say(1, temperature=20)
    site.step(Configured(ms(2), register(device()), [threshold(class_=AlarmClass.TROUBLE, severity=5, version=2)]))
    site.say(3, temperature=61)
    assert (site.only().id, site.only().class_, site.only().severity) == (alarm, "fire", 500)


def test_a_snapshot_goes_on_with_everything_that_runs() -> None:
    site = Site([threshold(delay_on=10), verdict(), supervision()], [device(), device("d2")])
    site.say(0, temperature=61, smoke_alarm=1)
    site.test(0, "d2", smoke_alarm=1)
    site.batch([reading("nobody", "temperature", 1, 1)], 1)
    site.run(1, 5)
    other = Site([])
    other.engine, other.numbers = Engine.load(site.engine.dump()), dict(site.numbers)
    site.log.clear()
    other.log.clear()
    for one in (site, other):
        one.run(6, 300)
        one.say(301, smoke_alarm=0, temperature=20)
        one.run(302, 800)
    assert site.log == other.log
    assert told(site.log)[0] == "raised hot"
    assert site.engine.dump() == other.engine.dump()


def test_bytes_that_are_no_snapshot_are_refused() -> None:
    for data in (b"", b"\x00", b"{}", Engine().dump()[:-3]):
        with pytest.raises(SnapshotError):
            Engine.load(data)
