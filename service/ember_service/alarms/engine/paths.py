"""The ways on which readings come: each gateway's numbered stream, its heartbeat, its clock.

A path's clock runs only while its gateway is heard: a device's silence is counted on it, so that an outage of gateway,
broker or of this process itself is one trouble and not ten thousand.
"""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from ember_service.alarms.engine.products import GATEWAY_CLOCK, GATEWAY_SILENT, READINGS_MISSED, Product

SILENT_AFTER: Final = 10_000
CLOCK_OFF: Final = 5_000
CLOCK_GOOD: Final = 3_000
NONE_HEARD_AFTER: Final = 30_000
GAP_REMEMBERED: Final = 60_000
GAPS_KEPT: Final = 100
STARTS_KEPT: Final = 16
ANY: Final = ""
"""Stands for the gateway where none was ever heard."""


class Finding(msgspec.Struct, frozen=True):
    """A trouble of the product that begins (or ends) at a gateway, with a sentence of figures."""

    product: Product
    gateway: str
    begins: bool
    why: str = ""


class Missing(msgspec.Struct):
    """Numbers of one start of a gateway that did not come, both ends in."""

    start: int
    first: int
    last: int


class Path(msgspec.Struct):
    """One gateway. `ran`: ms for which it was heard; `last`: ms by our clock of its last sign of life.

    `ticked`: its clock at the last tick. `graced`: it was given time once, since we had been away ourselves.
    """

    gateway: str
    last: int
    ran: int = 0
    ticked: int = 0
    up: bool = True
    retired: bool = False
    graced: bool = False
    clock_off: bool = False
    start: int | None = None
    n: int = 0
    past: list[int] = []
    missing: list[Missing] = []
    missed_at: int | None = None

    def clock(self, now: int) -> int:
        """The path's own time, ms: it stands still from the last sign of life on once the gateway counts as silent."""
        return self.ran + (min(max(now - self.last, 0), SILENT_AFTER) if self.up else 0)

    def alive(self, now: int) -> None:
        """A sign of life at `now`; a silence longer than the limit is not counted as time."""
        silence = max(now - self.last, 0)
        if self.up and silence <= SILENT_AFTER:
            self.ran += silence
        self.last = max(now, self.last)
        self.up, self.retired, self.graced = True, False, False

    def fills(self, start: int, n: int) -> bool:
        """Whether a batch is one that was missing; then it no longer is."""
        for gap in self.missing:
            if gap.start == start and gap.first <= n <= gap.last:
                self.missing.remove(gap)
                parts = (Missing(start, gap.first, n - 1), Missing(start, n + 1, gap.last))
                self.missing += [part for part in parts if part.first <= part.last]
                return True
        return False


class Paths:
    """All gateways. Clock 0 is for devices that no gateway has brought yet: it runs while all are up."""

    def __init__(self) -> None:
        self.paths: list[Path] = []
        self.common = 0
        self.began: int | None = None

    def number(self, gateway: str, now: int) -> int:
        """The clock's number of a gateway; a new gateway is known from now on."""
        for number, path in enumerate(self.paths, 1):
            if path.gateway == gateway:
                return number
        self.paths.append(Path(gateway, now))
        return len(self.paths)

    def clocks(self, now: int) -> npt.NDArray[np.int64]:
        """All clocks, ms, by number."""
        return np.array([self.common, *(path.clock(now) for path in self.paths)], np.int64)

    def heard(self, gateway: str, now: int, gateway_now: int) -> list[Finding]:
        """A heartbeat."""
        path, found = self._alive(gateway, now)
        off = gateway_now - now
        if not path.clock_off and abs(off) > CLOCK_OFF:
            path.clock_off = True
            why = f"the clock of gateway {gateway} is {abs(off) / 1000:.1f} s {'ahead' if off > 0 else 'behind'}"
            found.append(Finding(GATEWAY_CLOCK, gateway, begins=True, why=why))
        elif path.clock_off and abs(off) <= CLOCK_GOOD:
            path.clock_off = False
            found.append(Finding(GATEWAY_CLOCK, gateway, begins=False))
        return found

    def accept(self, gateway: str, start: int, n: int, now: int, *, live: bool) -> tuple[bool, list[Finding]]:
        """A batch by its number: whether it is new, and what its number tells."""
        path, found = self._alive(gateway, now) if live else (self.paths[self.number(gateway, now) - 1], [])
        if path.fills(start, n):
            if path.missed_at is not None and not path.missing:
                path.missed_at = None
                found.append(Finding(READINGS_MISSED, gateway, begins=False))
            return True, found
        if start in path.past or (start == path.start and n <= path.n):
            return False, found
        if not live and path.start not in (None, start):
            return True, found
        self._number_on(path, start, n, now, found)
        return True, found

    def tick(self, now: int, before: int) -> list[Finding]:
        """Time has come to `now`: who has fallen silent. `before` is the tick before, 0 at the first."""
        self.began = now if self.began is None else self.began
        if not self.paths and now - self.began > NONE_HEARD_AFTER:
            self.paths.append(Path(ANY, self.began))
        found: list[Finding] = []
        for path in self.paths:
            _check(path, now, before, found)
        ran = [path.clock(now) - path.ticked for path in self.paths if not path.retired]
        self.common += max(min(ran, default=0), 0)
        for path in self.paths:
            path.ticked = path.clock(now)
        return found

    def forget(self, gateway: str) -> int | None:
        """A person says that a silent gateway does not come back: it holds up no clock. Returns its clock's number."""
        for number, path in enumerate(self.paths, 1):
            if path.gateway == gateway and not path.up:
                path.retired = True
                return number
        return None

    def _alive(self, gateway: str, now: int) -> tuple[Path, list[Finding]]:
        """A sign of life of a gateway; the first of all ends the silence of all."""
        found: list[Finding] = []
        if len(self.paths) == 1 and self.paths[0].gateway == ANY:
            self.paths.clear()
            found.append(Finding(GATEWAY_SILENT, ANY, begins=False))
        path = self.paths[self.number(gateway, now) - 1]
        if not path.up:
            found.append(Finding(GATEWAY_SILENT, gateway, begins=False))
        path.alive(now)
        return path, found

    def _number_on(self, path: Path, start: int, n: int, now: int, found: list[Finding]) -> None:
        """A new number: what lies between it and the one before is missing."""
        first_contact, anew = path.start is None, path.start != start
        expected = 1 if anew else path.n + 1
        if n > expected:
            path.missing = [*path.missing, Missing(start, expected, n - 1)][-GAPS_KEPT:]
            if not first_contact:
                path.missed_at = now
                why = f"{n - expected} batches of gateway {path.gateway} did not arrive (numbers {expected} to {n - 1})"
                found.append(Finding(READINGS_MISSED, path.gateway, begins=True, why=why))
        if anew and path.start is not None:
            path.past = [*path.past, path.start][-STARTS_KEPT:]
        path.start, path.n = start, n


def _check(path: Path, now: int, before: int, found: list[Finding]) -> None:
    if path.missed_at is not None and now - path.missed_at > GAP_REMEMBERED:
        path.missed_at = None
        found.append(Finding(READINGS_MISSED, path.gateway, begins=False))
    if not path.up or now - path.last <= SILENT_AFTER:
        return
    if before and now - before > SILENT_AFTER and not path.graced:
        # We were away ourselves: the gateway gets its time again, once, and our absence is nobody's silence.
        path.ran += min(max(before - path.last, 0), SILENT_AFTER)
        path.last, path.graced = now, True
        return
    path.up = False
    why = f"nothing heard from gateway {path.gateway} for {SILENT_AFTER // 1000} s"
    found.append(
        Finding(GATEWAY_SILENT, path.gateway, begins=True, why=why if path.gateway else "no gateway heard yet")
    )
