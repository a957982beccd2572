"""Many devices in one event loop, over few connections.

Why not a connection each: two thousand sockets cost the machine more than the devices' work, and a demo's broker need
not take them. Devices of one hub share its line, as radio detectors share theirs; only those in `own` are clients of
their own with a last will, so that a device's death is seen as at a real one.
"""

import asyncio
import heapq
import logging
import secrets
import time
from collections.abc import Callable, Collection, Iterable
from random import Random
from typing import Final

from ember_sim.connection import Broker
from ember_sim.device import Firmware, Message, status
from ember_sim.line import Line
from ember_sim.world import World

log = logging.getLogger(__name__)

HUB_SIZE: Final = 100
GLANCE_S: Final = 1.0
BATTERY_S: Final = 3600.0
TURN_S: Final = 0.05
_MAX_SPREAD_S: Final = 5.0


def wall_clock() -> int:
    """Now, in ms since the epoch, UTC."""
    return time.time_ns() // 1_000_000


class Node:
    """A device on its line: firmware, when it looks next, whether it lives."""

    def __init__(self, world: World, index: int, clock: Callable[[], int], glance: float, hub: str | None) -> None:
        self.spot = world.spots[index]
        self.hub = hub
        self.line: Line
        self.alive = True
        self.next_report = 0.0
        self._world = world
        self._clock = clock
        self._glance = glance
        self._firmware = Firmware(self.spot, secrets.token_hex(4))

    def look(self, at: float) -> float:
        """Report or glance at loop time `at` (s); gives the time of the next look."""
        now = self._clock()
        measured = self._world.measured(self.spot, now)
        self._live_or_die(measured is not None)
        due = at >= self.next_report
        if measured is not None:
            for message in (self._firmware.sample if due else self._firmware.glance)(now, measured):
                self.line.send(message)
        if due:  # after a pause of the whole process no burst of old reports
            late = at - self.next_report >= self.spot.period
            self.next_report = (at if late else self.next_report) + self.spot.period
        return min(self.next_report, at + self._glance) if self._world.watched(self.spot, now) else self.next_report

    def _live_or_die(self, alive: bool) -> None:
        """A silenced device loses its power; back again, it is another boot."""
        if alive == self.alive:
            return
        self.alive = alive
        if self.hub is None:
            self.line.power(on=alive)
        if alive:
            self._firmware = Firmware(self.spot, secrets.token_hex(4))
            if self.hub is not None:
                self.line.send(self.online())

    def online(self) -> Message:
        battery = self._world.battery(self.spot, self._clock())
        return status(self.spot.device, online=True, battery=battery, period=self.spot.period, hub=self.hub)

    def offline(self) -> Message:
        return status(self.spot.device, online=False)


class Fleet:
    """Run all devices of a world against a broker until stopped.

    `own`: devices with a connection and a last will of their own. `clock` gives ms since the epoch.
    `glance`: s between looks of a device with something going on around it. `name` makes the
    hubs' client ids: two fleets at one broker need two names.
    """

    def __init__(
        self,
        world: World,
        broker: Broker,
        *,
        own: Collection[str] = (),
        name: str = "ember-sim",
        clock: Callable[[], int] = wall_clock,
        glance: float = GLANCE_S,
    ) -> None:
        self.world = world
        self._broker = broker
        self._clock = clock
        self._glance = glance
        self._random = Random()
        self.lines: list[Line] = []
        self._tasks: list[asyncio.Task[None]] = []
        shared = [index for index, spot in enumerate(world.spots) if spot.device not in own]
        self.nodes: list[Node] = []
        self._residents: list[tuple[Line, list[Node]]] = []
        for number, start in enumerate(range(0, len(shared), HUB_SIZE), 1):
            hub = f"{name}-hub-{number}"
            self._settle(
                [Node(world, index, clock, glance, hub) for index in shared[start : start + HUB_SIZE]], hub, will=None
            )
        for index, spot in enumerate(world.spots):
            if spot.device in own:
                node = Node(world, index, clock, glance, None)
                self._settle([node], spot.device, will=node.offline())

    @property
    def acked(self) -> int:
        """Messages that the broker has acknowledged."""
        return sum(line.acked for line in self.lines)

    async def run(self, stop: asyncio.Event) -> None:
        """Play until `stop`; then every device says that it is offline, within a second or so."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(line.run(), name=line.client_id) for line in self.lines]
            work = group.create_task(self._look_around(), name="fleet")
            news = group.create_task(self._tell_batteries(), name="batteries")
            await stop.wait()
            work.cancel()
            news.cancel()
            await asyncio.gather(*(self._goodbye(*resident) for resident in self._residents))
            for task in tasks:
                task.cancel()

    def _settle(self, nodes: list[Node], client_id: str, will: Message | None) -> None:
        line = Line(
            self._broker,
            client_id,
            will=will,
            announce=lambda: [node.online() for node in nodes if node.alive],
            random=self._random,
        )
        for node in nodes:
            node.line = line
        self.lines.append(line)
        self.nodes += nodes
        self._residents.append((line, nodes))

    @staticmethod
    async def _goodbye(line: Line, nodes: Iterable[Node]) -> None:
        await line.close(node.offline() for node in nodes if node.alive)

    async def _look_around(self) -> None:
        """Look after each device when it is due, devices spread evenly, those due together in one turn."""
        clock = asyncio.get_running_loop().time
        turn = min(TURN_S, self._glance / 2)
        start = clock()
        due: list[tuple[float, int]] = []
        for number, node in enumerate(self.nodes):
            node.next_report = start + number / len(self.nodes) * min(_MAX_SPREAD_S, node.spot.period)
            due.append((node.next_report, number))
        heapq.heapify(due)
        watch_at = self._watch_from(start)
        while due:
            now = clock()
            if now >= watch_at:
                watch_at = float("inf")
                due = [(now if self.nodes[n].spot.device in self._cast else at, n) for at, n in due]
                heapq.heapify(due)
            while due and due[0][0] <= now:
                _, number = due[0]
                heapq.heapreplace(due, (self.nodes[number].look(now), number))
            await asyncio.sleep(max(turn, min(due[0][0], watch_at) - clock()))

    @property
    def _cast(self) -> Collection[str]:
        return self.world.playing.scenario.devices if self.world.playing else ()

    def _watch_from(self, now: float) -> float:
        """The loop time at which the scenario starts: its devices begin to look each second."""
        playing = self.world.playing
        return now + (playing.start - self._clock() + 1) / 1000 if playing else float("inf")

    async def _tell_batteries(self) -> None:
        """Batteries change slowly: once an hour each says its charge again."""
        while True:
            await asyncio.sleep(BATTERY_S)
            for node in self.nodes:
                if node.alive and node.spot.model.has_battery:
                    node.line.send(node.online())
