"""What a kind of rule that looks at single channels must answer."""

from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from ember_service.rules.model import Rule


class Phase(StrEnum):
    """Where a rule stands on a channel; quiet ones are not kept."""

    QUIET = "quiet"
    PENDING = "pending"
    ACTIVE = "active"
    RETURNING = "returning"


class Watch(msgspec.Struct):
    """A rule on a channel while it is not quiet. `since`: own time (ms) of the sample that began the phase.

    `time` and `arrival`: the newest sample's own time, and when we learnt it. `due`: when a tick ends the delay.
    """

    rule: Rule
    phase: Phase = Phase.QUIET
    since: int = 0
    time: int = 0
    arrival: int = 0
    due: int | None = None


class Sample(NamedTuple):
    """A value with its own time (never ahead of arrival) and its arrival by our clock, ms."""

    time: int
    arrival: int
    value: float


class Change(NamedTuple):
    """The rule's condition now holds (or no longer does): since when, and when that was certain; own times, ms."""

    active: bool
    since: int
    happened: int


Limits = tuple[float, float]
"""(low, high): a value inside, both ends in, changes nothing."""


class Kind(Protocol):
    """A kind of rule. All are pure: the watch they are given is all that they change."""

    def quiet(self, rule: Rule) -> Limits:
        """Inside which values a quiet channel stays quiet."""

    def limits(self, watch: Watch) -> Limits | None:
        """The same while the rule is not quiet; None: each sample is wanted."""

    def sample(self, watch: Watch, sample: Sample, hold: int) -> Change | None:
        """A sample in order. `hold`: for how long after its arrival ticks may take its value as still true, ms."""

    def late(self, watch: Watch, sample: Sample) -> bool:
        """Whether a sample older than the newest must be told even so."""

    def tick(self, watch: Watch) -> Change | None:
        """The time that the watch was due at has come."""

    def restart(self, watch: Watch, rule: Rule, sample: Sample, hold: int) -> None:
        """The rule was changed while its delay ran: begin anew with the value held, as of `sample.arrival`."""

    def limit(self, rule: Rule) -> float | None:
        """The limit that the alarm's record shows."""
