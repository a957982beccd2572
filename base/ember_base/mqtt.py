"""One link to the broker: paho-mqtt in a thread of its own outside, asyncio inside.

The link reconnects by itself and subscribes anew each time. Messages are handed to the event loop in order; what the
owner must acknowledge by hand carries the connection it came over, since packet ids mean nothing on another one.
"""

import asyncio
import logging
import ssl
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

log = logging.getLogger(__name__)

SESSION_EXPIRY_S: Final = 7 * 24 * 3600
RETRY_S: Final = (1, 5)
KEEPALIVE_S: Final = 15
IN_FLIGHT: Final = 1000
CONNECT_TIMEOUT_S: Final = 5.0
STOP_S: Final = 0.5
EVENTS: Final = ("on_connect", "on_disconnect", "on_connect_fail", "on_subscribe", "on_message")


class Incoming(NamedTuple):
    """A message from the broker. `mid` and `connection` are what `Link.ack` needs."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    mid: int
    connection: int


class Will(NamedTuple):
    """What the broker says for us if we vanish."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


class Link(AbstractAsyncContextManager["Link"]):
    """A connection that keeps itself up. All callbacks run in the event loop that entered it.

    `keep_session`: the broker holds QoS 1 messages for us while we are away (needs a `client_id` of our own).
    `manual_ack`: nothing is acknowledged until `ack`. Publishing while the broker is away queues in memory.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        *,
        on_message: Callable[[Incoming], None] = lambda _: None,
        on_connected: Callable[[], None] = lambda: None,
        subscriptions: list[tuple[str, int]] | None = None,
        version: str = "5",
        keep_session: bool = False,
        manual_ack: bool = False,
        will: Will | None = None,
    ) -> None:
        self._where = urlsplit(url)
        self._on_message = on_message
        self._on_connected = on_connected
        self._subscriptions = subscriptions or []
        self._keep_session = keep_session
        self._v5 = version == "5"
        self._inbox: deque[Incoming] = deque()
        self._woken = False
        self._connection = 0
        self._connected = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client = self._make_client(client_id, manual_ack, will)

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def backlog(self) -> int:
        """Messages received and not yet handed to the event loop."""
        return len(self._inbox)

    async def wait_connected(self) -> None:
        await self._connected.wait()

    def publish(self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False) -> paho.MQTTMessageInfo:
        """Hand a message to the broker; the returned info tells when it was acknowledged."""
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        if qos and info.rc == MQTTErrorCode.MQTT_ERR_NO_CONN:
            # It is queued all the same; but with this mark paho's info would raise for good, also once it is out.
            info.rc = MQTTErrorCode.MQTT_ERR_SUCCESS
        return info

    def ack(self, message: Incoming) -> bool:
        """Acknowledge a QoS 1 message; false (and nothing sent) where it came over a connection that is gone."""
        if message.qos == 0:
            return True
        if not self.can_ack(message):
            return False
        self._client.ack(message.mid, message.qos)
        return True

    def can_ack(self, message: Incoming) -> bool:
        """Whether the connection that the message came over still stands."""
        return message.connection == self._connection and self.connected

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._client.connect_async(
            self._where.hostname or "127.0.0.1",
            self._port,
            KEEPALIVE_S,
            **self._session_arguments(),
        )
        self._client.loop_start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        stopped = asyncio.Event()

        def stop() -> None:
            self._client.loop_stop()
            for event in EVENTS:  # they point back at us; without them paho closes its last sockets as we are forgotten
                setattr(self._client, event, None)
            self._hand_over(stopped.set)

        # paho's thread may sleep or connect just now: a thread that nobody waits for sees it to its end.
        threading.Thread(target=stop, name="mqtt stop", daemon=True).start()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await stopped.wait()
        self._connected.clear()

    def _make_client(self, client_id: str, manual_ack: bool, will: Will | None) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=paho.MQTTv5 if self._v5 else paho.MQTTv311,
            manual_ack=manual_ack,
            clean_session=None if self._v5 else not self._keep_session,
        )
        if self._where.username:
            client.username_pw_set(unquote(self._where.username), unquote(self._where.password or ""))
        if self._where.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context())
        if will:
            client.will_set(will.topic, will.payload, will.qos, will.retain)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.reconnect_delay_set(*RETRY_S)
        client.max_inflight_messages_set(IN_FLIGHT)
        handlers = (self._connect, self._disconnect, self._connect_failed, self._subscribed, self._message)
        for event, handler in zip(EVENTS, handlers, strict=True):
            setattr(client, event, handler)
        return client

    def _session_arguments(self) -> dict[str, Any]:
        if not self._v5:
            return {}
        properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY_S if self._keep_session else 0
        properties.ReceiveMaximum = 65535
        return {"clean_start": not self._keep_session, "properties": properties}

    # Below: called by paho in its thread. --------------------------------------------------------------------------

    def _connect(self, client: paho.Client, _user: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.error("the broker at %s refuses us: %s; retrying", self._address, reason)
            return
        self._connection += 1
        log.info("connected to the broker at %s", self._address)
        if self._subscriptions:
            client.subscribe(self._subscriptions)
        self._hand_over(self._now_connected)

    def _disconnect(self, _client: paho.Client, _user: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.warning("lost the broker at %s (%s); retrying", self._address, reason)
        self._hand_over(self._connected.clear)

    def _connect_failed(self, _client: paho.Client, _user: Any) -> None:
        log.warning("no broker answers at %s; retrying", self._address)

    def _subscribed(self, _client: paho.Client, _user: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        for reason in reasons:
            if reason.is_failure:
                names = ", ".join(topic for topic, _ in self._subscriptions)
                log.error("the broker at %s refuses us a subscription (%s) of: %s", self._address, reason, names)

    def _message(self, _client: paho.Client, _user: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # not UTF-8, so not MQTT: the owner sets it aside as a topic that nobody knows
        self._inbox.append(
            Incoming(topic, bytes(message.payload), message.qos, message.retain, message.mid, self._connection)
        )
        if not self._woken:
            self._woken = True
            self._hand_over(self._drain)

    def _hand_over(self, call: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(call)

    # Below: in the event loop again. -------------------------------------------------------------------------------

    def _now_connected(self) -> None:
        self._connected.set()
        self._on_connected()

    def _drain(self) -> None:
        """Hand over what came in.

        `_woken` falls before the first look: what paho's thread adds from now on is seen here, or wakes us again.
        """
        self._woken = False
        for _ in range(len(self._inbox)):
            message = self._inbox.popleft()
            try:
                self._on_message(message)
            except Exception:
                log.exception("a message on %s could not be handled", message.topic)

    @property
    def _address(self) -> str:
        return f"{self._where.hostname}:{self._port}"

    @property
    def _port(self) -> int:
        return self._where.port or (8883 if self._where.scheme == "mqtts" else 1883)
