"""What messages say."""

import msgspec
import pytest

from ember_service.notify.words import Place, repeated, write
from ember_wire import topics
from ember_wire.alarms import AlarmClass, Facts, Text, TransitionKind, Verdict
from tests.unit.notify.make import T0, transition

PLACE = Place("One", "1 Lake Road", "Casting")


def test_english() -> None:
    written = write(transition(), PLACE, "en", "http://c/")
    assert written.subject == "[FIRE] One Casting: Too hot"
    assert written.body.splitlines() == [
        "[FIRE] Too hot",
        "Where: One Casting (1 Lake Road)",
        "Device: d1 temperature.2",
        "Value: 71.26 °C (limit 60 °C)",
        "Since: 2025-11-23 20:13:20 UTC+8",
        "What to do: Call 119.",
        "http://c/#/alarms/a1",
    ]


def test_chinese_and_any_other_language() -> None:
    written = write(transition(kind=TransitionKind.WORSENED), PLACE, "zh", "http://c")
    assert written.subject == "【火警】 升级 One Casting: 温度过高"
    assert "处置：拨打119。" in written.body
    assert write(transition(kind=TransitionKind.WORSENED), PLACE, "fr", "http://c") == written


def test_the_end_is_short_and_tells_the_verdict() -> None:
    step = transition(kind=TransitionKind.CLOSED, returned=T0 + 60_000, verdict=Verdict.NUISANCE, cause="steam")
    body = write(step, PLACE, "en", "http://c").body
    assert "Verdict: nuisance alarm (cause: steam)" in body
    assert "Returned: 2025-11-23 20:14:20" in body
    assert "119" not in body


def test_a_verdict_of_a_device_has_no_figure() -> None:
    step = transition()
    boolean = msgspec.structs.replace(step.alarm, kind="smoke_alarm", value=1.0, limit=None, unit="")
    assert "Value" not in write(msgspec.structs.replace(step, alarm=boolean), PLACE, "en", "http://c").body


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts(active=True, late=True), "Reported late"),
        (Facts(active=True, test=True), "being tested"),
        (Facts(active=True, signal_lost=True), "does not mean safety"),
    ],
)
def test_what_one_must_know_besides(facts: Facts, words: str) -> None:
    assert words in write(transition(facts=facts), PLACE, "en", "http://c").body
    assert words not in write(transition(), PLACE, "en", "http://c").body


def test_what_belongs_to_no_workshop_has_a_name_in_words() -> None:
    for name, words in ((topics.UNASSIGNED, "unregistered device"), (topics.SYSTEM, "monitoring system")):
        assert words in write(transition(workshop=name), Place(name), "en", "http://c").subject


def test_names_make_no_lines_and_no_headers() -> None:
    step = transition(title=Text("a\r\nBcc: x@y", "b"))
    written = write(step, Place("One\nTwo", "x\ry"), "en", "http://c")
    assert "\n" not in written.subject
    assert "\r" not in written.subject + written.body
    assert len(written.body.splitlines()) == 7


def test_a_repeat_says_so_in_subject_and_text() -> None:
    again = repeated(write(transition(), PLACE, "en", "http://c"), "en")
    assert again.subject.startswith("[REPEAT] [FIRE]")
    assert again.body.startswith("This may be a repeat")
    assert repeated(again, "zh").subject.startswith("【重发】")


@pytest.mark.parametrize("class_", list(AlarmClass))
@pytest.mark.parametrize("kind", [TransitionKind.RAISED, TransitionKind.REACTIVATED, TransitionKind.RETURNED])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_class_has_words(class_: AlarmClass, kind: TransitionKind, language: str) -> None:
    assert write(transition(class_=class_, kind=kind), PLACE, language, "http://c").subject[1] != "]"
