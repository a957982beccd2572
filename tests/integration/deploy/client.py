"""A plain MQTT 5 client for tests of the broker: publish, subscribe, wait."""

import queue
import ssl
import threading
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

WAIT_S: Final = 10.0


class Heard(NamedTuple):
    topic: str
    payload: bytes


class Client:
    """Connects as it is entered; raises PermissionError where the broker refuses it."""

    def __init__(
        self,
        port: int,
        name: str | None = None,
        password: str | None = None,
        *,
        session: str = "",
        ca: str | None = None,
    ) -> None:
        self.heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self.gone = threading.Event()
        self._port, self._session = port, session
        self._answer: queue.SimpleQueue[ReasonCode] = queue.SimpleQueue()
        self._granted: queue.SimpleQueue[list[ReasonCode]] = queue.SimpleQueue()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, session, protocol=paho.MQTTv5)
        if name is not None:
            self._client.username_pw_set(name, password)
        if ca is not None:
            self._client.tls_set_context(ssl.create_default_context(cafile=ca))
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self._answer.put(reason)
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._granted.put(reasons)
        self._client.on_message = lambda _c, _u, message: self.heard.put(Heard(message.topic, bytes(message.payload)))
        self._client.on_disconnect = lambda *_: self.gone.set()

    def __enter__(self) -> Self:
        properties: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 3600 if self._session else 0
        self._client.connect("127.0.0.1", self._port, 30, clean_start=not self._session, properties=properties)
        self._client.loop_start()
        reason = self._answer.get(timeout=WAIT_S)
        if reason.is_failure:
            self._end()
            raise PermissionError(str(reason))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, qos=1)
        self._granted.get(timeout=WAIT_S)

    def publish(self, topic: str, payload: bytes = b"", *, retain: bool = False) -> None:
        """At QoS 1; returns when the broker has acknowledged."""
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        info.wait_for_publish(WAIT_S)
        assert info.is_published(), f"no PUBACK for {topic}"

    def until(self, topic: str) -> list[Heard]:
        """What was heard before the first message on `topic`."""
        heard = []
        while (message := self.heard.get(timeout=WAIT_S)).topic != topic:
            heard.append(message)
        return heard
