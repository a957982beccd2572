"""Health, readiness, metrics; what was set aside; the audit."""

from typing import Annotated, Any, TypedDict

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Table, select
from starlette.responses import Response

from ember_base.schema import audit, dead_letter
from ember_service.api.common import Allow, Ctx, Cursor, Limit, from_cursor, json, listed, ms
from ember_service.api.openapi import gives, gives_list
from ember_service.api.problem import Problem
from ember_service.auth.access import Action
from ember_service.auth.model import Principal
from ember_service.context import Context
from ember_service.live.feed import now_ms

open_router = APIRouter(tags=["system"], dependencies=[Depends(Allow(Action.OPEN))])
router = APIRouter(tags=["system"])
SHOWN_PAYLOAD = 4096


class Health(TypedDict):
    ok: bool


class Part(TypedDict):
    """`text` says what is wrong, and what to do where that is known."""

    ok: bool
    text: str


class Readiness(TypedDict):
    """`parts`: database, broker, gateway, evaluator."""

    ok: bool
    parts: dict[str, Part]


class DeadLetter(TypedDict):
    """What was set aside: the start of its payload as text, and why."""

    id: str
    time: int
    gateway: str
    topic: str
    payload: str
    reason: str
    detail: str


class AuditEntry(TypedDict):
    """Who changed what, from where, when; `before` and `after` as far as they are known."""

    id: str
    time: int
    who: str
    origin: str
    action: str
    object: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@open_router.get("/healthz", summary="Alive", openapi_extra=gives(Health))
async def healthz() -> Response:
    return json({"ok": True})


@open_router.get(
    "/readyz",
    summary="200 only when every part is well, else 503 with the same body",
    openapi_extra=gives(Readiness),
)
async def readyz(ctx: Ctx) -> Response:
    state, now = ctx.feed.state, now_ms()
    well = {
        "database": (not ctx.feed.database, ctx.feed.database),
        "broker": (ctx.feed.link.connected, "" if ctx.feed.link.connected else "not connected; retrying"),
        "gateway": state.gateway_ok(now),
        "evaluator": state.evaluator_ok(now),
    }
    ok = all(part for part, _ in well.values())
    return json({"ok": ok, "parts": {n: {"ok": p, "text": t} for n, (p, t) in well.items()}}, 200 if ok else 503)


@open_router.get(
    "/metrics", summary="For Prometheus", response_class=Response, openapi_extra=gives(str, media="text/plain")
)
async def metrics(ctx: Ctx) -> Response:
    ctx.metrics.viewers.set(len(ctx.feed.hub))
    ctx.metrics.database_up.set(not ctx.feed.database)
    ctx.metrics.broker_up.set(ctx.feed.link.connected)
    ctx.metrics.dropped.inc(ctx.feed.hub.take_dropped())
    return Response(generate_latest(ctx.metrics.registry), media_type=CONTENT_TYPE_LATEST)


@router.get(
    "/dead-letters", summary="What was set aside, the newest first", openapi_extra=gives_list(DeadLetter, refuses=[503])
)
async def dead_letters(
    ctx: Ctx, who: Annotated[Principal, Depends(Allow(Action.SEE_SYSTEM))], cursor: Cursor = None, limit: Limit = 100
) -> Response:
    return await _newest(ctx, dead_letter, cursor, limit)


@router.get("/audit", summary="Who changed what, the newest first", openapi_extra=gives_list(AuditEntry, refuses=[503]))
async def audited(
    ctx: Ctx, who: Annotated[Principal, Depends(Allow(Action.AUDIT))], cursor: Cursor = None, limit: Limit = 100
) -> Response:
    return await _newest(ctx, audit, cursor, limit)


async def _newest(ctx: Context, table: Table, cursor: str | None, limit: int) -> Response:
    query = select(table).order_by(table.c.id.desc()).limit(limit + 1)
    before = from_cursor(cursor)
    if before is not None:
        if not before.isascii() or not before.isdigit() or len(before) > 18:
            raise Problem(422, "cursor: take it as it stands in `next` of the page before", "invalid")
        query = query.where(table.c.id < int(before))
    async with ctx.engine.connect() as connection:
        rows = [dict(row._mapping) for row in await connection.execute(query)]
    more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
    return listed([_shown(row) for row in rows[:limit]], more)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    out = row | {"id": str(row["id"]), "time": ms(row["time"])}
    if "payload" in out:
        out["payload"] = bytes(row["payload"][:SHOWN_PAYLOAD]).decode("utf-8", "replace")
    return out
