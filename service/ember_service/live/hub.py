"""The viewers of `/live`: each frame is encoded once, each viewer has a bounded queue, a slow one starts anew."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ember_service.auth.access import sees
from ember_service.live.state import encode

QUEUE: Final = 2_000
KEPT: Final = 5_000
EVERY_MS: Final = 1_000


class Frame(NamedTuple):
    """An event of the stream. `workshop`: whose it is; empty for all who watch."""

    id: int
    workshop: str
    data: bytes


@dataclass(slots=True, eq=False)
class Viewer:
    """One who watches. A queue that overflows is dropped and the viewer gets a snapshot again (policy: reload)."""

    scope: frozenset[str] | None
    queue: deque[Frame] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    reload: bool = False

    def offer(self, frame: Frame) -> int:
        """Queue a frame that is the viewer's business; return how many were dropped for it."""
        if self.reload or (frame.workshop and not sees(self.scope, frame.workshop)):
            return 0
        dropped = 0
        if len(self.queue) >= QUEUE:
            dropped = len(self.queue)
            self.queue.clear()
            self.reload = True
        else:
            self.queue.append(frame)
        self.arrived.set()
        return dropped


class Hub:
    """Numbers frames, keeps the last ones for those who come back, and hands them to viewers."""

    def __init__(self, snapshot: Callable[[frozenset[str] | None], dict[str, Any]]) -> None:
        self._snapshot = snapshot
        self._viewers: set[Viewer] = set()
        self._kept: deque[Frame] = deque(maxlen=KEPT)
        self._last = 0
        self._waiting: dict[int, tuple[str, dict[str, Any]]] = {}
        self._told: dict[int, int] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._viewers)

    def take_dropped(self) -> int:
        """Frames dropped since the last call."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    def publish(self, event: str, workshop: str, data: Any) -> None:
        """Tell everyone whose business it is, at once."""
        self._last += 1
        frame = Frame(self._last, workshop, _event(event, self._last, data))
        self._kept.append(frame)
        for viewer in self._viewers:
            self.dropped += viewer.offer(frame)

    def reading(self, channel: int, reading: dict[str, Any], now: int) -> None:
        """The first change of a channel at once, then the newest one each second."""
        if now - self._told.get(channel, 0) >= EVERY_MS:
            self._told[channel] = now
            self._waiting.pop(channel, None)
            self.publish("reading", reading["workshop"], reading)
        else:
            self._waiting[channel] = (reading["workshop"], reading)

    def flush(self, now: int) -> None:
        """Tell the newest readings of channels that waited for their second."""
        due = [channel for channel in self._waiting if now - self._told[channel] >= EVERY_MS]
        for channel in due:
            workshop, reading = self._waiting.pop(channel)
            self._told[channel] = now
            self.publish("reading", workshop, reading)

    async def watch(self, scope: frozenset[str] | None, last_id: int | None) -> AsyncIterator[bytes]:
        """The frames for one viewer, without end; from `last_id` on where those are kept, else from a snapshot."""
        viewer = Viewer(scope)
        self._viewers.add(viewer)
        try:
            if last_id is None or not self._resume(viewer, last_id):
                yield _event("snapshot", self._last, self._snapshot(scope))
            while True:
                while viewer.queue:
                    yield viewer.queue.popleft().data
                if viewer.reload:
                    viewer.reload = False
                    yield _event("snapshot", self._last, self._snapshot(scope))
                    continue
                viewer.arrived.clear()
                await viewer.arrived.wait()
        finally:
            self._viewers.discard(viewer)

    def _resume(self, viewer: Viewer, last_id: int) -> bool:
        """Queue what a viewer missed; false where that is no longer kept, or too much."""
        if last_id > self._last or not self._kept or self._kept[0].id > last_id + 1:
            return False
        missed = [f for f in self._kept if f.id > last_id and (not f.workshop or sees(viewer.scope, f.workshop))]
        if len(missed) >= QUEUE:
            return False
        viewer.queue.extend(missed)
        return True


def _event(name: str, number: int, data: Any) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), encode(data))
