"""Around every request: a limit to its body, safe headers, its time. Plain ASGI: `/live` streams through."""

import time
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ember_service.api.problem import Problem, answer
from ember_service.metrics import Metrics

MAX_BODY: Final = 1024 * 1024
MAX_SMALL: Final = 64 * 1024
PREFIX: Final = "/api/v1"
SMALL: Final = (f"{PREFIX}/auth/", f"{PREFIX}/alarms/")
"""Where nothing large is ever sent, and the first also takes what nobody signed."""
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""What a metric tells apart; a stranger may send any word."""


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, size = time.monotonic(), 500, 0
        limit = MAX_SMALL if scope["path"].startswith(SMALL) else MAX_BODY

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                raise HTTPException(413, f"A body has at most {limit} bytes here.")
            return message

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            if _announced(scope) > limit:
                refused = answer(Problem(413, f"A body has at most {limit} bytes here.", "too_large"))
                await refused(scope, receive, dressed)
            else:
                await self._app(scope, counted, dressed)
        finally:
            self._count(scope, status, time.monotonic() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        if scope["path"].startswith(PREFIX) and route != "none" and not route.startswith(PREFIX):
            route = PREFIX + route  # a route knows only its own part
        if route.endswith("/live"):
            return  # its length is the viewer's patience
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).observe(seconds)


def _announced(scope: Scope) -> int:
    given = Headers(scope=scope).get("content-length", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
