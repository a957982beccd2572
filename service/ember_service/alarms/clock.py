"""The evaluator's "now": the machine's clock, but never backwards and never standing still."""

import time
from collections.abc import Callable


class Clock:
    """Milliseconds since the epoch. Where the machine's clock is set back, ours runs on until that has caught up."""

    def __init__(
        self,
        start: int = 0,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._last = start * 1_000_000
        self._at = steady()

    def __call__(self) -> int:
        steady = self._steady()
        run_on = self._last + steady - self._at
        wall = self._wall()
        self._last = wall if wall >= self._last else run_on
        self._at = steady
        return self._last // 1_000_000

    def ahead(self) -> float:
        """Seconds by which ours is ahead of the machine's."""
        return (self() * 1_000_000 - self._wall()) / 1e9
