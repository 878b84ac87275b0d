"""What `/metrics` tells, in Prometheus's or OpenMetrics' text."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from penstock._version import __version__

if TYPE_CHECKING:
    from penstock.engine.running import Running
    from penstock.store import Database

REQUEST_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
COMMIT_SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
"""Bounds of the histograms' buckets."""

_UNKNOWN: Final = "UnknownOperationException"


class Load(Protocol):
    """How much there is to do at this moment."""

    @property
    def running(self) -> int: ...
    @property
    def tasks(self) -> int: ...
    @property
    def queued(self) -> int: ...


class _Times:
    """How long requests of one kind took: how many in each bucket, and all together."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(REQUEST_SECONDS) + 1)
        self.seconds = 0.0


class _Counts(Collector):
    """What is counted at every request and execution: plain numbers, made into metrics when somebody asks. The library's own
    take a lock and some microseconds for each."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str], _Times] = {}
        self.started: defaultdict[str, int] = defaultdict(int)
        self.ended: defaultdict[tuple[str, str], int] = defaultdict(int)

    def collect(self) -> Iterator[Metric]:
        requests = HistogramMetricFamily(
            "penstock_request_seconds",
            "Seconds from a request's headers to its answer. The code is 200 or the error's.",
            labels=["operation", "code"],
        )
        bounds = [*map(floatToGoString, REQUEST_SECONDS), "+Inf"]
        for key, times in list(self.requests.items()):
            upto = list(zip(bounds, accumulate(times.buckets), strict=True))
            requests.add_metric(key, upto, times.seconds)
        yield requests
        started = CounterMetricFamily("penstock_executions_started", "Executions that began, by type.", labels=["type"])
        for kind, count in list(self.started.items()):
            started.add_metric([kind], count)
        yield started
        ended = CounterMetricFamily(
            "penstock_executions_ended", "Executions that ended, by type and status.", labels=["type", "status"]
        )
        for both, count in list(self.ended.items()):
            ended.add_metric(both, count)
        yield ended


class Metrics:
    """Counts and times of one server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        build = Gauge("penstock_build", "The version, as a label.", ["version"], registry=registry)
        build.labels(__version__).set(1)
        self._counts = _Counts()
        registry.register(self._counts)
        self._running = Gauge("penstock_executions_running", "Executions that have not ended.", registry=registry)
        self._tasks = Gauge(
            "penstock_tasks_in_flight", "Attempts of tasks that are being worked on.", registry=registry
        )
        self._queued = Gauge(
            "penstock_queue_depth", "Events that executions have not been told yet.", registry=registry
        )

    # ---- what feeds it

    def request(self, operation: str, code: str, seconds: float) -> None:
        """A request was answered. For the event loop's thread."""
        # An operation that there is not is no label: a client could make as many as it likes.
        key = ("", code) if code == _UNKNOWN else (operation, code)
        times = self._counts.requests.get(key)
        if times is None:
            times = self._counts.requests[key] = _Times()
        times.buckets[bisect_left(REQUEST_SECONDS, seconds)] += 1
        times.seconds += seconds

    def begun(self, running: Running) -> None:
        """An execution began. In whatever thread runs the executions, which is one at a time."""
        self._counts.started[running.execution.type] += 1

    def ended(self, running: Running) -> None:
        """An execution ended; as `begun`."""
        execution = running.execution
        self._counts.ended[execution.type, execution.status] += 1

    def watch(self, load: Callable[[], Load]) -> None:
        """Whom to ask how much there is to do, when somebody asks here."""
        self._running.set_function(lambda: load().running)
        self._tasks.set_function(lambda: load().tasks)
        self._queued.set_function(lambda: load().queued)

    def watch_store(self, database: Database) -> None:
        """The database whose commits are counted, and that is asked whether it can be written."""
        commits = Histogram(
            "penstock_store_commit_seconds",
            "Seconds that a commit of the database took, until it was on the disk.",
            buckets=COMMIT_SECONDS,
            registry=self._registry,
        )
        database.on_commit = commits.observe
        failing = Gauge(
            "penstock_store_failing",
            "1 while the database cannot be written: its disk is full.",
            registry=self._registry,
        )
        failing.set_function(lambda: database.failure is not None)

    # ---- what is told

    def render(self, accept: str) -> tuple[bytes, str]:
        """The text, and its content type: what `accept`, the header, prefers."""
        encode, content = choose_encoder(accept)
        return encode(self._registry), content
