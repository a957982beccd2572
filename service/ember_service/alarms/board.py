"""The open alarms as they were told: what is durable, no more. Screens and sirens get a workshop's part of it."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from ember_wire.alarms import CLASS_ORDER, AlarmClass, AlarmRecord, Transition, WorkshopAlarms

MOST_BYTES: Final = 900_000
"""A retained document stays below the 1 MiB that brokers are set to take; the worst alarms come first."""


class Board:
    """`workshops`: all whose alarms were ever told, so that an empty list reaches those who saw a full one."""

    def __init__(self, alarms: Iterable[AlarmRecord] = (), workshops: Iterable[str] = (), seq: int = 0) -> None:
        self._open: dict[str, dict[str, AlarmRecord]] = {}
        self.seq = seq
        self.workshops = set(workshops)
        for alarm in alarms:
            self._enter(alarm)

    def take(self, transition: Transition) -> None:
        """Take a step over. An older revision changes nothing."""
        alarm = transition.alarm
        self.seq = max(self.seq, transition.seq)
        known = self._open.get(alarm.workshop, {}).get(alarm.id)
        if known is None or known.revision < alarm.revision:
            self._enter(alarm)

    def alarms(self, workshop: str) -> list[AlarmRecord]:
        """The open alarms of a workshop, worst first."""
        found = self._open.get(workshop, {}).values()
        return sorted(found, key=lambda a: (CLASS_ORDER[a.class_], -a.severity, a.onset, a.id))

    def document(self, workshop: str, now: int) -> bytes:
        """`ew/v1/alarms/{workshop}`."""
        alarms = self.alarms(workshop)
        while True:
            data = msgspec.json.encode(WorkshopAlarms(as_of=now, seq=self.seq, alarms=alarms))
            if len(data) <= MOST_BYTES:
                return data
            alarms = alarms[: len(alarms) * MOST_BYTES // len(data)]

    def with_alarms(self) -> list[str]:
        """Workshops with an open alarm."""
        return [workshop for workshop, alarms in self._open.items() if alarms]

    def counts(self) -> dict[AlarmClass, int]:
        """How many are open of each class."""
        counted = Counter(alarm.class_ for alarms in self._open.values() for alarm in alarms.values())
        return {name: counted[name] for name in AlarmClass}

    def _enter(self, alarm: AlarmRecord) -> None:
        self.workshops.add(alarm.workshop)
        alarms = self._open.setdefault(alarm.workshop, {})
        if alarm.open:
            alarms[alarm.id] = alarm
        else:
            alarms.pop(alarm.id, None)
