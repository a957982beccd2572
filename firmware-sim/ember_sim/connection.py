"""One paho client on the event loop, for as long as one TCP connection lives: no thread, no queue, no reconnect.

A fleet is hundreds of devices, so that a thread for each client is too dear; paho's hooks for foreign loops are enough.
What must survive a connection stands in `line.Line`, so that a client is thrown away with its connection.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ember_sim.device import Message

KEEPALIVE_S: Final = 15
CONNECT_TIMEOUT_S: Final = 5.0
DEFAULT_WINDOW: Final = 20  # what a broker of MQTT 3.1.1, which cannot say it, is sure to take (mosquitto's default)


class BrokerError(ConnectionError):
    """No connection: nobody there, refused, or lost; says which."""


class Broker(NamedTuple):
    """Where the broker is, from `mqtt://user:password@host:port` (`mqtts` for TLS), and which MQTT it is spoken to."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool
    v5: bool

    @classmethod
    def of(cls, url: str, version: str = "5") -> Self:
        """Raises ValueError for a URL or version that cannot be."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError(f"{parts.scheme}://…: an MQTT URL is mqtt://[user:password@]host[:port], or mqtts://…")
        if version not in ("5", "3.1.1"):
            raise ValueError(f"MQTT version {version!r}: 5 or 3.1.1")
        tls = parts.scheme == "mqtts"
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(parts.hostname, parts.port or (8883 if tls else 1883), username, password, tls, version == "5")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Connection:
    """Open once, publish, close once. All methods and callbacks belong to the event loop's thread."""

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        *,
        will: Message | None = None,
        on_acked: Callable[[int, bool], None],
    ) -> None:
        """`on_acked(mid, accepted)` is called for each PUBACK."""
        self.window = DEFAULT_WINDOW if not broker.v5 else 65535
        self._broker = broker
        self._on_acked = on_acked
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[str] = self._loop.create_future()
        self._flush_due = False
        self._gone = False
        self._client = self._make_client(client_id, will)

    async def open(self) -> None:
        """Connect and wait for the broker's consent. Raises BrokerError."""
        try:
            await self._connect_in_thread()
            self._take_over()
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.wait((self._opened, self._lost), return_when=asyncio.FIRST_COMPLETED)
        except (OSError, ValueError) as error:  # a TimeoutError is an OSError
            self.abort()
            raise BrokerError(f"no broker answers at {self._broker} ({error or type(error).__name__})") from None
        except BaseException:
            self.abort()
            raise
        if not self._opened.done():
            raise BrokerError(f"the broker at {self._broker} hung up ({self._lost.result()})")
        self._opened.result()

    def publish(self, message: Message) -> int:
        """Hand over one message at QoS 1; returns the packet id that its PUBACK will bear. Raises BrokerError."""
        if self._gone:
            raise BrokerError("the connection is closed")
        info = self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise BrokerError(paho.error_string(info.rc))
        return info.mid

    async def lost(self) -> str:
        """Wait for the end of the connection; why it ended."""
        return await asyncio.shield(self._lost)

    async def close(self) -> None:
        """Say goodbye, so that the broker keeps the will to itself."""
        self._client.disconnect()
        self._flush()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await self.lost()
        self.abort()

    def abort(self) -> None:
        """Drop the connection without a word, as a device does that loses its power: the broker publishes the will."""
        if self._gone:
            return
        self._gone = True
        if sock := self._client.socket():
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)
            self._client.on_socket_close = None
            self._client.on_socket_register_write = None
            self._client.on_socket_unregister_write = None
            sock.close()
        self._end("closed here")

    def _make_client(self, client_id: str, will: Message | None) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=paho.MQTTv5 if self._broker.v5 else paho.MQTTv311,
            clean_session=None if self._broker.v5 else True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)  # none of paho's: Line keeps the window
        client.on_connect = self._answered
        client.on_disconnect = lambda _client, _user, _flags, reason, _properties: self._end(str(reason))
        client.on_publish = self._acked
        if self._broker.username:
            client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls:
            client.tls_set_context(ssl.create_default_context())
        if will:
            client.will_set(will.topic, will.payload, qos=1, retain=will.retain)
        return client

    async def _connect_in_thread(self) -> None:
        """paho's connect blocks on names and sockets. A daemon thread: a slow one must not hold up the end."""
        done: asyncio.Future[None] = self._loop.create_future()
        arguments: dict[str, Any] = {}
        if self._broker.v5:
            properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = 0
            arguments = {"clean_start": True, "properties": properties}

        def settle(error: Exception | None) -> None:
            if not done.done():
                done.set_exception(error) if error else done.set_result(None)

        def connect() -> None:
            error: Exception | None = None
            try:
                self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S, **arguments)
            except (OSError, ValueError) as problem:
                error = problem
            with suppress(RuntimeError):  # the loop has closed meanwhile
                self._loop.call_soon_threadsafe(settle, error)

        threading.Thread(target=connect, name="mqtt-connect", daemon=True).start()
        await done

    def _take_over(self) -> None:
        sock = self._client.socket()
        if sock is None:
            raise OSError("the connection ended at once")
        # Small messages in a stream: waiting for a fuller packet would cost each up to 40 ms.
        if isinstance(sock, socket.socket):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client.on_socket_close = self._socket_closes
        self._client.on_socket_register_write = lambda *_: self._flush_soon()
        self._client.on_socket_unregister_write = self._written
        self._loop.add_reader(sock, self._read)
        self._loop.call_later(1, self._keep_alive)
        self._flush_soon()

    def _read(self) -> None:
        self._client.loop_read()
        sock = self._client.socket()
        while isinstance(sock, ssl.SSLSocket) and sock.pending():  # decrypted already: the loop sees no more of it
            self._client.loop_read()
            sock = self._client.socket()

    def _flush_soon(self) -> None:
        """One pass of writing for all that is published in this turn of the loop."""
        if not self._flush_due:
            self._flush_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_due = False
        if self._gone:
            return
        self._client.loop_write()
        if self._client.want_write() and (sock := self._client.socket()):
            self._loop.add_writer(sock, self._client.loop_write)

    def _keep_alive(self) -> None:
        if not self._lost.done():
            self._client.loop_misc()
            self._loop.call_later(1, self._keep_alive)

    def _written(self, _client: paho.Client, _user: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _socket_closes(self, _client: paho.Client, _user: Any, sock: Any) -> None:
        self._loop.remove_reader(sock)
        self._loop.remove_writer(sock)

    def _answered(self, _client: paho.Client, _user: Any, _flags: Any, reason: Any, properties: Any) -> None:
        if self._opened.done():
            return
        if reason.is_failure:
            self._opened.set_exception(BrokerError(f"the broker at {self._broker} refuses us: {reason}"))
            return
        self.window = min(self.window, getattr(properties, "ReceiveMaximum", self.window))
        self._opened.set_result(None)

    def _acked(self, _client: paho.Client, _user: Any, mid: int, reason: Any, _properties: Any) -> None:
        self._on_acked(mid, not reason.is_failure)

    def _end(self, why: str) -> None:
        if not self._lost.done():
            self._lost.set_result(why)
