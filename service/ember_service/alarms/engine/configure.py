"""A new register and new rules: open alarms keep theirs, running delays begin anew where their rule has changed."""

from ember_service.alarms.engine.bindings import Bindings
from ember_service.alarms.engine.decide import plan, settle
from ember_service.alarms.engine.events import Configured
from ember_service.alarms.engine.kinds import kind_of_rule
from ember_service.alarms.engine.kinds.base import Phase, Sample
from ember_service.alarms.engine.state import State
from ember_wire.kinds import kind_of
from ember_wire.readings import Introduction


def configure(state: State, event: Configured) -> None:
    """Take over a register and rules."""
    state.bindings = Bindings(event.register, event.rules)
    population, devices = state.population, state.population.devices
    now = state.arrival(event.now)
    for number in population.settle(state.bindings, now, state.paths.common):
        devices.heard[number] = int(state.paths.clocks(now)[devices.path[number]])
        devices.wait[number] = state.bindings.patience(devices.names[number])
    for name, number in devices.number.items():
        if not devices.lost[number]:
            devices.wait[number] = state.bindings.patience(name)
    for channel, (device, name) in list(population.told.items()):
        if device in state.bindings.places:
            del population.told[channel]
            introduce(state, Introduction(channel, device, name))
    for slot in list(state.watches):
        _rebind(state, slot, now)
    for slot in population.channels.slots():
        settle(state, slot)


def introduce(state: State, introduction: Introduction) -> int | None:
    """Give a channel its slot and its limits; None where it had one, or gets none."""
    slot = state.population.introduce(introduction, state.bindings, state.now, state.paths.common, state.busy)
    if slot is not None:
        settle(state, slot)
    state.counters.shed = state.population.shed
    return slot


def meet(state: State, channel: int) -> bool:
    """A channel without introduction: introduce it where its name can be known."""
    who = state.population.who(channel, state.bindings)
    return who is not None and introduce(state, Introduction(channel, *who)) is not None


def _rebind(state: State, slot: int, now: int) -> None:
    """Delays that run begin anew under a changed rule, and end with a deleted one; what is active keeps its version."""
    channels, devices = state.population.channels, state.population.devices
    device = devices.names[int(channels.device[slot])]
    rules = {rule.id: rule for rule in state.bindings.watched(device, kind_of(channels.names[slot])).rules}
    held = Sample(int(channels.time[slot]), now, float(channels.value[slot]))
    for watch in state.watches[slot]:
        rule = rules.get(watch.rule.id)
        if watch.phase is not Phase.PENDING or rule == watch.rule:
            continue
        if rule is None or type(rule) is not type(watch.rule):
            watch.phase, watch.due = Phase.QUIET, None
        else:
            kind_of_rule(rule).restart(watch, rule, held, state.bindings.patience(device))
            plan(state, slot, watch)
