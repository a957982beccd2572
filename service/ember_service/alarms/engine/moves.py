"""Every state of an alarm and every legal move, in one table; an illegal move raises `Refused` and changes nothing.

States are the letters of ISA-18.2. A fire or prewarning that waits for its verdict counts as held (E, F) like a latched
one: it has returned and is not normal yet.
"""

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from ember_wire.alarms import Facts


class State(StrEnum):
    """The letters of ISA-18.2 (G shelved, H suppressed, I out of service come with their commands)."""

    NORMAL = "A"
    UNACKED = "B"
    ACKED = "C"
    RETURNED_UNACKED = "D"
    HELD_UNACKED = "E"
    HELD_ACKED = "F"


class Move(StrEnum):
    """What can happen to an alarm: the first six by readings and ticks, the rest by people."""

    ACTIVATE = "activate"
    RETURN = "return"
    WORSEN = "worsen"
    EASE = "ease"
    LOSE_SIGNAL = "lose_signal"
    REGAIN_SIGNAL = "regain_signal"
    ACK = "ack"
    RESET = "reset"
    VERDICT = "verdict"
    COMMENT = "comment"


class Standing(NamedTuple):
    """All that the table looks at. `waits`: its class needs a verdict, and it has none. `reset_first`: by its rule."""

    facts: Facts
    open: bool = True
    waits: bool = False
    reset_first: bool = False


class Refusal(NamedTuple):
    """Why a move is not legal: a word for machines, a sentence for people."""

    word: str
    sentence: str


class Refused(Exception):  # noqa: N818 - an answer, not an accident
    """The move is not legal from here; nothing was changed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


class Step(NamedTuple):
    """A legal move: the facts it sets; `lost`: only without signal; `reason`: only with a reason given."""

    sets: dict[str, bool] = {}  # noqa: RUF012 - a NamedTuple's default, never changed
    lost: bool = False
    reason: bool = False


CLOSED: Final = Refusal("closed", "This alarm is closed. If it happens again, it is a new alarm.")
ALREADY_ACKED: Final = Refusal("already_acked", "This alarm is acknowledged already.")
ACTIVE: Final = Refusal(
    "active", "It is still active. It can be reset when it has returned, or when its signal is lost."
)
NOT_ACKED: Final = Refusal("not_acked", "Acknowledge it first, then reset it.")
NOT_LATCHED: Final = Refusal("not_latched", "There is nothing to reset: it does not latch, or was reset before.")
NO_REASON: Final = Refusal("no_reason", "A reset without a signal needs a reason.")
ALREADY_ACTIVE: Final = Refusal("already_active", "It is active already.")
NOT_ACTIVE: Final = Refusal("not_active", "It is not active.")

_SAME: Final = Step()
_ACK: Final = Step({"acked": True})
_REOPEN: Final = Step({"active": True, "acked": False})
_FORCE: Final = Step({"active": False, "latched": False, "signal_lost": False}, lost=True, reason=True)
_WHILE_ACTIVE: Final[dict[Move, Step | Refusal]] = {
    Move.ACTIVATE: ALREADY_ACTIVE,
    Move.RETURN: Step({"active": False, "signal_lost": False}),
    Move.WORSEN: Step({"acked": False}),
    Move.EASE: _SAME,
    Move.LOSE_SIGNAL: Step({"signal_lost": True}),
    Move.REGAIN_SIGNAL: Step({"signal_lost": False}),
    Move.RESET: _FORCE,
    Move.VERDICT: _SAME,
    Move.COMMENT: _SAME,
}
_WHILE_RETURNED: Final[dict[Move, Step | Refusal]] = {
    Move.ACTIVATE: _REOPEN,
    Move.RETURN: NOT_ACTIVE,
    Move.WORSEN: Step({"acked": False}),
    Move.EASE: _SAME,
    Move.LOSE_SIGNAL: NOT_ACTIVE,
    Move.REGAIN_SIGNAL: NOT_ACTIVE,
    Move.VERDICT: _SAME,
    Move.COMMENT: _SAME,
}

TABLE: Final[dict[State, dict[Move, Step | Refusal]]] = {
    State.NORMAL: dict.fromkeys(Move, CLOSED) | {Move.COMMENT: _SAME},
    State.UNACKED: _WHILE_ACTIVE | {Move.ACK: _ACK},
    State.ACKED: _WHILE_ACTIVE | {Move.ACK: ALREADY_ACKED},
    State.RETURNED_UNACKED: _WHILE_RETURNED | {Move.ACK: _ACK, Move.RESET: NOT_LATCHED},
    State.HELD_UNACKED: _WHILE_RETURNED | {Move.ACK: _ACK, Move.RESET: NOT_ACKED},
    State.HELD_ACKED: _WHILE_RETURNED | {Move.ACK: ALREADY_ACKED, Move.RESET: Step({"latched": False})},
}
"""State x move: what it sets, or why it is refused. A closed alarm still takes a comment."""

RISES: Final = frozenset({Move.ACTIVATE, Move.WORSEN})
"""After one of these an answer given to the alarm as it was before is refused as `changed`."""


def state_of(standing: Standing) -> State:
    """The ISA-18.2 letter, derived from the facts."""
    facts = standing.facts
    if not standing.open:
        return State.NORMAL
    if facts.active:
        return State.ACKED if facts.acked else State.UNACKED
    if facts.latched or standing.waits:
        return State.HELD_ACKED if facts.acked else State.HELD_UNACKED
    return State.NORMAL if facts.acked else State.RETURNED_UNACKED


def move(standing: Standing, what: Move, reason: str = "") -> Facts:
    """The facts after a move. Raises Refused."""
    facts = standing.facts
    step = TABLE[state_of(standing)][what]
    if isinstance(step, Refusal):
        raise Refused(step)
    if step.lost and not facts.signal_lost:
        raise Refused(ACTIVE)
    if step.reason and not reason.strip():
        raise Refused(NO_REASON)
    if what is Move.RESET and not facts.active and not facts.latched:
        raise Refused(NOT_LATCHED)
    return msgspec.structs.replace(facts, **step.sets)


def closes(standing: Standing) -> bool:
    """Whether nothing is left to wait for: it returned, was acknowledged, judged and reset where these are due."""
    facts = standing.facts
    held = facts.latched and standing.reset_first
    return standing.open and not facts.active and facts.acked and not standing.waits and not held
