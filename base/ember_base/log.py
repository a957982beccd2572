"""Logs: a line an event, to standard error, times in UTC."""

import logging
import sys
import time


def set_up(process: str, level: str = "info") -> None:
    """Send every record of this process to stderr as `time level process logger: message`."""
    handler = logging.StreamHandler(sys.stderr)
    line = logging.Formatter(
        f"%(asctime)s.%(msecs)03dZ %(levelname)-7s {process} %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    line.converter = time.gmtime
    handler.setFormatter(line)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx2", "httpcore2", "httpx", "httpcore", "asyncio", "alembic.runtime", "sse_starlette"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
