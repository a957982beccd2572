"""Milliseconds from a publish to `/live` under a load, beside the broker's own way from publish to subscriber."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from benchmarks.stack import Stack
from ember_base.mqtt import Incoming, Link
from ember_sim.connection import Broker
from ember_sim.load import Load, play

PROBES = 200
SPACING_S = 0.05
FILTER = "ew/v1/dev/+/telemetry"


async def live_rows(on: Stack, rate: float) -> list[tuple[str, str, str]]:
    """(what, p50 / p99, ratio of p50 to the broker's) for probes while `rate` messages/s of others flow."""
    seconds = PROBES * SPACING_S + 4
    load = Load(rate=rate, seconds=seconds, devices=2000, prefix=f"load{int(rate)}", patience=60)
    playing = asyncio.create_task(play(load, Broker.of(f"mqtt://127.0.0.1:{on.mqtt_port}")))
    prefix = f"probe{int(rate)}"
    direct: dict[int, float] = {}
    live: dict[int, float] = {}
    sent: dict[int, float] = {}

    def seen(message: Incoming) -> None:
        if f"/{prefix}-" in message.topic:
            direct[int(message.topic.split("/")[3].partition("-")[2])] = time.monotonic()

    await asyncio.sleep(1.5)
    async with (
        _live(on, prefix, live),
        Link(
            on.environment["EMBERWATCH_MQTT_URL"], "bench-direct", subscriptions=[(FILTER, 0)], on_message=seen
        ) as link,
    ):
        await link.wait_connected()
        for number in range(PROBES):
            sent[number] = time.monotonic()
            body = json.dumps({"ts": time.time_ns() // 1_000_000, "values": {"temperature": 20.5}})
            link.publish(f"ew/v1/dev/{prefix}-{number}/telemetry", body)
            await asyncio.sleep(SPACING_S)
        async with asyncio.timeout(20):
            while len(live) < PROBES or len(direct) < PROBES:
                await asyncio.sleep(0.05)
    result = await playing
    at_broker = _percentiles([direct[n] - sent[n] for n in sent])
    at_screen = _percentiles([live[n] - sent[n] for n in sent])
    beside = f"beside {result.rate:,.0f} messages/s"
    return [
        (f"broker alone: publish → subscriber, {beside}", _shown(at_broker), "1.0"),
        (f"publish → `/live`, {beside}", _shown(at_screen), f"{at_screen[0] / at_broker[0]:.1f}"),
    ]


@asynccontextmanager
async def _live(on: Stack, prefix: str, arrived: dict[int, float]) -> AsyncIterator[None]:
    """Read `/live` as admin and note when the first reading of each probe arrives."""
    base = f"http://127.0.0.1:{on.environment['EMBERWATCH_HTTP_PORT']}/api/v1"
    async with httpx2.AsyncClient(timeout=60) as client:
        form = {"username": "admin", "password": on.environment["EMBERWATCH_ADMIN_PASSWORD"]}
        token = (await client.post(f"{base}/auth/token", data=form)).raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        opened = asyncio.Event()

        async def read() -> None:
            async with client.stream("GET", f"{base}/live", headers=headers) as answer:
                opened.set()
                async for line in answer.aiter_lines():
                    if line.startswith("data:") and f'"{prefix}-' in line:
                        device = json.loads(line[5:]).get("device", "")
                        if device.startswith(f"{prefix}-"):
                            arrived.setdefault(int(device.partition("-")[2]), time.monotonic())

        reading = asyncio.create_task(read())
        await opened.wait()
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


def _percentiles(seconds: list[float]) -> tuple[float, float]:
    ordered = sorted(seconds)
    return ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]


def _shown(figures: tuple[float, float]) -> str:
    return f"p50 {1000 * figures[0]:.1f} ms, p99 {1000 * figures[1]:.1f} ms"
