"""The default pack: whole, in two languages, and right about a few places that matter."""

import re

import pytest

from ember_service.alarms.engine.bindings import Bindings
from ember_service.alarms.engine.products import PRODUCTS
from ember_service.register.model import Device, Register, Workshop, Zone
from ember_service.rules.load import load_pack
from ember_service.rules.model import ZONE_KINDS, RuleBase, Supervision
from ember_wire.alarms import AlarmClass
from ember_wire.kinds import VERDICTS
from tests.support.alarms import Site, device, told

PACK = load_pack()


def firsts(zone_kind: str, **values: float) -> set[str]:
    """The rules that alarm when a device in such a zone says these values for ten minutes."""
    site = Site(PACK, zone_kind=zone_kind)
    for second in range(0, 600, 20):
        site.run(second, second)
        site.message("d1", values, second)
        site.run(second + 1, second + 19)
    return {alarm.rule for alarm in site.engine.open_alarms()}


@pytest.mark.parametrize("rule", [*PACK, *PRODUCTS.values()], ids=lambda rule: rule.id)
def test_each_rule_says_in_both_languages_what_it_means_and_what_to_do(rule: RuleBase) -> None:
    assert len(rule.guidance.en.split()) >= 15
    assert len(rule.guidance.zh) >= 25
    assert rule.guidance.en.endswith(".")
    assert rule.guidance.zh.endswith("。")
    for text in (rule.title.zh, rule.guidance.zh):
        assert re.search(r"[\u4e00-\u9fff]", text)
    assert not re.search(r"[\u4e00-\u9fff]", rule.title.en + rule.guidance.en)


def test_each_verdict_is_fire() -> None:
    for kind in VERDICTS:
        assert {r.class_ for r in PACK if r.scope.kinds == [kind]} == {AlarmClass.FIRE}


def test_each_kind_of_zone_has_its_fires_from_smoke_and_heat() -> None:
    for zone_kind in ZONE_KINDS:
        zones = [Zone(id="z", workshop="w", name="Z", kind=zone_kind)]
        there = Register(
            workshops=[Workshop(id="w", name="W", area="a")],
            zones=zones,
            devices=[Device(id="d", workshop="w", zone="z")],
        )
        bindings = Bindings(there, PACK)
        for kind in ("smoke", "temperature"):
            found = [rule.class_ for rule in bindings.watched("d", kind).rules]
            assert found.count(AlarmClass.FIRE) == 1, (zone_kind, kind)
            assert AlarmClass.PREWARNING in found, (zone_kind, kind)


def test_every_class_of_device_is_supervised() -> None:
    (rule,) = [rule for rule in PACK if isinstance(rule, Supervision)]
    assert rule.intervals == {"radio": 180, "mains": 180, "battery": 90_000}


@pytest.mark.parametrize(
    ("zone_kind", "values", "expected"),
    [
        ("casting", {"temperature": 24, "smoke": 0.2, "load": 70, "battery": 80}, set()),
        ("casting", {"temperature": 53}, {"heat-prewarning"}),
        ("casting", {"temperature": 60}, {"heat-prewarning", "heat-fire"}),
        ("curing", {"temperature": 75}, set()),
        ("curing", {"temperature": 90}, {"curing-heat-prewarning"}),
        ("curing", {"temperature": 110}, {"curing-heat-prewarning", "curing-heat-fire"}),
        ("resin_store", {"temperature": 26}, {"resin-store-warm"}),
        ("resin_store", {"temperature": 33}, {"resin-store-warm", "resin-store-hazard"}),
        ("peroxide_store", {"temperature": 31}, {"peroxide-store-warm", "peroxide-store-hazard"}),
        ("waste", {"temperature": 42}, {"waste-heat-prewarning"}),
        ("casting", {"smoke": 3}, {"smoke-prewarning"}),
        ("casting", {"smoke": 5}, {"smoke-prewarning", "smoke-fire"}),
        ("grinding", {"smoke": 4}, set()),
        ("grinding", {"smoke": 12}, {"smoke-dusty-prewarning", "smoke-dusty-fire"}),
        ("other", {"load": 110}, {"circuit-overload"}),
        ("other", {"residual_current": 350}, {"residual-current"}),
        ("other", {"residual_current": 180}, set()),
        ("other", {"cable_temperature": 75}, {"cable-hot"}),
        ("other", {"battery": 10}, {"battery-low"}),
        ("other", {"tamper": 1}, {"tamper"}),
        ("other", {"smoke_alarm": 1, "heat_alarm": 1, "manual_call": 1}, {"smoke-alarm", "heat-alarm", "manual-call"}),
    ],
)
def test_what_alarms_where(zone_kind: str, values: dict[str, float], expected: set[str]) -> None:
    assert firsts(zone_kind, **values) == expected


def test_a_stranger_is_watched_for_fire_only() -> None:
    site = Site(PACK, [device("d1")])
    site.say(0, "stranger", temperature=80, smoke=9, residual_current=900, battery=1)
    assert told(site.run(1, 60)) == ["raised heat-fire", "raised smoke-fire"]


def test_an_electrical_alarm_is_held_until_reset_by_hand() -> None:
    site = Site(PACK)
    site.say(0, residual_current=400)
    site.run(1, 20)
    site.say(20, residual_current=10)
    site.say(60, residual_current=10)
    alarm = site.only()
    assert (alarm.state, alarm.facts.latched) == ("E", True)
