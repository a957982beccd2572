"""Threshold with hysteresis, delay on and delay off.

Delays count between samples, by their own times. A tick may end the delay on, holding the last value; nothing but
samples ends an alarm.
"""

from math import inf, nextafter

from ember_service.alarms.engine.kinds.base import Change, Limits, Phase, Sample, Watch
from ember_service.rules.model import Rule, Threshold


class ThresholdKind:
    """Above (or below) a limit; the limit itself is still good."""

    def quiet(self, rule: Rule) -> Limits:
        rule = _typed(rule)
        if rule.above is not None:
            return -inf, rule.above
        return _below(rule), inf

    def limits(self, watch: Watch) -> Limits | None:
        if watch.phase is not Phase.ACTIVE:
            return None
        rule = _typed(watch.rule)
        if rule.above is not None:
            return nextafter(_reset(rule), inf), inf
        return -inf, nextafter(_reset(rule), -inf)

    def sample(self, watch: Watch, sample: Sample, hold: int) -> Change | None:
        rule = _typed(watch.rule)
        watch.time, watch.arrival = sample.time, sample.arrival
        if watch.phase in (Phase.QUIET, Phase.PENDING):
            return _towards_alarm(watch, rule, sample, hold)
        return _towards_return(watch, rule, sample)

    def late(self, watch: Watch, sample: Sample) -> bool:
        return False

    def tick(self, watch: Watch) -> Change | None:
        if watch.phase is not Phase.PENDING:
            return None
        return _raise(watch, watch.since, _ms(_typed(watch.rule).delay_on))

    def restart(self, watch: Watch, rule: Rule, sample: Sample, hold: int) -> None:
        watch.rule, watch.phase, watch.due = rule, Phase.QUIET, None
        watch.time, watch.arrival = sample.time, sample.arrival
        rule = _typed(rule)
        if _beyond(rule, sample.value):
            _pend(watch, sample, _ms(rule.delay_on), hold)

    def limit(self, rule: Rule) -> float | None:
        rule = _typed(rule)
        return rule.above if rule.above is not None else rule.below


def _towards_alarm(watch: Watch, rule: Threshold, sample: Sample, hold: int) -> Change | None:
    if not _beyond(rule, sample.value):
        watch.phase, watch.due = Phase.QUIET, None
        return None
    delay = _ms(rule.delay_on)
    if watch.phase is Phase.QUIET:
        watch.since = sample.time
    if sample.time - watch.since >= delay:
        return _raise(watch, watch.since, delay)
    _pend(watch, sample, delay - (sample.time - watch.since), hold)
    return None


def _towards_return(watch: Watch, rule: Threshold, sample: Sample) -> Change | None:
    if not _back(rule, sample.value):
        watch.phase = Phase.ACTIVE
        return None
    if watch.phase is Phase.ACTIVE:
        watch.phase, watch.since = Phase.RETURNING, sample.time
    delay = _ms(rule.delay_off)
    if sample.time - watch.since < delay:
        return None
    watch.phase = Phase.QUIET
    return Change(active=False, since=watch.since, happened=watch.since + delay)


def _pend(watch: Watch, sample: Sample, remaining: int, hold: int) -> None:
    if watch.phase is Phase.QUIET:
        watch.phase, watch.since = Phase.PENDING, sample.time
    watch.due = sample.arrival + remaining if remaining <= hold else None


def _raise(watch: Watch, since: int, delay: int) -> Change:
    watch.phase, watch.due = Phase.ACTIVE, None
    return Change(active=True, since=since, happened=since + delay)


def _beyond(rule: Threshold, value: float) -> bool:
    return value > rule.above if rule.above is not None else value < _below(rule)


def _back(rule: Threshold, value: float) -> bool:
    return value <= _reset(rule) if rule.above is not None else value >= _reset(rule)


def _reset(rule: Threshold) -> float:
    if rule.reset is not None:
        return rule.reset
    return rule.above if rule.above is not None else _below(rule)


def _below(rule: Threshold) -> float:
    return -inf if rule.below is None else rule.below


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _typed(rule: Rule) -> Threshold:
    if not isinstance(rule, Threshold):
        raise TypeError(f"rule {rule.id} is no threshold")
    return rule
