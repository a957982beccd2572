"""A measured load: so many messages a second for so long at QoS 1, each PUBACK counted and timed.

Latency runs from the moment at which a message was due, so that a sender or broker that falls behind shows it.
"""

import asyncio
import secrets
from array import array
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec

from ember_sim.connection import Broker, BrokerError
from ember_sim.device import Message
from ember_sim.fleet import wall_clock
from ember_sim.line import Line
from ember_wire import topics

MOST_MESSAGES: Final = 5_000_000
MOST_SECONDS: Final = 3600.0
CONNECT_S: Final = 10.0
_TURN_S: Final = 0.002


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: `rate` messages/s for `seconds`, by `devices` named `{prefix}-n` in turn, over `connections`."""

    rate: float
    seconds: float
    devices: int = 500
    connections: int = 4
    prefix: str = "load"
    channel: str = "temperature"
    patience: float = 10.0

    @property
    def count(self) -> int:
        return round(self.rate * self.seconds)

    def check(self) -> None:
        """Raises ValueError for a load without bounds or sense."""
        sensible = 0 < self.rate <= MOST_MESSAGES and 0 < self.seconds <= MOST_SECONDS
        if not sensible or not 0 < self.count <= MOST_MESSAGES:
            raise ValueError(f"a load lasts up to {MOST_SECONDS:g} s and has 1 to {MOST_MESSAGES} messages")
        if self.devices < 1 or not 1 <= self.connections <= self.devices:
            raise ValueError("a load needs 1 device or more, and no more connections than devices")
        topics.check_name(f"{self.prefix}-0")
        topics.check_name(self.channel)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `rate`: messages/s acknowledged, from the first due to the last PUBACK; latencies in ms."""

    sent: int
    acked: int
    seconds: float
    rate: float
    p50_ms: float
    p99_ms: float
    max_ms: float


async def play(load: Load, broker: Broker) -> Result:
    """Send it all and wait for the PUBACKs, at most `patience` s longer. Raises BrokerError, ValueError."""
    load.check()
    clock = asyncio.get_running_loop().time
    due_at: dict[int, float] = {}
    latencies = array("d")
    last_ack = [0.0]

    def acked(message: Message) -> None:
        last_ack[0] = clock()
        latencies.append(last_ack[0] - due_at.pop(id(message)))

    run = secrets.token_hex(3)
    lines = [Line(broker, f"{load.prefix}-{run}-{n}", on_acked=acked, keep=load.count) for n in range(load.connections)]
    tasks = [asyncio.create_task(line.run(), name=line.client_id) for line in lines]
    try:
        await _connect(lines, broker)
        start = clock()
        await _send(load, lines, due_at, start)
        with suppress(TimeoutError):
            async with asyncio.timeout(load.patience):
                await asyncio.gather(*(line.wait_idle() for line in lines))
        await asyncio.gather(*(line.close(within=0) for line in lines))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return _result(load.count, latencies, last_ack[0] - start)


async def _connect(lines: list[Line], broker: Broker) -> None:
    try:
        async with asyncio.timeout(CONNECT_S):
            await asyncio.gather(*(line.wait_connected() for line in lines))
    except TimeoutError:
        raise BrokerError(f"no broker takes us at {broker} within {CONNECT_S:g} s") from None


async def _send(load: Load, lines: list[Line], due_at: dict[int, float], start: float) -> None:
    """Send what is due, in turns of 2 ms; a device stays on its connection, so that its messages stay in order."""
    clock = asyncio.get_running_loop().time
    targets = [topics.telemetry(f"{load.prefix}-{n}") for n in range(load.devices)]
    boot = secrets.token_hex(4)
    sent = 0
    while sent < load.count:
        target = min(load.count, int((clock() - start) * load.rate) + 1)
        while sent < target:
            device = sent % load.devices
            value = 20 + (sent * 7 % 100) / 10
            payload = (
                f'{{"ts":{wall_clock()},"boot":"{boot}","seq":{sent // load.devices},'
                f'"values":{{"{load.channel}":{value}}}}}'
            )
            message = Message(targets[device], payload.encode())
            due_at[id(message)] = start + sent / load.rate
            lines[device % len(lines)].send(message)
            sent += 1
        await asyncio.sleep(_TURN_S)


def _result(sent: int, latencies: Sequence[float], seconds: float) -> Result:
    ordered = sorted(latencies) or [float("nan")]
    return Result(
        sent=sent,
        acked=len(latencies),
        seconds=round(seconds, 3),
        rate=round(len(latencies) / seconds, 1) if seconds > 0 else 0.0,
        p50_ms=round(1000 * ordered[len(ordered) // 2], 3),
        p99_ms=round(1000 * ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 3),
        max_ms=round(1000 * ordered[-1], 3),
    )
