"""Times that can be, calibrated values, `load`, retained repeats."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from ember_gateway.resolve import Calibration, Resolver
from ember_wire.channels import channel_id
from ember_wire.dialects.base import Decoded, Reason, Sample
from ember_wire.quality import Quality
from ember_wire.readings import Reading

NOW = 1_763_900_000_000
DAY = 24 * 3600 * 1000
SPAN = 3 * DAY


def said(*samples: Sample, device: str = "d") -> Decoded:
    return Decoded(device, list(samples))


def one(resolver: Resolver, sample: Sample, arrival: int = NOW, *, retained: bool = False) -> Reading:
    (reading,) = resolver.resolve(said(sample), arrival, retained=retained).readings
    return reading


def times(readings: Iterable[Reading]) -> list[int]:
    return [reading.time for reading in readings]


def test_a_time_that_can_be_is_kept() -> None:
    for ts in (NOW, NOW - 300 * DAY, NOW + DAY, 1_577_836_800_000):
        reading = one(Resolver(), Sample("smoke", 0.5, ts))
        assert reading == Reading(channel_id("d", "smoke"), ts, NOW, 0.5, Quality.GOOD)


def test_a_time_that_cannot_be_is_replaced_by_arrival() -> None:
    for ts in (0, NOW // 1000, 1_577_836_799_999, NOW + DAY + 1, 4_102_444_800_000, -(2**62) + 1, 2**62 - 1):
        reading = one(Resolver(), Sample("smoke_alarm", 1.0, ts))
        assert (reading.time, reading.received, reading.value) == (NOW, NOW, 1.0)
        assert reading.quality == Quality.BAD_TIME | Quality.NO_IDENTITY


def test_what_was_no_number_is_a_bad_time_and_nothing_is_no_time() -> None:
    assert one(Resolver(), Sample("a", 1, None, bad_time=True)).quality == Quality.BAD_TIME | Quality.NO_IDENTITY
    assert one(Resolver(), Sample("a", 1, None)).quality == Quality.NO_TIME | Quality.NO_IDENTITY


def test_boot_and_seq_together_are_an_identity() -> None:
    assert one(Resolver(), Sample("a", 1, None, boot="b", seq=1)).quality == Quality.NO_TIME
    for sample in (Sample("a", 1, None, boot="b"), Sample("a", 1, None, seq=1)):
        assert one(Resolver(), sample).quality == Quality.NO_TIME | Quality.NO_IDENTITY


def test_a_long_burst_without_times_shares_none() -> None:
    resolver = Resolver()
    burst = said(*[Sample("a", n, None) for n in range(5000)])
    found = times(resolver.resolve(burst, NOW).readings) + times(resolver.resolve(burst, NOW + 1).readings)
    assert len(set(found)) == 10_000
    assert max(found) < NOW + 10_002


def test_no_time_is_shared_after_one_far_ahead_either() -> None:
    resolver = Resolver()
    one(resolver, Sample("a", 1, NOW + DAY))
    found = times(resolver.resolve(said(*[Sample("a", n, None) for n in range(50)]), NOW).readings)
    assert len(set(found)) == 50
    assert max(found) < NOW + 100


def test_a_clock_that_was_set_back_does_not_hold_times_in_the_future() -> None:
    resolver = Resolver()
    one(resolver, Sample("a", 1, None), NOW)
    assert one(resolver, Sample("a", 1, None), NOW - DAY).time == NOW - DAY


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.none() | st.integers(NOW - 5, NOW + 5), st.integers(0, 3)), max_size=60
    )
)
def test_readings_without_time_never_share_one(events: list[tuple[str, int | None, int]]) -> None:
    resolver, arrival = Resolver(), NOW
    stood_in: list[tuple[int, int]] = []
    for channel, ts, passed in events:
        arrival += passed
        reading = one(resolver, Sample(channel, 1, ts), arrival)
        if ts is None:
            stood_in.append((reading.channel, reading.time))
            assert arrival <= reading.time <= arrival + len(events)
    assert len(set(stood_in)) == len(stood_in)


def test_a_retained_value_equal_to_the_last_is_dropped_and_another_is_marked() -> None:
    resolver = Resolver()
    assert one(resolver, Sample("online", 1.0, None), retained=True).quality & Quality.RETAINED
    assert resolver.resolve(said(Sample("online", 1.0, None)), NOW + 1, retained=True).readings == []
    assert one(resolver, Sample("online", 0.0, None), NOW + 2, retained=True).quality & Quality.RETAINED
    assert not one(resolver, Sample("online", 0.0, None), NOW + 3).quality & Quality.RETAINED  # live: news
    assert resolver.resolve(said(Sample("online", 0.0, None), device="other"), NOW, retained=True).readings


def test_a_retained_repeat_of_a_calibrated_value_is_dropped_too() -> None:
    resolver = Resolver()
    resolver.calibration = {channel_id("d", "battery"): Calibration(scale=0.1, offset=0.3)}
    one(resolver, Sample("battery", 7.0, NOW))
    assert resolver.resolve(said(Sample("battery", 7.0, NOW)), NOW, retained=True).readings == []


def test_test_mode_is_marked() -> None:
    assert one(Resolver(), Sample("smoke_alarm", 1, NOW, test=True)).quality == Quality.TEST


def test_calibration_counts_from_when_it_is_there() -> None:
    resolver = Resolver()
    assert one(resolver, Sample("temperature", 20.0, NOW)).value == 20.0
    resolver.calibration = {channel_id("d", "temperature"): Calibration(scale=2.0, offset=-1.5)}
    assert one(resolver, Sample("temperature", 20.0, NOW)).value == 38.5
    assert one(resolver, Sample("temperature.2", 20.0, NOW)).value == 20.0


def test_load_is_derived_from_current_where_the_rating_is_known() -> None:
    resolver = Resolver()
    resolver.calibration = {channel_id("d", "current.l1"): Calibration(scale=2.0, rated_current=16.0)}
    resolved = resolver.resolve(said(Sample("current.l1", 4.0, NOW, test=True), Sample("current.l2", 4.0, NOW)), NOW)
    current, load, other = resolved.readings
    assert current == Reading(channel_id("d", "current.l1"), NOW, NOW, 8.0, Quality.TEST)
    assert load == Reading(channel_id("d", "load.l1"), NOW, NOW, 50.0, Quality.TEST | Quality.DERIVED)
    assert other.channel == channel_id("d", "current.l2")
    assert [i.name for i in resolved.introductions] == ["current.l1", "load.l1", "current.l2"]


def test_a_rating_on_what_is_no_current_derives_nothing() -> None:
    resolver = Resolver()
    resolver.calibration = {channel_id("d", "temperature"): Calibration(rated_current=16.0)}
    assert len(resolver.resolve(said(Sample("temperature", 4.0, NOW)), NOW).readings) == 1


def test_a_calibration_that_leaves_the_numbers_sets_the_value_aside() -> None:
    resolver = Resolver()
    resolver.calibration = {
        channel_id("d", "a"): Calibration(scale=1e308),
        channel_id("d", "current"): Calibration(rated_current=1e-300),
    }
    resolved = resolver.resolve(
        said(Sample("a", 1e10, NOW), Sample("current", 1e10, NOW), Sample("smoke_alarm", 1, NOW)), NOW
    )
    assert [r.channel for r in resolved.readings] == [channel_id("d", "current"), channel_id("d", "smoke_alarm")]
    assert [r.reason for r in resolved.rejects] == [Reason.NOT_FINITE]


def test_a_channel_is_introduced_at_first_and_again_after_a_while() -> None:
    resolver = Resolver()

    def introduced(arrival: int) -> bool:
        return bool(resolver.resolve(said(Sample("a", 1, None)), arrival).introductions)

    assert [introduced(NOW + seconds * 1000) for seconds in (0, 1, 299, 300, 301, 600)] == [
        *(True, False, False, True, False, True)
    ]
