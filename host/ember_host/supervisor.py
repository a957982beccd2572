"""Keeps parts running: each a process with its id in a file, started again when it dies, ended in order."""

import asyncio
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

RESTART_S: Final = (0.2, 2.0)
STEADY_S: Final = 10.0
STOP_S: Final = 3.0
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Part:
    """A process to keep running. `stage`: parts of a higher one start later and are ended earlier.

    `stop_signal` asks it to end; SIGKILL follows after 3 s.
    `before`: called before each start, to clear what a killed predecessor left.
    """

    name: str
    argv: tuple[str, ...]
    stage: int = 1
    env: dict[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM
    before: Callable[[], None] | None = None


class Supervisor:
    """Runs parts as children of this process; on Linux they end with it even if it is killed."""

    def __init__(self, run_folder: Path, log_folder: Path | None = None) -> None:
        self._run, self._logs = run_folder, log_folder
        run_folder.mkdir(parents=True, exist_ok=True)
        if log_folder:
            log_folder.mkdir(parents=True, exist_ok=True)
        self._running: dict[str, tuple[Part, asyncio.Task[None]]] = {}
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self.restarts = 0

    async def start(self, part: Part) -> None:
        """Start a part and keep it running until `stop_all`."""
        process = await self._spawn(part)
        self._running[part.name] = part, asyncio.create_task(self._keep(part, process), name=f"keep {part.name}")

    async def stop(self, name: str) -> None:
        """End one part."""
        await self._stop(*self._running.pop(name))

    async def stop_all(self) -> None:
        """End every part, the highest stage first, those of one stage together."""
        for stage in sorted({part.stage for part, _ in self._running.values()}, reverse=True):
            staged = [(part, task) for part, task in self._running.values() if part.stage == stage]
            await asyncio.gather(*(self._stop(part, task) for part, task in staged))
        self._running.clear()

    def _pid_file(self, part: Part) -> Path:
        return self._run / f"{part.name}.pid"

    async def _spawn(self, part: Part) -> asyncio.subprocess.Process:
        if part.before:
            part.before()
        out = (self._logs / f"{part.name}.log").open("ab") if self._logs else None
        try:
            process = await asyncio.create_subprocess_exec(
                *part.argv,
                env={**os.environ, **part.env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        finally:
            if out:
                out.close()
        self._processes[part.name] = process
        self._pid_file(part).write_text(f"{process.pid}\n")
        return process

    async def _keep(self, part: Part, process: asyncio.subprocess.Process) -> None:
        pause, longest = RESTART_S
        while True:
            started = time.monotonic()
            status = await process.wait()
            if time.monotonic() - started >= STEADY_S:
                pause = RESTART_S[0]
            where = f"; see {self._logs / part.name}.log" if self._logs else ""
            log.warning("%s ended with status %d; starting it again in %.1f s%s", part.name, status, pause, where)
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)
            self.restarts += 1
            process = await self._spawn_again(part, longest)

    async def _spawn_again(self, part: Part, pause: float) -> asyncio.subprocess.Process:
        """Start a part that ran before: what stands in the way now may be gone in a while."""
        while True:
            try:
                return await self._spawn(part)
            except OSError as error:
                log.error("%s cannot be started (%s); trying again in %.1f s", part.name, error, pause)
            await asyncio.sleep(pause)

    async def _stop(self, part: Part, task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait([task])  # it may be starting the part again just now
        process = self._processes[part.name]
        if process.returncode is None:
            process.send_signal(part.stop_signal)
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                log.warning("%s did not end within %.0f s; killing it", part.name, STOP_S)
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        self._pid_file(part).unlink(missing_ok=True)


def _end_with_parent() -> None:
    """In the child, before it becomes the part: ask the kernel to end it when we do. Only Linux can."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
