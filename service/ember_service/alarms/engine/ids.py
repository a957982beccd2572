"""Ids that come out the same on every replay, on every machine."""

from hashlib import blake2b


def digest(*parts: str | int) -> str:
    """32 hex digits over the parts; no two lists of parts that differ give the same text, as none holds a NUL."""
    return blake2b("\0".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def episode_id(rule: str, subject: str, onset: int, again: int = 0) -> str:
    """An alarm's id. `again` tells apart episodes of one subject that begin in the same millisecond."""
    return digest("episode", rule, subject, onset, again) if again else digest("episode", rule, subject, onset)


def transition_id(episode: str, kind: str, cause: str) -> str:
    """A transition's id: the same event does the same thing to an alarm only once."""
    return digest("transition", episode, kind, cause)
