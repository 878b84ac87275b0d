"""Redriving a Map Run: children that did not succeed run again, those that did do not, and its figures follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.engine.journaling import Process, program_of
from tests.engine.support import FUNCTION

from penstock.clock import Entropy, VirtualClock
from penstock.engine.driver import Driver, Running
from penstock.engine.history import KINDS
from penstock.engine.mapruns import MapRun
from penstock.engine.objects import MemoryObjects
from penstock.engine.tasks.handler import Cancel, Failed, Reporter, Succeeded, TaskRequest

TASK = {"Type": "Task", "Resource": FUNCTION}


def machine(kind: str = "STANDARD", **more: Any) -> dict[str, Any]:
    return {
        "StartAt": "D",
        "States": {
            "D": {
                "Type": "Map",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
                    "StartAt": "A",
                    "States": {"A": {**TASK, "Next": "B"}, "B": {**TASK, "End": True}},
                },
                "End": True,
                **more,
            }
        },
    }


class Broken:
    """State B fails for odd numbers until it is repaired; hangs for those in `hanging`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.repaired = False
        self.hanging: set[int] = set()

    def handles(self, resource: str) -> bool:
        return True

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        value = request.arguments
        self.asked.append((request.state_name, value))
        if request.state_name == "B" and not self.repaired:
            if value in self.hanging:
                return lambda: None
            if value % 2:
                report(Failed("Odd", str(value)))
                return lambda: None
        report(Succeeded(value))
        return lambda: None

    def close(self) -> None: ...


class World:
    """A driver that keeps all in memory, or each step in a process of its own on a file."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.handler = Broken()
        self.clock = VirtualClock(1_700_000_000.0)
        self.objects = MemoryObjects({"b": {"n.json": json.dumps(list(range(6)))}})
        self.driver: Driver
        self.process: Process | None = None
        self._open()

    def _open(self) -> None:
        if self.folder is None:
            self.driver = Driver(
                handlers=[self.handler], clock=self.clock, skip_time=True, entropy=Entropy("s"), objects=self.objects
            )
        else:
            self.process = Process(
                self.folder / "x.db", [self.handler], clock=self.clock, objects=self.objects, seed=str(id(object()))
            )
            self.driver = self.process.driver

    def run(self, document: dict[str, Any], value: Any) -> Running:
        running = self.driver.start(program_of(document), value, name="x")
        self.driver.finish()
        return running

    def redrive(self, running: Running) -> Running:
        self.handler.repaired = True
        self.handler.asked.clear()
        self.clock.advance(60)
        if self.process is not None:
            from tests.engine.journaling import programs

            from penstock.engine.recovery import restore

            self.process.end()
            self._open()
            summary = self.process.journal.store.find(running.execution.arn)
            assert summary is not None
            running = restore(self.process.journal, summary, programs)
        self.driver.redrive(running)
        self.driver.finish()
        return running

    def map_run(self, running: Running) -> MapRun:
        return running.result.map_runs[-1]

    def types(self, running: Running) -> list[str]:
        if self.process is not None:
            return [event["type"] for event in self.process.history()]
        return [KINDS[record[0]][0] for record in running.records]


@pytest.fixture(params=["memory", "file"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(tmp_path if request.param == "file" else None)


def test_children_that_failed_go_on_from_what_failed(world: World) -> None:
    running = world.run(machine(ToleratedFailureCount=2), [0, 1, 2, 3, 5])
    assert running.execution.error == "States.ExceedToleratedFailureThreshold"
    first = world.map_run(running).describe()
    assert first["itemCounts"]["failed"] + first["itemCounts"]["aborted"] == 3
    running = world.redrive(running)
    assert (running.execution.status, running.execution.output) == ("SUCCEEDED", [0, 1, 2, 3, 5])
    assert sorted(world.handler.asked) == [("B", 1), ("B", 3), ("B", 5)]  # state A had succeeded
    described = world.map_run(running).describe()
    assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 1)
    assert described["mapRunArn"] == first["mapRunArn"]
    assert described["redriveDate"] > first["startDate"] == described["startDate"]
    for counts in ("itemCounts", "executionCounts"):
        assert described[counts] == {
            **dict.fromkeys(first[counts], 0),
            "succeeded": 5,
            "total": 5,
            "resultsWritten": 5,
        }
    types = world.types(running)
    at = types.index("ExecutionRedriven")
    assert types[at : at + 5] == [
        "ExecutionRedriven",
        "MapRunRedriven",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
    ]


def test_what_was_never_started_starts(world: World) -> None:
    world.handler.hanging = {2}
    running = world.run(machine(MaxConcurrency=1), [1, 0, 4])
    running = world.redrive(running)
    assert running.execution.output == [1, 0, 4]
    assert world.handler.asked == [("B", 1), ("A", 0), ("B", 0), ("A", 4), ("B", 4)]


def test_express_children_begin_anew(world: World) -> None:
    running = world.run(machine("EXPRESS"), [0, 1])
    running = world.redrive(running)
    assert running.execution.output == [0, 1]
    assert [each for each in world.handler.asked if each[1] == 1] == [("A", 1), ("B", 1)]
    counts = world.map_run(running).describe()["executionCounts"]
    assert (counts["total"], counts["succeeded"], counts["pendingRedrive"]) == (2, 2, 0)


def test_results_are_written_again_with_those_of_before(world: World) -> None:
    document = machine(
        ToleratedFailureCount=1,
        ItemReader={
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "b", "Key": "n.json"},
        },
        ResultWriter={
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "b", "Prefix": "out"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
        },
    )
    running = world.run(document, {})
    assert running.execution.status == "FAILED"
    running = world.redrive(running)
    details = running.execution.output["ResultWriterDetails"]
    manifest = json.loads(world.objects.open("b", details["Key"]).read())
    assert manifest["ResultFiles"]["FAILED"] == []
    values = [
        value
        for file in manifest["ResultFiles"]["SUCCEEDED"]
        for value in json.loads(world.objects.open("b", file["Key"]).read())
    ]
    assert sorted(values) == list(range(6))


def test_a_run_that_was_stopped_goes_on(world: World) -> None:
    world.handler.hanging = {2}
    running = world.driver.start(program_of(machine()), [0, 2], name="x")
    for _ in range(8):
        if any(asked == ("B", 2) for asked in world.handler.asked):
            break
        world.driver.turn()
    world.driver.stop(running, "Enough")
    world.driver.finish()
    assert running.execution.status == "ABORTED"
    assert world.map_run(running).status == "ABORTED"
    running = world.redrive(running)
    assert running.execution.output == [0, 2]
    assert world.handler.asked == [("B", 2)]


def test_a_redriven_run_survives_the_end_of_its_process(tmp_path: Path) -> None:
    for rounds in range(1, 12):
        folder = tmp_path / str(rounds)
        folder.mkdir()
        world = World(folder)
        running = world.run(machine(ToleratedFailureCount=5, MaxConcurrency=1), [1, 3, 5, 7, 9, 11])
        assert running.execution.status == "FAILED"
        world.handler.repaired = True
        assert world.process is not None
        from tests.engine.journaling import programs

        from penstock.engine.recovery import restore

        summary = world.process.journal.store.find(running.execution.arn)
        assert summary is not None
        world.driver.redrive(restore(world.process.journal, summary, programs))
        world.process.turns(rounds)
        world.process.end()
        world._open()
        world.driver.finish()
        closed = world.process.closed()
        assert (closed.status, closed.output) == ("SUCCEEDED", [1, 3, 5, 7, 9, 11]), rounds
        counts = MapRun.from_data(json.loads(world.process.journal.store.map_runs_of(closed.id)[0][2])).describe()
        assert counts["executionCounts"]["succeeded"] == counts["executionCounts"]["total"] == 6
        world.process.end()


def test_a_run_whose_failure_was_caught_is_not_kept() -> None:
    world = World(None)
    document = machine(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "P"}])
    document["States"]["P"] = {"Type": "Pass", "End": True}
    running = world.run(document, [1, 3])
    assert running.execution.status == "SUCCEEDED"
    assert not running.over
    assert not world.driver.over
