"""What the evaluator tells Prometheus."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_NAMESPACE: Final = "emberwatch_evaluator"


class Metrics:
    """Counters and gauges of one evaluator, on the registry that it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.transitions = self._counter("transitions", "Steps in alarms' lives", "kind", "class")
        self.messages = self._counter("messages", "Results of tries to tell a contact", "channel", "state")
        self.events = self._counter("events", "Events given to the engine", "kind")
        self.refused_payloads = self._counter("refused_payloads", "Stream messages that could not be read", "stream")
        self.stream_gap = self._counter("stream_gap", "Batches of readings that did not arrive in their turn")
        self.engine_errors = self._counter("engine_errors", "Events on which the engine failed")
        self.open_alarms = self._gauge("open_alarms", "Open alarms", "class")
        self.fault = self._gauge("fault", "1 while the product has this fault", "word")
        self.messages_pending = self._gauge("messages_pending", "Messages not yet delivered nor refused")
        self.archive_pending = self._gauge("archive_pending", "Transitions not yet in the database")
        self.tick_lag = self._gauge("tick_lag_seconds", "How late the last tick was")
        self.database_up = self._gauge("database_up", "1 while the database takes what is archived")
        self.broker_up = self._gauge("broker_up", "1 while the session with the broker stands")
        self.journal_fsync = Histogram(
            "journal_fsync_seconds",
            "Time of one fsync of the journal",
            namespace=_NAMESPACE,
            registry=registry,
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
        )

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, namespace=_NAMESPACE, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(name, what, labels, namespace=_NAMESPACE, registry=self.registry)
