"""Readings of a channel over time."""

from typing import Annotated, NotRequired, TypedDict

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from ember_service.api.common import Allow, Ctx, instant, json, scope_of
from ember_service.api.openapi import gives
from ember_service.api.problem import Problem
from ember_service.auth.access import Action, sees
from ember_service.auth.model import Principal
from ember_service.history.model import MAX_STEP_S, Point
from ember_service.history.repository import find_channel, history
from ember_service.live.feed import now_ms
from ember_wire import topics
from ember_wire.quality import words

router = APIRouter(prefix="/readings", tags=["history"])
HOUR_MS = 3_600_000


class Sample(TypedDict):
    """A reading as stored (`value`, `quality`), or a bucket of `step` s from `time` on (the others)."""

    time: int
    value: NotRequired[float]
    quality: NotRequired[list[str]]
    min: NotRequired[float]
    avg: NotRequired[float]
    max: NotRequired[float]
    count: NotRequired[int]


class Readings(TypedDict):
    """`step` in s, 0 for readings as stored. `more`: there are more than fit; ask for less, or for a larger step."""

    channel: str
    device: str
    name: str
    kind: str
    unit: str
    step: int
    items: list[Sample]
    more: bool


@router.get(
    "",
    summary="History of a channel, from the aggregate that fits the step",
    openapi_extra=gives(Readings, refuses=[404, 503]),
)
async def readings(
    ctx: Ctx,
    who: Annotated[Principal, Depends(Allow(Action.SEE))],
    channel: Annotated[str, Query(max_length=300, pattern=r"^[^\x00]*$", description="Its id, or `device/name`")],
    from_: Annotated[str | None, Query(alias="from", max_length=40, description="ms or RFC 3339; an hour ago")] = None,
    to: Annotated[str | None, Query(max_length=40, description="ms or RFC 3339; now")] = None,
    step: Annotated[int, Query(ge=0, le=MAX_STEP_S, description="s; 0: as stored")] = 0,
) -> Response:
    end = instant(to, "to") if to is not None else now_ms() + 60_000
    start = instant(from_, "from") if from_ is not None else end - HOUR_MS
    if start > end:
        raise Problem(422, "from: it lies after `to`", "invalid")
    async with ctx.engine.connect() as connection:
        found = await find_channel(connection, channel)
        if found is None or not sees(scope_of(ctx, who), found.workshop or topics.UNASSIGNED):
            raise Problem(404, "There is no such channel, or you may not see it.", "not_found")
        past = await history(connection, found.id, start, end, step)
    items = [
        {"time": i.time, "value": i.value, "quality": words(i.quality)} if isinstance(i, Point) else i
        for i in past.items
    ]
    names = {"channel": str(found.id), "device": found.device, "name": found.name}
    units = {"kind": found.kind, "unit": found.unit, "step": past.step}
    return json(names | units | {"items": items, "more": past.more})
