"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from ember_service.api.common import COOKIE, CSRF_HEADER, Allow, Ctx, json
from ember_service.api.openapi import gives, refuses
from ember_service.api.problem import Problem
from ember_service.auth.access import Action
from ember_service.auth.accounts import TOKEN_S, ThrottledError
from ember_service.auth.model import Account, Me, Principal, Token
from ember_service.context import Context

router = APIRouter(tags=["auth"])
Anyone = Depends(Allow(Action.OPEN))
Name = Annotated[str, Form(max_length=200)]
Password = Annotated[str, Form(max_length=1000)]


@router.post(
    "/auth/token",
    dependencies=[Anyone],
    summary="A bearer token for programs",
    openapi_extra=gives(Token, refuses=[401, 429]),
)
async def token(request: Request, ctx: Ctx, username: Name, password: Password) -> Response:
    account = await _signed_in(ctx, request, username, password)
    return json(Token(access_token=ctx.accounts.token(account), token_type="bearer", expires_in=TOKEN_S))  # noqa: S106


@router.post(
    "/auth/session",
    dependencies=[Anyone],
    status_code=204,
    summary="A session cookie for the console",
    openapi_extra=refuses(401, 429),
)
async def session(request: Request, ctx: Ctx, username: Name, password: Password) -> Response:
    account = await _signed_in(ctx, request, username, password)
    response = Response(status_code=204)
    response.set_cookie(
        COOKIE, ctx.accounts.token(account), TOKEN_S, secure=_secure(ctx), httponly=True, samesite="strict"
    )
    return response


@router.delete(
    "/auth/session",
    dependencies=[Anyone],
    status_code=204,
    summary="Sign out of the console",
    openapi_extra=refuses(403),
)
async def end_session(request: Request, ctx: Ctx) -> Response:
    if CSRF_HEADER not in request.headers:
        raise Problem(403, f"This needs the header {CSRF_HEADER}: 1.", "csrf")
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, secure=_secure(ctx), httponly=True, samesite="strict")
    return response


@router.get("/me", summary="Who I am", openapi_extra=gives(Me))
async def me(who: Annotated[Principal, Depends(Allow(Action.OWN))]) -> Response:
    return json(Me(name=who.name, role=who.role, area=who.area, workshop=who.workshop, language=who.language))


def _secure(ctx: Context) -> bool:
    """Whether the cookie goes over TLS only."""
    return ctx.settings.public_url.startswith("https")


async def _signed_in(ctx: Context, request: Request, name: str, password: str) -> Account:
    origin = request.client.host if request.client else ""
    try:
        account = await ctx.accounts.sign_in(name, password, origin)
    except ThrottledError:
        raise Problem(429, "Too many wrong tries; wait a minute.", "throttled", {"Retry-After": "60"}) from None
    if account is None:
        raise Problem(401, "Name or password is wrong.", "wrong", {"WWW-Authenticate": "Bearer"})
    return account
