"""Names, topics and channel ids."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ember_wire import topics
from ember_wire.channels import channel_id
from ember_wire.kinds import KINDS, VERDICTS, kind_of, unit_of
from ember_wire.quality import Quality, words
from ember_wire.topics import BadNameError, check_name, parse_device_topic

GOLDEN = {
    ("smoke-07", "smoke"): -1382038655393581366,
    ("烟感-07", "temperature"): -6729842226635770426,
    ("a", "b.c"): -5665084458028791283,
    ("", ""): -7712737833812065720,
}
BAD = ["", "a/b", "a#", "+", "a\0b", "a\nb", "a\x7fb", "a\x80", "\ud800", "x" * 129, "火" * 129]
GOOD = ["a", "smoke 07", "烟感-07", "Ω", "🔥", "$SYS", ".", "x" * 128, "火" * 128, "a:b%2Fc"]


@pytest.mark.parametrize(("pair", "number"), GOLDEN.items())
def test_channel_ids_never_change(pair: tuple[str, str], number: int) -> None:
    """Stored readings hang on these numbers."""
    assert channel_id(*pair) == number


@given(st.text(max_size=30), st.text(max_size=30))
def test_channel_ids_fit_into_bigint(device: str, channel: str) -> None:
    assert -(2**63) <= channel_id(device, channel) < 2**63


def test_device_and_channel_do_not_run_into_each_other() -> None:
    assert len({channel_id("ab", "c"), channel_id("a", "bc"), channel_id("abc", ""), channel_id("", "abc")}) == 4


@pytest.mark.parametrize("name", BAD)
def test_bad_names_are_refused_each_time(name: str) -> None:
    for _ in range(2):  # what is remembered of names must not let a bad one in
        with pytest.raises(BadNameError):
            check_name(name)


@pytest.mark.parametrize("name", GOOD)
def test_good_names_go_through_topics_unchanged(name: str) -> None:
    assert check_name(name) == name
    for make, leaf in ((topics.telemetry, "telemetry"), (topics.alarm, "alarm"), (topics.status, "status")):
        assert parse_device_topic(make(name)) == (name, leaf)


@given(st.text(max_size=140))
def test_a_name_is_good_or_refused(name: str) -> None:
    try:
        check_name(name)
    except BadNameError:
        return
    assert 1 <= len(name) <= 128
    assert not set(name) & set("/#+\0\n\r\t\x1b")
    name.encode()  # it can be sent


@pytest.mark.parametrize(
    "topic",
    ["", "ew/v1", "ew/v1/dev", "ew/v1/dev/a", "ew/v1/dev/a/b/c", "ew/v2/dev/a/telemetry", "ew/v1/stream/a/b", "/" * 4],
)
def test_topics_that_are_no_devices(topic: str) -> None:
    assert parse_device_topic(topic) is None


@given(st.text(max_size=60))
def test_taking_a_topic_apart_raises_nothing_else(text: str) -> None:
    for topic in (text, f"ew/v1/dev/{text}/telemetry"):
        with contextlib.suppress(BadNameError):
            parse_device_topic(topic)


def test_kinds() -> None:
    assert (kind_of("current.l1"), kind_of("temperature"), kind_of("own.thing"), kind_of(".x")) == (
        ("current", "temperature", "own", "")
    )
    assert (unit_of("current"), unit_of("smoke_alarm"), unit_of("own")) == ("A", "", "")
    assert {"smoke_alarm", "heat_alarm", "manual_call"} == VERDICTS
    assert all(kind.name == name for name, kind in KINDS.items())


def test_quality_in_words() -> None:
    assert words(0) == []
    assert words(Quality.NO_TIME | Quality.RETAINED) == ["no_time", "retained"]
    assert [int(bit) for bit in Quality] == [1, 2, 4, 8, 16, 32]  # stored: never renumbered
