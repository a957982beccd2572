"""The evaluator's state on disk: the engine's dump and the journal's record that comes after it."""

import logging
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from ember_base.disk import atomic_write, set_aside
from ember_service.alarms.engine import Engine, SnapshotError
from ember_service.register.snapshot import Config

log = logging.getLogger(__name__)

VERSION: Final = 1


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`index`: the first record of the journal that is not in it. `workshops`: those whose alarms were ever told.

    `seq`: the last transition's.
    """

    index: int
    seq: int
    engine: bytes
    config: msgspec.Raw
    workshops: list[str] = []


class Restored(NamedTuple):
    """Where to go on from; `first`: the journal's first record that is to be replayed.

    `damage` is empty, or why the checkpoint could not be used.
    """

    engine: Engine
    first: int = 0
    seq: int = 0
    config: Config | None = None
    workshops: frozenset[str] = frozenset()
    damage: str = ""


_decoder: Final = msgspec.msgpack.Decoder(Checkpoint)


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint, durably."""
    atomic_write(path, bytes((VERSION,)) + msgspec.msgpack.encode(checkpoint))


def restore(path: Path) -> Restored:
    """The engine as it was saved; a fresh one where there is none, or none that can be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Restored(Engine())
    except OSError as error:
        return Restored(Engine(), damage=f"it cannot be read: {error}")
    try:
        return _read(data)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        aside = set_aside(path)
        log.warning("the checkpoint cannot be read (%s); set aside as %s, going on with the journal", error, aside.name)
        return Restored(Engine(), damage=f"{error}; set aside as {aside.name}")


def _read(data: bytes) -> Restored:
    if not data or data[0] != VERSION:
        raise SnapshotError(f"of version {data[0] if data else 'none'}; this process reads {VERSION}")
    found = _decoder.decode(memoryview(data)[1:])
    engine = Engine.load(found.engine)
    config = msgspec.msgpack.decode(found.config, type=Config)
    return Restored(engine, found.index, found.seq, config, frozenset(found.workshops))
