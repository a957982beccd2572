"""The alarm engine: events in, transitions out, nothing else. The same events give the same transitions, always."""

from ember_service.alarms.engine import decide, screen, silence, snapshot, trial
from ember_service.alarms.engine.book import Cause, Onset
from ember_service.alarms.engine.commands import carry_out
from ember_service.alarms.engine.configure import configure, introduce
from ember_service.alarms.engine.decide import Arrived
from ember_service.alarms.engine.events import Commanded, Event, Heard, Readings, Tick
from ember_service.alarms.engine.paths import Finding
from ember_service.alarms.engine.products import GATEWAY_SILENT, PRODUCTS
from ember_service.alarms.engine.state import CommandOutcome, Counters, State, gateway_subject
from ember_wire import topics
from ember_wire.alarms import AlarmRecord, Transition


class Engine:
    """Holds what it knows of channels, devices and alarms; `step` takes one event after the other.

    No event raises: what cannot be used is counted (`counters`) and set aside.
    """

    def __init__(self) -> None:
        self._state = State()
        self._answer = CommandOutcome()

    def step(self, event: Event) -> list[Transition]:
        """What the event makes of the alarms, in order."""
        out = self._state.book.out = []
        if isinstance(event, Readings):
            self._readings(event)
        elif isinstance(event, Tick):
            self._tick(event)
        elif isinstance(event, Heard):
            found = self._state.paths.heard(event.gateway, event.now, event.gateway_now)
            self._tell(found, Cause(f"heard:{event.gateway}:{event.now}", max(self._state.now, event.now)))
        elif isinstance(event, Commanded):
            self._answer = carry_out(self._state, event)
        else:
            configure(self._state, event)
        return out

    def command(self, event: Commanded) -> tuple[list[Transition], CommandOutcome]:
        """`step` for a command, with its outcome."""
        return self.step(event), self._answer

    def answer(self) -> CommandOutcome:
        """The outcome of the last command."""
        return self._answer

    def open_alarms(self) -> list[AlarmRecord]:
        """The open alarms, worst first: class, severity, the oldest first."""
        return self._state.book.ranked()

    def alarm(self, id: str) -> AlarmRecord | None:  # noqa: A002 - the interface's name
        """An alarm that is open, or was closed lately."""
        episode = self._state.book.find(id)
        return episode.record if episode else None

    def faults(self) -> dict[str, str]:
        """What ails the product, as far as the engine sees it: word to sentence."""
        found: dict[str, str] = {}
        for episode in self._state.book.open.values():
            record = episode.record
            if record.workshop == topics.SYSTEM and record.facts.active:
                gateway = episode.subject.partition(":")[2]
                told = found.get(record.rule, record.title.en)
                found[record.rule] = f"{told}{', ' if record.rule in found else ': '}{gateway}" if gateway else told
        return found

    @property
    def counters(self) -> Counters:
        """What was set aside so far."""
        return self._state.counters

    @property
    def now(self) -> int:
        """The newest tick, ms."""
        return self._state.now

    def dump(self) -> bytes:
        """All of it as bytes."""
        return snapshot.dump(self._state)

    @classmethod
    def load(cls, data: bytes) -> "Engine":
        """An engine that goes on where `dump` was. Raises SnapshotError."""
        engine = cls()
        engine._state = snapshot.load(data)
        return engine

    def _readings(self, event: Readings) -> None:
        state, batch = self._state, event.batch
        known = state.arrival(batch.sent)
        new, found = state.paths.accept(batch.gateway, batch.start, batch.n, known, live=event.live)
        self._tell(found, Cause(f"batch:{batch.gateway}:{batch.start}:{batch.n}", known))
        if not new:
            state.counters.duplicate_batches += 1
            return
        path = state.paths.number(batch.gateway, known)
        how = Arrived(path, state.paths.paths[path - 1].clock(known), live=event.live)
        for introduction in batch.introductions:
            introduce(state, introduction)
        screen.sift(state, batch.columns, how)

    def _tick(self, event: Tick) -> None:
        state = self._state
        before, state.now = state.now, max(state.now, event.now)
        cause = Cause(f"tick:{state.now}", state.now)
        self._tell(state.paths.tick(state.now, before), cause)
        decide.tick(state, cause)
        silence.overdue(state, cause)
        trial.tick(state, cause)

    def _tell(self, found: list[Finding], cause: Cause) -> None:
        """Troubles of gateways begin and end."""
        for finding in found:
            begin = Onset(cause.known, cause.known, signal_lost=finding.product is GATEWAY_SILENT)
            named = cause._replace(why=finding.why or None)
            self._state.product(
                PRODUCTS[finding.product.id],
                gateway_subject(finding.gateway),
                named,
                begins=finding.begins,
                onset=begin,
            )
