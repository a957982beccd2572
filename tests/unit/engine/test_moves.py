"""The one table of states and moves: complete, and an illegal move is refused with its word and changes nothing."""

from itertools import product

import pytest

from ember_service.alarms.engine.moves import (
    RISES,
    TABLE,
    Move,
    Refusal,
    Refused,
    Standing,
    State,
    closes,
    move,
    state_of,
)
from ember_wire.alarms import Facts

STANDINGS = [
    Standing(Facts(active=active, acked=acked, latched=latched, signal_lost=lost), open_, waits, reset_first)
    for active, acked, latched, lost, open_, waits, reset_first in product([False, True], repeat=7)
]


def test_every_state_says_something_to_every_move() -> None:
    assert set(TABLE) == set(State)
    for row in TABLE.values():
        assert set(row) == set(Move)


def test_refusals_have_a_word_for_machines_and_a_sentence_for_people() -> None:
    refusals = [cell for row in TABLE.values() for cell in row.values() if isinstance(cell, Refusal)]
    assert refusals
    for refusal in refusals:
        assert refusal.word.isidentifier()
        assert refusal.sentence.endswith(".")


@pytest.mark.parametrize(
    ("facts", "open_", "waits", "letter"),
    [
        (Facts(active=True), True, True, "B"),
        (Facts(active=True, acked=True), True, True, "C"),
        (Facts(active=False), True, False, "D"),
        (Facts(active=False, latched=True), True, False, "E"),
        (Facts(active=False), True, True, "E"),
        (Facts(active=False, acked=True, latched=True), True, False, "F"),
        (Facts(active=False, acked=True), True, True, "F"),
        (Facts(active=False, acked=True), False, False, "A"),
    ],
)
def test_the_isa_letter_is_derived_from_the_facts(facts: Facts, open_: bool, waits: bool, letter: str) -> None:
    assert state_of(Standing(facts, open_, waits)) == letter


@pytest.mark.parametrize("what", list(Move))
def test_a_move_either_is_refused_or_does_what_its_name_says(what: Move) -> None:
    done = 0
    for standing in STANDINGS:
        try:
            after = move(standing, what, "why")
        except Refused:
            continue
        done += 1
        if what in RISES:
            assert not after.acked
        if what is Move.ACK:
            assert after.acked
            assert not standing.facts.acked
        if what is Move.RETURN:
            assert standing.facts.active
            assert not after.active
        if what is Move.RESET:
            assert not after.latched
            assert not after.active
    assert done


def test_nothing_but_return_and_reset_without_signal_ends_an_active_alarm() -> None:
    for standing, what in product(STANDINGS, Move):
        if not standing.facts.active or what is Move.RETURN:
            continue
        try:
            after = move(standing, what, "the detector burnt")
        except Refused:
            continue
        assert after.active or (what is Move.RESET and standing.facts.signal_lost)


def test_an_active_alarm_is_reset_only_without_signal_and_with_a_reason() -> None:
    active = Standing(Facts(active=True, acked=True), waits=True)
    lost = Standing(Facts(active=True, acked=True, signal_lost=True), waits=True)
    with pytest.raises(Refused) as refused:
        move(active, Move.RESET, "I want to")
    assert refused.value.refusal.word == "active"
    with pytest.raises(Refused) as refused:
        move(lost, Move.RESET, " ")
    assert refused.value.refusal.word == "no_reason"
    assert not move(lost, Move.RESET, "detector burnt").active


def test_a_closed_alarm_takes_a_comment_and_nothing_else() -> None:
    closed = Standing(Facts(active=False, acked=True), open=False)
    assert move(closed, Move.COMMENT) == closed.facts
    for what in set(Move) - {Move.COMMENT}:
        with pytest.raises(Refused) as refused:
            move(closed, what, "why")
        assert refused.value.refusal.word == "closed"


def test_closing_waits_for_return_acknowledgement_verdict_and_the_rules_reset() -> None:
    done = Facts(active=False, acked=True)
    assert closes(Standing(done))
    assert not closes(Standing(done, waits=True))
    assert not closes(Standing(Facts(active=False)))
    assert not closes(Standing(Facts(active=True, acked=True)))
    latched = Facts(active=False, acked=True, latched=True)
    assert not closes(Standing(latched, reset_first=True))
    assert closes(Standing(latched))
    assert not closes(Standing(done, open=False))
