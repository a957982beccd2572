"""What can happen to the engine. Events are journalled as they are: replaying them gives the same transitions."""

import msgspec

from ember_service.register.model import Register
from ember_service.rules.model import Rule
from ember_wire.readings import Batch


class Readings(msgspec.Struct, frozen=True, tag="readings"):
    """A stream batch; `live` is false where it was filled in after a gap: then it is late, not news."""

    batch: Batch
    live: bool = True


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """ "Now", ms, from the evaluator's own loop. One that goes backwards is taken as the last one again."""

    now: int


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """A gateway's heartbeat arrived at `now` (evaluator's clock, ms). It moves no time."""

    gateway: str
    now: int
    gateway_now: int
    faults: dict[str, str] = {}


class Commanded(msgspec.Struct, frozen=True, tag="command"):
    """A person's command: `do` is ack, reset, verdict or comment. `seen`: the revision that the person saw.

    `detail`: ack {comment?}, reset {reason}, verdict {verdict, cause?}, comment {text}.
    """

    id: str
    do: str
    alarm: str
    who: str
    now: int
    seen: int | None = None
    detail: dict[str, str] = {}


class Configured(msgspec.Struct, frozen=True, tag="configured"):
    """The register and the rules as they are from now on, whole."""

    now: int
    register: Register
    rules: list[Rule]


Event = Readings | Tick | Heard | Commanded | Configured
