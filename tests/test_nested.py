"""`penstock.run` of machines that start others: each runs as the type that its own template or program gives it."""

from __future__ import annotations

import gc
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.test_durable import Slow

import penstock
from penstock.clock import VirtualClock
from penstock.engine.running import Running
from penstock.runs.file import FileRuns

STATES = "arn:aws:states:us-east-1:123456789012"
START = "arn:aws:states:::states:startExecution"
SHOW: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:lambda:us-east-1:123456789012:function:show",
    "Parameters": {"id.$": "$$.Execution.Id", "machine.$": "$$.StateMachine.Id"},
    "End": True,
}


class Shown:
    """A function that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def __call__(self, event: Any, context: Any) -> Any:
        self.said.append(event)
        return event


def starting(what: Any, resource: str = START, name: str = "kid") -> dict[str, Any]:
    task = {"Type": "Task", "Resource": resource, "Parameters": {"StateMachineArn": what, "Name": name, "Input": {}}}
    return {"StartAt": "N", "States": {"N": {**task, "End": True}}}


def template(kind: str, **more: Any) -> dict[str, Any]:
    child = {"StartAt": "S", "States": {"S": SHOW}}
    return {
        "Resources": {
            "Child": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"StateMachineName": "child", "StateMachineType": kind, "Definition": child},
            },
            "Main": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"StateMachineName": "main", "Definition": starting({"Ref": "Child"}, **more)},
            },
        }
    }


@pytest.mark.parametrize(("kind", "arn"), [("EXPRESS", "express:child:kid:"), ("STANDARD", "execution:child:kid")])
def test_a_template_says_which_type_a_machine_is(kind: str, arn: str) -> None:
    shown = Shown()
    result = penstock.run(template(kind), functions={"show": shown}, time="skip")
    assert result.output["ExecutionArn"].startswith(f"{STATES}:{arn}")
    assert shown.said == [{"id": result.output["ExecutionArn"], "machine": f"{STATES}:stateMachine:child"}]


def test_the_end_of_an_express_machine_of_a_template_cannot_be_waited_for() -> None:
    result = penstock.run(template("EXPRESS", resource=f"{START}.sync:2"), functions={"show": Shown()}, time="skip")
    assert (result.status, result.error) == ("FAILED", "StepFunctions.InvalidArnException")


def test_a_version_of_a_machine_of_a_template_is_the_machine() -> None:
    shown, document = Shown(), template("STANDARD")
    document["Resources"]["Main"]["Properties"]["Definition"] = starting(f"{STATES}:stateMachine:child:7")
    penstock.run(document, functions={"show": shown}, time="skip")
    assert shown.said == [{"id": f"{STATES}:execution:child:kid", "machine": f"{STATES}:stateMachine:child"}]


def test_further_machines_have_their_own_types() -> None:
    shown = Shown()
    child = penstock.load(template("EXPRESS"), "child")
    for what in (f"{STATES}:stateMachine:child", f"{STATES}:stateMachine:child:live"):
        result = penstock.run(starting(what), machines={"child": child}, functions={"show": shown}, time="skip")
        assert result.output["ExecutionArn"].startswith(f"{STATES}:express:child:kid:")


PROGRAM = """
from penstock.sfn import Construct, Pass, StateMachine, StateMachineType
from penstock.sfn.tasks import StepFunctionsStartExecution


class Both(Construct):
    def __init__(self):
        super().__init__("both")
        child = StateMachine(self, "child", definition=Pass("P"), state_machine_type=StateMachineType.EXPRESS)
        start = StepFunctionsStartExecution("S", state_machine=child, name="kid")
        StateMachine(self, "main", definition=start)
"""


def test_objects_say_which_type_a_machine_is(tmp_path: Path) -> None:
    (tmp_path / "both.py").write_text(PROGRAM)
    target = f"{tmp_path / 'both.py'}:Both"
    assert penstock.load(target, "child").type == "EXPRESS"
    assert penstock.load(target, "main").type == "STANDARD"
    assert penstock.run(penstock.load(target, "main"), time="skip").output["ExecutionArn"].split(":")[5] == "express"
    assert penstock.run(penstock.load(target, "child"), time="skip").execution_arn.split(":")[5] == "express"


AGAIN = {
    "StartAt": "C",
    "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.last", "IsPresent": True, "Next": "S"}], "Default": "W"},
        "W": {"Type": "Wait", "Seconds": 100, "Next": "N"},
        "N": {
            "Type": "Task",
            "Resource": START,
            "Parameters": {"StateMachineArn.$": "$$.StateMachine.Id", "Input": {"last": 1}},
            "Next": "E",
        },
        "E": {"Type": "Succeed"},
        "S": SHOW,
    },
}


def test_a_machine_that_starts_itself_is_of_the_type_that_it_runs_as(tmp_path: Path) -> None:
    shown, reached = Shown(), threading.Event()
    options: dict[str, Any] = {"functions": {"show": shown}, "time": "skip"}
    penstock.run(AGAIN, type="EXPRESS", **options)
    db = tmp_path / "r.db"

    def observe(event: Any) -> None:
        if event["type"] == "WaitStateEntered":
            reached.set()

    with penstock.start(AGAIN, type="EXPRESS", name="x", db=db, observer=observe, clock=Slow(), **options):
        assert reached.wait(10)
    penstock.resume(db, "x", functions={"show": shown})
    assert [each["id"].split(":")[5] for each in shown.said] == ["express", "express"]


# ---- over a restart


def test_an_express_machine_that_was_cut_off_begins_anew_with_its_run(tmp_path: Path) -> None:
    db, go, reached, shown = tmp_path / "r.db", threading.Event(), threading.Event(), Shown()

    def held(event: Any, context: Any) -> Any:
        reached.set()
        go.wait(20)
        return event

    document = template("EXPRESS")
    (tmp_path / "template.json").write_text(json.dumps(document))
    with penstock.start(tmp_path / "template.json", functions={"show": held}, db=db, name="x"):
        assert reached.wait(10)
        runs = FileRuns(db)
        wait_for(lambda: runs.execution("x").described["status"] == "SUCCEEDED")
        (child,) = runs.execution("x").started
        runs.close()
        assert (child["status"], child["executionArn"].split(":")[5]) == ("RUNNING", "express")
    go.set()
    result = penstock.resume(db, "x", functions={"show": shown})
    assert result.output["ExecutionArn"] == child["executionArn"]
    assert [each["id"] for each in shown.said] == [child["executionArn"]]
    runs = FileRuns(db)
    assert [each["name"] for each in runs.list()] == ["x"]
    runs.close()


def test_what_an_express_run_started_goes_on_by_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    db, reached = tmp_path / "r.db", threading.Event()
    inner = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": True}}}
    outer = starting(f"{STATES}:stateMachine:inner")
    options: dict[str, Any] = {"machines": {"inner": inner}}

    def observe(event: Any) -> None:
        if event["type"] == "ExecutionSucceeded":
            reached.set()

    with penstock.start(outer, type="EXPRESS", name="x", db=db, observer=observe, **options) as handle:
        assert reached.wait(10)
        runs = FileRuns(db)
        wait_for(lambda: [each["name"] for each in runs.list()] == ["kid"])
        runs.close()
        del handle
    result = penstock.resume(db, "kid", clock=VirtualClock(), **options)
    assert (result.status, result.name) == ("SUCCEEDED", "kid")
    assert "has changed" not in caplog.text


def wait_for(true: Any) -> None:
    for _ in range(2000):
        if true():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it does not come")


def test_executions_that_have_ended_are_not_held_for_their_names() -> None:
    """What a run starts and leaves costs its name."""
    child = {"StateMachineArn": f"{STATES}:stateMachine:child", "Input": {}}
    definition = {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "MaxConcurrency": 1,
                "ItemProcessor": {
                    "StartAt": "N",
                    "States": {
                        "N": {
                            "Type": "Task",
                            "Resource": START,
                            "Parameters": {**child, "Name.$": "States.Format('n{}', $)"},
                            "OutputPath": "$.StartDate",
                            "End": True,
                        }
                    },
                },
                "Next": "Again",
            },
            "Again": {
                "Type": "Task",
                "Resource": START,
                "Parameters": {**child, "Name": "n0"},
                "ResultPath": None,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Held"}],
                "End": True,
            },
            "Held": SHOW,
        },
    }
    held: list[int] = []

    def show(event: Any, context: Any) -> None:
        held.append(sum(isinstance(each, Running) for each in gc.get_objects()))

    passes = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    before = sum(isinstance(each, Running) for each in gc.get_objects())
    result = penstock.run(
        definition, list(range(2500)), machines={"child": passes}, functions={"show": show}, time="skip"
    )
    assert result.status == "SUCCEEDED", result.cause
    caught = [each for each in result.history if each["type"] == "TaskFailed"]
    assert [each["taskFailedEventDetails"]["error"] for each in caught] == [
        "StepFunctions.ExecutionAlreadyExistsException"
    ]
    assert held[0] - before < 1500  # the agenda lets go of a thousand timers at a time
