"""The device's own verdict: true raises at once, false returns; refused for no time."""

from math import inf, nextafter

from ember_service.alarms.engine.kinds.base import Change, Limits, Phase, Sample, Watch
from ember_service.rules.model import Rule

_ABOVE_ZERO = nextafter(0.0, inf)


class VerdictKind:
    """Anything but 0 is true."""

    def quiet(self, rule: Rule) -> Limits:
        return 0.0, 0.0

    def limits(self, watch: Watch) -> Limits | None:
        return _ABOVE_ZERO, inf

    def sample(self, watch: Watch, sample: Sample, hold: int) -> Change | None:
        watch.time, watch.arrival = sample.time, sample.arrival
        if sample.value != 0 and watch.phase is Phase.QUIET:
            watch.phase, watch.since = Phase.ACTIVE, sample.time
            return Change(active=True, since=sample.time, happened=sample.time)
        if sample.value == 0 and watch.phase is Phase.ACTIVE:
            watch.phase = Phase.QUIET
            return Change(active=False, since=sample.time, happened=sample.time)
        return None

    def late(self, watch: Watch, sample: Sample) -> bool:
        return sample.value != 0 and watch.phase is Phase.QUIET

    def tick(self, watch: Watch) -> Change | None:
        return None

    def restart(self, watch: Watch, rule: Rule, sample: Sample, hold: int) -> None:
        watch.rule, watch.phase = rule, Phase.QUIET

    def limit(self, rule: Rule) -> float | None:
        return None
