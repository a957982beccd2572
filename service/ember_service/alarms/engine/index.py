"""Channel ids to slots, whole columns at once: an open-addressed table in NumPy arrays."""

from typing import Final

import numpy as np
import numpy.typing as npt

_EMPTY: Final = -1
_GONE: Final = -2
_SMALLEST: Final = 1_024


class SlotIndex:
    """64-bit ids, which are hashes already, to small numbers. About 20 ns an id; half full at most."""

    def __init__(self) -> None:
        self._clear(_SMALLEST)

    def find(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """The slot of each id, -1 where there is none."""
        at = ids & self._mask
        slots: npt.NDArray[np.int32] = self._slots[at]
        open_ = np.flatnonzero((self._ids[at] != ids) & (slots != _EMPTY) | (slots == _GONE))
        while len(open_):
            at[open_] = step = (at[open_] + 1) & self._mask
            slots[open_] = found = self._slots[step]
            missed = (self._ids[step] != ids[open_]) & (found != _EMPTY) | (found == _GONE)
            open_ = open_[missed]
        return slots

    def get(self, id_: int) -> int:
        """The slot of one id, -1 where there is none."""
        at = id_ & self._mask
        while self._slots[at] != _EMPTY:
            if self._slots[at] != _GONE and self._ids[at] == id_:
                return int(self._slots[at])
            at = (at + 1) & self._mask
        return -1

    def add(self, id_: int, slot: int) -> None:
        """Enter an id that is not in yet."""
        if 2 * (self._used + 1) > len(self._ids):
            self._rebuild()
        self._put(id_, slot)

    def remove(self, id_: int) -> None:
        """Take an id out; unknown ones are no error."""
        at = id_ & self._mask
        while self._slots[at] != _EMPTY:
            if self._slots[at] != _GONE and self._ids[at] == id_:
                self._slots[at] = _GONE
                return
            at = (at + 1) & self._mask

    def _put(self, id_: int, slot: int) -> None:
        at = id_ & self._mask
        while self._slots[at] != _EMPTY:
            at = (at + 1) & self._mask
        self._ids[at] = id_
        self._slots[at] = slot
        self._used += 1

    def _rebuild(self) -> None:
        """Make room: a table twice as large as what lives in it needs, without the places of those gone."""
        living = np.flatnonzero(self._slots >= 0)
        ids, slots = self._ids[living].tolist(), self._slots[living].tolist()
        size = _SMALLEST
        while size < 4 * (len(ids) + 1):
            size *= 2
        self._clear(size)
        for id_, slot in zip(ids, slots, strict=True):
            self._put(id_, slot)

    def _clear(self, size: int) -> None:
        self._mask = size - 1
        self._used = 0
        self._ids = np.zeros(size, np.int64)
        self._slots = np.full(size, _EMPTY, np.int32)
