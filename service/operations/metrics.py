"""Figures for Prometheus: requests and their times, and whatever else can be read off when asked."""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

log = logging.getLogger(__name__)


class Metrics:
    """The figures of one app, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        requests = Counter(
            "partnermatch_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        seconds = Histogram(
            "partnermatch_request_seconds",
            "Time from a request's head to the end of its answer.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._counted = cache(lambda *labels: requests.labels(*labels))
        self._timed = cache(lambda *labels: seconds.labels(*labels))

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request by its route's template, never by its path: paths are without number."""
        method = method if method in _METHODS else "other"
        self._counted(method, route, str(status)).inc()
        self._timed(method, route).observe(seconds)

    def follow(self, name: str, means: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        """Show figures that are read each time they are asked for.

        Parameters
        ----------
        name
            Name of the metric, without the prefix that all have.
        means
            What it counts, in one sentence.
        label
            What tells its figures apart, such as "state".
        read
            Returns a figure for each value of the label.
        """
        self.registry.register(_Followed(f"partnermatch_{name}", means, label, read))

    def page(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self.registry)


class _Followed(Collector):
    def __init__(self, name: str, means: str, label: str, read: Callable[[], Mapping[str, float]]):
        self._name, self._means, self._label, self._read = name, means, label, read

    def describe(self) -> Iterable[Metric]:
        """Return the metric without figures, so that registering it reads nothing."""
        return [GaugeMetricFamily(self._name, self._means, labels=[self._label])]

    def collect(self) -> Iterable[Metric]:
        """Return the metric with the figures of this moment."""
        family = GaugeMetricFamily(self._name, self._means, labels=[self._label])
        try:
            figures = self._read()
        except Exception:
            # The other figures are wanted most when something fails.
            log.exception("Figures cannot be read: %s.", self._name)
            figures = {}
        for value, figure in figures.items():
            family.add_metric([value], figure)
        return [family]
