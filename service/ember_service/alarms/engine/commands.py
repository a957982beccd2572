"""People's commands: acknowledge, reset, verdict, comment. Each is answered once and the same ever after."""

from collections.abc import Callable
from typing import Final

from ember_service.alarms.engine.book import Cause, Episode
from ember_service.alarms.engine.decide import find, settle
from ember_service.alarms.engine.events import Commanded
from ember_service.alarms.engine.kinds.base import Phase
from ember_service.alarms.engine.moves import Move, Refusal, Refused
from ember_service.alarms.engine.products import GATEWAY_SILENT
from ember_service.alarms.engine.state import KEEP_ANSWERS, CommandOutcome, State
from ember_wire.alarms import Verdict

MAX_TEXT: Final = 2_000

UNKNOWN_ALARM: Final = Refusal("unknown_alarm", "There is no such alarm, or it was closed long ago.")
UNKNOWN_COMMAND: Final = Refusal("unknown_command", "The engine knows no such command.")
CHANGED: Final = Refusal("changed", "The alarm has got worse since you looked. Look again, then decide.")
BAD_VERDICT: Final = Refusal("bad_verdict", f"A verdict is one of: {', '.join(Verdict)}.")
NO_TEXT: Final = Refusal("no_text", "A comment needs a text.")
TOO_LONG: Final = Refusal("too_long", f"A text has at most {MAX_TEXT} characters.")


def carry_out(state: State, event: Commanded) -> CommandOutcome:
    """Carry a command out, or say why not; a command that was answered before is answered alike and does nothing."""
    before = state.answers.get(event.id)
    if before is not None:
        return before
    try:
        episode = _allowed(state, event)
        _DO[event.do](state, episode, event)
        outcome = CommandOutcome(alarm=episode.record)
    except Refused as refused:
        found = state.book.find(event.alarm)
        word, sentence = refused.refusal
        outcome = CommandOutcome(refused=word, reason=sentence, alarm=found.record if found else None)
    state.answers[event.id] = outcome
    if len(state.answers) > KEEP_ANSWERS:
        del state.answers[next(iter(state.answers))]
    return outcome


def _allowed(state: State, event: Commanded) -> Episode:
    episode = state.book.find(event.alarm)
    if event.do not in _DO:
        raise Refused(UNKNOWN_COMMAND)
    if episode is None:
        raise Refused(UNKNOWN_ALARM)
    if any(len(text) > MAX_TEXT for text in event.detail.values()):
        raise Refused(TOO_LONG)
    if event.do != Move.COMMENT and event.seen is not None and event.seen < episode.rise:
        raise Refused(CHANGED)
    return episode


def _ack(state: State, episode: Episode, event: Commanded) -> None:
    cause = _cause(state, event, event.detail.get("comment"))
    state.book.move(episode, Move.ACK, cause.known, cause, sets={"acked": cause.known, "acked_by": event.who})


def _reset(state: State, episode: Episode, event: Commanded) -> None:
    """Release a latch; or end an active alarm without signal, whose rule then begins anew with the next sample."""
    reason = event.detail.get("reason", "")
    cause = _cause(state, event, reason)
    record = episode.record
    ended = {"returned": cause.known} if record.facts.active else {}
    state.book.move(episode, Move.RESET, cause.known, cause, reason=reason, sets=ended)
    if not ended:
        return
    if record.rule == GATEWAY_SILENT.id:
        _give_up(state, episode.subject.partition(":")[2])
    elif record.channel is not None:
        slot = state.population.channels.index.get(int(record.channel))
        watch = find(state, slot, record.rule)
        if watch is not None:
            watch.phase, watch.due = Phase.QUIET, None
            settle(state, slot)


def _verdict(state: State, episode: Episode, event: Commanded) -> None:
    given = event.detail.get("verdict", "")
    if given not in set(Verdict):
        raise Refused(BAD_VERDICT)
    why = event.detail.get("cause") or None
    cause = _cause(state, event, why or given)
    state.book.move(episode, Move.VERDICT, cause.known, cause, sets={"verdict": Verdict(given), "cause": why})


def _comment(state: State, episode: Episode, event: Commanded) -> None:
    text = event.detail.get("text", "")
    if not text.strip():
        raise Refused(NO_TEXT)
    cause = _cause(state, event, text)
    state.book.move(episode, Move.COMMENT, cause.known, cause)


def _give_up(state: State, gateway: str) -> None:
    """A gateway that does not come back holds up no clock: its devices are waited for on the common one."""
    number = state.paths.forget(gateway)
    if number is not None:
        devices = state.population.devices
        moved = devices.path == number
        devices.heard[moved], devices.path[moved] = state.paths.common, 0


def _cause(state: State, event: Commanded, why: str | None) -> Cause:
    return Cause(f"command:{event.id}", max(state.now, event.now), event.who, why or None)


_DO: Final[dict[str, Callable[[State, Episode, Commanded], None]]] = {
    Move.ACK: _ack,
    Move.RESET: _reset,
    Move.VERDICT: _verdict,
    Move.COMMENT: _comment,
}
