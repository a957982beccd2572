"""Readings a second through the alarm engine: threshold, verdict, supervision; one in a thousand is interesting.

    python benchmarks/engine.py [--channels 100000] [--batch 100 5000] [--readings 2000000] [--share 0.001]

Ten rules, four channels a device, in random order. Prints the rate by size of batch, and memory a channel.
"""

import argparse
import platform
import resource
import time

import numpy as np

from ember_service.alarms.engine import Configured, Engine, Heard, Readings, Tick
from ember_service.register.model import Channel, Device, Register, Workshop, Zone
from ember_service.rules.load import load_pack
from ember_service.rules.model import Rule
from ember_wire.channels import channel_id
from ember_wire.readings import Batch, Columns

NAMES = ("temperature", "smoke", "smoke_alarm", "battery")
USUAL = (23.0, 0.2, 0.0, 87.0)
STRIKING = (75.0, 6.0, 1.0, 5.0)
RULES = (
    "smoke-prewarning smoke-fire heat-prewarning heat-fire resin-store-hazard smoke-alarm heat-alarm manual-call "
    "battery-low device-silent"
)
BEGAN = 1_763_900_000_000


def district(channels: int) -> Register:
    """Devices of four channels each, ten to a workshop."""
    devices = [
        Device(id=f"d{i}", workshop=f"w{i // 10}", zone=f"z{i // 10}", supervision="radio")
        for i in range(channels // len(NAMES))
    ]
    workshops = [Workshop(id=f"w{i}", name=f"W{i}", area="a") for i in range(len(devices) // 10 + 1)]
    zones = [Zone(id=f"z{i}", workshop=f"w{i}", name="all", kind="casting") for i in range(len(workshops))]
    known = [Channel(id=channel_id(d.id, name), device=d.id, name=name) for d in devices for name in NAMES]
    return Register(workshops=workshops, zones=zones, devices=devices, channels=known)


def rules() -> list[Rule]:
    """Ten of the default pack."""
    wanted = RULES.split()
    return [rule for rule in load_pack() if rule.id in wanted]


def batches(register: Register, size: int, count: int, share: float) -> list[Readings]:
    """A few turns around all channels, in random order; `share` of the readings is beyond a limit."""
    random = np.random.default_rng(1)
    ids = np.array([channel.id for channel in register.channels], np.int64)
    usual = np.tile(np.array(USUAL), len(ids) // len(NAMES))
    striking = np.tile(np.array(STRIKING), len(ids) // len(NAMES))
    out = []
    for n in range(1, count + 1):
        chosen = random.integers(0, len(ids), size)
        value = np.where(random.random(size) < share, striking[chosen], usual[chosen])
        at = np.full(size, BEGAN + n * 10, np.int64)
        columns = Columns(ids[chosen], at, at, value, np.zeros(size, np.uint16))
        out.append(Readings(Batch("gw", 1, n, BEGAN + n * 10, columns)))
    return out


def run(engine: Engine, events: list[Readings]) -> tuple[float, int]:
    """CPU seconds for the events with a tick each second of theirs, and the transitions they made."""
    made = 0
    began = time.process_time()
    for event in events:
        made += len(engine.step(event))
        if event.batch.n % 100 == 0:
            engine.step(Heard("gw", event.batch.sent, event.batch.sent))
            made += len(engine.step(Tick(event.batch.sent)))
    return time.process_time() - began, made


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--channels", type=int, default=100_000)
    options.add_argument("--batch", type=int, nargs="*", default=[100, 1_000, 5_000])
    options.add_argument("--readings", type=int, default=2_000_000)
    options.add_argument("--share", type=float, default=0.001)
    given = options.parse_args()
    register = district(given.channels)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    engine = Engine()
    engine.step(Configured(BEGAN, register, rules()))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    print(f"engine on {platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}")
    taken = time.process_time() - began
    print(f"{given.channels} channels, {len(rules())} rules; taking over the register: {taken:.2f} s")
    print(f"memory: {grown / given.channels:,.0f} B a channel, beside the register itself")
    for size in given.batch:
        engine = Engine()
        engine.step(Configured(BEGAN, register, rules()))
        engine.step(Tick(BEGAN))
        events = batches(register, size, max(given.readings // size // (10 if size < 1_000 else 1), 1), given.share)
        spent, made = run(engine, events)
        count = len(events) * size
        print(f"batches of {size:>5}: {count / spent:>12,.0f} readings/s a core; {made} transitions")
    began = time.process_time()
    data = engine.dump()
    written = time.process_time() - began
    Engine.load(data)
    print(f"snapshot: {len(data) / 1e6:.1f} MB, {written:.2f} s to write")


if __name__ == "__main__":
    main()
