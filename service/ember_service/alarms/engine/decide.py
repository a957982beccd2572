"""One reading after the other: what the rules on its channel make of it."""

from heapq import heappop, heappush
from math import inf

from ember_service.alarms.engine import silence, trial
from ember_service.alarms.engine.book import NEEDS_VERDICT, Cause, Onset
from ember_service.alarms.engine.kinds import kind_of_rule
from ember_service.alarms.engine.kinds.base import Change, Phase, Sample, Watch
from ember_service.alarms.engine.state import HORIZON, LATE_AFTER, State, channel_key
from ember_service.rules.model import Rule
from ember_wire.kinds import kind_of
from ember_wire.quality import Quality
from ember_wire.readings import Reading


class Arrived:
    """How a batch came: over which path (its number, its clock now), and whether it is news."""

    __slots__ = ("clock", "live", "path")

    def __init__(self, path: int, clock: int, *, live: bool) -> None:
        self.path, self.clock, self.live = path, clock, live


def take(state: State, slot: int, reading: Reading, how: Arrived) -> None:
    """Take one reading in: note it as the newest, hear its device, ask the rules."""
    channels, number = state.population.channels, int(state.population.channels.device[slot])
    last = Sample(int(channels.time[slot]), int(channels.arrival[slot]), float(channels.value[slot]))
    sample = Sample(min(reading.time, reading.received), state.arrival(reading.received), reading.value)
    retained = bool(reading.quality & Quality.RETAINED)
    if retained and sample.value == last.value:
        return
    cause = Cause(f"reading:{reading.channel}:{sample.time}:{sample.value!r}", sample.arrival)
    late = sample.time < last.time and sample.arrival - last.arrival <= HORIZON
    same = sample.time == last.time and sample.value == last.value
    if late:
        state.counters.late += 1
    else:
        channels.time[slot], channels.arrival[slot], channels.value[slot] = sample.time, sample.arrival, sample.value
    in_test = bool(reading.quality & Quality.TEST)
    if in_test:
        in_test = trial.counts(state, number) if retained or late else trial.told(state, number, slot, cause)
    elif not in_test and not retained and not late:
        trial.ended(state, number, slot, cause)
    if sample.value == 0 and kind_of(channels.names[slot]) == "online":
        if not late and not same:
            silence.offline(state, number, cause)
    elif not retained:
        age = 0 if how.live else max(state.now - reading.received, 0)
        silence.heard(state, number, how.path, how.clock, how.clock - age, cause)
    if same:
        return
    _ask(state, slot, sample, last if late else None, cause, live=how.live, in_test=in_test)


def tick(state: State, cause: Cause) -> None:
    """Delays that end by now, holding the last value."""
    while state.due and state.due[0][0] <= state.now:
        due, rule, channel = heappop(state.due)
        slot = state.population.channels.index.get(channel)
        watch = find(state, slot, rule)
        if watch is None or watch.due != due:
            continue
        change = kind_of_rule(watch.rule).tick(watch)
        if change is not None:
            _apply(state, slot, watch.rule, change, float(state.population.channels.value[slot]), cause, live=True)
        settle(state, slot)


def find(state: State, slot: int, rule: str) -> Watch | None:
    """The watch of a rule on a channel, where it is not quiet."""
    for watch in state.watches.get(slot, ()):
        if watch.rule.id == rule:
            return watch
    return None


def settle(state: State, slot: int) -> None:
    """After a change on a channel: quiet watches go, and the limits are drawn anew."""
    channels, devices = state.population.channels, state.population.devices
    name, device = channels.names[slot], devices.names[int(channels.device[slot])]
    watched = state.bindings.watched(device, kind_of(name))
    low, high = watched.quiet
    watches = [watch for watch in state.watches.get(slot, ()) if watch.phase is not Phase.QUIET]
    if watches:
        state.watches[slot] = watches
        low, high = _limits(watched.rules, watches)
    else:
        state.watches.pop(slot, None)
    channels.low[slot] = max(low, 0.5) if kind_of(name) == "online" else low
    channels.high[slot] = high


def plan(state: State, slot: int, watch: Watch) -> None:
    """Let the ticks know of a delay that they may end."""
    if watch.due is not None:
        heappush(state.due, (watch.due, watch.rule.id, int(state.population.channels.id[slot])))


def _limits(rules: tuple[Rule, ...], watches: list[Watch]) -> tuple[float, float]:
    low, high = -inf, inf
    busy = {watch.rule.id for watch in watches}
    inside = [kind_of_rule(rule).quiet(rule) for rule in rules if rule.id not in busy]
    for watch in watches:
        limits = kind_of_rule(watch.rule).limits(watch)
        if limits is None:
            return inf, -inf
        inside.append(limits)
    for below, above in inside:
        low, high = max(low, below), min(high, above)
    return low, high


def _ask(
    state: State, slot: int, sample: Sample, newest: Sample | None, cause: Cause, *, live: bool, in_test: bool
) -> None:
    """Ask each rule on a channel. `newest` is given where the sample is older than it."""
    devices = state.population.devices
    device = devices.names[int(state.population.channels.device[slot])]
    kind_name = kind_of(state.population.channels.names[slot])
    rules = state.bindings.watched(device, kind_name).rules
    kept = {watch.rule.id: watch for watch in state.watches.get(slot, ())}
    asked: list[Watch] = []
    for rule in rules:
        watch = kept.pop(rule.id, None)
        if watch is not None or _stirs(rule, sample.value):
            asked.append(watch or Watch(rule))
    asked += kept.values()
    for watch in asked:
        if in_test and watch.rule.class_ in NEEDS_VERDICT:
            continue
        was_quiet = watch.phase is Phase.QUIET
        _ask_one(state, slot, watch, sample, newest, cause, live=live)
        if was_quiet and watch.phase is not Phase.QUIET:
            state.watches.setdefault(slot, []).append(watch)
    if asked:
        settle(state, slot)


def _ask_one(
    state: State, slot: int, watch: Watch, sample: Sample, newest: Sample | None, cause: Cause, *, live: bool
) -> None:
    kind, due = kind_of_rule(watch.rule), watch.due
    device = state.population.devices.names[int(state.population.channels.device[slot])]
    hold = state.bindings.patience(device)
    if newest is None:
        steps = [sample]
    elif kind.late(watch, sample) and not _known(state, slot, watch.rule, sample.time):
        steps = [sample, newest]
    else:
        return
    for step in steps:
        change = kind.sample(watch, step, hold)
        if change is not None:
            _apply(state, slot, watch.rule, change, step.value, cause, live=live)
    if watch.due != due:
        plan(state, slot, watch)


def _known(state: State, slot: int, rule: Rule, time: int) -> bool:
    """Whether an alarm already tells what a late sample says: it lies within it, or between its end and now."""
    key = channel_key(int(state.population.channels.id[slot]))
    episode = state.book.of(rule.id, key)
    if episode is not None:
        returned = episode.record.returned
        return returned is None or time <= returned
    closed = state.book.last_closed(rule.id, key)
    if closed is None:
        return False
    return closed.record.onset <= time <= (closed.record.returned or closed.record.onset)


def _apply(state: State, slot: int, rule: Rule, change: Change, value: float, cause: Cause, *, live: bool) -> None:
    """A condition began or ended: tell the book."""
    if not change.active:
        episode = state.book.of(rule.id, channel_key(int(state.population.channels.id[slot])))
        if episode is not None:
            state.book.returned(episode, change.happened, cause, value)
        return
    begin = Onset(
        change.since,
        change.happened,
        value=value,
        limit=kind_of_rule(rule).limit(rule),
        late=not live or cause.known - change.happened > LATE_AFTER,
        signal_lost=bool(state.population.devices.lost[int(state.population.channels.device[slot])]),
    )
    state.book.activate(rule, state.channel_subject(slot), begin, cause)


def _stirs(rule: Rule, value: float) -> bool:
    """Whether a value makes a quiet rule move."""
    low, high = kind_of_rule(rule).quiet(rule)
    return not low <= value <= high
