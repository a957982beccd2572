"""The register: read by all within their rights, added to by admin and operator; devices that were heard, adopted."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from ember_base import schema
from ember_service.api.common import Allow, Ctx, Cursor, Limit, from_cursor, json, listed, ms, scope_of
from ember_service.api.openapi import gives, gives_list
from ember_service.api.problem import Problem
from ember_service.auth.access import Action, areas_within
from ember_service.auth.model import Principal
from ember_service.context import Context
from ember_service.register import model, repository
from ember_service.register.plan import PARENTS, name_of
from ember_service.register.shapes import BODIES, AdoptBody, Adopted, ChannelShown, Discovered
from ember_wire import topics
from ember_wire.stream import pack

router = APIRouter(tags=["register"])


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of thing. `prefix`: of ids that are made. `workshop_column`: whose it is."""

    name: str
    table: Table
    prefix: str
    workshop_column: str | None
    shown: Any

    @property
    def one(self) -> str:
        return self.name.removesuffix("s")


RESOURCES: Final = {
    one.name: one
    for one in (
        Resource("areas", schema.area, "area", None, model.Area),
        Resource("stations", schema.station, "st", None, model.Station),
        Resource("workshops", schema.workshop, "ws", "id", model.Workshop),
        Resource("zones", schema.zone, "zone", "workshop", model.Zone),
        Resource("circuits", schema.circuit, "circuit", "workshop", model.Circuit),
        Resource("devices", schema.device, "dev", "workshop", model.Device),
        Resource("channels", schema.channel, "", None, ChannelShown),
        Resource("contacts", schema.contact, "contact", "workshop", model.Contact),
    )
}
Seer = Annotated[Principal, Depends(Allow(Action.SEE))]
ContactSeer = Annotated[Principal, Depends(Allow(Action.SEE_CONTACTS))]
Registrar = Annotated[Principal, Depends(Allow(Action.REGISTER))]
WorkshopFilter = Annotated[str | None, Query(max_length=200, description="Only those of this workshop")]


@router.get(
    "/devices/discovered",
    summary="Devices that were heard and nobody registered",
    openapi_extra=gives_list(Discovered, refuses=[503]),
)
async def discovered(ctx: Ctx, who: Annotated[Principal, Depends(Allow(Action.SEE_SYSTEM))]) -> Response:
    async with ctx.engine.connect() as connection:
        rows = await repository.discovered(connection)
    return listed([row | {"first_seen": ms(row["first_seen"]), "last_seen": ms(row["last_seen"])} for row in rows])


@router.post(
    "/devices/discovered/{id}/adopt",
    status_code=201,
    summary="Register a heard device with its channels",
    openapi_extra=gives(Adopted, 201, refuses=[404, 409, 503]),
)
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
        revision = await _changed(connection, who, request, "adopt", f"devices/{id}", device)
    _announce(ctx, revision)
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
                raise Problem(409, f"There is a {resource.one} {values['id']!r} already, perhaps retired.", "exists")
            what = f"{resource.name}/{values['id']}"
            revision = await _changed(connection, who, request, "create", what, values)
        _announce(ctx, revision)
        return json(_shown(values), 201)

    path, name, shown = f"/{resource.name}", resource.name, resource.shown
    for endpoint, method, where, word, extra in (
        (many, "GET", path, f"The {name}, by id", gives_list(shown, refuses=[503])),
        (add, "POST", path, f"Add one to the {name}", gives(shown, 201, refuses=[409, 503])),
        (one, "GET", f"{path}/{{id}}", f"One of the {name}", gives(shown, refuses=[404, 503])),
    ):
        router.add_api_route(
            where,
            endpoint,
            methods=[method],
            status_code=201 if method == "POST" else 200,
            summary=word,
            name=word,
            openapi_extra=extra,
        )


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
    if resource.name != "channels":
        values["id"] = values["id"] or f"{resource.prefix}-{_random()}"
    try:
        return name_of(resource.name, values)
    except topics.BadNameError as error:
        field = "name" if resource.name == "channels" else "id"
        raise _wrong(field, str(error)) from None


async def _check_parents(connection: AsyncConnection, resource: Resource, values: dict[str, Any]) -> None:
    """Raise Problem 422 where something that is named is not there, or is another workshop's."""
    home = values.get("workshop")
    for field, parents in PARENTS[resource.name].items():
        if values.get(field) is None:
            continue
        parent = await repository.find(connection, RESOURCES[parents].table, values[field])
        if parent is None:
            raise _wrong(field, f"there is no {RESOURCES[parents].one} {values[field]!r}", "unknown_parent")
        if parents == "devices":
            home = parent["workshop"]
        if parents in ("zones", "circuits") and parent["workshop"] != home:
            raise _wrong(field, f"{values[field]!r} belongs to workshop {parent['workshop']!r}", "unknown_parent")


def _wrong(field: str, why: str, word: str = "invalid") -> Problem:
    return Problem(422, f"{field}: {why}", word, errors=[{"field": field, "why": why}])


async def _changed(
    connection: AsyncConnection, who: Principal, request: Request, action: str, what: str, after: dict[str, Any]
) -> int:
    """Count the revision and write the audit, in the same transaction; return the revision."""
    origin = request.client.host if request.client else ""
    entry = _shown(after)
    await repository.record(connection, who=who.name, origin=origin, action=action, what=what, after=entry)
    return await repository.bump(connection)


def _announce(ctx: Context, revision: int) -> None:
    """After the commit: let every process load the register anew. One that misses it sees the revision in time."""
    ctx.feed.register_changed()
    if ctx.feed.link.connected:
        ctx.feed.link.publish(topics.STREAM_REGISTRY, pack({"revision": revision}))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    out = {name: value for name, value in row.items() if name not in ("created", "retired")}
    return out | {"id": str(out["id"])}


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and -(2**63) <= int(text[:20]) < 2**63


def _random() -> str:
    return "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(8))


for _name, _body in BODIES.items():
    _add(RESOURCES[_name], _body)
