"""Whatever comes, in whatever batches, with a snapshot at any point: the same transitions, and no invariant breaks."""

from collections.abc import Sequence
from math import inf, nan

from hypothesis import given, settings
from hypothesis import strategies as st

from ember_service.alarms.engine import Commanded, Configured, Engine, Event, Heard, Readings, Tick
from ember_service.rules.model import Rule
from ember_wire.alarms import AlarmClass, Transition, TransitionKind
from ember_wire.channels import channel_id
from ember_wire.quality import Quality
from ember_wire.readings import Batch, Columns, Introduction, Reading
from ember_wire.topics import SYSTEM
from tests.support.alarms import T0, device, ms, register, supervision, threshold, verdict

RULES: list[Rule] = [
    threshold("hot", class_=AlarmClass.FIRE, reset=55, delay_on=4, delay_off=3),
    threshold("warm", class_=AlarmClass.SUPERVISORY, above=50, latch=True),
    threshold("low", class_=AlarmClass.TROUBLE, kinds=["battery"], below=15, reset=25),
    verdict(),
    supervision(intervals={"radio": 20, "mains": 40}),
]
OTHER_RULES: list[Rule] = [threshold("hot", class_=AlarmClass.FIRE, above=58, delay_on=2, version=2), verdict()]
DEVICES = ("d1", "d2", "stranger")
NAMES = ("temperature", "smoke_alarm", "battery", "online")
TOLD = [Introduction(channel_id(d, n), d, n) for d in DEVICES for n in NAMES]
VALUES = {
    "temperature": st.sampled_from([20.0, 52.0, 57.0, 59.0, 61.0, 70.0, nan, inf]),
    "smoke_alarm": st.sampled_from([0.0, 1.0]),
    "battery": st.sampled_from([10.0, 20.0, 30.0]),
    "online": st.sampled_from([0.0, 1.0]),
}
QUALITIES = st.sampled_from([0, 0, 0, 0, int(Quality.TEST), int(Quality.RETAINED)])


@st.composite
def reading_at(draw: st.DrawFn, now: int) -> Reading:
    """A reading received in this second; measured then, or somewhat before or after."""
    name = draw(st.sampled_from(NAMES))
    off = draw(st.sampled_from([0, 0, 0, -3, -700, 2, -100_000]))
    at = ms(now) + draw(st.integers(0, 900))
    number = channel_id(draw(st.sampled_from(DEVICES)), name)
    return Reading(number, at + off * 1000, at, draw(VALUES[name]), draw(QUALITIES))


@st.composite
def story(draw: st.DrawFn) -> list[list[Reading] | Event]:
    """Seconds, each with its tick and perhaps readings, a heartbeat, a command or a new configuration."""
    out: list[list[Reading] | Event] = [Configured(T0, register(device(), device("d2", "mains")), RULES)]
    now = 0
    for _ in range(draw(st.integers(1, 14))):
        now += draw(st.sampled_from([1, 1, 1, 3, 8, 15, 700]))
        out.append(Tick(ms(now)))
        what = draw(st.sampled_from(["readings", "readings", "readings", "heard", "command", "configured"]))
        if what == "readings":
            rows = draw(st.lists(reading_at(now), min_size=1, max_size=8))
            out.append(sorted(rows, key=lambda r: r.received))
        elif what == "heard":
            out.append(Heard("gw-1", ms(now), ms(now) + draw(st.sampled_from([0, 7_000]))))
        elif what == "command":
            out.append(draw(command(now)))
        else:
            found = draw(st.sampled_from([register(device()), register(device(), device("d2", "mains"))]))
            out.append(Configured(ms(now), found, draw(st.sampled_from([RULES, OTHER_RULES]))))
    return out


@st.composite
def command(draw: st.DrawFn, now: int) -> Commanded:
    """A command on the alarm of this rank (its place in the queue stands in `alarm` until it is known)."""
    detail = {
        "reason": draw(st.sampled_from(["", "burnt"])),
        "verdict": draw(st.sampled_from(["fire", "nuisance", "?"])),
    }
    number = draw(st.integers(0, 30))
    seen = draw(st.sampled_from([None, None, 1, 5]))
    do = draw(st.sampled_from(["ack", "ack", "reset", "verdict", "comment", "dance"]))
    return Commanded(f"c{number}", do, str(draw(st.integers(0, 3))), "operator", ms(now), seen, detail | {"text": "x"})


def play(
    events: Sequence[list[Reading] | Event], *, split: Sequence[int] = (), dump_at: frozenset[int] = frozenset()
) -> tuple[Engine, list[Transition]]:
    """Play a story; readings cut into batches of the sizes in `split`, snapshots taken after the given events."""
    engine = Engine()
    out: list[Transition] = []
    n = 0
    for i, event in enumerate(events):
        if isinstance(event, list):
            for rows in _cut(event, split, n):
                n += 1
                batch = Batch("gw-1", 1, n, event[-1].received, Columns.of(rows), TOLD if n == 1 else [])
                out += engine.step(Readings(batch))
        else:
            out += engine.step(_aimed(engine, event) if isinstance(event, Commanded) else event)
        if i in dump_at:
            engine = Engine.load(engine.dump())
    return engine, out


def _cut(rows: list[Reading], split: Sequence[int], turn: int) -> list[list[Reading]]:
    if not split:
        return [rows]
    size = split[turn % len(split)]
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def _aimed(engine: Engine, event: Commanded) -> Commanded:
    alarms = engine.open_alarms()
    rank = int(event.alarm)
    alarm = alarms[rank].id if rank < len(alarms) else "none"
    return Commanded(event.id, event.do, alarm, event.who, event.now, event.seen, event.detail)


@settings(max_examples=80, deadline=None)
@given(story(), st.frozensets(st.integers(0, 28)))
def test_a_snapshot_at_any_point_changes_nothing(events: list[list[Reading] | Event], at: frozenset[int]) -> None:
    engine, out = play(events)
    restored, again = play(events, dump_at=at)
    assert again == out
    assert restored.dump() == engine.dump()


@settings(max_examples=80, deadline=None)
@given(story(), st.lists(st.integers(1, 3), min_size=1, max_size=5))
def test_any_split_into_batches_gives_the_same_transitions(
    events: list[list[Reading] | Event], split: list[int]
) -> None:
    """The product's own alarms are caused by numbered batches, so that other batches give them other ids."""
    whole, parts = ([t for t in play(events, split=by)[1] if t.alarm.workshop != SYSTEM] for by in ((), split))
    assert parts == whole


@settings(max_examples=80, deadline=None)
@given(story())
def test_whatever_comes_no_invariant_breaks(events: list[list[Reading] | Event]) -> None:
    engine, out = play(events)
    assert len({t.id for t in out}) == len(out)
    assert [t.seq for t in out] == list(range(1, len(out) + 1))
    lives: dict[str, list[Transition]] = {}
    for transition in out:
        lives.setdefault(transition.alarm.id, []).append(transition)
    for life in lives.values():
        _check_life(life)
    still_open = {life[-1].alarm.id for life in lives.values() if life[-1].alarm.open}
    assert {alarm.id for alarm in engine.open_alarms()} == still_open
    assert all(alarm.state != "A" for alarm in engine.open_alarms())
    subjects = [(a.rule, a.channel, a.device) for a in engine.open_alarms() if a.device]
    assert len(set(subjects)) == len(subjects)


def _check_life(life: list[Transition]) -> None:
    assert life[0].kind is TransitionKind.RAISED
    assert [t.alarm.revision for t in life] == list(range(1, len(life) + 1))
    active = False
    for transition in life:
        alarm, facts = transition.alarm, transition.alarm.facts
        if transition.kind in (TransitionKind.RAISED, TransitionKind.REACTIVATED):
            assert not facts.acked
            assert facts.active
        if active and not facts.active:
            assert transition.kind in (TransitionKind.RETURNED, TransitionKind.RESET)
        if not alarm.open and alarm.class_ in (AlarmClass.FIRE, AlarmClass.PREWARNING):
            assert alarm.verdict is not None
        if not alarm.open:
            assert facts.acked
            assert not facts.active
        assert alarm.state == "A" or alarm.open
        assert (alarm.acked is not None) == facts.acked
        active = facts.active


@settings(max_examples=50, deadline=None)
@given(story(), st.lists(st.sampled_from([1, 5, 9, 11, 400, 100_000]), min_size=1, max_size=10), st.booleans())
def test_no_data_never_clears_anything(events: list[list[Reading] | Event], waits: list[int], heard: bool) -> None:
    engine, _ = play(events)
    before = {alarm.id for alarm in engine.open_alarms() if alarm.facts.active and alarm.device}
    now = engine.now
    for wait in waits:
        now += wait * 1000
        if heard:
            engine.step(Heard("gw-1", now, now))
        engine.step(Tick(now))
    after = {alarm.id for alarm in engine.open_alarms() if alarm.facts.active}
    assert before - {a for a in before if engine.alarm(a).rule == "device_in_test"} <= after  # type: ignore[union-attr]
