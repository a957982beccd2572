"""What the gateway tells Prometheus."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_NAMESPACE = "emberwatch_gateway"


class Metrics:
    """Counters and gauges of one gateway, on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.messages = self._counter("messages", "MQTT messages received from devices")
        self.readings = self._counter("readings", "Readings streamed")
        self.stored = self._counter("stored", "Readings that were new to the database")
        self.acknowledged = self._counter("acknowledged", "PUBACKs sent")
        self.spooled = self._counter("spooled", "Parcels that went to the spool")
        self.dead_letters = Counter(
            "dead_letters",
            "Messages or parts of one set aside",
            ["reason"],
            namespace=_NAMESPACE,
            registry=self.registry,
        )
        self.commit_seconds = Histogram(
            "commit_seconds",
            "Time of one commit",
            namespace=_NAMESPACE,
            registry=self.registry,
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30),
        )
        self.unacknowledged = self._gauge("unacknowledged", "Messages received whose PUBACK is still held back")
        self.spool_bytes = self._gauge("spool_bytes", "Bytes in the spool")
        self.spool_parcels = self._gauge("spool_parcels", "Parcels waiting in the spool")
        self.database_up = self._gauge("database_up", "1 while the database takes commits")
        self.broker_up = self._gauge("broker_up", "1 while both sessions with the broker stand")
        self._gauge("clock_seconds", "The clock of this process, s since the epoch").set_function(time.time)

    def _counter(self, name: str, what: str) -> Counter:
        return Counter(name, what, namespace=_NAMESPACE, registry=self.registry)

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(name, what, namespace=_NAMESPACE, registry=self.registry)
