"""What the service tells Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_NAMESPACE = "emberwatch_service"


class Metrics:
    """On a registry of its own; gauges are set when they are asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.viewers = Gauge("live_viewers", "Viewers of /live", namespace=_NAMESPACE, registry=self.registry)
        self.dropped = Counter(
            "live_dropped", "Frames dropped for viewers too slow", namespace=_NAMESPACE, registry=self.registry
        )
        self.database_up = Gauge(
            "database_up", "1 while the database answers", namespace=_NAMESPACE, registry=self.registry
        )
        self.broker_up = Gauge(
            "broker_up", "1 while the broker is reached", namespace=_NAMESPACE, registry=self.registry
        )
        self.requests = Histogram(
            "request_seconds",
            "Time of HTTP requests by route and status",
            ["method", "route", "status"],
            namespace=_NAMESPACE,
            registry=self.registry,
        )
