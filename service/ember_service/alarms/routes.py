"""Alarms: the open ones from the live state, older ones from the database; people's commands to the evaluator."""

import asyncio
import secrets
from typing import Annotated, Any, Final, Literal, TypedDict

import msgspec
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from ember_base.database import AWAY, within
from ember_base.schema import alarm as table
from ember_service.alarms import history
from ember_service.api.common import Allow, Ctx, Cursor, Limit, from_cursor, json, listed, scope_of
from ember_service.api.openapi import gives, gives_list
from ember_service.api.problem import Problem
from ember_service.auth.access import Action, sees
from ember_service.auth.model import Principal
from ember_service.context import Context
from ember_service.live.model import AlarmEvent
from ember_wire import topics
from ember_wire.alarms import AlarmClass, AlarmRecord, Verdict
from ember_wire.stream import Answer, Command, pack

router = APIRouter(prefix="/alarms", tags=["alarms"])
Seer = Annotated[Principal, Depends(Allow(Action.SEE))]
ANSWER_WITHIN_S: Final = 2.0
EVENTS_WITHIN_S: Final = 1.0
"""A page about an alarm that is open does not wait longer for a database that hangs."""
_STATUS: Final = {"unknown_alarm": 404, "bad_verdict": 422, "no_text": 422, "too_long": 422, "unknown_command": 422}


class AlarmDetail(TypedDict):
    """`events` in order; with the database away only those that happened since this service began."""

    alarm: AlarmRecord
    events: list[AlarmEvent]


class CommandDone(TypedDict):
    """The alarm after the command."""

    alarm: AlarmRecord


_DONE: Final = gives(CommandDone, refuses=[404, 409, 503])


class CommandBody(BaseModel):
    """`command_id` makes it idempotent; `seen` is the revision that the person saw: a rise in between is a 409."""

    model_config = ConfigDict(extra="forbid", strict=True)
    command_id: str | None = Field(None, min_length=1, max_length=100)
    seen: int | None = Field(None, ge=0, lt=2**53)


class AckBody(CommandBody):
    comment: str = Field("", max_length=2000)


class ResetBody(CommandBody):
    reason: str = Field("", max_length=2000)


class VerdictBody(CommandBody):
    model_config = ConfigDict(extra="forbid", strict=False)
    verdict: Verdict
    cause: str = Field("", max_length=2000)


class CommentBody(CommandBody):
    text: str = Field(min_length=1, max_length=2000)


@router.get(
    "", summary="Open alarms worst first; closed ones and all, the newest first", openapi_extra=gives_list(AlarmRecord)
)
async def alarms(
    ctx: Ctx,
    who: Seer,
    state: Literal["open", "closed", "all"] = "open",
    class_: Annotated[AlarmClass | None, Query(alias="class")] = None,
    workshop: Annotated[str | None, Query(max_length=200)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    scope = scope_of(ctx, who)
    if state == "open":
        found = [
            alarm
            for alarm in ctx.feed.state.open_alarms()
            if sees(scope, alarm.workshop) and class_ in (None, alarm.class_) and workshop in (None, alarm.workshop)
        ]
        start = _offset(from_cursor(cursor))
        more = str(start + limit) if len(found) > start + limit else None
        return listed(found[start : start + limit], more)
    where: list[Any] = [] if state == "all" else [table.c.open.is_(False)]
    where += [] if class_ is None else [table.c["class"] == class_.value]
    where += [] if workshop is None else [table.c.workshop == workshop.replace("\0", "")]
    where += [] if scope is None else [table.c.workshop.in_(scope)]
    async with ctx.engine.connect() as connection:
        rows = await history.page(connection, where, _key(from_cursor(cursor)), limit + 1)
    return listed([row["record"] for row in rows[:limit]], rows[limit - 1]["key"] if len(rows) > limit else None)


@router.get("/{id}", summary="One alarm with its events", openapi_extra=gives(AlarmDetail, refuses=[404]))
async def alarm(ctx: Ctx, who: Seer, id: str) -> Response:
    found = await _find(ctx, who, id)
    steps = {step.id: _event(msgspec.to_builtins(step)) for step in ctx.feed.state.recent.get(id, ())}
    try:
        kept = {event["id"]: _event(event) for event in await within(EVENTS_WITHIN_S, _stored_events(ctx, id))}
    except AWAY:
        kept = {}  # what is known of now is told; the rest is in the database
    events = sorted((kept | steps).values(), key=lambda event: event["seq"])
    return json({"alarm": found, "events": events})


@router.post("/{id}/ack", summary="Acknowledge", openapi_extra=_DONE)
async def ack(ctx: Ctx, who: Annotated[Principal, Depends(Allow(Action.ACK))], id: str, body: AckBody) -> Response:
    return await _command(ctx, who, id, "ack", body, {"comment": body.comment} if body.comment else {})


@router.post(
    "/{id}/reset",
    summary="Reset what is latched; an active one only without signal, with a reason",
    openapi_extra=_DONE,
)
async def reset(
    ctx: Ctx, who: Annotated[Principal, Depends(Allow(Action.RESET))], id: str, body: ResetBody
) -> Response:
    return await _command(ctx, who, id, "reset", body, {"reason": body.reason})


@router.post("/{id}/verdict", summary="Say what it was", openapi_extra=_DONE)
async def verdict(
    ctx: Ctx, who: Annotated[Principal, Depends(Allow(Action.VERDICT))], id: str, body: VerdictBody
) -> Response:
    detail = {"verdict": body.verdict.value} | ({"cause": body.cause} if body.cause else {})
    return await _command(ctx, who, id, "verdict", body, detail)


@router.post("/{id}/comment", summary="Add a comment", openapi_extra=_DONE)
async def comment(
    ctx: Ctx, who: Annotated[Principal, Depends(Allow(Action.COMMENT))], id: str, body: CommentBody
) -> Response:
    return await _command(ctx, who, id, "comment", body, {"text": body.text})


async def _command(
    ctx: Context, who: Principal, id: str, do: str, body: CommandBody, detail: dict[str, str]
) -> Response:
    """Through the stream to the evaluator; its answer comes after the journal's fsync."""
    await _find(ctx, who, id)
    if not ctx.feed.link.connected:  # it would wait in memory, and be done long after the person was told otherwise
        raise Problem(
            503, "The broker is away, so the evaluator cannot be reached.", "broker_away", {"Retry-After": "5"}
        )
    # The name stands in the id: nobody's command can be taken for the answer to another's.
    number = f"{who.name}:{body.command_id or secrets.token_hex(12)}"
    command = Command(
        id=number,
        do=do,
        alarm=id,
        who=who.name,
        reply=topics.stream_command_answers(ctx.replica),
        seen=body.seen,
        detail=detail,
    )
    waiting = ctx.feed.answers.setdefault(number, asyncio.get_running_loop().create_future())
    ctx.feed.link.publish(topics.STREAM_COMMANDS, pack(command))
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer: Answer = await asyncio.shield(waiting)
    except TimeoutError:
        ctx.feed.answers.pop(number, None)
        raise Problem(
            503,
            "The evaluator did not answer within 2 s; try again, with the same command_id.",
            "no_answer",
            {"Retry-After": "2"},
        ) from None
    if answer.word:
        raise Problem(_STATUS.get(answer.word, 409), answer.refused, answer.word, alarm=answer.alarm)
    return json({"alarm": answer.alarm})


async def _find(ctx: Context, who: Principal, id: str) -> AlarmRecord | dict[str, Any]:
    """An alarm that somebody may see: as it is now, else as the database has it. Raises Problem 404."""
    scope = scope_of(ctx, who)
    live = ctx.feed.state.alarm(id)
    if live is not None:
        if sees(scope, live.workshop):
            return live
    elif "\0" not in id:
        async with ctx.engine.connect() as connection:
            kept = await history.record(connection, id)
        if kept is not None and sees(scope, kept["workshop"]):
            return kept
    raise Problem(404, "There is no such alarm, or you may not see it.", "unknown_alarm")


async def _stored_events(ctx: Context, id: str) -> list[dict[str, Any]]:
    async with ctx.engine.connect() as connection:
        return await history.events(connection, id)


def _event(step: dict[str, Any]) -> dict[str, Any]:
    return {name: step.get(name) for name in ("id", "seq", "kind", "happened", "known", "who", "why")}


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise Problem(422, "cursor: take it as it stands in `next` of the page before", "invalid")
    return int(cursor)


def _key(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    number, _, id_ = cursor.partition(" ")
    if not number.isascii() or not number.isdigit() or len(number) > 17:
        raise Problem(422, "cursor: take it as it stands in `next` of the page before", "invalid")
    return int(number), id_
