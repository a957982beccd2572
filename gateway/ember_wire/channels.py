"""Channel ids: computed by anyone, registered by nobody."""

from functools import lru_cache
from hashlib import blake2b


@lru_cache(maxsize=262_144)
def channel_id(device: str, channel: str) -> int:
    """The 64-bit id of a channel: BLAKE2b-64 of `device NUL channel`, signed and big-endian as PostgreSQL's bigint.

    A device's name holds no NUL (see `topics.check_name`), so that no two pairs give the same text.
    """
    digest = blake2b(f"{device}\0{channel}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
