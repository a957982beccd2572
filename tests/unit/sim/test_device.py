"""The firmware: identity, verdicts at once, noteworthy changes soon; all of it what the gateway's decoder takes."""

from typing import Any

import msgspec
import pytest

from ember_sim.device import SMOKE_ALARM_ON, Firmware, Message, status
from ember_sim.district import plan
from ember_sim.physics import ordinary
from ember_sim.spot import Spot, spots
from ember_wire import topics
from ember_wire.dialects import native
from ember_wire.dialects.base import Decoded

NOW = 1_767_578_400_000


@pytest.fixture
def detector() -> Firmware:
    return Firmware(spot_of("ws-07-waste-smoke"), "7f3a")


def spot_of(device: str) -> Spot:
    return next(spot for spot in spots(plan(7)) if spot.device == device)


def smoky(smoke: float, temperature: float = 20.0) -> dict[str, float | bool]:
    return {"smoke": smoke, "temperature": temperature}


def body(message: Message) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(message.payload)
    return decoded


def decoded(message: Message) -> Decoded:
    topic = topics.parse_device_topic(message.topic)
    assert topic is not None
    return native.decode(topic.device, topic.leaf, message.payload)


def test_every_model_speaks_what_the_decoder_takes() -> None:
    for spot in {spot.model.name: spot for spot in spots(plan(7))}.values():
        [message] = Firmware(spot, "b").sample(NOW, ordinary(spot, NOW, 7))
        out = decoded(message)
        assert out.rejects == []
        assert {sample.channel for sample in out.samples} == set(spot.model.channels)
        assert {(sample.ts, sample.boot, sample.seq) for sample in out.samples} == {(NOW, "b", 1)}


def test_seq_counts_over_both_topics(detector: Firmware) -> None:
    messages = [
        *detector.sample(NOW, smoky(20)),
        *detector.sample(NOW + 1, smoky(20)),
        *detector.sample(NOW + 2, smoky(0)),
    ]
    assert [body(message)["seq"] for message in messages] == [1, 2, 3, 4, 5]
    leaves = [message.topic.rpartition("/")[2] for message in messages]
    assert leaves == ["telemetry", "alarm", "telemetry", "alarm", "telemetry"]


def test_a_verdict_needs_two_looks_goes_first_and_is_said_once(detector: Firmware) -> None:
    assert all(not message.urgent for message in detector.sample(NOW, smoky(SMOKE_ALARM_ON)))
    [verdict] = detector.glance(NOW + 1000, smoky(SMOKE_ALARM_ON))
    assert verdict.topic == topics.alarm("ws-07-waste-smoke")
    assert verdict.urgent
    assert body(verdict)["values"]["smoke_alarm"] is True
    assert detector.glance(NOW + 2000, smoky(SMOKE_ALARM_ON)) == []


def test_a_single_puff_is_no_verdict(detector: Firmware) -> None:
    for smoke in (50.0, 0.1, 50.0, 0.1):
        assert topics.alarm("ws-07-waste-smoke") not in [m.topic for m in detector.sample(NOW, smoky(smoke))]


def test_a_verdict_holds_until_the_smoke_is_well_below(detector: Firmware) -> None:
    for _ in range(2):
        detector.sample(NOW, smoky(12))
    assert body(detector.sample(NOW, smoky(7))[-1])["values"]["smoke_alarm"] is True
    first, last = detector.sample(NOW, smoky(4))
    assert first.topic == topics.alarm("ws-07-waste-smoke")
    assert body(last)["values"]["smoke_alarm"] is False


def test_between_reports_only_what_is_noteworthy_is_said(detector: Firmware) -> None:
    detector.sample(NOW, smoky(0.1, 20.0))
    assert detector.glance(NOW + 1000, smoky(0.2, 20.9)) == []
    [message] = detector.glance(NOW + 2000, smoky(0.2, 21.1))
    assert body(message)["values"]["temperature"] == 21.1
    assert detector.glance(NOW + 3000, smoky(0.2, 21.2)) == []


def test_a_pressed_call_point_is_told_at_once() -> None:
    firmware = Firmware(spot_of("ws-07-casting-call"), "b")
    assert [m.urgent for m in firmware.sample(NOW, {"manual_call": False, "tamper": False})] == [False]
    [verdict] = firmware.glance(NOW + 1, {"manual_call": True, "tamper": False})
    assert body(verdict)["values"] == {"manual_call": True, "tamper": False}


def test_status_says_who_it_is_and_the_will_only_that_it_is_gone() -> None:
    online = status("d", online=True, battery=87, period=60, hub="hub-12")
    assert online.retain
    out = decoded(online)
    assert out.rejects == []
    assert {sample.channel: sample.value for sample in out.samples} == {"online": 1.0, "battery": 87.0}
    assert out.attributes == {"fw": "1.2.0", "period": "60", "hub": "hub-12"}
    assert body(status("d", online=False)) == {"online": False}
