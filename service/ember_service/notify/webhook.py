"""The channel webhook: a signed POST of JSON.

A receiver recomputes `sha256=` HMAC-SHA256(secret, timestamp + "." + body) over the bytes as they came, and compares it
with `X-Emberwatch-Signature`; an old `X-Emberwatch-Timestamp` (ms) is a replay; `X-Emberwatch-Id` tells repeats.
"""

import hmac
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from types import TracebackType
from typing import Final, Self

import httpx2
import msgspec

from ember_service.notify.model import Message, Result, delivered, refused, unknown
from ember_service.notify.words import Written, repeated

TIMEOUT_S: Final = 10.0
CONNECT_TIMEOUT_S: Final = 5.0
_TRY_AGAIN: Final = frozenset({408, 429})


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Webhook(AbstractAsyncContextManager["Webhook"]):
    """Posts to any address; follows no redirect, so that what is signed for one host goes to no other."""

    def __init__(self, secret: str | None, clock: Callable[[], int] = now_ms) -> None:
        self._secret = secret
        self._clock = clock
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "emberwatch"},
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def send(self, message: Message) -> Result:
        """One try. The answer's body is not read: it is no business of ours and may never end."""
        content = body(message)
        try:
            async with self._client.stream(
                "POST", message.address, content=content, headers=self._headers(message, content)
            ) as response:
                return judge(response.status_code)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            return refused(f"no address to post to: {error}")
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return unknown(f"nobody answers: {error or type(error).__name__}")
        except httpx2.HTTPError as error:
            return unknown(f"no answer: {str(error) or type(error).__name__}", arrived=True)
        except (ValueError, OSError) as error:
            return unknown(f"cannot be posted: {error}")

    def _headers(self, message: Message, content: bytes) -> dict[str, str]:
        stamp = str(self._clock())
        headers = {
            "Content-Type": "application/json",
            "X-Emberwatch-Id": message.id,
            "X-Emberwatch-Timestamp": stamp,
        }
        if self._secret is not None:
            headers["X-Emberwatch-Signature"] = sign(self._secret, stamp, content)
        if message.repeat:
            headers["X-Emberwatch-Repeat"] = "1"
        return headers


def sign(secret: str, stamp: str, content: bytes) -> str:
    """The signature's header."""
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + content, sha256).hexdigest()


def body(message: Message) -> bytes:
    """{"v": 1, "message": {...}, "alarm": AlarmRecord}."""
    text = Written(message.subject, message.text)
    if message.repeat:
        text = repeated(text, message.language)
    told = {
        "id": message.id,
        "transition": message.transition,
        "kind": message.kind,
        "contact": message.contact,
        "language": message.language,
        "subject": text.subject,
        "text": text.body,
        "queued": message.queued,
        "repeat": message.repeat,
    }
    return msgspec.json.encode({"v": 1, "message": told, "alarm": message.alarm})


def judge(status: int) -> Result:
    """What an HTTP status says about the message."""
    if 200 <= status < 300:
        return delivered()
    if 400 <= status < 500 and status not in _TRY_AGAIN:
        return refused(f"the receiver says HTTP {status}")
    return unknown(f"the receiver says HTTP {status}")
