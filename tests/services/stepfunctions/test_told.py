"""Random requests, on a disk that is full now and then: whatever a client was told is in the file at that moment, and when
there is room again every execution comes to its end, with what was acknowledged."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.services.stepfunctions.test_durable import STATES, create, machine, until
from tests.services.stepfunctions.test_outage import (
    CALLBACK,
    PASS,
    TASK,
    WAIT,
    Hand,
    after_a_kill,
    copied,
    in_thread,
    on_disk,
)
from tests.store.files import Disk

from penstock.engine.tasks.handler import Failed, Succeeded
from penstock.errors import ServiceError
from penstock.services.stepfunctions import StepFunctions

SLOW = machine(W={"Type": "Wait", "Seconds": 0, "Next": "F"}, F={"Type": "Fail", "Error": "E"})
MAP = machine(
    M={
        "Type": "Map",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **json.loads(TASK)},
        "End": True,
    }
)
CHILD = {"StateMachineArn": f"{STATES}:stateMachine:task", "Input": {}}
WAITS = machine(
    T={"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": CHILD, "End": True}
)
LEAVES = machine(
    T={
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": {**CHILD, "Name.$": "$$.Execution.Name"},
        "End": True,
    }
)
MACHINES = {
    "waits": WAITS,
    "leaves": LEAVES,
    "pass": PASS,
    "task": TASK,
    "callback": CALLBACK,
    "wait": WAIT,
    "slow": SLOW,
    "map": MAP,
}
REFUSALS = {
    "ServiceUnavailable",
    "ExecutionAlreadyExists",
    "ExecutionNotRedrivable",
    "ExecutionDoesNotExist",
    "TaskTimedOut",
}
ENDS = {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}


class Client:
    """Asks at random, and holds the file to what it was told."""

    def __init__(self, target: StepFunctions, disk: Disk, hand: Hand, folder: Path, seed: int) -> None:
        self.target, self.disk, self.hand, self.folder = target, disk, hand, folder
        self.draw = random.Random(seed)
        self.machines = {name: create(target, name, text) for name, text in MACHINES.items()}
        self.told: dict[str, tuple[int, str]] = {}
        """ARN → redrives and status, as they were told last; RUNNING where it is known to have begun."""
        self.reported: set[int] = set()
        self.sent: dict[str, bool] = {}
        """Token → whether its result was acknowledged."""
        self.code = ""
        """Of the last refusal."""

    def step(self) -> None:
        action: Callable[[], None] = self.draw.choices(
            [self.start, self.stop, self.redrive, self.describe, self.list, self.report, self.send, self.turn_disk],
            [6, 2, 2, 4, 2, 6, 4, 3],
        )[0]
        action()

    def ask(self, operation: str, **given: Any) -> dict[str, Any] | None:
        """None where it is refused, as it may be. Nobody waits for the disk."""
        try:
            answer: dict[str, Any] = in_thread(lambda: self.target.call(operation, given)).result(timeout=10)
        except ServiceError as error:
            self.code = error.code
            if error.code in REFUSALS:
                return None
            raise
        return answer

    def tell(self, arn: str, redrives: int, status: str) -> None:
        before = self.told.get(arn, (0, "RUNNING"))
        assert redrives >= before[0], f"{arn} was redriven {before[0]} times, and then {redrives}"
        if redrives == before[0] and before[1] in ENDS:
            assert status == before[1], f"{arn} had {before[1]}, and then it is {status}"
        self.told[arn] = (redrives, status)

    def start(self) -> None:
        name, given = self.draw.choice(list(self.machines)), f"n{self.draw.randrange(12)}"
        value = [1, 2] if name == "map" else {}
        answer = self.ask("StartExecution", stateMachineArn=self.machines[name], name=given, input=json.dumps(value))
        if answer is not None:
            self.told.setdefault(answer["executionArn"], (0, "RUNNING"))

    def any(self) -> str | None:
        return self.draw.choice(sorted(self.told)) if self.told else None

    def stop(self) -> None:
        arn = self.any()
        if arn is not None and self.ask("StopExecution", executionArn=arn) is not None:
            self.describe(arn, ended=True)

    def redrive(self) -> None:
        arn = self.any()
        if arn is not None and self.ask("RedriveExecution", executionArn=arn, clientToken="t") is not None:
            self.told[arn] = (max(1, self.told[arn][0]), "RUNNING") if self.told[arn][0] == 0 else self.told[arn]

    def describe(self, arn: str | None = None, *, ended: bool = False) -> None:
        arn = arn or self.any()
        found = None if arn is None else self.ask("DescribeExecution", executionArn=arn)
        if arn is not None:
            assert found is not None
            assert not ended or found["status"] in ENDS, found
            self.tell(arn, found["redriveCount"], found["status"])

    def list(self) -> None:
        for each in (self.ask("ListExecutions", stateMachineArn=self.draw.choice(list(self.machines.values()))) or {})[
            "executions"
        ]:
            self.tell(each["executionArn"], each["redriveCount"], each["status"])

    def report(self) -> None:
        waiting = [each for each in range(len(self.hand.asked)) if each not in self.reported]
        if waiting:
            number = self.draw.choice(waiting)
            request, report = self.hand.asked[number]
            if request.token is None:
                self.reported.add(number)
                report(Succeeded(1) if self.draw.random() < 0.7 else Failed("E", "c"))

    def send(self) -> None:
        asked = [request for request, _ in list(self.hand.asked) if request.token is not None]
        if not asked:
            return
        request = self.draw.choice(asked)
        token, arn = str(request.token), request.execution_arn
        found = self.ask("SendTaskSuccess", taskToken=token, output="1")
        if found is not None:
            self.sent[token] = True
            self.describe(arn)
            assert self.told[arn][1] in ENDS or self.told[arn][0], f"{arn} had a result, and was told to wait for it"
        elif self.code == "ServiceUnavailable":
            self.sent.setdefault(token, False)
        elif self.sent.get(token) is False:  # refused, and now too late: then it ended without that result
            self.describe(arn)
            assert self.told[arn][1] == "ABORTED" or self.told[arn][0]

    def turn_disk(self) -> None:
        self.disk.at = self.draw.choice(["BEGIN", "COMMIT"])
        self.disk.full = not self.disk.full

    def check(self) -> None:
        """The file as a kill would leave it now."""
        told = dict(self.told)
        copy = self.folder / "killed.db"

        self.target._state.loop.call(lambda: copied(self.folder / "wf.db", copy))
        connection = sqlite3.connect(copy)
        rows = {arn: more for arn, *more in connection.execute("SELECT arn, redrive_count, status FROM executions")}
        connection.close()
        for each in self.folder.glob("killed.db*"):
            each.unlink()
        for arn, (redrives, status) in told.items():
            assert arn in rows, f"{arn} was told to have begun"
            assert rows[arn][0] >= redrives, f"{arn} was told to have been redriven"
            if status in ENDS and rows[arn][0] == redrives:
                assert rows[arn][1] == status, f"{arn} was told to be {status}"

    def go_on_with(self, target: StepFunctions, hand: Hand) -> None:
        """From here on with the next process."""
        self.target, self.hand, self.reported = target, hand, set()

    def finish(self) -> None:
        self.disk.full = False
        until(lambda: self.target._state.loop.driver.failing is None)
        for arn in list(self.told):
            if "execution:wait:" in arn:
                assert self.ask("StopExecution", executionArn=arn) is not None

        def over() -> bool:
            for number, (request, report) in enumerate(list(self.hand.asked)):
                if number not in self.reported:
                    self.reported.add(number)
                    if request.token is None:
                        report(Succeeded(1))
                    else:
                        self.ask("SendTaskSuccess", taskToken=request.token, output="1")
            return self.target.load().running == 0

        until(over)
        # None of them runs in memory; what a client is told waits for the commit of that.
        self.target._state.loop.call(lambda: None, durable=True)
        for arn in list(self.told):
            self.describe(arn, ended=True)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_told_is_in_the_file(seed: int, tmp_path: Path) -> None:
    hand = Hand()
    with on_disk(tmp_path / "wf.db", handlers=[hand]) as (target, disk):
        client = Client(target, disk, hand, tmp_path, seed)
        for number in range(150):
            client.step()
            if number % 10 == 0:
                client.check()
        client.check()
        with after_a_kill(target, tmp_path / "wf.db", handlers=[next_hand := Hand()]) as next_process:
            told = dict(client.told)
            client.go_on_with(next_process, next_hand)
            client.finish()
            client.told = told
        client.go_on_with(target, hand)
        client.finish()
        client.check()
