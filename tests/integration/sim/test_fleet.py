"""A fleet against real brokers: every message is one that the gateway takes, and the story comes in its order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ember_sim.connection import Broker
from ember_sim.district import plan
from ember_sim.effects import Silence
from ember_sim.fleet import Fleet, wall_clock
from ember_sim.scenario import Scenario, Truth, TruthKind, load
from ember_sim.world import Playing, World
from ember_wire.alarms import Text

from .conftest import DEADLINE_S, Mosquitto, Observer, eventually

Observe = Callable[[Broker], "asyncio.Future[Observer]"]


@asynccontextmanager
async def running(fleet: Fleet) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(fleet.run(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(DEADLINE_S):
            await task


def district(playing: Playing | None = None, devices: int = 20) -> World:
    return World(plan(7, devices, period=0.2), 7, playing)


async def test_every_device_introduces_itself_reports_and_says_goodbye(broker: Broker, observe: Observe) -> None:
    observer = await observe(broker)
    world = district()
    names = {spot.device for spot in world.spots}
    async with running(Fleet(world, broker, own=sorted(names)[:3])):
        await observer.until(lambda: {d for d, leaf, _ in observer.messages if leaf == "telemetry"} == names)
        await observer.until(lambda: observer.online() == dict.fromkeys(names, True))
    await observer.until(lambda: observer.online() == dict.fromkeys(names, False))


async def test_a_late_listener_finds_the_status_retained_with_its_hub(broker: Broker, observe: Observe) -> None:
    fleet = Fleet(district(), broker, own=["ws-07-meter"])
    async with running(fleet):
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*(line.wait_connected() for line in fleet.lines))
        await eventually(lambda: fleet.acked >= 40)
        observer = await observe(broker)
        await observer.until(lambda: len(observer.online()) == 20)
        assert all(message.retain for message in observer.raw if message.topic.endswith("/status"))
        hubs = {d: decoded.attributes.get("hub") for d, leaf, decoded in observer.messages if leaf == "status"}
    assert hubs.pop("ws-07-meter") is None
    assert set(hubs.values()) == {"ember-sim-hub-1"}


async def test_the_fire_is_told_as_it_grows_judged_once_and_returns(broker: Broker, observe: Observe) -> None:
    observer = await observe(broker)
    story = load("smouldering-fire")
    world = district(Playing(story, wall_clock() + 500, stretch=0.005))
    waste = "ws-07-waste-smoke"
    async with running(Fleet(world, broker, own=story.devices, glance=0.01)):
        await observer.until(lambda: observer.values(waste, "smoke_alarm", "alarm") == [1.0, 0.0])
        await observer.until(lambda: observer.values("ws-07-living-alarm", "smoke_alarm", "alarm") == [1.0, 0.0])
    alarms = [
        (d, s.value)
        for d, leaf, m in observer.messages
        if leaf == "alarm"
        for s in m.samples
        if s.channel == "smoke_alarm"
    ]
    assert [device for device, value in alarms if value] == [waste, "ws-07-casting-smoke", "ws-07-living-alarm"]
    before = next(n for n, (d, leaf, _) in enumerate(observer.messages) if (d, leaf) == (waste, "alarm"))
    early = [s for d, _, m in observer.messages[:before] if d == waste for s in m.samples]
    assert any(s.channel == "smoke" and 1.5 < s.value < 10 for s in early), "the rise is seen before the verdict"
    current = observer.values("ws-07-meter", "current.l1", "telemetry")
    assert min(current) < 0.1 * max(current), "the fuse has gone, at whatever hour this runs"


async def test_a_destroyed_device_is_missed_by_the_broker_and_comes_back_as_another_boot(
    broker: Broker, observe: Observe
) -> None:
    observer = await observe(broker)
    device = "ws-07-waste-smoke"
    story = Scenario(
        name="cut",
        title=Text("", ""),
        workshop="ws-07",
        duration=4,
        truth=[Truth(kind=TruthKind.FAULT, onset=1, until=2)],
        devices=[device],
        timeline=[Silence(at=1, until=2, devices=[device])],
    )
    async with running(Fleet(district(Playing(story, wall_clock()), 5), broker, own=[device], glance=0.05)):
        await observer.until(lambda: observer.values(device, "online", "status") == [1.0, 0.0, 1.0])
        await observer.until(
            lambda: len({s.boot for d, _, m in observer.messages if d == device for s in m.samples} - {None}) == 2
        )


async def test_a_killed_broker_is_found_again_by_all(mosquitto: Mosquitto, observe: Observe) -> None:
    broker = Broker.of(f"mqtt://127.0.0.1:{mosquitto.port}")
    fleet = Fleet(district(), broker, own=["ws-07-meter"])
    async with running(fleet):
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*(line.wait_connected() for line in fleet.lines))
            mosquitto.kill()
            await eventually(lambda: not any(line.connected for line in fleet.lines))
            mosquitto.start()
            await asyncio.gather(*(line.wait_connected() for line in fleet.lines))
        observer = await observe(broker)
        await observer.until(lambda: observer.online() == dict.fromkeys((s.device for s in fleet.world.spots), True))
