"""An ordinary day stays below every figure at which the trade begins to worry (domain.md)."""

from collections import defaultdict
from itertools import pairwise

from ember_sim import physics
from ember_sim.device import Firmware
from ember_sim.district import plan
from ember_sim.noise import drift, key_of, uniform
from ember_sim.spot import Spot, spots
from ember_wire import topics

MIDNIGHT = 1_767_542_400_000  # 2026-01-05, 00:00 in the district
DAY = 86_400_000
MINUTE = 60_000
SEED = 7


def spot_of(device: str) -> Spot:
    return next(spot for spot in spots(plan(SEED)) if spot.device == device)


def test_a_whole_day_of_the_whole_district_is_quiet() -> None:
    seen: dict[str, list[float]] = defaultdict(list)
    for spot in spots(plan(SEED)):
        for now in range(MIDNIGHT, MIDNIGHT + DAY, 7 * MINUTE):
            for name, value in physics.ordinary(spot, now, SEED).items():
                kept = "store " if spot.zone_kind == "resin_store" and name == "temperature" else ""
                seen[kept + name.partition(".")[0]].append(float(value))
                if name.startswith("current"):
                    seen["load"].append(100 * float(value) / spot.rated_current)
    assert 15 < min(seen["temperature"]) < max(seen["temperature"]) < 35
    assert 20 < min(seen["store temperature"]) < max(seen["store temperature"]) < 24
    assert 0 <= min(seen["smoke"]) < max(seen["smoke"]) < 1.5
    assert 0 < min(seen["load"]) < max(seen["load"]) < 80
    assert 20 < min(seen["residual_current"]) < max(seen["residual_current"]) < 90
    assert max(seen["cable_temperature"]) < 50
    assert 220 < min(seen["voltage"]) < max(seen["voltage"]) < 240
    assert 30 < min(seen["humidity"]) < max(seen["humidity"]) < 80
    assert set(seen["manual_call"]) == set(seen["tamper"]) == {0.0}


def test_no_detector_cries_on_an_ordinary_day_with_its_dust() -> None:
    puffs = 0
    for spot in [spot for spot in spots(plan(SEED)) if "smoke" in spot.model.channels][:10]:
        firmware = Firmware(spot, "b")
        for now in range(MIDNIGHT, MIDNIGHT + DAY, MINUTE // 4):
            measured = physics.ordinary(spot, now, SEED)
            puffs += float(measured["smoke"]) > 0.25
            assert topics.alarm(spot.device) not in {m.topic for m in firmware.glance(now, measured)}
    assert puffs > 0, "an ordinary day has a puff of dust now and then"


def test_working_hours_show_in_load_and_heat() -> None:
    meter, curing = spot_of("ws-07-meter"), spot_of("ws-07-oven-probe")
    night, morning = MIDNIGHT + 3 * 60 * MINUTE, MIDNIGHT + 10 * 60 * MINUTE
    for spot, channel in ((meter, "current.l1"), (meter, "power"), (curing, "cable_temperature")):
        assert physics.ordinary(spot, morning, SEED)[channel] > 1.3 * physics.ordinary(spot, night, SEED)[channel]


def test_load_in_full_swing_is_a_third_to_four_fifths() -> None:
    meter = spot_of("ws-07-meter")
    for now in range(MIDNIGHT + 9 * 60 * MINUTE, MIDNIGHT + 11 * 60 * MINUTE, MINUTE):
        for phase in ("l1", "l2", "l3"):
            assert 0.3 < float(physics.ordinary(meter, now, SEED)[f"current.{phase}"]) / meter.rated_current < 0.8


def test_time_alone_decides() -> None:
    spot = spot_of("ws-07-waste-smoke")
    moments = [MIDNIGHT + n * 1237 for n in range(50)]
    forwards = [physics.ordinary(spot, now, SEED) for now in moments]
    backwards = [physics.ordinary(spot, now, SEED) for now in reversed(moments)]
    assert forwards == backwards[::-1]
    assert forwards != [physics.ordinary(spot, now, SEED + 1) for now in moments]


def test_batteries_go_down_slowly_and_are_never_flat() -> None:
    spot = spot_of("ws-07-living-alarm")
    year = [physics.battery(spot, MIDNIGHT + day * DAY, SEED) for day in range(365)]
    assert 60 <= min(year) < max(year) <= 99
    assert sum(after > before for before, after in pairwise(year)) in (2, 3), "one change each half year"


def test_noise_is_even_and_smooth() -> None:
    numbers = [uniform(key_of(1, "a"), n) for n in range(2000)]
    assert 0.47 < sum(numbers) / len(numbers) < 0.53
    assert 0 <= min(numbers) < 0.01 < 0.99 < max(numbers) < 1
    walk = [drift(5, t / 10, 60) for t in range(6000)]
    assert -1 <= min(walk) < max(walk) <= 1
    assert max(abs(after - before) for before, after in pairwise(walk)) < 0.01
