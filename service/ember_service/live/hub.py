"""The viewers of `/live`: each frame is encoded once, each viewer has a bounded queue, a slow one starts anew."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ember_service.auth.access import sees
from ember_service.live.state import encode

QUEUE: Final = 2_000
KEPT: Final = 5_000
EVERY_MS: Final = 1_000

Scope = frozenset[str] | None
Rights = Callable[[], Scope]
"""What a viewer may see now; asked again whenever rights or register changed. Raises RightsEndedError."""


class RightsEndedError(Exception):
    """The viewer's account is gone, disabled, or has another password."""


class Frame(NamedTuple):
    """An event of the stream. `workshop`: whose it is; empty for all who watch."""

    id: int
    workshop: str
    data: bytes


class _Held(NamedTuple):
    """What waits for its second: made when it is told, so that it is the newest."""

    event: str
    workshop: str
    make: Callable[[], Any]


@dataclass(slots=True, eq=False)
class Viewer:
    """One who watches. A queue that overflows is dropped and the viewer gets a snapshot again (policy: reload)."""

    rights: Rights
    scope: Scope
    queue: deque[Frame] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    reload: bool = False
    ended: bool = False

    def offer(self, frame: Frame) -> int:
        """Queue a frame that is the viewer's business; return how many were dropped for it."""
        if self.reload or (frame.workshop and not sees(self.scope, frame.workshop)):
            return 0
        if len(self.queue) >= QUEUE:
            return self.start_anew()
        self.queue.append(frame)
        self.arrived.set()
        return 0

    def start_anew(self) -> int:
        """A snapshot next, whatever waits; return how many frames were dropped."""
        dropped = len(self.queue)
        self.queue.clear()
        self.reload = True
        self.arrived.set()
        return dropped

    def end(self) -> None:
        self.ended = True
        self.arrived.set()


class Hub:
    """Numbers frames, keeps the last ones for those who come back, and hands them to viewers.

    `first` and `step`: numbers of one life of a process are no numbers of another's, so that who comes back to
    another one starts from a snapshot. `snapshot` gives what a viewer of a scope starts from.
    """

    def __init__(self, snapshot: Callable[[Scope], Any], *, first: int = 0, step: int = 1) -> None:
        self._snapshot = snapshot
        self._viewers: set[Viewer] = set()
        self._kept: deque[Frame] = deque(maxlen=KEPT)
        self._last, self._step = first, step
        self._waiting: dict[Hashable, _Held] = {}
        self._told: dict[Hashable, int] = {}
        self._closed = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._viewers)

    def take_dropped(self) -> int:
        """Frames dropped since the last call."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    def publish(self, event: str, workshop: str, data: Any) -> None:
        """Tell everyone whose business it is, at once."""
        self._last += self._step
        frame = Frame(self._last, workshop, _event(event, self._last, data))
        self._kept.append(frame)
        for viewer in self._viewers:
            self.dropped += viewer.offer(frame)

    def coalesce(self, key: Hashable, event: str, workshop: str, make: Callable[[], Any], now: int) -> None:
        """The first change of `key` at once, then the newest one each second."""
        if now - self._told.get(key, 0) >= EVERY_MS:
            self._told[key] = now
            self._waiting.pop(key, None)
            self.publish(event, workshop, make())
        else:
            self._waiting[key] = _Held(event, workshop, make)

    def flush(self, now: int) -> None:
        """Tell the newest of what waited for its second."""
        due = [key for key in self._waiting if now - self._told[key] >= EVERY_MS]
        for key in due:
            event, workshop, make = self._waiting.pop(key)
            self._told[key] = now
            self.publish(event, workshop, make())

    def reload(self) -> None:
        """A snapshot for all: something changed that no frame tells."""
        for viewer in self._viewers:
            viewer.start_anew()

    def review(self) -> None:
        """Ask for every viewer's rights again: who may see something else now starts anew, who may nothing is out."""
        self._kept.clear()  # who comes back may have missed what was not theirs then
        for viewer in self._viewers:
            try:
                scope = viewer.rights()
            except RightsEndedError:
                viewer.end()
                continue
            if scope != viewer.scope:
                viewer.scope = scope
                viewer.start_anew()

    def close(self) -> None:
        """The end of every stream, those of late-comers too."""
        self._closed = True
        for viewer in self._viewers:
            viewer.end()

    async def watch(self, rights: Rights, last_id: int | None) -> AsyncIterator[bytes]:
        """The frames for one viewer until the rights end; from `last_id` on where those are kept, else a snapshot."""
        viewer = Viewer(rights, rights(), ended=self._closed)
        self._viewers.add(viewer)
        try:
            viewer.reload = last_id is None or not self._resume(viewer, last_id)
            while not viewer.ended:
                if viewer.reload:
                    viewer.reload = False
                    yield _event("snapshot", self._last, self._snapshot(viewer.scope))
                elif viewer.queue:
                    yield viewer.queue.popleft().data
                else:
                    viewer.arrived.clear()
                    await viewer.arrived.wait()
        finally:
            self._viewers.discard(viewer)

    def _resume(self, viewer: Viewer, last_id: int) -> bool:
        """Queue what a viewer missed; false where that is no longer kept, too much, or of another life."""
        if last_id > self._last or (self._last - last_id) % self._step:
            return False
        if not self._kept or self._kept[0].id > last_id + self._step:
            return False
        missed = [f for f in self._kept if f.id > last_id and (not f.workshop or sees(viewer.scope, f.workshop))]
        if len(missed) >= QUEUE:
            return False
        viewer.queue.extend(missed)
        return True


def _event(name: str, number: int, data: Any) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), encode(data))
