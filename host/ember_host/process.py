"""One process of ours: logs, settings, signals, and an event loop that ends when it is told to."""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Awaitable, Callable

import uvloop

from ember_base import log
from ember_base.settings import Settings, SettingsError, load

Main = Callable[[Settings, asyncio.Event], Awaitable[None]]


def run(name: str, main: Main) -> int:
    """Run `main(settings, stop)`; SIGTERM and SIGINT set `stop`. Returns the exit status; a wrong setting is 2."""
    try:
        settings = load()
        log.set_up(name, settings.log_level)
        uvloop.run(_until_signal(main, settings))
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


async def _until_signal(main: Main, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gc.freeze()  # what was imported stays: no collection need look at it again
    try:
        await main(settings, stop)
    except* SettingsError as errors:
        raise errors.exceptions[0] from None
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(RuntimeError):
                loop.remove_signal_handler(number)
