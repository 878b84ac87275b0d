"""What `/metrics` tells, in Prometheus's or OpenMetrics' text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder

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


class Metrics:
    """Counts and times of one server. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        build = Gauge("penstock_build", "The version, as a label.", ["version"], registry=registry)
        build.labels(__version__).set(1)
        self._requests = Histogram(
            "penstock_request_seconds",
            "Seconds from a request's headers to its answer. The code is 200 or the error's.",
            ["operation", "code"],
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._started = Counter(
            "penstock_executions_started", "Executions that began, by type.", ["type"], registry=registry
        )
        self._ended = Counter(
            "penstock_executions_ended",
            "Executions that ended, by type and status.",
            ["type", "status"],
            registry=registry,
        )
        self._running = Gauge("penstock_executions_running", "Executions that have not ended.", registry=registry)
        self._tasks = Gauge(
            "penstock_tasks_in_flight", "Attempts of tasks that are being worked on.", registry=registry
        )
        self._queued = Gauge(
            "penstock_queue_depth", "Events that executions have not been told yet.", registry=registry
        )
        # Looking a label up costs more than counting.
        self._seen: dict[tuple[str, str], Histogram] = {}
        self._begun: dict[str, Counter] = {}
        self._over: dict[tuple[str, str], Counter] = {}

    # ---- what feeds it

    def request(self, operation: str, code: str, seconds: float) -> None:
        # An operation that there is not is no label: a client could make as many as it likes.
        key = ("", code) if code == _UNKNOWN else (operation, code)
        child = self._seen.get(key)
        if child is None:
            child = self._seen[key] = self._requests.labels(*key)
        child.observe(seconds)

    def begun(self, running: Running) -> None:
        """An execution began."""
        key = running.execution.type
        child = self._begun.get(key)
        if child is None:
            child = self._begun[key] = self._started.labels(key)
        child.inc()

    def ended(self, running: Running) -> None:
        """An execution ended."""
        key = (running.execution.type, running.execution.status)
        child = self._over.get(key)
        if child is None:
            child = self._over[key] = self._ended.labels(*key)
        child.inc()

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
