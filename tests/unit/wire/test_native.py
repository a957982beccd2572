"""Emberwatch's own dialect against everything that a device may send: nothing raises, nothing vanishes."""

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ember_wire.dialects.base import Decoded, Reason, Sample
from ember_wire.dialects.native import MAX_ATTRIBUTES, MAX_BYTES, MAX_REJECTS, decode

LEAVES = ("telemetry", "alarm", "status")
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=6), inner, max_size=5),
    max_leaves=20,
)
VALUES = st.dictionaries(st.text(max_size=5), JSON, max_size=8)


def telemetry(payload: bytes | str | dict[str, Any] | list[Any]) -> Decoded:
    if isinstance(payload, dict | list):
        payload = json.dumps(payload)
    return decode("d", "telemetry", payload.encode() if isinstance(payload, str) else payload)


def reasons(decoded: Decoded) -> list[Reason]:
    return [reject.reason for reject in decoded.rejects]


def check(decoded: Decoded) -> None:
    """What holds for whatever came in."""
    for sample in decoded.samples:
        assert math.isfinite(sample.value)
        assert sample.ts is None or -(2**62) < sample.ts < 2**62
        assert sample.seq is None or 0 <= sample.seq < 2**63
    assert len(decoded.rejects) <= MAX_REJECTS + 1
    assert len(decoded.attributes) <= MAX_ATTRIBUTES
    for name, text in decoded.attributes.items():
        assert "\0" not in name + text
        (name + text).encode()  # can be stored
    for reject in decoded.rejects:
        assert reject.detail
        reject.detail.encode()


@given(st.sampled_from(LEAVES), st.binary(max_size=400))
@example("status", b'{"fw": "\\ud800"}')
@example("telemetry", b'{"values": {"a": "\\ud800\\u0000", "\\udfff": 1}, "boot": "\\ud800"}')
def test_any_bytes(leaf: str, payload: bytes) -> None:
    check(decode("d", leaf, payload))


@given(st.sampled_from(LEAVES), JSON)
def test_any_json(leaf: str, body: Any) -> None:
    check(decode("d", leaf, json.dumps(body).encode(errors="surrogatepass")))


@given(st.dictionaries(st.sampled_from(["ts", "boot", "seq", "test", "values"]), JSON), VALUES)
def test_every_value_becomes_a_sample_or_a_reject_or_a_text(entry: dict[str, Any], values: dict[str, Any]) -> None:
    body = {**entry, "values": values}
    decoded = telemetry(body)
    check(decoded)
    depth_refused = reasons(decoded) == [Reason.TOO_DEEP]
    headers = sum(r.detail.startswith(("`boot`", "`seq`")) for r in decoded.rejects)
    if not depth_refused:
        assert len(decoded.samples) + len(decoded.attributes) + len(decoded.rejects) - headers == len(values)


def test_a_whole_message() -> None:
    entry = {"ts": 1_763_900_000_123, "boot": "7f3a", "seq": 17, "test": True, "values": {"smoke": 0.2, "tamper": True}}
    assert telemetry(entry).samples == [
        Sample("smoke", 0.2, 1_763_900_000_123, True, False, "7f3a", 17),
        Sample("tamper", 1.0, 1_763_900_000_123, True, False, "7f3a", 17),
    ]
    assert [s.ts for s in telemetry([{**entry, "ts": n} for n in (5, 6)]).samples] == [5, 5, 6, 6]


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400, "9" * 5000, "-" + "9" * 5000]
)
def test_one_number_that_is_none_spoils_only_itself(number: str) -> None:
    decoded = telemetry(f'{{"values": {{"temperature": {number}, "smoke_alarm": true, "smoke": 0.5}}}}')
    assert [(s.channel, s.value) for s in decoded.samples] == [("smoke_alarm", 1.0), ("smoke", 0.5)]
    assert reasons(decoded) == [Reason.NOT_FINITE]
    assert "temperature" in decoded.rejects[0].detail


@pytest.mark.parametrize("number", ["NaN", "1e999", "1" + "0" * 400, "9" * 5000, "true", '"1763900000123"', "[]", "{}"])
def test_a_time_that_is_none_costs_no_value(number: str) -> None:
    decoded = telemetry(f'{{"ts": {number}, "values": {{"smoke_alarm": true}}}}')
    assert [(s.ts, s.bad_time) for s in decoded.samples] == [(None, True)]


@pytest.mark.parametrize("seq", ["1e999", "-1", "1.5", "true", '"7"', "9223372036854775808", "9" * 5000])
def test_a_wrong_seq_costs_no_value(seq: str) -> None:
    decoded = telemetry(f'{{"seq": {seq}, "boot": 7, "values": {{"smoke": 1}}}}')
    assert [(s.boot, s.seq) for s in decoded.samples] == [(None, None)]
    assert reasons(decoded) == [Reason.WRONG_TYPE] * 2


def test_no_time_is_not_a_bad_time() -> None:
    for body in ({"values": {"a": 1}}, {"ts": None, "values": {"a": 1}}):
        assert [(s.ts, s.bad_time) for s in telemetry(body).samples] == [(None, False)]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"hello", Reason.NOT_JSON),
        (b'{"values": {"a": 1}', Reason.NOT_JSON),
        (b'{"values": {"a": 1}} x', Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b'{"values": {"\xff": 1}}', Reason.NOT_JSON),
        (b"null", Reason.UNKNOWN_SHAPE),
        (b"{}", Reason.UNKNOWN_SHAPE),
        (b"[]", Reason.UNKNOWN_SHAPE),
        (b'{"values": null}', Reason.UNKNOWN_SHAPE),
        (b'{"values": [1]}', Reason.UNKNOWN_SHAPE),
        (b"1", Reason.WRONG_TYPE),
        (b'"text"', Reason.WRONG_TYPE),
        (b"true", Reason.WRONG_TYPE),
        (b"NaN", Reason.WRONG_TYPE),
        (b"[1]", Reason.WRONG_TYPE),
        (b'{"values": {"a": null}}', Reason.WRONG_TYPE),
        (b'{"values": {"a": [1]}}', Reason.WRONG_TYPE),
        (b'{"values": {"a": {"b": 1}}}', Reason.WRONG_TYPE),
        (b"[" * 100_000, Reason.TOO_DEEP),
        (b'{"a":' * 50_000, Reason.TOO_DEEP),
        (b"[" * 9 + b"]" * 9, Reason.TOO_DEEP),
        (b"[" * 100_000 + b"]" * 100_000, Reason.TOO_DEEP),
        (b" " * (MAX_BYTES + 1), Reason.TOO_LARGE),
    ],
)
def test_what_is_set_aside_and_why(payload: bytes, reason: Reason) -> None:
    decoded = telemetry(payload)
    assert decoded.samples == []
    assert reasons(decoded) == [reason]


@pytest.mark.parametrize("name", ["", "a/b", "a+", "#", "a\0", "a\nb", "x" * 129, "\ud800"])
def test_a_bad_channel_name_is_set_aside_alone(name: str) -> None:
    decoded = telemetry({"values": {name: 1, "温度": 2}})
    assert [s.channel for s in decoded.samples] == ["温度"]
    assert reasons(decoded) == [Reason.BAD_NAME]


def test_size_and_depth_just_within_are_fine() -> None:
    body = b'{"values": {"a": 1}}'
    assert telemetry(body + b" " * (MAX_BYTES - len(body))).samples
    assert reasons(telemetry(b'{"values": {"a": ' + b"[" * 6 + b"]" * 6 + b"}}")) == [Reason.WRONG_TYPE]
    many = b"[" + b",".join([b'{"values":{"a":1}}'] * 1000) + b"]"
    assert len(telemetry(many).samples) == 1000


def test_brackets_in_texts_are_no_depth() -> None:
    text = '\\"[[[[[[[[[[{{{{{{{{{{\\\\'
    assert telemetry(f'{{"values": {{"fw": "{text}", "a": 1}}}}').samples


def test_of_duplicate_keys_the_last_counts() -> None:
    assert [s.value for s in telemetry(b'{"values": {"a": 1, "a": 2}}').samples] == [2.0]


def test_rubbish_gives_a_bounded_number_of_rejects() -> None:
    decoded = telemetry({"values": {f"a{n}": None for n in range(1000)} | {"smoke": 1}})
    assert len(decoded.samples) == 1
    assert len(decoded.rejects) == MAX_REJECTS + 1
    assert decoded.rejects[-1].reason is Reason.TOO_MANY


def test_texts_are_bounded_in_length_and_number() -> None:
    decoded = telemetry({"values": {f"t{n}": "x" * 1000 for n in range(100)}})
    assert len(decoded.attributes) == MAX_ATTRIBUTES
    assert {len(text) for text in decoded.attributes.values()} == {256}
    assert set(reasons(decoded)) == {Reason.TOO_MANY}


def test_a_status() -> None:
    body = {"online": True, "fw": "1.2.0", "battery": 87, "period": 60, "hub": "枢纽", "wants": ["durable"]}
    decoded = decode("d", "status", json.dumps(body).encode())
    assert [(s.channel, s.value) for s in decoded.samples] == [("online", 1.0), ("battery", 87.0)]
    assert decoded.attributes == {"fw": "1.2.0", "period": "60", "hub": "枢纽", "wants": '["durable"]'}
    assert decoded.rejects == []


def test_a_status_of_wrong_things() -> None:
    assert reasons(decode("d", "status", b"[]")) == [Reason.WRONG_TYPE]
    decoded = decode("d", "status", b'{"online": null, "battery": 1e999, "big": %s, "a/b": 1}' % (b"9" * 5000))
    assert decoded.samples == []
    assert reasons(decoded) == [Reason.WRONG_TYPE, Reason.NOT_FINITE, Reason.BAD_NAME]
