"""The register as the evaluator and the live view hold it: plain values, whole, without a database."""

import msgspec


class Area(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    kind: str
    parent: str | None = None


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """A fire workstation and the area it looks after."""

    id: str
    name: str
    area: str


class Workshop(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    area: str
    address: str = ""
    trade: str = ""
    latitude: float | None = None
    longitude: float | None = None


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """`kind`: casting, curing, spraying, grinding, resin_store, peroxide_store, waste, living, or other."""

    id: str
    workshop: str
    name: str
    kind: str = "other"


class Circuit(msgspec.Struct, frozen=True, kw_only=True):
    """`rated_current` in A."""

    id: str
    workshop: str
    name: str
    rated_current: float


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """`supervision`: radio, mains or battery. `period`: s between its messages, as declared."""

    id: str
    workshop: str
    zone: str | None = None
    model: str = ""
    supervision: str = "mains"
    period: float | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """`id`: the hash of device and name (`ember_wire.channels.channel_id`). The gateway gives value·scale + offset."""

    id: int
    device: str
    name: str
    circuit: str | None = None
    scale: float = 1.0
    offset: float = 0.0


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A person to be told. `workshop` None: of the monitoring centre, told of every workshop and of unknown devices."""

    id: str
    name: str
    workshop: str | None = None
    role: str = "owner"
    language: str = "zh"
    mail: str | None = None
    webhook: str | None = None


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """All of it at one revision."""

    revision: int = 0
    areas: list[Area] = []
    workshops: list[Workshop] = []
    zones: list[Zone] = []
    circuits: list[Circuit] = []
    devices: list[Device] = []
    channels: list[Channel] = []
    contacts: list[Contact] = []
