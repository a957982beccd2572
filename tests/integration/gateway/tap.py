"""A wire tap between gateway and broker: sees every MQTT packet in one order, and can hold or refuse some."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

CONNECT, PUBLISH, PUBACK = 1, 3, 4


class Packet(NamedTuple):
    """One packet. `out`: to the broker. `topic` of a PUBLISH; `mid` of that (QoS 1) and of a PUBACK."""

    client: str
    out: bool
    kind: int
    topic: str
    mid: int


class Tap:
    """`packets`: all that passed. `hold`: a packet for which it is true waits until `release`."""

    def __init__(self, broker_port: int, version: str) -> None:
        self.packets: list[Packet] = []
        self.hold: Callable[[Packet], bool] = lambda _: False
        self.refuse: Callable[[str], bool] = lambda _: False
        self.refused = 0
        self.held: list[Packet] = []
        self.port = 0
        self._broker_port, self._v5 = broker_port, version == "5"
        self._released = asyncio.Event()
        self._writers: dict[str, asyncio.StreamWriter] = {}

    def release(self) -> None:
        """Let go what is held, and hold nothing more."""
        self.hold = lambda _: False
        self._released.set()

    def cut(self, client_end: str) -> None:
        """Cut the connections of clients whose id ends so."""
        for client, writer in self._writers.items():
            if client.endswith(client_end):
                writer.close()

    def position(self, wanted: Callable[[Packet], bool]) -> int | None:
        """Where in the order of packets the first such one stands."""
        return next((at for at, packet in enumerate(self.packets) if wanted(packet)), None)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, first = await self._first(reader)
        if self.refuse(client):
            self.refused += 1
            writer.close()
            return
        self._writers[client] = writer
        broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        broker_writer.write(first)
        with suppress(OSError, asyncio.IncompleteReadError):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(client, reader, broker_writer, out=True))
                group.create_task(self._pump(client, broker_reader, writer, out=False))

    async def _first(self, reader: asyncio.StreamReader) -> tuple[str, bytes]:
        _, header, body = await _packet(reader)
        at = 10
        if self._v5:
            at += 1 + body[at]
        length = int.from_bytes(body[at : at + 2], "big")
        return body[at + 2 : at + 2 + length].decode(), header + body

    async def _pump(
        self, client: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, out: bool
    ) -> None:
        try:
            while True:
                flags, header, body = await _packet(reader)
                packet = _parse(client, out, flags, body)
                if self.hold(packet):
                    self.held.append(packet)
                    await self._released.wait()
                self.packets.append(packet)
                writer.write(header + body)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            raise


def _parse(client: str, out: bool, flags: int, body: bytes) -> Packet:
    kind, topic, mid = flags >> 4, "", 0
    if kind == PUBLISH:
        length = int.from_bytes(body[:2], "big")
        topic = body[2 : 2 + length].decode()
        mid = int.from_bytes(body[2 + length : 4 + length], "big") if flags & 0x06 else 0
    elif kind == PUBACK:
        mid = int.from_bytes(body[:2], "big")
    return Packet(client, out, kind, topic, mid)


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
    header = await reader.readexactly(2)
    length, shift, last = header[1] & 0x7F, 7, header[1]
    while last & 0x80:
        more = await reader.readexactly(1)
        last = more[0]
        length |= (last & 0x7F) << shift
        shift += 7
        header += more
    return header[0], header, await reader.readexactly(length)


@asynccontextmanager
async def tapped(broker_port: int, version: str) -> AsyncIterator[Tap]:
    """A tap in front of a broker, on a port of its own."""
    tap = Tap(broker_port, version)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(ExceptionGroup, OSError, asyncio.IncompleteReadError):
            await tap.serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    tap.port = server.sockets[0].getsockname()[1]
    try:
        yield tap
    finally:
        server.close()
        tap.release()
        tap.cut("")
        await asyncio.gather(*tasks)
