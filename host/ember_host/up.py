"""`emberwatch up`: gateway, evaluator and service as a process group against the configured database and broker."""

import asyncio
import sys

from ember_base.settings import Settings
from ember_host.supervisor import Part, Supervisor

OWN: tuple[str, ...] = ("evaluator", "gateway", "service")


def own_parts(env: dict[str, str] | None = None, stage: int = 1) -> list[Part]:
    """Our three processes, each as `emberwatch NAME` in the same interpreter."""
    return [Part(name, (sys.executable, "-m", "ember_host.cli", name), stage=stage, env=env or {}) for name in OWN]


async def up(settings: Settings, stop: asyncio.Event) -> None:
    """Run the three until `stop`; one that dies is started again."""
    supervisor = Supervisor(settings.data_dir / "run")
    try:
        for part in own_parts():
            await supervisor.start(part)
        await stop.wait()
    finally:
        await supervisor.stop_all()
