"""From a topic and a payload to what is said; nothing raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ember_base.mqtt import Incoming
from ember_gateway.decode import decode
from ember_wire.dialects.base import Reason


def said(topic: str, payload: bytes = b'{"values": {"smoke": 1}}') -> tuple[str, int, list[Reason]]:
    decoded = decode(Incoming(topic, payload, 1, False, 1, 1))
    return decoded.device, len(decoded.samples), [reject.reason for reject in decoded.rejects]


@pytest.mark.parametrize("leaf", ["telemetry", "alarm"])
def test_a_chinese_device(leaf: str) -> None:
    assert said(f"ew/v1/dev/烟感-07 东区/{leaf}") == ("烟感-07 东区", 1, [])


@pytest.mark.parametrize(
    "topic",
    [
        "ew/v1/dev//telemetry",
        "ew/v1/dev/a/b/telemetry",
        "ew/v1/dev/a/b/c/status",
        "ew/v1/dev/a+b/telemetry",
        "ew/v1/dev/#/alarm",
        "ew/v1/dev/a\0b/telemetry",
        "ew/v1/dev/a\x01b/status",
        f"ew/v1/dev/{'x' * 129}/telemetry",
    ],
)
def test_a_device_name_that_cannot_be_kept(topic: str) -> None:
    assert said(topic) == ("", 0, [Reason.BAD_NAME])


@pytest.mark.parametrize("topic", ["", "x", "ew/v1/dev/a/other", "ew/v1/dev/a/b/other", "ew/v1/alarms/w"])
def test_a_topic_that_nobody_knows(topic: str) -> None:
    assert said(topic) == ("", 0, [Reason.UNKNOWN_TOPIC])


def test_a_retained_status_taken_back_is_nothing_and_an_empty_telemetry_is_bad() -> None:
    assert said("ew/v1/dev/a/status", b"") == ("a", 0, [])
    assert said("ew/v1/dev/a/telemetry", b"") == ("a", 0, [Reason.NOT_JSON])


@given(st.text(max_size=40), st.sampled_from(["telemetry", "status", "alarm", "x"]), st.binary(max_size=100))
def test_anything_is_said_or_set_aside_and_never_a_fault_of_ours(name: str, leaf: str, payload: bytes) -> None:
    for topic in (name, f"ew/v1/dev/{name}/{leaf}"):
        assert Reason.INTERNAL not in said(topic, payload)[2]
