"""Simulator, decoder, resolver, default rules and alarm engine in a row, without clock or network.

An ordinary day of the district raises nothing, and each scenario raises what its truth promises in time.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
import pytest

from ember_gateway.resolve import Calibration, Resolver
from ember_service.alarms.engine.engine import Engine
from ember_service.alarms.engine.events import Configured, Heard, Readings, Tick
from ember_service.register.model import Register
from ember_service.rules.load import load_pack
from ember_sim.device import Firmware, Message, status
from ember_sim.district import plan
from ember_sim.scenario import load, shipped
from ember_sim.world import Playing, World
from ember_wire import topics
from ember_wire.alarms import AlarmClass, Transition, TransitionKind
from ember_wire.dialects import native
from ember_wire.readings import Batch, Columns, Introduction, Reading

MIDNIGHT = 1_767_542_400_000  # 2026-01-05, 00:00 in the district
MORNING = MIDNIGHT + 10 * 3_600_000
SECOND = 1000
GATEWAY = "gw-1"


class Watch:
    """All that stands between a device's message and a transition."""

    def __init__(self, district: dict[str, Any], start: int) -> None:
        register = msgspec.convert(
            {key: value for key, value in district.items() if key != "stations"} | {"revision": 1}, Register
        )
        rated = {circuit["id"]: circuit["rated_current"] for circuit in district["circuits"]}
        self._resolver = Resolver()
        self._resolver.calibration = {
            channel["id"]: Calibration(rated_current=rated.get(channel["circuit"])) for channel in district["channels"]
        }
        self._engine = Engine()
        self._engine.step(Configured(start, register, load_pack()))
        self._numbers = count(1)

    def see(self, messages: list[Message], now: int) -> list[Transition]:
        """One batch of messages at `now`, and the tick after it."""
        readings: list[Reading] = []
        introductions: list[Introduction] = []
        for message in messages:
            topic = topics.parse_device_topic(message.topic)
            assert topic is not None
            decoded = native.decode(topic.device, topic.leaf, message.payload)
            assert decoded.rejects == []
            resolved = self._resolver.resolve(decoded, now)
            readings += resolved.readings
            introductions += resolved.introductions
        batch = Batch(GATEWAY, 1, next(self._numbers), now, Columns.of(readings), introductions)
        out = self._engine.step(Heard(GATEWAY, now, now))
        return [*out, *self._engine.step(Readings(batch)), *self._engine.step(Tick(now))]


def run(world: World, district: dict[str, Any], moments: range, report_s: float) -> Iterator[tuple[int, Transition]]:
    """Let the devices report each `report_s` s and glance in between, as a fleet does."""
    watch = Watch(district, moments[0])
    firmwares = [(spot, Firmware(spot, "b")) for spot in world.spots]
    hello = [status(s.device, online=True, battery=world.battery(s, moments[0]), period=s.period) for s in world.spots]
    for transition in watch.see(hello, moments[0]):
        yield moments[0], transition
    for now in moments:
        messages: list[Message] = []
        for spot, firmware in firmwares:
            measured = world.measured(spot, now)
            if measured is not None:
                due = (now - moments[0]) % round(report_s * SECOND) == 0
                messages += (firmware.sample if due else firmware.glance)(now, measured)
        for transition in watch.see(messages, now):
            yield now, transition


def test_an_ordinary_day_raises_nothing() -> None:
    district = plan(7, 80)
    day = range(MIDNIGHT, MIDNIGHT + 86_400_000, 120 * SECOND)
    assert [t.alarm.title.en for _, t in run(World(district, 7), district, day, 120)] == []


def story(name: str) -> list[tuple[int, Transition]]:
    district = plan(7, 7)
    playing = Playing(load(name), MORNING)
    world = World(district, 7, playing)
    return list(run(world, district, range(MORNING - 30 * SECOND, playing.end + 300 * SECOND, SECOND), 5))


@pytest.mark.parametrize("name", shipped())
def test_a_scenario_raises_what_its_truth_promises_in_time(name: str) -> None:
    raised: dict[AlarmClass, int] = {}
    for now, transition in story(name):
        if transition.kind is TransitionKind.RAISED:
            raised.setdefault(transition.alarm.class_, now)
    scenario = load(name)
    promised = {AlarmClass(word): by for truth in scenario.truth for word, by in truth.expect.items()}
    assert promised
    for word, by in promised.items():
        assert word in raised, f"{name} raises no {word.value}"
        assert MORNING < raised[word] <= MORNING + by * SECOND


def test_the_smouldering_fire_warns_first_then_fire_and_returns() -> None:
    transitions = story("smouldering-fire")
    first = {
        word: next(now for now, t in transitions if t.alarm.class_ is word and t.kind is TransitionKind.RAISED)
        for word in (AlarmClass.PREWARNING, AlarmClass.FIRE)
    }
    assert MORNING < first[AlarmClass.PREWARNING] < first[AlarmClass.FIRE] <= MORNING + 30 * SECOND
    verdicts = [t for _, t in transitions if t.alarm.rule == "smoke-alarm" and t.kind is TransitionKind.RAISED]
    assert [t.alarm.device for t in verdicts] == ["ws-07-waste-smoke", "ws-07-casting-smoke", "ws-07-living-alarm"]
    last = {t.alarm.id: t.alarm for _, t in transitions}
    assert all(alarm.returned for alarm in last.values() if alarm.class_ is AlarmClass.FIRE)
    assert not any(alarm.facts.active for alarm in last.values())
    assert {alarm.workshop for alarm in last.values()} == {"ws-07"}
