"""What every request works with; made once, in `server.py`."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from ember_base.settings import Settings
from ember_service.auth.accounts import Accounts
from ember_service.live.feed import Feed
from ember_service.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Context:
    """`replica`: this process's name in topics."""

    settings: Settings
    replica: str
    engine: AsyncEngine
    accounts: Accounts
    feed: Feed
    metrics: Metrics
