"""What the gateway needs of the register: from the database, and from a snapshot on disk while that is away."""

import logging
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.disk import atomic_write
from ember_base.schema import channel, circuit
from ember_gateway.resolve import Calibration

log = logging.getLogger(__name__)
_decoder: Final = msgspec.msgpack.Decoder(dict[int, Calibration])


def load_snapshot(path: Path) -> dict[int, Calibration]:
    """The calibration as it was last known; empty where there is none that can be read."""
    try:
        return _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        log.warning("the snapshot %s cannot be read (%s); going on without", path.name, error)
        return {}


async def load(engine: AsyncEngine, snapshot: Path) -> dict[int, Calibration]:
    """Scale, offset and rated current of every registered channel. Raises what the database raises."""
    query = select(channel.c.id, channel.c.scale, channel.c.offset, circuit.c.rated_current).select_from(
        channel.outerjoin(circuit, channel.c.circuit == circuit.c.id)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    calibration = {row.id: Calibration(row.scale, row.offset, row.rated_current) for row in rows}
    atomic_write(snapshot, msgspec.msgpack.encode(calibration))
    return calibration
