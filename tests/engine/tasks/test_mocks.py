"""AWS's mock files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.engine.tasks.helpers import FUNCTION, INVOKE, Attempt, outcome, request

import penstock
from penstock.engine.tasks.handler import Failed, Submitted, Succeeded
from penstock.engine.tasks.mocks import MockHandler
from penstock.errors import InvalidInput

SQS = "arn:aws:states:::sqs:sendMessage"

CONFIG: dict[str, Any] = {
    "StateMachines": {
        "Orders": {
            "TestCases": {"Happy": {"Pay": "Paid", "Send": "Sent"}, "Retry": {"Pay": "PaidLate"}},
        }
    },
    "MockedResponses": {
        "Paid": {"0": {"Return": {"StatusCode": 200, "Payload": {"paid": True}}}},
        "PaidLate": {
            "0": {"Throw": {"Error": "NotReady", "Cause": "Not ready."}},
            "1-2": {"Throw": {"Error": "Slow"}},
            "3": {"Return": "done"},
        },
        "Sent": {"0": {"Return": None}},
    },
}


def test_answers_count_a_states_invocations() -> None:
    handler = MockHandler.from_config(CONFIG, "Orders", "Retry")
    got = [outcome(handler, request(INVOKE, {}, state="Pay")) for _ in range(4)]
    assert got == [Failed("NotReady", "Not ready."), Failed("Slow"), Failed("Slow"), Succeeded("done")]


def test_a_new_execution_counts_from_zero() -> None:
    handler = MockHandler.from_config(CONFIG, "Orders", "Retry")
    for arn in ("first", "second"):
        assert outcome(handler, request(INVOKE, {}, state="Pay", execution_arn=arn)) == Failed("NotReady", "Not ready.")


def test_an_invocation_past_the_last_answer_fails_past_every_catch() -> None:
    handler = MockHandler.from_config(CONFIG, "Orders", "Happy")
    outcome(handler, request(INVOKE, {}, state="Pay"))
    failed = outcome(handler, request(INVOKE, {}, state="Pay"))
    assert failed == Failed("States.Runtime", "The mocked response 'Paid' has no answer for invocation 1.")


def test_states_without_a_mock_are_left_to_others() -> None:
    handler = MockHandler.from_config(CONFIG, "Orders", "Retry")
    assert handler.answers(request(SQS, {}, state="Pay"))
    assert not handler.answers(request(SQS, {}, state="Send"))


def test_a_functions_own_arn_gets_the_payload_alone() -> None:
    handler = MockHandler.from_config(CONFIG, "Orders", "Happy")
    assert outcome(handler, request(FUNCTION + "pay", {}, state="Pay")) == Succeeded({"paid": True})


def test_jobs_and_callbacks_are_submitted_first() -> None:
    handler = MockHandler.from_config(CONFIG, None, "Happy")
    attempt = Attempt(handler, request(SQS + ".waitForTaskToken", {"MessageBody": {}}, state="Send"))
    submitted, ended = attempt.reports
    assert isinstance(submitted, Submitted)
    assert list(submitted.output) == ["MD5OfMessageBody", "MessageId", "SdkHttpMetadata", "SdkResponseMetadata"]  # type: ignore[arg-type]
    assert ended == Succeeded(None)
    attempt = Attempt(handler, request(INVOKE + ".waitForTaskToken", {}, state="Pay"))
    assert attempt.reports[0] == Submitted({}, working=True)


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mocks.json"
    file.write_text(json.dumps(CONFIG))
    assert outcome(MockHandler.from_config(file, "Orders", "Happy"), request(SQS, state="Send")) == Succeeded(None)


@pytest.mark.parametrize(
    ("machine", "case", "message"),
    [
        ("Orders", "Sad", "no test case 'Sad'; it has 'Happy', 'Retry'"),
        ("Order", "Happy", "no state machine 'Order' in the file; it has 'Orders'"),
    ],
)
def test_unknown_names_list_those_there_are(machine: str, case: str, message: str) -> None:
    with pytest.raises(InvalidInput) as error:
        MockHandler.from_config(CONFIG, machine, case)
    assert message in str(error.value)


def _with(responses: Any = None, machines: Any = None, **more: Any) -> dict[str, Any]:
    document = {
        "StateMachines": {"M": {"TestCases": {"C": {"S": "R"}}}} if machines is None else machines,
        "MockedResponses": {"R": {"0": {"Return": 1}}} if responses is None else responses,
    }
    return {**document, **more}


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ([], "the file must be a JSON object"),
        ({}, "StateMachines is missing"),
        (_with(MockedResponse={}), "'MockedResponse' is not a field"),
        (_with(machines={"M": {"TestCase": {}}}), "StateMachines.M.TestCase is not a field"),
        (
            _with(machines={"M": {"TestCases": {"C": {"S": "Q"}}}}),
            "StateMachines.M.TestCases.C.S names the response 'Q'",
        ),
        (_with(machines={"M": {"TestCases": {"C": {"S": {}}}}}), "must be the name of a mocked response"),
        (_with({"R": {}}), "MockedResponses.R is empty"),
        (_with({"R": {"first": {"Return": 1}}}), "MockedResponses.R.first must be the number of an invocation"),
        (_with({"R": {"2-1": {"Return": 1}}}), "MockedResponses.R.2-1 must be"),
        (_with({"R": {"0-2": {"Return": 1}, "1": {"Return": 1}}}), "MockedResponses.R.1 overlaps 0-2"),
        (_with({"R": {"0": {"Return": 1, "Throw": {}}}}), "must have either Return or Throw"),
        (_with({"R": {"0": {"Throw": {"Error": 5}}}}), "MockedResponses.R.0.Throw must have Error"),
        (_with({"R": {"0": {"Throw": {"Error": "E", "Why": "x"}}}}), "MockedResponses.R.0.Throw.Why is not a field"),
    ],
)
def test_a_bad_file_is_one_message_that_names_the_place(config: Any, place: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(config))
    with pytest.raises(InvalidInput) as error:
        MockHandler.from_config(file, "M", "C")
    assert place in str(error.value)
    assert str(file) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"a": 1, "a": 2}'])
def test_a_file_that_is_not_json(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"bad\.json is not"):
        MockHandler.from_config(file, "M", "C")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        MockHandler.from_config(tmp_path / "none.json", "M", "C")


def _recorded() -> list[Any]:
    root = Path(os.environ.get("PENSTOCK_CONFORMANCE", Path(__file__).parents[4] / "shared" / "conformance"))
    file = root / "states-language" / "cases" / "local_mocking.json"
    if not file.exists():
        return [pytest.param(None, marks=pytest.mark.skip(f"{file} is not there"))]
    return [pytest.param(case["mock"], id=case["id"]) for case in json.loads(file.read_text())]


@pytest.mark.parametrize("mock", _recorded())
def test_the_files_of_others_are_read(mock: dict[str, Any]) -> None:
    machine = mock.get("state_machine_name") or next(iter(mock["config"]["StateMachines"]))
    cases = mock["config"]["StateMachines"][machine]["TestCases"]
    case = mock.get("test_case") or next(iter(cases))
    handler = MockHandler.from_config(mock["config"], mock.get("state_machine_name"), case)
    states = cases[case]
    for state, response in states.items():
        for numbers, answer in mock["config"]["MockedResponses"][response].items():
            first, _, last = numbers.partition("-")
            for _ in range(int(first), int(last or first) + 1):
                got = outcome(handler, request(SQS, {}, state=state))
                if "Return" in answer:
                    assert got == Succeeded(answer["Return"])
                else:
                    assert got == Failed(answer["Throw"]["Error"], answer["Throw"]["Cause"])


def test_complete_adds_what_aws_adds() -> None:
    config = {
        "StateMachines": {"M": {"TestCases": {"C": {"Call": "R"}}}},
        "MockedResponses": {"R": {"0": {"Return": {"Payload": 7, "ExecutedVersion": "3"}}}},
    }
    machine = {
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "f"},
                "End": True,
            }
        },
    }
    mocks = {"config": config, "state_machine": "M", "case": "C"}
    assert penstock.run(machine, {}, mocks=mocks).output == {"Payload": 7, "ExecutedVersion": "3"}
    whole = penstock.run(machine, {}, mocks=mocks | {"complete": True}).output
    assert whole["ExecutedVersion"] == "3"
    assert whole["StatusCode"] == whole["SdkHttpMetadata"]["HttpStatusCode"] == 200
