"""The register: read by all within their rights, added to by admin and operator; devices that were heard, adopted."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from ember_base import schema
from ember_service.api.common import Allow, Ctx, Cursor, Limit, from_cursor, json, listed, ms, scope_of
from ember_service.api.problem import Problem
from ember_service.auth.access import Action, areas_within
from ember_service.auth.model import Principal
from ember_service.context import Context
from ember_service.register import repository
from ember_wire import topics
from ember_wire.channels import channel_id
from ember_wire.kinds import kind_of, unit_of
from ember_wire.stream import pack

router = APIRouter(tags=["register"])
Id = Annotated[str, Field(min_length=1, max_length=topics.MAX_NAME, description="Made where it is not given")]
Short = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Long = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]


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


class ZoneBody(Body):
    workshop: Short
    name: Short
    kind: Short = "other"


class CircuitBody(Body):
    workshop: Short
    name: Short
    rated_current: float = Field(gt=0, le=10_000, description="A")


class DeviceBody(Body):
    id: Id
    workshop: Short
    zone: Short | None = None
    model: Long = ""
    supervision: Annotated[str, Field(pattern="^(radio|mains|battery)$")] = "mains"
    period: float | None = Field(None, gt=0, le=86_400 * 7, description="s between its messages")


class ChannelBody(BaseModel):
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
    language: Annotated[str, Field(pattern="^(zh|en)$")] = "zh"
    mail: Annotated[str, Field(max_length=320, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")] | None = None
    webhook: Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s\x00]+$")] | None = None


class AdoptBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    workshop: Short
    zone: Short | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of thing. `workshop_column`: whose it is. `parents`: field → table that must have what it names."""

    name: str
    table: Table
    prefix: str
    workshop_column: str | None
    parents: dict[str, Table]


RESOURCES: Final = {
    one.name: one
    for one in (
        Resource("areas", schema.area, "area", None, {"parent": schema.area}),
        Resource("stations", schema.station, "st", None, {"area": schema.area}),
        Resource("workshops", schema.workshop, "ws", "id", {"area": schema.area}),
        Resource("zones", schema.zone, "zone", "workshop", {"workshop": schema.workshop}),
        Resource("circuits", schema.circuit, "circuit", "workshop", {"workshop": schema.workshop}),
        Resource("devices", schema.device, "dev", "workshop", {"workshop": schema.workshop, "zone": schema.zone}),
        Resource("channels", schema.channel, "", None, {"device": schema.device, "circuit": schema.circuit}),
        Resource("contacts", schema.contact, "contact", "workshop", {"workshop": schema.workshop}),
    )
}
Seer = Annotated[Principal, Depends(Allow(Action.SEE))]
ContactSeer = Annotated[Principal, Depends(Allow(Action.SEE_CONTACTS))]
Registrar = Annotated[Principal, Depends(Allow(Action.REGISTER))]
WorkshopFilter = Annotated[str | None, Query(max_length=200, description="Only those of this workshop")]


@router.get("/devices/discovered", summary="Devices that were heard and nobody registered")
async def discovered(ctx: Ctx, who: Annotated[Principal, Depends(Allow(Action.SEE_SYSTEM))]) -> Response:
    async with ctx.engine.connect() as connection:
        rows = await repository.discovered(connection)
    return listed([row | {"first_seen": ms(row["first_seen"]), "last_seen": ms(row["last_seen"])} for row in rows])


@router.post("/devices/discovered/{id}/adopt", status_code=201, summary="Register a heard device with its channels")
async def adopt(
    ctx: Ctx, request: Request, who: Annotated[Principal, Depends(Allow(Action.ADOPT))], id: str, body: AdoptBody
) -> Response:
    if "\0" in id:
        raise Problem(404, "Nobody has heard of this device.", "not_found")
    device = {"id": id, "workshop": body.workshop, "zone": body.zone, "model": "", "supervision": "mains"}
    async with ctx.engine.begin() as connection:
        channels = await repository.seen_channels(connection, id)
        if channels is None:
            raise Problem(404, "Nobody has heard of this device.", "not_found")
        await _check_parents(connection, RESOURCES["devices"], device)
        if not await repository.create(connection, schema.device, device):
            raise Problem(409, "This device is registered already.", "exists")
        for channel in channels:
            wanted = {name: channel[name] for name in ("id", "device", "name", "kind", "unit")}
            await repository.create(connection, schema.channel, wanted)
        await _changed(connection, who, request, "adopt", f"devices/{id}", device)
    _announce(ctx)
    return json(device | {"period": None, "channels": [str(channel["id"]) for channel in channels]}, 201)


def _add(resource: Resource, body_type: type[BaseModel]) -> None:
    """The three routes of a resource."""
    seer: Any = ContactSeer if resource.name == "contacts" else Seer

    async def many(
        ctx: Ctx, who: seer, workshop: WorkshopFilter = None, cursor: Cursor = None, limit: Limit = 100
    ) -> Response:
        where = _where(ctx, who, resource, workshop)
        after = from_cursor(cursor)
        if after is not None and resource.name == "channels" and not _is_number(after):
            raise Problem(422, "cursor: take it as it stands in `next` of the page before", "invalid")
        async with ctx.engine.connect() as connection:
            rows = await repository.page(connection, resource.table, where, after, limit + 1)
        more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
        return listed([_shown(row) for row in rows[:limit]], more)

    async def one(ctx: Ctx, who: seer, id: str) -> Response:
        key: str | int = id
        if resource.name == "channels":
            key = int(id) if _is_number(id) else 0
        where = _where(ctx, who, resource, None)
        async with ctx.engine.connect() as connection:
            rows = (
                []
                if "\0" in id
                else await repository.page(connection, resource.table, [*where, resource.table.c.id == key], None, 1)
            )
        if not rows:
            raise Problem(404, "There is no such entry, or you may not see it.", "not_found")
        return json(_shown(rows[0]))

    async def add(ctx: Ctx, request: Request, who: Registrar, body: body_type) -> Response:  # type: ignore[valid-type]
        values = _values(resource, body)
        async with ctx.engine.begin() as connection:
            await _check_parents(connection, resource, values)
            if not await repository.create(connection, resource.table, values):
                raise Problem(409, f"{resource.name}: {values['id']} exists already.", "exists")
            await _changed(connection, who, request, "create", f"{resource.name}/{values['id']}", values)
        _announce(ctx)
        return json(_shown(values), 201)

    path, name = f"/{resource.name}", resource.name
    router.add_api_route(path, many, methods=["GET"], summary=f"The {name}", name=f"list {name}")
    router.add_api_route(path, add, methods=["POST"], status_code=201, summary="Add one", name=f"add to {name}")
    router.add_api_route(f"{path}/{{id}}", one, methods=["GET"], summary=f"One of the {name}", name=f"one of {name}")


def _where(ctx: Context, who: Principal, resource: Resource, workshop: str | None) -> list[Any]:
    """Conditions that keep to the caller's rights and filter."""
    scope = scope_of(ctx, who)
    if workshop is not None and scope is not None:
        scope = scope & {workshop}
    elif workshop is not None:
        scope = frozenset({workshop})
    if scope is None:
        return []
    register, columns = ctx.feed.state.register, resource.table.c
    safe = [w for w in scope if "\0" not in w]
    if resource.workshop_column is not None:
        return [columns[resource.workshop_column].in_(safe)]
    if resource.name == "channels":
        return [columns.device.in_([device.id for device in register.devices if device.workshop in scope])]
    shown = {w.area for w in register.workshops if w.id in scope}
    parents = {area.id: area.parent for area in register.areas}
    above: set[str] = set()
    for area in shown:
        at: str | None = area
        while at and at not in above:
            above.add(at)
            at = parents.get(at)
    if who.area:
        above |= areas_within(who.area, register)
    return [(columns.id if resource.name == "areas" else columns.area).in_(above)]


def _values(resource: Resource, body: BaseModel) -> dict[str, Any]:
    """A body as a row, its id made where it was not given. Raises Problem 422."""
    values = body.model_dump()
    try:
        if resource.name == "channels":
            topics.check_name(values["name"])
            kind = kind_of(values["name"])
            return values | {"id": channel_id(values["device"], values["name"]), "kind": kind, "unit": unit_of(kind)}
        values["id"] = topics.check_name(values["id"] or f"{resource.prefix}-{_random()}")
    except topics.BadNameError as error:
        raise Problem(422, f"id: {error}", "invalid", errors=[{"field": "id", "why": str(error)}]) from None
    if resource.name == "workshops" and values["id"] in (topics.UNASSIGNED, topics.SYSTEM, "health"):
        raise Problem(422, f"id: {values['id']!r} has a meaning of its own; choose another", "invalid")
    return values


async def _check_parents(connection: AsyncConnection, resource: Resource, values: dict[str, Any]) -> None:
    """Raise Problem 422 where something that is named is not there, or a zone is another workshop's."""
    for field, table in resource.parents.items():
        if values.get(field) is None:
            continue
        parent = await repository.find(connection, table, values[field])
        wrong = "" if parent else f"{field}: there is no {table.name} {values[field]!r}"
        if parent and field == "zone" and parent["workshop"] != values["workshop"]:
            wrong = f"zone: {values[field]!r} belongs to workshop {parent['workshop']!r}"
        if wrong:
            raise Problem(422, wrong, "unknown_parent", errors=[{"field": field, "why": wrong}])


async def _changed(
    connection: AsyncConnection, who: Principal, request: Request, action: str, what: str, after: dict[str, Any]
) -> None:
    """Count the revision and write the audit, in the same transaction."""
    await repository.bump(connection)
    origin = request.client.host if request.client else ""
    entry = {"who": who.name, "origin": origin, "action": action, "object": what, "after": _shown(after)}
    await connection.execute(schema.audit.insert().values(entry))


def _announce(ctx: Context) -> None:
    """After the commit: let every process load the register anew."""
    ctx.feed.register_changed()
    ctx.feed.link.publish(topics.STREAM_REGISTRY, pack({"changed": True}))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    out = {name: value for name, value in row.items() if name not in ("created", "retired")}
    return out | {"id": str(out["id"])}


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and -(2**63) <= int(text[:20]) < 2**63


def _random() -> str:
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(8))


for _name, _body in (
    ("areas", AreaBody),
    ("stations", StationBody),
    ("workshops", WorkshopBody),
    ("zones", ZoneBody),
    ("circuits", CircuitBody),
    ("devices", DeviceBody),
    ("channels", ChannelBody),
    ("contacts", ContactBody),
):
    _add(RESOURCES[_name], _body)
