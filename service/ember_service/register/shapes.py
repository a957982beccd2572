"""What the register's routes take and give as JSON, where it is not just `model.py`."""

from typing import Annotated, Any, Final, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from ember_service.rules.model import SUPERVISION_CLASSES, ZONE_KINDS
from ember_wire import topics

Id = Annotated[str, Field(min_length=1, max_length=topics.MAX_NAME, description="Made where it is not given")]
Short = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Long = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]
ZoneKind = Annotated[str, Field(pattern=f"^({'|'.join(sorted(ZONE_KINDS))})$")]
Supervision = Annotated[str, Field(pattern=f"^({'|'.join(sorted(SUPERVISION_CLASSES))})$")]
Language = Annotated[str, Field(pattern="^(zh|en)$")]
MAX_PERIOD_S: Final = 7 * 86_400


class Body(BaseModel):
    """`id`: of a topic's form (no `/ # +`); made where it is not given."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    id: Id | None = None


class AreaBody(Body):
    name: Short
    kind: Short
    parent: Short | None = None


class StationBody(Body):
    name: Short
    area: Short


class WorkshopBody(Body):
    name: Short
    area: Short
    address: Long = ""
    trade: Long = ""
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)


class ZoneBody(Body):
    workshop: Short
    name: Short
    kind: ZoneKind = "other"


class CircuitBody(Body):
    workshop: Short
    name: Short
    rated_current: float = Field(gt=0, le=10_000, description="A")


class DeviceBody(Body):
    id: Id
    workshop: Short
    zone: Short | None = None
    model: Long = ""
    supervision: Supervision = "mains"
    period: float | None = Field(None, gt=0, le=MAX_PERIOD_S, description="s between its messages")


class ChannelBody(BaseModel):
    """Its id is the hash of device and name."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    device: Short
    name: Id
    circuit: Short | None = None
    scale: float = 1.0
    offset: float = 0.0


class ContactBody(Body):
    name: Short
    workshop: Short | None = Field(None, description="None: of the monitoring centre")
    role: Short = "owner"
    language: Language = "zh"
    mail: Annotated[str, Field(max_length=320, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")] | None = None
    webhook: Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s\x00]+$")] | None = None


BODIES: Final[dict[str, type[BaseModel]]] = {
    "areas": AreaBody,
    "stations": StationBody,
    "workshops": WorkshopBody,
    "zones": ZoneBody,
    "circuits": CircuitBody,
    "devices": DeviceBody,
    "channels": ChannelBody,
    "contacts": ContactBody,
}
"""What a new one of each resource is; the same holds for a row of an imported plan."""


class AdoptBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    workshop: Short
    zone: Short | None = None


class ChannelShown(TypedDict):
    """A channel; `id` as a decimal text of 64 bits."""

    id: str
    device: str
    name: str
    kind: str
    unit: str
    circuit: str | None
    scale: float
    offset: float


class SeenChannel(TypedDict):
    """A channel of a device that nobody registered, with its last value."""

    id: str
    name: str
    kind: str
    unit: str
    value: float | None
    time: int | None


class Discovered(TypedDict):
    """A device that was heard and nobody registered. `attributes`: what it said about itself."""

    id: str
    first_seen: int
    last_seen: int
    attributes: dict[str, Any]
    channels: list[SeenChannel]


class Adopted(TypedDict):
    """The device as registered, and the ids of its channels."""

    id: str
    workshop: str
    zone: str | None
    model: str
    supervision: str
    period: float | None
    channels: list[str]
