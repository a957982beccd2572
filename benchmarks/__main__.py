"""`make bench`: the tables of docs/benchmarks.md, measured here and now."""

import asyncio
import os
import platform
import sys
from pathlib import Path

from benchmarks.gateway import gateway_rows
from benchmarks.live import live_rows
from benchmarks.stack import Stack, stack
from ember_host.embedded.broker import mosquitto_program

RATES = (500, 2000, 5000)


def machine() -> str:
    """The machine in a line: cores, model, memory, system."""
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, {platform.system()} {platform.machine()}, {python}"


def show(title: str, rows: list[tuple[str, str, str]]) -> None:
    print(f"\n### {title}\n\n| what | figure | ratio |\n| --- | --- | --- |")
    for row in rows:
        print(f"| {' | '.join(row)} |")


async def measure() -> None:
    async with stack() as on:
        print(f"{machine()}\n\nDatabase: {on.database}. Broker: mosquitto. Everything, the load too, on these cores.")
        show("Gateway", await gateway_rows(on))
    async with stack() as on:
        await _all_up(on)
        for rate in RATES:
            show(f"Live, {rate:,} messages/s asked for", await live_rows(on, rate))


async def _all_up(on: Stack) -> None:
    for name in ("evaluator", "gateway", "service"):
        await on.start(name)
    await on.until_ready()


def main() -> int:
    if mosquitto_program() is None:
        print("The benchmarks need mosquitto and mosquitto_sub: apt-get install mosquitto mosquitto-clients")
        return 2
    asyncio.run(measure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
