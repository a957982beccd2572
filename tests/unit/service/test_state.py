"""The live state: what it makes of readings, transitions, retained lists, and of silence."""

import msgspec

from ember_service.live.state import REMEMBERED_CLOSED, STEPS_KEPT, LiveState, Value
from ember_service.register.model import Area, Channel, Device, Register, Workshop, Zone
from ember_wire.alarms import AlarmClass, AlarmRecord, Facts, Health, Text, Transition, TransitionKind, WorkshopAlarms
from ember_wire.channels import channel_id
from ember_wire.readings import Batch, Columns, Introduction, Reading
from ember_wire.stream import Heartbeat

NOW = 1_763_900_000_000
TEMPERATURE = channel_id("d1", "temperature")
REGISTER = Register(
    revision=3,
    areas=[Area(id="a1", name="North", kind="town")],
    workshops=[
        Workshop(id="w1", name="One", area="a1", address="1 Lake Road"),
        Workshop(id="w2", name="Two", area="a1"),
    ],
    zones=[Zone(id="z1", workshop="w1", name="Casting", kind="casting")],
    devices=[Device(id="d1", workshop="w1", zone="z1", supervision="radio"), Device(id="d2", workshop="w1")],
    channels=[Channel(id=TEMPERATURE, device="d1", name="temperature")],
)


def state() -> LiveState:
    made = LiveState()
    made.configure(REGISTER)
    return made


def batch(*rows: tuple[str, str, int, float], introduce: bool = True) -> Batch:
    """Of (device, name, ms after NOW, value), received when they were taken."""
    readings = [Reading(channel_id(d, n), NOW + at, NOW + at, value, 0) for d, n, at, value in rows]
    told = [Introduction(channel_id(d, n), d, n) for d, n, _, _ in rows] if introduce else []
    return Batch("gw-1", 1, 1, NOW, Columns.of(readings), told)


def record(number: str, revision: int = 1, class_: AlarmClass = AlarmClass.FIRE, **given: object) -> AlarmRecord:
    made = AlarmRecord(
        id=number,
        revision=revision,
        rule="r",
        rule_version=1,
        class_=class_,
        severity=500,
        open=True,
        state="B",
        facts=Facts(active=True),
        workshop="w1",
        onset=NOW,
        raised=NOW,
        title=Text("Smoke", "烟雾"),
        guidance=Text("Go", "去"),
    )
    return msgspec.structs.replace(made, **given)


def step(alarm: AlarmRecord, seq: int, kind: TransitionKind = TransitionKind.RAISED) -> Transition:
    return Transition(id=f"{alarm.id}-{seq}", seq=seq, kind=kind, happened=NOW, known=NOW, alarm=alarm)


def listed(*alarms: AlarmRecord) -> WorkshopAlarms:
    return WorkshopAlarms(as_of=NOW, seq=1, alarms=list(alarms))


def ids(live: LiveState) -> list[str]:
    return [alarm.id for alarm in live.open_alarms()]


def test_an_older_reading_changes_nothing_and_a_registered_channel_needs_no_introduction() -> None:
    live = state()
    assert [v.value for v in live.take_batch(batch(("d1", "temperature", 10, 25.0), introduce=False))] == [25.0]
    assert live.take_batch(batch(("d1", "temperature", 5, 99.0))) == []
    assert live.item("w1", NOW)["highlights"]["temperature"]["value"] == 25.0
    assert [c["zone"] for c in live.channels("w1")] == ["z1"]


def test_what_nobody_registered_is_unassigned_until_it_is_adopted() -> None:
    live = state()
    assert "unassigned" not in live.workshops()
    live.take_batch(batch(("new", "smoke", 0, 1.0)))
    assert "unassigned" in live.workshops()
    assert [c["device"] for c in live.channels("unassigned")] == ["new"]
    live.configure(msgspec.structs.replace(REGISTER, devices=[*REGISTER.devices, Device(id="new", workshop="w2")]))
    assert "unassigned" not in live.workshops()
    assert [c["device"] for c in live.channels("w2")] == ["new"]


def test_online_is_who_was_heard_in_time_and_did_not_say_farewell() -> None:
    live = state()
    live.take_batch(batch(("d1", "online", 0, 1.0), ("d2", "temperature", 0, 20.0)))
    assert live.item("w1", NOW + 1000)["devices"] == {"total": 2, "online": 2}
    live.take_batch(batch(("d1", "online", 2000, 0.0)))
    assert live.item("w1", NOW + 3000)["devices"]["online"] == 1
    assert live.item("w1", NOW + 200_000)["devices"]["online"] == 0


def test_a_first_value_gives_way_to_what_was_heard_since() -> None:
    live = state()
    live.take_batch(batch(("d1", "temperature", 0, 30.0), ("d1", "online", 0, 1.0)))
    live.take_first(Value(TEMPERATURE, "d1", "temperature", 20.0, NOW - 5000, NOW - 5000, 0))
    live.take_first(Value(channel_id("d1", "online"), "d1", "online", 0.0, NOW - 5000, NOW - 5000, 0))
    assert live.values[TEMPERATURE].value == 30.0
    assert live.item("w1", NOW)["devices"]["online"] == 1


def test_the_worst_comes_first_and_counts_are_by_class() -> None:
    live = state()
    for number, class_ in (("t", AlarmClass.TROUBLE), ("f", AlarmClass.FIRE), ("p", AlarmClass.PREWARNING)):
        live.take_transition(step(record(number, class_=class_), 1))
    assert ids(live) == ["f", "p", "t"]
    item = live.item("w1", NOW)
    assert item["worst"] == "fire"
    assert item["open"] == {"fire": 1, "prewarning": 1, "supervisory": 0, "trouble": 1}
    assert live.item("w2", NOW)["worst"] is None


def test_a_step_told_twice_or_too_late_changes_nothing() -> None:
    live = state()
    raised, acked = step(record("a", 1), 1), step(record("a", 2, state="C"), 2, TransitionKind.ACKED)
    assert live.take_transition(acked)
    assert live.take_transition(raised)
    assert not live.take_transition(raised)
    assert live.alarms["a"].state == "C"
    live.take_transition(step(record("a", 3, open=False), 3, TransitionKind.CLOSED))
    assert ids(live) == []
    live.take_document("w1", listed(record("a", 2)))
    assert ids(live) == [], "an old list opens nothing again"
    found = live.alarm("a")
    assert found is not None
    assert not found.open


def test_a_list_closes_what_it_lacks_but_not_where_it_was_cut() -> None:
    live = state()
    live.take_transition(step(record("a"), 1))
    live.take_transition(step(record("elsewhere", workshop="w2"), 2))
    assert live.take_document("w1", listed(), whole=False) == ([], [])
    assert live.take_document("w1", listed()) == ([], ["a"])
    assert ids(live) == ["elsewhere"]
    assert live.alarm("a") is None, "how it ended is not known here"
    assert live.take_document("w1", listed(record("a")))[0], "listed again it is open again"
    assert ids(live) == ["a", "elsewhere"]


def test_an_alarm_that_moves_with_its_device_is_counted_once() -> None:
    live = state()
    live.take_transition(step(record("a", 1, workshop="unassigned"), 1))
    live.take_transition(step(record("a", 2), 2, TransitionKind.COMMENT))
    assert [live.item(w, NOW)["open"]["fire"] for w in ("unassigned", "w1")] == [0, 1]
    assert live.take_document("unassigned", listed()) == ([], [])
    assert ids(live) == ["a"]


def test_memory_stays_bounded() -> None:
    live = state()
    for number in range(REMEMBERED_CLOSED + 50):
        live.take_transition(step(record(f"a{number}"), 1))
        live.take_transition(step(record(f"a{number}", 2, open=False), 2, TransitionKind.CLOSED))
    for seq in range(STEPS_KEPT + 50):
        live.take_transition(step(record("chatty", seq), seq, TransitionKind.COMMENT))
    assert len(live.recent) == REMEMBERED_CLOSED + 1
    assert len(live.recent["chatty"]) == STEPS_KEPT
    assert live.alarm("a0") is None
    assert live.alarm(f"a{REMEMBERED_CLOSED}") is not None


def faults(live: LiveState, now: int) -> set[tuple[str, str]]:
    return {(fault["part"], fault["word"]) for fault in live.system({}, now)["faults"]}


def test_silence_of_gateway_and_evaluator_is_a_fault() -> None:
    live = state()
    assert faults(live, NOW) == {("gateway", "gateway"), ("evaluator", "evaluator")}
    live.take_heartbeat(Heartbeat(gateway="gw-1", start=1, n=1, now=NOW), NOW)
    live.take_health(Health(as_of=NOW, ok=True), NOW)
    assert live.system({}, NOW)["ok"]
    assert faults(live, NOW + 11_000) == {("gateway", "gateway")}
    assert faults(live, NOW + 31_000) == {("gateway", "gateway"), ("evaluator", "evaluator")}
    live.take_health(Health(as_of=NOW, ok=False), NOW + 32_000)
    assert ("evaluator", "evaluator") in faults(live, NOW + 32_000), "its will says that it is gone"


def test_a_retained_health_is_as_old_as_it_says() -> None:
    live = state()
    live.take_health(Health(as_of=NOW - 60_000, ok=True), NOW, retained=True)
    assert not live.evaluator_ok(NOW)[0]
    live.take_health(Health(as_of=NOW - 60_000, ok=True), NOW)
    assert live.evaluator_ok(NOW)[0], "a clock that is off is no death"


def test_faults_keep_their_beginning_and_their_text() -> None:
    live = state()
    live.take_health(Health(as_of=NOW, ok=True, faults={"journal": "the disk is nearly full"}), NOW)
    live.take_heartbeat(Heartbeat(gateway="gw-1", start=1, n=1, now=NOW + 9000, faults={"spool": "spool 80 %"}), NOW)
    first = live.system({"broker": "the broker is away"}, NOW)
    assert {f["since"] for f in first["faults"]} == {NOW}
    later = live.system({"broker": "the broker is away"}, NOW + 500)
    assert {f["since"] for f in later["faults"]} == {NOW}
    told = {f["word"]: f["text"] for f in later["faults"]}
    assert told["broker"] == "the broker is away"
    assert "spool 80 %" in told["gateway"]
    assert "off by 9 s" in told["clock"]
