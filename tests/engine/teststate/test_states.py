"""What TestState answers: statuses, the next state, and the data on its way."""

from __future__ import annotations

import json
from typing import Any

import pytest

import penstock
from penstock.engine.tasks.handler import Cancel, Reporter, Succeeded, TaskRequest
from penstock.engine.teststate import run_state

WORK = "arn:aws:lambda:us-east-1:123456789012:function:work"
ORDER = {"order": {"id": 7}, "rest": 1}


def answer(definition: Any, given: Any = None, level: str = "DEBUG", **params: Any) -> dict[str, Any]:
    """The response, its JSON texts read."""
    response = penstock.test_state(definition, given, inspectionLevel=level, **params)
    if "output" in response:
        response["output"] = json.loads(response["output"])
    data = response.get("inspectionData", {})
    for name, value in data.items():
        if isinstance(value, str):
            data[name] = json.loads(value)
    return response


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": WORK, **({} if "Next" in fields else {"End": True}), **fields}


def test_a_task_in_jsonpath_shows_each_step() -> None:
    state = task(
        InputPath="$.order",
        Parameters={"number.$": "$.id"},
        ResultSelector={"got.$": "$.answer"},
        ResultPath="$.done",
        OutputPath="$.done",
        Next="After",
    )
    response = answer(state, ORDER, functions={"work": lambda event, context: {"answer": event["number"] + 1}})
    assert response == {
        "output": {"got": 8},
        "nextState": "After",
        "status": "SUCCEEDED",
        "inspectionData": {
            "input": ORDER,
            "afterInputPath": {"id": 7},
            "afterParameters": {"number": 7},
            "result": {"answer": 8},
            "afterResultSelector": {"got": 8},
            "afterResultPath": {**ORDER, "done": {"got": 8}},
        },
    }


def test_a_task_in_jsonata_shows_arguments_and_result() -> None:
    state = task(
        QueryLanguage="JSONata",
        Arguments={"n": "{% $states.input.order.id %}"},
        Assign={"seen": "{% $states.result %}"},
        Output="{% $states.result * 2 + $offset %}",
    )
    response = answer(state, ORDER, mock={"result": 21}, variables={"offset": 1})
    assert response["output"] == 43
    assert response["inspectionData"] == {
        "input": ORDER,
        "afterArguments": {"n": 7},
        "result": 21,
        "variables": {"offset": 1, "seen": 21},
    }


def test_info_shows_the_outcome_alone() -> None:
    assert answer({"Type": "Succeed"}, 1, level="INFO") == {"output": 1, "status": "SUCCEEDED"}


def test_a_choice_leads_where_its_rule_says() -> None:
    state = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.order.id", "NumericEquals": 7, "Next": "Seven"}],
        "Default": "Other",
    }
    response = answer(state, ORDER)
    assert (response["nextState"], response["inspectionData"]) == ("Seven", {"input": ORDER, "afterInputPath": ORDER})
    assert answer(state, {"order": {"id": 1}})["nextState"] == "Other"


def test_a_wait_takes_no_time_and_ends_after_five_minutes() -> None:
    assert answer({"Type": "Wait", "Seconds": 299, "Next": "A"}, 1)["nextState"] == "A"
    late = answer({"Type": "Wait", "Seconds": 301, "Next": "A"}, 1)
    assert (late["status"], late["error"], "output" in late) == ("FAILED", "States.Timeout", False)


RETRY = [
    {"ErrorEquals": ["Other"], "MaxAttempts": 9},
    {"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 3, "MaxDelaySeconds": 10},
]
BUSY = {"errorOutput": {"error": "Busy", "cause": "later"}}


@pytest.mark.parametrize(("used", "seconds"), [(0, 2), (1, 6), (2, 10)])
def test_an_error_that_would_be_retried(used: int, seconds: int) -> None:
    response = answer(task(Retry=RETRY), {}, mock=BUSY, stateConfiguration={"retrierRetryCount": used})
    assert {key: response[key] for key in ("status", "error", "cause")} == {
        "status": "RETRIABLE",
        "error": "Busy",
        "cause": "later",
    }
    assert response["inspectionData"]["errorDetails"] == {"retryIndex": 1, "retryBackoffIntervalSeconds": seconds}
    assert "output" not in response


def test_an_error_whose_retries_are_used_up() -> None:
    used = {"stateConfiguration": {"retrierRetryCount": 3}}
    response = answer(task(Retry=RETRY), {}, mock=BUSY, **used)
    assert (response["status"], response["inspectionData"]["errorDetails"]) == ("FAILED", {"retryIndex": 1})
    catch = [{"ErrorEquals": ["Other"], "Next": "A"}, {"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "B"}]
    caught = answer(task(Retry=RETRY, Catch=catch), {"x": 1}, mock=BUSY, **used)
    assert (caught["status"], caught["nextState"]) == ("CAUGHT_ERROR", "B")
    assert caught["output"] == {"x": 1, "e": {"Error": "Busy", "Cause": "later"}}
    assert caught["inspectionData"]["errorDetails"]["catchIndex"] == 1


def test_how_often_it_was_retried_is_in_the_context() -> None:
    state = task(Parameters={"tries.$": "$$.State.RetryCount", "name.$": "$$.State.Name"})
    response = answer(state, {}, mock={"result": 1}, stateConfiguration={"retrierRetryCount": 4})
    assert response["inspectionData"]["afterParameters"] == {"tries": 4, "name": "StateName"}


def test_causes_do_not_say_where_it_happened() -> None:
    state = {"Type": "Pass", "Parameters": {"a.$": "$.none"}, "End": True}
    response = answer(state, {"b": 1})
    assert response["error"] == "States.Runtime"
    assert response["cause"].startswith("The JSONPath '$.none' specified for the field 'a.$' could not be found")
    assert response["inspectionData"] == {"input": {"b": 1}, "afterInputPath": {"b": 1}}


def test_a_runtime_error_is_not_caught() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "B"}]
    response = answer(task(Catch=catch, OutputPath="$.none"), {"a": 1}, mock={"result": {}})
    assert (response["status"], response["error"]) == ("FAILED", "States.Runtime")
    assert "errorDetails" not in response["inspectionData"]


def test_a_catcher_whose_output_fails() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Nothing %}", "Next": "B"}]
    response = answer(task(QueryLanguage="JSONata", Catch=catch), {}, mock=BUSY)
    assert (response["status"], response["error"]) == ("FAILED", "States.QueryEvaluationError")
    assert "output" not in response
    assert "nextState" not in response


def test_a_state_inside_a_branch_is_found_with_the_language_of_its_machine() -> None:
    inner = {
        "StartAt": "Deep",
        "States": {"Deep": {"Type": "Pass", "Output": "{% $states.input.n + 1 %}", "End": True}},
    }
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "Both",
        "States": {"Both": {"Type": "Parallel", "Branches": [inner], "End": True}},
    }
    assert answer(machine, {"n": 1}, stateName="Deep", level="INFO") == {"output": 2, "status": "SUCCEEDED"}
    text = json.dumps(machine)
    assert answer(text, '{"n": 2}', stateName="Deep", level="INFO")["output"] == 3


def test_a_task_token_comes_from_the_context_that_is_given() -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
    }
    response = answer(state, {}, mock={"result": {"any": "thing"}}, context={"Task": {"Token": "t-1"}})
    assert response["inspectionData"]["afterParameters"]["MessageBody"] == {"token": "t-1"}
    assert response["output"] == {"any": "thing"}


def test_the_context_is_an_express_execution_of_a_state_called_statename() -> None:
    context = answer({"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True}, {"n": 1})["output"]["c"]
    execution, machine = context["Execution"], context["StateMachine"]
    assert execution["Id"] == f"{machine['Id'].replace('stateMachine', 'express')}:{execution['Name']}"
    assert set(execution) == {"Id", "Input", "Name", "RoleArn", "StartTime"}
    assert (execution["Input"], execution["RoleArn"]) == ({"n": 1}, None)
    assert context["State"]["Name"] == "StateName"
    assert answer(task(ResultSelector={"c.$": "$$"}), {}, mock={"result": {}}, context={})["output"] == {"c": {}}


def test_a_pass_shows_its_steps_even_where_it_changes_nothing() -> None:
    data = answer({"Type": "Pass", "End": True}, 1)["inspectionData"]
    assert data == dict.fromkeys(
        ("input", "afterInputPath", "afterParameters", "afterResultSelector", "afterResultPath"), 1
    )
    state = {"Type": "Pass", "InputPath": "$.a", "Result": 2, "ResultPath": "$.r", "End": True}
    assert answer(state, {"a": 1})["inspectionData"] == {
        "input": {"a": 1},
        "result": 2,
        "afterResultSelector": 2,
        "afterResultPath": {"a": 1, "r": 2},
    }


def test_a_nested_execution_can_be_mocked() -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution",
        "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:other"},
        "End": True,
    }
    started = {"ExecutionArn": "arn", "StartDate": "2026-11-22T05:54:39Z"}
    assert answer(state, {}, mock={"result": started})["output"] == started


def test_errors_and_causes_have_the_length_that_the_api_gives() -> None:
    state = {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "$.c"}
    response = answer(state, {"e": "e" * 300, "c": "c" * 40_000})
    assert (len(response["error"]), len(response["cause"])) == (256, 32_768)


def test_handlers_stay_the_callers() -> None:
    class Handler:
        closed = 0

        def handles(self, resource: str) -> bool:
            return resource == WORK

        def start(self, request: TaskRequest, report: Reporter) -> Cancel:
            report(Succeeded(request.arguments))
            return lambda: None

        def close(self) -> None:
            self.closed += 1

    handler = Handler()
    given = {"definition": task(), "input": {"n": 1}}
    for _ in range(2):
        assert run_state(given, handlers=lambda state: [handler])["output"] == '{"n":1}'
    assert not handler.closed


def test_one_test_leaves_the_next_alone() -> None:
    state = task(Retry=RETRY, Assign={"n.$": "$"})
    first = answer(state, {}, mock={"result": 1})
    assert answer(state, {}, mock={"result": 1}) == first
    assert first["inspectionData"]["variables"] == {"n": 1}
