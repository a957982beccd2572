"""Live status and the stream of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from sse_starlette.sse import EventSourceResponse
from starlette.responses import Response

from ember_service.api.common import Allow, Ctx, json, scope_of
from ember_service.api.problem import Problem
from ember_service.auth.access import Action, sees
from ember_service.auth.model import Principal
from ember_service.live.feed import now_ms

router = APIRouter(tags=["live"])
Seer = Annotated[Principal, Depends(Allow(Action.SEE))]


@router.get("/status", summary="Live snapshot, an item a workshop")
async def status(ctx: Ctx, who: Seer) -> Response:
    now = now_ms()
    return json({"as_of": now, "items": ctx.feed.state.items(now, scope_of(ctx, who)), "next": None})


@router.get("/status/{workshop}", summary="The channels and open alarms of a workshop")
async def workshop_status(ctx: Ctx, who: Seer, workshop: str) -> Response:
    state, now = ctx.feed.state, now_ms()
    if not state.knows(workshop) or not sees(scope_of(ctx, who), workshop):
        raise Problem(404, "There is no such workshop, or you may not see it.", "not_found")
    alarms = [alarm for alarm in state.open_alarms() if alarm.workshop == workshop]
    place = state.item(workshop, now)["workshop"]
    return json({"as_of": now, "workshop": place, "channels": state.channels(workshop), "alarms": alarms})


@router.get(
    "/live", summary="Server-sent events: snapshot, then reading, alarm, status, system", response_class=Response
)
async def live(
    ctx: Ctx,
    who: Seer,
    workshops: Annotated[str | None, Query(max_length=20_000, description="Ids, separated by commas")] = None,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:
    scope = scope_of(ctx, who)
    if workshops is not None:
        asked = frozenset(workshops.split(","))
        scope = asked if scope is None else asked & scope
    digits = last_event_id is not None and last_event_id.isascii() and last_event_id.isdigit()
    frames = ctx.feed.hub.watch(scope, int(last_event_id) if digits and last_event_id else None)
    return EventSourceResponse(frames, ping=15, send_timeout=30, headers={"Cache-Control": "no-store"})
