"""Messages/s through the gateway to the commit, beside a C subscriber that only receives, from the same broker."""

import asyncio
import time

from benchmarks.stack import Stack
from ember_sim.connection import Broker
from ember_sim.load import Load, play

MESSAGES = 60_000


async def gateway_rows(on: Stack) -> list[tuple[str, str, str]]:
    """(what, figure, ratio to the C subscriber). Both drain the same queue of one-reading messages at QoS 1."""
    subscriber = ["mosquitto_sub", "-p", str(on.mqtt_port), "-c", "-i", "bench-c", "-q", "1"]
    subscriber += ["-t", "ew/v1/dev/+/telemetry"]
    await _registered(subscriber)
    await on.start("gateway")
    await on.until_metric("emberwatch_gateway_broker_up", 1)
    await on.until_metric("emberwatch_gateway_database_up", 1)
    await on.stop("gateway")

    result = await play(
        Load(rate=8000, seconds=MESSAGES / 8000, devices=2000, prefix="bench", patience=60),
        Broker.of(f"mqtt://127.0.0.1:{on.mqtt_port}"),
    )
    if result.acked < MESSAGES:
        raise RuntimeError(f"the broker took only {result.acked} of {MESSAGES} messages")

    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(*subscriber, "-C", str(MESSAGES), stdout=asyncio.subprocess.DEVNULL)
    await process.wait()
    c_rate = MESSAGES / (time.monotonic() - started)

    await on.start("gateway")
    await on.until_metric("emberwatch_gateway_messages_total", 1)
    started = time.monotonic()
    await on.until_metric("emberwatch_gateway_stored_total", MESSAGES, within=120)
    rate = MESSAGES / (time.monotonic() - started)
    await on.stop("gateway")
    return [
        ("mosquitto_sub (C), receives and acknowledges only", f"{c_rate:,.0f} messages/s", "1.00"),
        ("gateway: decode, stream, commit, acknowledge", f"{rate:,.0f} messages/s", f"{rate / c_rate:.2f}"),
    ]


async def _registered(subscriber: list[str]) -> None:
    """Make the C subscriber's session, so that the broker queues for it."""
    process = await asyncio.create_subprocess_exec(*subscriber, "-E", stdout=asyncio.subprocess.DEVNULL)
    if await process.wait():
        raise RuntimeError("mosquitto_sub could not subscribe")
