"""The board and what is said of it; the order in which things go out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ember_service.alarms import checkpoint, commands
from ember_service.alarms.board import MOST_BYTES, Board
from ember_service.alarms.checkpoint import Checkpoint
from ember_service.alarms.engine import CommandOutcome
from ember_service.alarms.publisher import MOST_TOGETHER, Publisher, fires_first
from ember_service.register.snapshot import Config
from ember_wire import topics
from ember_wire.alarms import AlarmClass, Transition, TransitionKind, WorkshopAlarms
from ember_wire.stream import Answer, Command, StreamError, pack, unpack
from tests.support.alarms import Site, device, verdict
from tests.unit.notify.make import record, transition


@dataclass
class Heard:
    """What went out, and the time."""

    now: int = 1_000
    said: list[tuple[str, bytes, bool]] = field(default_factory=list)

    def out(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.said.append((topic, payload, retain))

    def documents(self) -> list[tuple[str, list[str]]]:
        """Workshop and ids of its alarms, in order."""
        return [
            (topic.rpartition("/")[2], [a.id for a in msgspec.json.decode(payload, type=WorkshopAlarms).alarms])
            for topic, payload, retain in self.said
            if retain
        ]

    def steps(self) -> list[list[str]]:
        return [
            [t.id for t in unpack(payload, list[Transition])]
            for topic, payload, _ in self.said
            if topic == topics.STREAM_TRANSITIONS
        ]


def step(number: int, class_: AlarmClass = AlarmClass.TROUBLE, *, alarm: str = "", **given: Any) -> Transition:
    return transition(id_=f"t{number}", seq=number, class_=class_, id=alarm or f"a{number}", **given)


def publisher(board: Board | None = None) -> tuple[Publisher, Heard]:
    heard = Heard()
    return Publisher(heard.out, board or Board(), lambda: heard.now), heard


def test_fires_go_first_and_the_steps_of_one_alarm_stay_in_order() -> None:
    steps = [
        step(1),
        step(2, AlarmClass.PREWARNING, alarm="x"),
        step(3, AlarmClass.FIRE, alarm="x", kind=TransitionKind.WORSENED, revision=2),
        step(4, AlarmClass.SUPERVISORY),
        step(5, AlarmClass.FIRE),
    ]
    assert [t.seq for t in fires_first(steps)] == [2, 3, 5, 4, 1]


def test_a_flood_goes_out_in_parts() -> None:
    telling, heard = publisher()
    telling.tell([step(number) for number in range(MOST_TOGETHER + 1)])
    assert [len(part) for part in heard.steps()] == [MOST_TOGETHER, 1]


def test_a_documents_change_goes_at_once_then_waits_a_moment_and_a_fire_does_not() -> None:
    telling, heard = publisher()
    telling.tell([step(1)])
    telling.tell([step(2)])
    assert heard.documents() == [("w1", ["a1"])]
    telling.flush()
    telling.flush()
    assert heard.documents()[1:] == [("w1", ["a1", "a2"])]
    telling.tell([step(3, AlarmClass.FIRE)])
    assert heard.documents()[2:] == [("w1", ["a3", "a1", "a2"])]


def test_after_a_reconnect_all_is_said_again_the_empty_lists_too() -> None:
    telling, heard = publisher(Board([record(id="b", workshop="w2")], ["w1", "w9"]))
    telling.tell_again()
    assert heard.documents() == [("w2", ["b"]), ("w1", []), ("w9", [])]


def test_a_closed_alarm_leaves_and_an_older_revision_changes_nothing() -> None:
    board = Board()
    board.take(step(1, alarm="x", revision=1))
    board.take(step(3, alarm="x", revision=3))
    board.take(step(2, alarm="x", revision=2))
    assert [a.revision for a in board.alarms("w1")] == [3]
    assert board.counts()[AlarmClass.TROUBLE] == 1
    board.take(step(4, alarm="x", revision=4, open=False))
    assert board.alarms("w1") == []
    assert board.with_alarms() == []
    assert board.workshops == {"w1"}


def test_a_document_stays_below_what_brokers_take() -> None:
    board = Board([record(id=f"a{n:05}", cause="x" * 900, class_=AlarmClass.TROUBLE) for n in range(1_500)])
    board.take(step(1, AlarmClass.FIRE, alarm="fire"))
    data = board.document("w1", 0)
    found = msgspec.json.decode(data, type=WorkshopAlarms).alarms
    assert len(data) <= MOST_BYTES
    assert found[0].id == "fire"
    assert len(found) > 300


def test_commands_and_answers() -> None:
    command = Command(id="c", do="ack", alarm="a", who="op", reply=topics.stream_command_answers("r1"))
    assert commands.read(pack(command)) == command
    found = unpack(commands.answer(command, CommandOutcome(refused="closed", reason="It is.", alarm=record())), Answer)
    assert (found.word, found.refused) == ("closed", "It is.")
    assert found.alarm is not None
    assert found.alarm["class"] == "fire"


@pytest.mark.parametrize(
    "reply", ["", "ew/v1/alarms/w1", "ew/v1/stream/commands/done-#", "ew/v1/stream/commands/done-"]
)
def test_an_answer_goes_nowhere_else(reply: str) -> None:
    with pytest.raises(StreamError):
        commands.read(pack(Command(id="c", do="ack", alarm="a", who="op", reply=reply)))


def test_a_checkpoint_goes_on_as_it_was(tmp_path: Path) -> None:
    site = Site([verdict()], [device()])
    site.say(1, smoke_alarm=1)
    config = Config(rules=[verdict()])
    path = tmp_path / "checkpoint"
    raw = msgspec.Raw(msgspec.msgpack.encode(config))
    checkpoint.save(path, Checkpoint(index=7, seq=1, engine=site.engine.dump(), config=raw, workshops=["w1"]))
    found = checkpoint.restore(path)
    assert found.engine.open_alarms() == site.engine.open_alarms()
    assert (found.first, found.seq, found.config, found.workshops) == (7, 1, config, frozenset({"w1"}))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x09abc", b"\x01\x80", b"\x01\xc1\xff"])
def test_a_checkpoint_that_cannot_be_read_is_set_aside(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "checkpoint"
    path.write_bytes(data)
    found = checkpoint.restore(path)
    assert found.first == 0
    assert found.damage
    assert not path.exists()
    assert [aside.read_bytes() for aside in tmp_path.glob("checkpoint.bad-*")] == [data]
