"""Where the demo's alarms arrive: a real mail server and a real webhook receiver, on loopback, keeping what comes.

Mails are kept as `mail-*.eml`, webhooks as `webhook-*.json`, the newest 500 of each. The signature of a webhook is
checked as a real receiver would; its secret comes as EMBERWATCH_WEBHOOK_SECRET.
"""

import argparse
import asyncio
import hmac
import json
import os
import time
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEPT: Final = 500


class Inbox:
    """Keeps what arrived as files, the newest 500 of a kind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, kind: str, ending: str, data: bytes) -> None:
        (self._folder / f"{kind}-{time.time_ns()}.{ending}").write_bytes(data)
        for old in sorted(self._folder.glob(f"{kind}-*"))[:-KEPT]:
            old.unlink(missing_ok=True)


class MailHandler:
    """aiosmtpd's handler: every mail is taken."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        self._inbox.keep("mail", "eml", content if isinstance(content, bytes) else str(content).encode())
        return "250 kept"


def webhook_app(inbox: Inbox, secret: str) -> Starlette:
    """Takes POST /webhook/{contact}; a wrong signature is refused with 401."""

    async def take(request: Request) -> Response:
        body = await request.body()
        stamp = request.headers.get("X-Emberwatch-Timestamp", "")
        expected = hmac.new(secret.encode(), stamp.encode() + b"." + body, sha256).hexdigest()
        given = request.headers.get("X-Emberwatch-Signature", "").removeprefix("sha256=")
        if not hmac.compare_digest(expected, given):
            return JSONResponse({"detail": "the signature does not fit"}, 401)
        kept: dict[str, Any] = {"contact": request.path_params["contact"], "body": json.loads(body)}
        inbox.keep("webhook", "json", json.dumps(kept, ensure_ascii=False).encode())
        return Response(status_code=204)

    return Starlette(routes=[Route("/webhook/{contact}", take, methods=["POST"])])


async def serve(folder: Path, smtp_port: int, http_port: int, secret: str) -> None:
    """Run both until SIGTERM or SIGINT."""
    inbox = Inbox(folder)
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(lambda: SMTP(MailHandler(inbox), enable_SMTPUTF8=True), "127.0.0.1", smtp_port)
    async with mail:
        await uvicorn.Server(uvicorn.Config(webhook_app(inbox, secret), port=http_port, log_level="warning")).serve()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.folder, given.smtp_port, given.http_port, os.environ["EMBERWATCH_WEBHOOK_SECRET"]))


if __name__ == "__main__":
    main()
