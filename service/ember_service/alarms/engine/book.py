"""The book of alarms: every open episode, the lately closed ones, and the transitions that it writes."""

from typing import Any, Final, NamedTuple

import msgspec

from ember_service.alarms.engine.ids import episode_id, transition_id
from ember_service.alarms.engine.moves import RISES, Move, Refused, Standing, closes, move, state_of
from ember_service.rules.model import DeviceVerdict, Rule, RuleBase
from ember_wire.alarms import CLASS_ORDER, AlarmClass, AlarmRecord, Facts, Transition, TransitionKind

KEEP_CLOSED: Final = 5_000
NEEDS_VERDICT: Final = frozenset({AlarmClass.FIRE, AlarmClass.PREWARNING})
_REMEMBERED_IDS: Final = 16

_KIND_OF: Final = {
    Move.ACTIVATE: TransitionKind.REACTIVATED,
    Move.RETURN: TransitionKind.RETURNED,
    Move.WORSEN: TransitionKind.WORSENED,
    Move.EASE: TransitionKind.EASED,
    Move.LOSE_SIGNAL: TransitionKind.SIGNAL_LOST,
    Move.REGAIN_SIGNAL: TransitionKind.SIGNAL_BACK,
    Move.ACK: TransitionKind.ACKED,
    Move.RESET: TransitionKind.RESET,
    Move.VERDICT: TransitionKind.VERDICT,
    Move.COMMENT: TransitionKind.COMMENT,
}


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What an alarm is about, as its record tells it. `key` is one for each (channel, device or gateway)."""

    key: str
    workshop: str
    zone: str | None = None
    device: str | None = None
    channel: str | None = None
    channel_name: str | None = None
    kind: str | None = None
    unit: str = ""


class Cause(NamedTuple):
    """Why something moves: `id` names the event, `known` is when we learnt it (ms); `who`, `why`: as people gave it."""

    id: str
    known: int
    who: str | None = None
    why: str | None = None


class Onset(NamedTuple):
    """How an alarm begins: since when, when that was certain, and what was seen."""

    onset: int
    happened: int
    value: float | None = None
    limit: float | None = None
    late: bool = False
    test: bool = False
    signal_lost: bool = False


class Episode(msgspec.Struct, kw_only=True):
    """An alarm's life, with what its record does not tell. `rule` is None for the product's own alarms.

    `rise`: the revision of the last rise. `ids`: its newest transitions, so that none is given twice.
    """

    record: AlarmRecord
    subject: str
    rule: Rule | None = None
    reset_first: bool = False
    rise: int = 1
    ids: list[str] = []

    @property
    def standing(self) -> Standing:
        return _standing(self.record, self.reset_first)


def _standing(record: AlarmRecord, reset_first: bool) -> Standing:
    waits = record.class_ in NEEDS_VERDICT and record.verdict is None
    return Standing(record.facts, record.open, waits, reset_first)


def _latches(rule: RuleBase) -> bool:
    return rule.latch or (isinstance(rule, DeviceVerdict) and rule.class_ in NEEDS_VERDICT)


class Book:
    """Episodes by id and by (rule, subject). What happens goes to `out` as transitions, numbered."""

    def __init__(self) -> None:
        self.seq = 0
        self.out: list[Transition] = []
        self.open: dict[str, Episode] = {}
        self.closed: dict[str, Episode] = {}
        self._by_subject: dict[tuple[str, str], Episode] = {}
        self._last_closed: dict[tuple[str, str], str] = {}
        self._by_device: dict[str, dict[str, Episode]] = {}

    def restore(self, seq: int, opened: list[Episode], closed: list[Episode]) -> None:
        """Take over what a snapshot holds."""
        self.seq = seq
        for episode in opened:
            self._enter(episode)
        for episode in closed:
            self.closed[episode.record.id] = episode
            self._last_closed[episode.record.rule, episode.subject] = episode.record.id

    def find(self, alarm: str) -> Episode | None:
        return self.open.get(alarm) or self.closed.get(alarm)

    def of(self, rule: str, subject: str) -> Episode | None:
        """The open episode of a rule on a subject."""
        return self._by_subject.get((rule, subject))

    def last_closed(self, rule: str, subject: str) -> Episode | None:
        alarm = self._last_closed.get((rule, subject))
        return self.closed.get(alarm) if alarm else None

    def of_device(self, device: str) -> list[Episode]:
        """The open episodes that concern a device, in order of opening."""
        return list(self._by_device.get(device, {}).values())

    def devices(self) -> set[str]:
        """Devices with an open episode."""
        return set(self._by_device)

    def ranked(self) -> list[AlarmRecord]:
        """The open alarms, worst first: class, severity, the oldest first."""
        records = [episode.record for episode in self.open.values()]
        return sorted(records, key=lambda r: (CLASS_ORDER[r.class_], -r.severity, r.onset, r.id))

    def activate(self, rule: RuleBase, subject: Subject, begin: Onset, cause: Cause) -> None:
        """A rule's condition holds: a new episode, or the open one active again. Active already: nothing."""
        episode = self.of(rule.id, subject.key)
        if episode is None:
            self._raise(rule, subject, begin, cause)
        elif not episode.record.facts.active:
            self._reactivate(episode, rule, begin, cause)

    def returned(self, episode: Episode, happened: int, cause: Cause, value: float | None = None) -> None:
        """The condition no longer holds."""
        seen = {} if value is None else {"value": value}
        if episode.record.facts.active:
            self.move(episode, Move.RETURN, happened, cause, sets={"returned": happened, **seen})

    def move(
        self,
        episode: Episode,
        what: Move,
        happened: int,
        cause: Cause,
        *,
        reason: str = "",
        sets: dict[str, Any] | None = None,
    ) -> None:
        """Make a move of the table, then close the alarm where nothing is left to wait for. Raises Refused."""
        facts = move(episode.standing, what, reason)
        sets = {"facts": facts, **(sets or {})}
        if what in RISES:
            sets |= {"acked": None, "acked_by": None}
        self._write(episode, _KIND_OF[what], happened, cause, sets)
        if what in RISES:
            episode.rise = episode.record.revision
        if closes(episode.standing):
            self._close(episode, cause)

    def try_move(self, episode: Episode, what: Move, happened: int, cause: Cause) -> None:
        """The same for what comes by data: a move that the table refuses is none."""
        try:
            self.move(episode, what, happened, cause)
        except Refused:
            return

    def _raise(self, rule: RuleBase, subject: Subject, begin: Onset, cause: Cause) -> None:
        again = 0
        alarm = episode_id(rule.id, subject.key, begin.onset)
        while alarm in self.closed:
            again += 1
            alarm = episode_id(rule.id, subject.key, begin.onset, again)
        record = AlarmRecord(
            id=alarm,
            revision=0,
            rule=rule.id,
            rule_version=rule.version,
            class_=rule.class_,
            severity=rule.severity,
            open=True,
            state="",
            facts=_facts_of(rule, begin),
            workshop=subject.workshop,
            zone=subject.zone,
            device=subject.device,
            channel=subject.channel,
            channel_name=subject.channel_name,
            kind=subject.kind,
            unit=subject.unit,
            value=begin.value,
            limit=begin.limit,
            onset=begin.onset,
            raised=cause.known,
            title=rule.title,
            guidance=rule.guidance,
        )
        episode = Episode(record=record, subject=subject.key, reset_first=rule.latch, ids=[])
        episode.rule = rule if isinstance(rule, Rule) else None
        self._enter(episode)
        self._write(episode, TransitionKind.RAISED, begin.happened, cause, {})

    def _reactivate(self, episode: Episode, rule: RuleBase, begin: Onset, cause: Cause) -> None:
        """Active again under the rule as it is now, yet never in a lower class than before; its verdict is void."""
        old = episode.record
        worse = (CLASS_ORDER[rule.class_], -rule.severity) <= (CLASS_ORDER[old.class_], -old.severity)
        if isinstance(rule, Rule):
            episode.rule = rule
        episode.reset_first = episode.reset_first or rule.latch
        facts = _facts_of(rule, begin)
        episode.record = msgspec.structs.replace(
            old,
            facts=msgspec.structs.replace(
                old.facts, latched=facts.latched or old.facts.latched, late=facts.late, signal_lost=facts.signal_lost
            ),
        )
        self.move(
            episode,
            Move.ACTIVATE,
            begin.happened,
            cause,
            sets={
                "rule_version": rule.version,
                "class_": rule.class_ if worse else old.class_,
                "severity": rule.severity if worse else old.severity,
                "value": begin.value,
                "limit": begin.limit,
                "returned": None,
                "verdict": None,
                "cause": None,
            },
        )

    def _close(self, episode: Episode, cause: Cause) -> None:
        record = episode.record
        key = (record.rule, episode.subject)
        del self.open[record.id]
        del self._by_subject[key]
        if record.device is not None:
            of_device = self._by_device[record.device]
            del of_device[record.id]
            if not of_device:
                del self._by_device[record.device]
        facts = msgspec.structs.replace(record.facts, latched=False)
        silent = Cause(cause.id, cause.known, cause.who)
        sets = {"facts": facts, "open": False, "closed": cause.known}
        self._write(episode, TransitionKind.CLOSED, cause.known, silent, sets)
        self.closed[record.id] = episode
        self._last_closed[key] = record.id
        if len(self.closed) > KEEP_CLOSED:
            oldest = self.closed.pop(next(iter(self.closed)))
            past = (oldest.record.rule, oldest.subject)
            if self._last_closed.get(past) == oldest.record.id:
                del self._last_closed[past]

    def _enter(self, episode: Episode) -> None:
        record = episode.record
        self.open[record.id] = episode
        self._by_subject[record.rule, episode.subject] = episode
        if record.device is not None:
            self._by_device.setdefault(record.device, {})[record.id] = episode

    def _write(self, episode: Episode, kind: TransitionKind, happened: int, cause: Cause, sets: dict[str, Any]) -> None:
        """Set fields of the record, count its revision, and hand out the transition."""
        record = msgspec.structs.replace(episode.record, revision=episode.record.revision + 1, **sets)
        state = state_of(_standing(record, episode.reset_first))
        episode.record = record = msgspec.structs.replace(record, state=state.value)
        name = transition_id(record.id, kind, cause.id)
        again = 0
        while name in episode.ids:
            again += 1
            name = transition_id(record.id, kind, f"{cause.id}#{again}")
        episode.ids = [*episode.ids[1 - _REMEMBERED_IDS :], name]
        self.seq += 1
        self.out.append(
            Transition(
                id=name,
                seq=self.seq,
                kind=kind,
                happened=happened,
                known=cause.known,
                who=cause.who,
                why=cause.why,
                alarm=record,
            )
        )


def _facts_of(rule: RuleBase, begin: Onset) -> Facts:
    return Facts(active=True, latched=_latches(rule), signal_lost=begin.signal_lost, late=begin.late, test=begin.test)
