"""Waiting for what no event tells: asked again and again, with a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")
DEADLINE_S: Final = 20.0
_PAUSE_S: Final = 0.01


async def until(what: str, ask: Callable[[], Any], within: float = DEADLINE_S) -> Any:
    """Ask until the answer, or what it awaits, is true, and return that. Fails with `what` and the last answer."""
    deadline = time.monotonic() + within
    while True:
        found = ask()
        answer = await found if isinstance(found, Awaitable) else found
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:.0f} s: {what} (last: {answer!r})")
        await asyncio.sleep(_PAUSE_S)


def wait_until(what: str, ask: Callable[[], T], within: float = DEADLINE_S) -> T:
    """The same where no event loop runs."""
    deadline = time.monotonic() + within
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:.0f} s: {what} (last: {answer!r})")
        time.sleep(_PAUSE_S)
    return answer
