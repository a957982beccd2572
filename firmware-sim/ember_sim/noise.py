"""Noise without a state: the same key and time give the same number, in whatever order they are asked for."""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

_MASK: Final = 2**64 - 1


@lru_cache(maxsize=65_536)
def key_of(seed: int, *words: str) -> int:
    """A 64-bit key for a stream of noise."""
    return int.from_bytes(blake2b("\0".join((str(seed), *words)).encode(), digest_size=8).digest())


def uniform(key: int, n: int = 0) -> float:
    """The n-th number of a key's stream, even over [0, 1) (the finaliser of SplitMix64)."""
    x = (key + n * 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((x ^ (x >> 31)) >> 11) / 2**53


def drift(key: int, t: float, span: float) -> float:
    """A smooth wander in [-1, 1] that turns about every `span` s; `t` in s."""
    at = t / span
    n = int(at // 1)
    part = at - n
    before, after = uniform(key, n), uniform(key, n + 1)
    return 2 * (before + (after - before) * part * part * (3 - 2 * part)) - 1
