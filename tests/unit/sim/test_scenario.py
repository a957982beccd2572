"""Scenarios: what they do to devices, in which order, and how a bad file is refused."""

from pathlib import Path

import pytest

from ember_sim import scenario
from ember_sim.district import plan
from ember_sim.effects import PowerLost, Press, Ramp
from ember_sim.fire import Smoulder
from ember_sim.scenario import ScenarioError, load, parse, shipped
from ember_sim.truth import ground_truth
from ember_sim.world import Playing, World

START = 1_767_578_400_000
FIRE = load("smouldering-fire")

GOOD = """
name: x
title: {en: x, zh: x}
workshop: ws-07
duration: 100
truth: [{kind: fire, onset: 0, until: 90}]
devices: [ws-07-waste-smoke]
timeline: [{effect: smouldering, at: 5, devices: [ws-07-waste-smoke]}]
"""


def world(stretch: float = 1.0, name: str = "smouldering-fire") -> World:
    return World(plan(7), 7, Playing(load(name), START, stretch))


def test_the_fire_warms_then_smokes_then_is_judged_then_spreads_then_takes_the_power() -> None:
    district = world()
    spots = {spot.device: spot for spot in district.spots}

    def first(device: str, channel: str, above: float = float("inf"), below: float = float("-inf")) -> int:
        """The first second at which the channel is out of its bounds."""
        for second in range(600):
            measured = district.measured(spots[device], START + second * 1000)
            assert measured is not None
            if measured[channel] > above or measured[channel] < below:
                return second
        pytest.fail(f"{device} {channel} never got there")

    before = district.measured(spots["ws-07-waste-smoke"], START - 1)
    assert before is not None
    ordinary = before["temperature"]
    warm = first("ws-07-waste-smoke", "temperature", above=ordinary + 2)
    smoke = first("ws-07-waste-smoke", "smoke", above=3)
    hot = first("ws-07-waste-smoke", "temperature", above=58)
    neighbour = first("ws-07-casting-smoke", "smoke", above=3)
    dark = first("ws-07-meter", "current.l1", below=1)
    verdicts = {v["device"]: (v["from"] - START) // 1000 for v in ground_truth(district)["verdicts"]}
    assert 0 < warm < smoke < verdicts["ws-07-waste-smoke"] <= 35
    assert smoke < hot < neighbour < verdicts["ws-07-casting-smoke"] < verdicts["ws-07-living-alarm"]
    assert hot < dark < 90
    assert smoke < 20, "a prewarning comes well before the verdict"


def test_all_is_ordinary_before_the_start_and_after_the_end() -> None:
    story, quiet = world(), World(plan(7), 7)
    for now in (START - 1, START, START + 600_000, START + 10_000_000):
        for spot in story.spots:
            assert story.measured(spot, now) == quiet.measured(spot, now)


def test_the_fire_is_over_before_the_end_and_every_verdict_withdrawn() -> None:
    truth = ground_truth(world())
    assert len(truth["verdicts"]) == 3
    assert all(START < v["from"] < v["until"] < truth["end"] for v in truth["verdicts"])


def test_devices_without_a_part_do_not_notice() -> None:
    story, quiet = world(), World(plan(7), 7)
    others = [spot for spot in story.spots if spot.device not in FIRE.devices]
    assert len(others) == 196
    now = START + 200_000
    assert [story.measured(spot, now) for spot in others] == [quiet.measured(spot, now) for spot in others]
    assert not any(story.watched(spot, now) for spot in others)


def test_a_stretched_story_takes_so_much_longer() -> None:
    quick, slow = ground_truth(world()), ground_truth(world(stretch=3))
    assert slow["end"] - START == 3 * (quick["end"] - START)
    assert slow["truth"][1]["onset"] - START == 3 * 75_000


def test_smouldering_grows_from_nothing_and_fades_to_nothing() -> None:
    fire = Smoulder(burns=100, fades=50)
    heat = [fire.traces(t).heat for t in range(200)]
    assert heat[0] == 0.0
    assert heat[:101] == sorted(heat[:101])
    assert heat[100:151] == sorted(heat[100:151], reverse=True)
    assert heat[150:] == [0.0] * 50
    assert fire.traces(-5) == (0.0, 0.0)


def test_effects_change_only_their_own_channels() -> None:
    values = {"current.l1": 10.0, "power": 100.0, "voltage": 230.0, "manual_call": False}
    at = {"at": 0.0, "devices": ["d"]}
    ramp = Ramp(channel="voltage", points=[(10, 0), (20, 5)], **at)  # type: ignore[arg-type]
    assert [ramp.alter(t, values)["voltage"] for t in (0, 10, 15, 20, 99)] == [230, 230, 232.5, 235, 235]
    dark = PowerLost(left=0.1, **at)  # type: ignore[arg-type]
    assert dark.alter(1, values) == values | {"current.l1": 1.0, "power": 10.0}
    assert Press(**at).alter(1, values) == values | {"manual_call": True}  # type: ignore[arg-type]


def test_a_burnt_detector_is_silent_and_a_call_point_pressed() -> None:
    story = world(name="detector-burns")
    spots = {spot.device: spot for spot in story.spots}
    assert story.measured(spots["ws-07-waste-smoke"], START + 59_999) is not None
    assert story.measured(spots["ws-07-waste-smoke"], START + 60_000) is None
    pressed = story.measured(spots["ws-07-casting-call"], START + 120_000)
    assert pressed is not None
    assert pressed["manual_call"] is True


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_loads_under_its_own_name_and_says_what_is_true(name: str) -> None:
    assert load(name).name == name
    truth = ground_truth(world(name=name))
    assert all(START <= event["onset"] < event["until"] <= truth["end"] for event in truth["truth"])


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("effect: smouldering", "effect: explosion", r"explosion.*\$\.timeline\[0\]"),
        ("at: 5", "at: -5", r">= 0.*\$\.timeline\[0\]\.at"),
        ("at: 5", "at: 500", "beyond `duration` 100"),
        ("at: 5", "at: 5, until: 4", "`until` 4 must come after `at` 5"),
        ("at: 5, devices: [ws-07-waste-smoke]", "at: 5, devices: [other]", "other not under `devices`"),
        ("at: 5", "at: 5, colour: red", "colour"),
        ("kind: fire", "kind: flood", "flood"),
        ("onset: 0, until: 90", "onset: 95, until: 90", "onset < until"),
        ("duration: 100", "duration: long", r"float.*\$\.duration"),
        ("name: x", "name: [", "x.yaml"),
        ("name: x", "- x", "x.yaml"),
        ("effect: smouldering, at: 5", "effect: ramp, channel: smoke, points: [[5, 1], [3, 2]], at: 5", "rising times"),
    ],
)
def test_a_bad_scenario_is_refused_with_where_and_why(before: str, after: str, says: str) -> None:
    assert parse(GOOD.encode(), "x.yaml").name == "x"
    assert before in GOOD
    with pytest.raises(ScenarioError, match=says) as caught:
        parse(GOOD.replace(before, after).encode(), "x.yaml")
    assert str(caught.value).startswith("x.yaml")


def test_a_scenario_file_of_ones_own_is_found(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(GOOD)
    assert load(str(own)).name == "x"


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match="smouldering-fire"):
        load("no-such-thing")
    with pytest.raises(ScenarioError, match="at most"):
        parse(b" " * (scenario.MAX_BYTES + 1), "big.yaml")


def test_a_district_without_the_devices_is_refused() -> None:
    with pytest.raises(ScenarioError, match="ws-07-casting-smoke"):
        World(plan(7, 1), 7, Playing(FIRE, START))


def test_a_small_district_plays_what_it_has_the_devices_for() -> None:
    small = plan(7, 1)
    playing = Playing(FIRE, START).cast_from({device["id"] for device in small["devices"]})
    [verdict] = ground_truth(World(small, 7, playing))["verdicts"]
    assert verdict["device"] == "ws-07-waste-smoke"
    with pytest.raises(ScenarioError, match="none of the devices"):
        playing.cast_from({"other"})
