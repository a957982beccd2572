"""What comes over the stream, made into events. What cannot be read is counted, logged, and acknowledged."""

import logging
from collections.abc import Callable
from typing import Final

from ember_base.mqtt import Incoming
from ember_service.alarms import commands
from ember_service.alarms.engine import Heard, Readings
from ember_service.alarms.metrics import Metrics
from ember_service.alarms.pipeline import Pipeline
from ember_wire import topics
from ember_wire.readings import Batch
from ember_wire.stream import Heartbeat, StreamError, unpack, unpack_batch

SUBSCRIPTIONS: Final = [
    (topics.STREAM_READINGS_FILTER, 1),
    (topics.STREAM_HEARTBEAT_FILTER, 1),
    (topics.STREAM_COMMANDS, 1),
    (topics.STREAM_REGISTRY, 1),
]
_READINGS: Final = topics.STREAM_READINGS_FILTER.removesuffix("+")
_HEARTBEAT: Final = topics.STREAM_HEARTBEAT_FILTER.removesuffix("+")

log = logging.getLogger(__name__)


class Intake:
    """`ack` acknowledges a message, `reply` publishes an answer, `registry_changed` is told of a new register."""

    def __init__(
        self,
        pipeline: Pipeline,
        metrics: Metrics,
        clock: Callable[[], int],
        *,
        ack: Callable[[Incoming], object],
        reply: Callable[[str, bytes], object],
        registry_changed: Callable[[], None],
    ) -> None:
        self._pipeline = pipeline
        self._metrics = metrics
        self._clock = clock
        self._ack = ack
        self._reply = reply
        self._registry_changed = registry_changed
        self._numbers: dict[str, tuple[int, int]] = {}

    def receive(self, message: Incoming) -> None:
        """One message. Each is acknowledged in its turn: brokers cut a client that does it out of order."""
        topic = message.topic
        stream = topic.removeprefix(topics.ROOT).split("/")[2] if topic.count("/") > 2 else topic
        try:
            if topic.startswith(_READINGS):
                self._readings(message)
            elif topic.startswith(_HEARTBEAT):
                self._heartbeat(message)
            elif topic == topics.STREAM_COMMANDS:
                self._command(message)
            else:
                self._registry_changed()
                self._pipeline.pass_over(lambda: self._ack(message))
        except Exception as error:
            if isinstance(error, StreamError):
                log.warning("a message on %s cannot be read: %s", topic, error)
            else:
                log.exception("a message on %s could not be handled", topic)
            self._metrics.refused_payloads.labels(stream).inc()
            self._pipeline.pass_over(lambda: self._ack(message))

    def _readings(self, message: Incoming) -> None:
        batch = unpack_batch(message.payload)
        self._count_gap(batch)
        self._metrics.events.labels("readings").inc()
        self._pipeline.take(Readings(batch), message.payload, lambda: self._ack(message))

    def _heartbeat(self, message: Incoming) -> None:
        beat = unpack(message.payload, Heartbeat)
        self._metrics.events.labels("heartbeat").inc()
        heard = Heard(gateway=beat.gateway, now=self._clock(), gateway_now=beat.now, faults=beat.faults)
        self._pipeline.take(heard, after=lambda: self._ack(message))

    def _command(self, message: Incoming) -> None:
        command = commands.read(message.payload)
        self._metrics.events.labels("command").inc()
        log.info("%s asks for %s of alarm %s", command.who, command.do, command.alarm)
        event = commands.event(command, self._clock())
        self._pipeline.command(event, lambda outcome: self._reply(command.reply, commands.answer(command, outcome)))
        self._pipeline.pass_over(lambda: self._ack(message))

    def _count_gap(self, batch: Batch) -> None:
        start, n = self._numbers.get(batch.gateway, (batch.start, batch.n - 1))
        expected = n + 1 if start == batch.start else 1
        if batch.n > expected:
            self._metrics.stream_gap.inc(batch.n - expected)
        if (batch.start, batch.n) > (start, n):
            self._numbers[batch.gateway] = (batch.start, batch.n)
