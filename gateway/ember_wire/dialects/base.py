"""What every dialect gives back."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a message or a value was set aside; the one word for log, metric, dead letter and API."""

    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NOT_JSON = "not_json"
    WRONG_TYPE = "wrong_type"
    NOT_FINITE = "not_finite"
    BAD_NAME = "bad_name"
    TOO_MANY = "too_many"
    UNKNOWN_TOPIC = "unknown_topic"
    UNKNOWN_SHAPE = "unknown_shape"
    INTERNAL = "internal"


class Sample(NamedTuple):
    """One value as the device gave it. `ts`: ms since the epoch, None where it gave none (or no number)."""

    channel: str
    value: float
    ts: int | None
    test: bool = False
    bad_time: bool = False
    boot: str | None = None
    seq: int | None = None


class Reject(NamedTuple):
    """One thing set aside: why, in a word and in a sentence that says what to do."""

    reason: Reason
    detail: str


@dataclass(slots=True)
class Decoded:
    """A message taken apart: what it says, what was set aside, and texts about the device (`fw`, `hub`)."""

    device: str
    samples: list[Sample] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
