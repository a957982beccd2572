"""What `/status` and `/live` tell: the shapes of their JSON. Times in ms since the epoch, UTC."""

from typing import TypedDict

from ember_wire.alarms import AlarmClass, AlarmRecord, TransitionKind


class Place(TypedDict):
    """A workshop; `unassigned` and `system` have no area."""

    id: str
    name: str
    area: str | None
    address: str


class Counts(TypedDict):
    """Open alarms by class."""

    fire: int
    prewarning: int
    supervisory: int
    trouble: int


class Devices(TypedDict):
    total: int
    online: int


class Highlight(TypedDict):
    """The largest current value of a kind, and the channel that has it."""

    value: float
    unit: str
    channel: str
    time: int


class WorkshopStatus(TypedDict):
    """A workshop at a glance. `highlights` by kind: temperature, smoke, load, residual_current, where there are any."""

    workshop: Place
    worst: AlarmClass | None
    open: Counts
    devices: Devices
    last: int | None
    highlights: dict[str, Highlight]


class StatusList(TypedDict):
    as_of: int
    items: list[WorkshopStatus]
    next: None


class LiveReading(TypedDict):
    """The newest value of a channel; its id as a decimal text."""

    channel: str
    workshop: str
    device: str
    name: str
    kind: str
    unit: str
    value: float
    time: int
    received: int
    quality: list[str]


class ChannelStatus(LiveReading):
    zone: str | None


class WorkshopDetail(TypedDict):
    as_of: int
    workshop: Place
    channels: list[ChannelStatus]
    alarms: list[AlarmRecord]


class Fault(TypedDict):
    """What ails the product. `word` is for machines, `text` for people."""

    part: str
    word: str
    text: str
    since: int


class System(TypedDict):
    ok: bool
    as_of: int
    faults: list[Fault]


class Snapshot(TypedDict):
    """The event `snapshot`: what a viewer starts from."""

    as_of: int
    status: list[WorkshopStatus]
    alarms: list[AlarmRecord]
    system: System


class AlarmEvent(TypedDict):
    """One step of an alarm's life. `happened`: by the sample's time; `known`: when we learnt it."""

    id: str
    seq: int
    kind: TransitionKind
    happened: int
    known: int
    who: str | None
    why: str | None


class AlarmNews(TypedDict):
    """The event `alarm`. `transition` is null where only the state is known, as after an outage."""

    transition: AlarmEvent | None
    alarm: AlarmRecord
