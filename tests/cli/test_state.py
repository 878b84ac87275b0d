"""penstock state: one state alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.server.process import running

from penstock.cli import app

MACHINE = {
    "StartAt": "Charge",
    "States": {
        "Charge": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "charge", "Payload.$": "$"},
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 4}],
            "Next": "Calm down",
        },
        "Calm down": {"Type": "Wait", "Seconds": 86400, "Next": "Done"},
        "Done": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $total %}", "End": True},
    },
}


@pytest.fixture
def target(tmp_path: Path) -> str:
    (tmp_path / ".git").mkdir()
    file = tmp_path / "machine.asl.json"
    file.write_text(json.dumps(MACHINE))
    return str(file)


def state(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app.root, ["state", *arguments], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_a_mocked_task_with_its_data(target: str) -> None:
    mock = '{"result": {"Payload": 3, "StatusCode": 200}}'
    response = state(target, "Charge", "--input", '{"n": 1}', "--mock", mock, "--inspect")
    assert (response["status"], response["nextState"]) == ("SUCCEEDED", "Calm down")
    assert json.loads(response["output"]) == {"Payload": 3, "StatusCode": 200}
    assert json.loads(response["inspectionData"]["afterParameters"]) == {"FunctionName": "charge", "Payload": {"n": 1}}


def test_an_attempt_that_fails_exits_with_1(target: str) -> None:
    mock = '{"errorOutput": {"error": "Busy"}}'
    assert state(target, "Charge", "--mock", mock, code=1) == {"status": "RETRIABLE", "error": "Busy"}
    used = '{"retrierRetryCount": 3}'
    assert state(target, "Charge", "--mock", mock, "--configuration", used, code=1)["status"] == "FAILED"


def test_variables_and_inputs_that_are_texts(target: str) -> None:
    assert state(target, "Done", "--variables", '{"total": "9"}')["output"] == '"9"'
    assert (
        state(target, "Charge", "--input", '"text"', "--mock", '{"result": {}}', "--inspect")["inspectionData"]["input"]
        == '"text"'
    )


def test_a_wait_is_skipped_within_the_five_minutes(target: str) -> None:
    response = state(target, "Calm down", code=1)
    assert response["error"] == "States.Timeout"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["Chrage"], 3, "has no state 'Chrage'; did you mean 'Charge'?"),
        (["Charge", "--mock", "{"], 2, "--mock"),
        (["Done", "--mock", '{"result": 1}'], 2, "ValidationException: State type 'Pass' is not supported when a mock"),
        (["Charge", "--mock", '{"result": {"StatusCode": "x"}}'], 2, "Field 'StatusCode' must be a number"),
    ],
)
def test_mistakes_are_said_in_one_sentence(
    target: str, arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.main(["state", target, *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert "Traceback" not in captured.err


ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:m"


def test_a_map_is_said_to_need_a_mock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pass_ = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    file = tmp_path / "map.asl.json"
    file.write_text(json.dumps({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": pass_, "End": True}}}))
    assert app.main(["state", str(file), "M"]) == 2
    words = "TestState runs no Map without a mock: say what the state 'M' gives with --mock '{\"result\": …}'."
    assert capsys.readouterr().err == f"penstock: {words}\n"
    assert state(str(file), "M", "--input", "[1]", "--mock", '{"result": [2]}')["output"] == "[2]"


def test_a_machine_of_a_server_needs_to_know_which(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["state", ARN, "P"]) == 2
    words = f"{ARN} is a state machine of a server; say which with --endpoint, such as http://127.0.0.1:4599."
    assert capsys.readouterr().err == f"penstock: {words}\n"
    assert app.main(["check", ARN]) == app.main(["run", ARN]) == 3
    assert capsys.readouterr().err.splitlines() == 2 * [
        f"penstock: {ARN} is no file but something of a server's or AWS's. Save its definition (aws stepfunctions "
        "describe-state-machine) and name that file."
    ]


def test_what_a_server_refuses_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".git").mkdir()
    with running(tmp_path) as url:
        assert app.main(["state", ARN, "P", "--endpoint", url]) == 2
        assert capsys.readouterr().err == f"penstock: StateMachineDoesNotExist: State Machine Does Not Exist: '{ARN}'\n"


def test_a_script_answers_with_its_own_task(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    project = tmp_path / "project.py"
    project.write_text(
        "from penstock.script import Task\n\n\n"
        "class Double(Task):\n"
        "    async def run(event, context):\n"
        "        return event['n'] * 2\n\n\n"
        "def main(data):\n"
        "    data['twice'] = Double(data)\n"
    )
    from penstock.api import load

    name = next(each.name for _, each in load(project).definition.walk() if each.type == "Task")
    assert "42" in json.dumps(state(str(project), name, "--input", '{"n": 21}'))
