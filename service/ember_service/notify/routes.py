"""Who was told what, by which channel, and whether it arrived."""

from typing import Annotated, Any, TypedDict

from fastapi import APIRouter, Depends, Query
from sqlalchemy import select
from starlette.responses import Response

from ember_base.schema import message
from ember_service.api.common import Allow, Ctx, Cursor, Limit, from_cursor, listed, ms
from ember_service.api.openapi import gives_list
from ember_service.api.problem import Problem
from ember_service.auth.access import Action
from ember_service.auth.model import Principal
from ember_service.notify.model import State

router = APIRouter(prefix="/messages", tags=["messages"])


class MessageShown(TypedDict):
    """What was told to whom, by which channel, and what became of it."""

    id: str
    alarm: str
    transition: str
    contact: str
    contact_name: str
    channel: str
    address: str
    language: str
    subject: str
    text: str
    state: State
    reason: str | None
    attempts: int
    queued: int
    sent: int | None


@router.get("", summary="Messages, the newest first", openapi_extra=gives_list(MessageShown, refuses=[503]))
async def messages(
    ctx: Ctx,
    who: Annotated[Principal, Depends(Allow(Action.SEE_SYSTEM))],
    alarm: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    offset = from_cursor(cursor) or "0"
    if not offset.isascii() or not offset.isdigit() or len(offset) > 9:
        raise Problem(422, "cursor: take it as it stands in `next` of the page before", "invalid")
    query = select(message).order_by(message.c.queued.desc(), message.c.id).offset(int(offset)).limit(limit + 1)
    if alarm is not None:
        query = query.where(message.c.alarm == alarm)
    async with ctx.engine.connect() as connection:
        rows: list[dict[str, Any]] = [dict(row._mapping) for row in await connection.execute(query)]
    items = [row | {"queued": ms(row["queued"]), "sent": ms(row["sent"])} for row in rows[:limit]]
    return listed(items, str(int(offset) + limit) if len(rows) > limit else None)
