"""Live status and the stream of it."""

import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ember_service.api.common import Allow, Ctx, json, scope_of
from ember_service.api.openapi import events, gives
from ember_service.api.problem import Problem
from ember_service.auth.access import Action, sees
from ember_service.auth.model import Principal
from ember_service.live import model
from ember_service.live.feed import now_ms
from ember_service.live.hub import RightsEndedError
from ember_service.live.hub import Scope as Workshops

log = logging.getLogger(__name__)
router = APIRouter(tags=["live"])
Seer = Annotated[Principal, Depends(Allow(Action.SEE))]
PING_S = 15
STUCK_S = 30
_EVENTS = {
    "snapshot": model.Snapshot,
    "reading": model.LiveReading,
    "alarm": model.AlarmNews,
    "status": model.WorkshopStatus,
    "system": model.System,
}


@router.get("/status", summary="Live snapshot, an item a workshop", openapi_extra=gives(model.StatusList))
async def status(ctx: Ctx, who: Seer) -> Response:
    now = now_ms()
    return json({"as_of": now, "items": ctx.feed.state.items(now, scope_of(ctx, who)), "next": None})


@router.get(
    "/status/{workshop}",
    summary="The channels and open alarms of a workshop",
    openapi_extra=gives(model.WorkshopDetail, refuses=[404]),
)
async def workshop_status(ctx: Ctx, who: Seer, workshop: str) -> Response:
    state, now = ctx.feed.state, now_ms()
    if not state.knows(workshop) or not sees(scope_of(ctx, who), workshop):
        raise Problem(404, "There is no such workshop, or you may not see it.", "not_found")
    place, alarms = state.place(workshop), state.alarms_of(workshop)
    return json({"as_of": now, "workshop": place, "channels": state.channels(workshop), "alarms": alarms})


@router.get(
    "/live",
    summary="Server-sent events: snapshot, then reading, alarm, status, system",
    response_class=Response,
    openapi_extra=events(_EVENTS),
)
async def live(
    ctx: Ctx,
    who: Seer,
    workshops: Annotated[str | None, Query(max_length=20_000, description="Ids, separated by commas")] = None,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:
    asked = None if workshops is None else frozenset(workshops.split(","))

    def rights() -> Workshops:
        current = ctx.accounts.current(who)
        if current is None:
            raise RightsEndedError
        scope = scope_of(ctx, current)
        if asked is None:
            return scope
        return asked if scope is None else asked & scope

    number = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else None
    return _Stream(ctx.feed.hub.watch(rights, number), ping=PING_S, send_timeout=STUCK_S)


class _Stream(EventSourceResponse):
    """One viewer's stream. One that takes nothing for half a minute is let go: no fault of ours."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("a viewer of /live took nothing for %d s: let go", STUCK_S)
