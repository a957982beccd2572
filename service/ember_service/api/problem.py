"""Errors as `application/problem+json` (RFC 9457): what is wrong, and what to do."""

import logging
import secrets
from http import HTTPStatus
from typing import Any, cast

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ember_base.database import AWAY, explain
from ember_service.live.state import encode

log = logging.getLogger(__name__)
MOST_ERRORS = 20


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with a field."""

    field: str
    why: str


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457. `word` is for machines; `errors` names fields; `alarm` is the alarm as it is now, where it matters."""

    type: str
    title: str
    status: int
    detail: str
    word: str = ""
    errors: list[FieldError] = []
    alarm: dict[str, Any] | None = None


class Problem(Exception):  # noqa: N818 - an answer, not an accident
    """Raised by routes. `word`: for machines; `more`: further members of the body."""

    def __init__(
        self, status: int, detail: str, word: str = "", headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.word, self.headers, self.more = status, detail, word, headers, more


def answer(problem: Problem) -> Response:
    """A problem as a response."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.word:
        body["word"] = problem.word
    return Response(encode(body | problem.more), problem.status, problem.headers, "application/problem+json")


def _place(loc: tuple[str | int, ...]) -> str:
    return _readable(".".join(map(str, loc[1:])) or str(loc[0]))


def _readable(text: str) -> str:
    """What somebody sent may hold half of a UTF-16 pair, which is no text, or be endless."""
    return text.encode("utf-8", "replace").decode()[:200]


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""

    async def on_problem(_: Request, error: Exception) -> Response:
        return answer(cast("Problem", error))

    async def on_http(_: Request, error: Exception) -> Response:
        known = cast("HTTPException", error)
        headers = dict(known.headers) if known.headers else None
        return answer(Problem(known.status_code, str(known.detail), headers=headers))

    async def on_invalid(_: Request, error: Exception) -> Response:
        invalid = cast("RequestValidationError", error).errors()
        faults = [{"field": _place(fault["loc"]), "why": _readable(fault["msg"])} for fault in invalid[:MOST_ERRORS]]
        detail = "; ".join(f"{fault['field']}: {fault['why']}" for fault in faults)
        return answer(Problem(422, detail, "invalid", errors=faults))

    async def on_away(_: Request, error: Exception) -> Response:
        detail = f"The database does not answer now ({explain(error)}). Live state and alarms go on; try again later."
        return answer(Problem(503, detail, "database_away", {"Retry-After": "5"}))

    async def on_fault(request: Request, error: Exception) -> Response:
        number = secrets.token_hex(4)
        log.error("fault %s in %s %s", number, request.method, request.url.path, exc_info=error)
        return answer(Problem(500, f"A fault of this service; its log has it under {number}.", "fault"))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    for kind in AWAY:
        app.add_exception_handler(kind, on_away)
    app.add_exception_handler(Exception, on_fault)
