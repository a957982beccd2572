"""What the evaluator says over MQTT: transitions, each workshop's open alarms, and that it is there."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

import msgspec

from ember_service.alarms.board import Board
from ember_wire import topics
from ember_wire.alarms import CLASS_ORDER, AlarmClass, Health, Transition
from ember_wire.stream import pack

T = TypeVar("T")

DOCUMENT_EVERY_MS: Final = 250
"""A workshop's document goes out at once, then at most so often: it holds the whole list. A fire waits for nothing."""
MOST_TOGETHER: Final = 100
"""Transitions in one message: some 200 kB, far below what brokers take."""


class Out(Protocol):
    """Where messages go: `Link.publish` in the process."""

    def __call__(self, topic: str, payload: bytes, *, retain: bool = False) -> object: ...


class Publisher:
    """Says what the board holds. Retained documents are said again in whole after each reconnect."""

    def __init__(self, out: Out, board: Board, clock: Callable[[], int]) -> None:
        self._out = out
        self._board = board
        self._clock = clock
        self._said: dict[str, int] = {}
        self._due: set[str] = set()

    def tell(self, transitions: Sequence[Transition]) -> None:
        """Tell transitions that are durable; they come in the order of their seq, and fires go out first."""
        for transition in transitions:
            self._board.take(transition)
        ordered = fires_first(transitions)
        for chunk in chunks(ordered, MOST_TOGETHER):
            self._out(topics.STREAM_TRANSITIONS, pack(chunk))
        fires = {t.alarm.workshop for t in transitions if t.alarm.class_ is AlarmClass.FIRE}
        after, now = dict.fromkeys(t.alarm.workshop for t in ordered), self._clock()
        for workshop in after:
            if workshop in fires or now - self._said.get(workshop, 0) >= DOCUMENT_EVERY_MS:
                self._document(workshop, now)
            else:
                self._due.add(workshop)

    def flush(self) -> None:
        """Say what was held back; to be called a few times a second."""
        now = self._clock()
        for workshop in list(self._due):
            self._document(workshop, now)

    def tell_again(self) -> None:
        """Every workshop whose alarms were ever told, an empty list included; those with alarms first."""
        first, now = self._board.with_alarms(), self._clock()
        for workshop in (*first, *sorted(self._board.workshops.difference(first))):
            self._document(workshop, now)

    def health(self, faults: dict[str, str]) -> None:
        """We are here, with these faults."""
        self._out(topics.ALARMS_HEALTH, health(self._clock(), faults, ok=True), retain=True)

    def _document(self, workshop: str, now: int) -> None:
        self._due.discard(workshop)
        self._said[workshop] = now
        self._out(topics.alarms(workshop), self._board.document(workshop, now), retain=True)


def health(now: int, faults: dict[str, str], *, ok: bool) -> bytes:
    """`ew/v1/alarms/health`; as the will, `ok` is false."""
    return msgspec.json.encode(Health(as_of=now, ok=ok, faults=faults))


def fires_first(transitions: Sequence[Transition]) -> list[Transition]:
    """By class, the steps of one alarm kept together in their order and ranked by the worst of them."""
    ranks: dict[str, int] = {}
    for transition in transitions:
        alarm = transition.alarm
        ranks[alarm.id] = min(ranks.get(alarm.id, len(CLASS_ORDER)), CLASS_ORDER[alarm.class_])
    return sorted(transitions, key=lambda t: ranks[t.alarm.id])


def chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
