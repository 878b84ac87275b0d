"""A run that everything happens to: its process ends between any two rounds, commits fail, the clock jumps.

One thread, virtual time, no chance but the seed's: the same seed is the same run.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.engine.generated import answer
from tests.engine.journaling import Process
from tests.engine.support import FUNCTION, INVOKE

from penstock.clock import Entropy
from penstock.engine.history import HistoryEvent
from penstock.engine.running import Running
from penstock.engine.tasks.handler import Cancel, Reporter, TaskRequest

ENDS: Final = frozenset(
    {
        "TaskSucceeded",
        "TaskFailed",
        "TaskTimedOut",
        "LambdaFunctionSucceeded",
        "LambdaFunctionFailed",
        "LambdaFunctionTimedOut",
    }
)


class World:
    """Answers every task the same, whichever process asks; and counts."""

    def __init__(self) -> None:
        self.asked: Counter[int] = Counter()

    def handles(self, resource: str) -> bool:
        return resource in (FUNCTION, INVOKE) or resource.endswith(".waitForTaskToken")

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        self.asked[request.number] += 1
        report(answer(request))
        return lambda: None

    def close(self) -> None:
        pass


class _Failing:
    """A connection on which no transaction begins while `left` is over 0."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.left = 0

    def execute(self, sql: str, *more: Any) -> Any:
        if sql == "BEGIN IMMEDIATE" and self.left:
            self.left -= 1
            raise sqlite3.OperationalError("disk I/O error")
        return self._connection.execute(sql, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Simulation:
    """`chaos` False: nothing happens. `jumps`: the clock does, too."""

    def __init__(
        self, file: Path, document: dict[str, Any], value: Any, seed: int, *, chaos: bool, jumps: bool
    ) -> None:
        self._file = file
        self._document = document
        self._value = value
        self._draw = random.Random(seed)
        self._chaos = chaos
        self._jumps = jumps
        self.world = World()
        self.crashes = self.failures = 0
        self.process = Process(file, [self.world])
        self._failing = self._watch()
        self.running: Running = self._start()

    def _watch(self) -> _Failing:
        failing = _Failing(self.process.database._connection)
        self.process.database._connection = failing  # type: ignore[assignment]
        return failing

    def _start(self) -> Running:
        self.process.driver.entropy = Entropy("s")
        return self.process.start(self._document, self._value)

    def run(self, rounds: int) -> tuple[str, Any, str | None]:
        """Status, output and error, as the file has them after so many rounds or at the end."""
        for _ in range(rounds):
            if not self.process.driver._open and self.process.driver.failing is None:
                if not self.running.withdrawn:
                    break
                self.running = self._start()  # whoever asked for it was told that it could not be, and asks again
            self.process.driver.turn()
            if self.process.driver.failing is None:
                self._check_awake()
            if self._chaos:
                self._happen()
        found = self.process.closed()
        return found.status, found.output, found.error

    def _happen(self) -> None:
        what = self._draw.random()
        if what < 0.15:
            self._crash()
        elif what < 0.3:
            self.failures += 1
            self._failing.left = self._draw.randrange(1, 4)
        elif what < 0.4 and self._jumps:
            self.process.clock.advance(self._draw.choice([0.5, 10, 3_600, 86_400, 40_000_000]))

    def _crash(self) -> None:
        self.crashes += 1
        clock = self.process.clock
        self.process.end()
        self.process = Process(self._file, [self.world], clock=clock)
        self._failing = self._watch()
        assert not self.process.recovered.parked
        found = self.process.driver.find(self.running.execution.arn)
        if found is not None:
            self.running = found
        elif self.process.journal.find(self.running.execution.arn) is None:
            self.running = self._start()

    def _check_awake(self) -> None:
        """Whatever runs waits for something that comes."""
        driver = self.process.driver
        queued = {running for running, _ in driver._turns}
        for running in driver._open:
            execution = running.execution
            assert running in queued or execution.timers or running.cancels or running.children or running.map_runs, (
                f"{execution.arn} runs and nothing will wake it"
            )

    def check(self) -> list[HistoryEvent]:
        """The laws of the history that came of it."""
        history = self.process.history()
        assert [event["id"] for event in history] == list(range(1, len(history) + 1))
        assert all(event["previousEventId"] < event["id"] for event in history)
        closing = [event["type"] for event in history if event["type"].startswith("Execution")]
        assert len(closing) == 2, closing
        # Each attempt ends once: its end follows its own start, or its own beginning.
        followed = Counter(event["previousEventId"] for event in history if event["type"] in ENDS)
        assert not [each for each, count in followed.items() if count > 1]
        times = [event["timestamp"] for event in history]
        assert times == sorted(times)
        assert all(count <= 1 + self.crashes for count in self.world.asked.values())
        return history

    def close(self) -> None:
        self.process.end()
