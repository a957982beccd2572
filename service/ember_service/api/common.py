"""What routes ask for: the context, who it is, a page; and how they answer."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request
from starlette.responses import Response

from ember_service.api.problem import Problem
from ember_service.auth.access import Action, may, workshops_of
from ember_service.auth.model import Principal
from ember_service.context import Context
from ember_service.live.state import encode

COOKIE: Final = "emberwatch_session"
CSRF_HEADER: Final = "X-Emberwatch"
_SAFE: Final = {"GET", "HEAD", "OPTIONS"}


def context(request: Request) -> Context:
    """The one context of this app."""
    found: Context = request.app.state.context
    return found


Ctx = Annotated[Context, Depends(context)]


class Allow:
    """A dependency that lets those in who may do `action`, and names them. Every route has just one."""

    def __init__(self, action: Action) -> None:
        self.action = action

    async def __call__(self, request: Request) -> Principal | None:
        if self.action is Action.OPEN:
            return None
        principal = _principal(request)
        if principal is None:
            raise Problem(401, "Sign in first, or again.", "unauthenticated", {"WWW-Authenticate": "Bearer"})
        if principal.cookie and request.method not in _SAFE and CSRF_HEADER not in request.headers:
            raise Problem(403, f"With the session cookie, this needs the header {CSRF_HEADER}: 1.", "csrf")
        if not may(principal, self.action):
            raise Problem(403, f"Your role ({principal.role}) may not do this.", "forbidden")
        return principal


def _principal(request: Request) -> Principal | None:
    accounts = context(request).accounts
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if token:
        return accounts.principal(token, cookie=False) if scheme.lower() == "bearer" else None
    cookie = request.cookies.get(COOKIE)
    return accounts.principal(cookie, cookie=True) if cookie else None


def scope_of(ctx: Context, principal: Principal) -> frozenset[str] | None:
    """The workshops that somebody sees; None for all."""
    return workshops_of(principal, ctx.feed.state.register)


Limit = Annotated[int, Query(ge=1, le=1000, description="Most items of a page")]
Cursor = Annotated[str | None, Query(max_length=600, description="`next` of the page before")]


def cursor_of(text: str) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_cursor(cursor: str | None) -> str | None:
    """What `cursor_of` took. Raises Problem 422."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        raise Problem(422, "cursor: take it as it stands in `next` of the page before", "invalid") from None
    if "\0" in text:
        raise Problem(422, "cursor: take it as it stands in `next` of the page before", "invalid")
    return text


def json(data: Any, status: int = 200) -> Response:
    """JSON, Structs included."""
    return Response(encode(data), status, media_type="application/json")


def listed(items: list[Any], following: str | None = None) -> Response:
    """A page of a list."""
    return json({"items": items, "next": cursor_of(following) if following is not None else None})


def instant(text: str, name: str) -> int:
    """ms since the epoch from ms or RFC 3339. Raises Problem 422."""
    try:
        if text.lstrip("-").isascii() and text.lstrip("-").isdigit():
            return max(-(2**53), min(2**53, int(text)))
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Problem(422, f"{name}: ms since the epoch, or a time such as 2026-01-31T08:00:00Z", "invalid") from None


def ms(moment: datetime | None) -> int | None:
    """A time of the database as ms."""
    return None if moment is None else round(moment.timestamp() * 1000)
