"""The Python API: a contract. Nothing prints, nothing exits, everything raised is a PenstockError."""

import json
import logging
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from uuid import UUID

import pytest

import penstock
from penstock import errors
from penstock.api import run_many

TASK = "arn:aws:lambda:us-east-1:123456789012:function:Pay"
SCRIPT = """
from penstock.script import Task, retry, wait

class Pay(Task):
    async def run(event, context):
        print("paying", event["amount"])
        if event["amount"] > 100:
            raise ValueError("too much")
        return {"paid": event["amount"]}

def main(data):
    wait(seconds=3600)
    data["receipt"] = Pay(data)
"""


def states(**found: dict) -> dict:
    return {"StartAt": next(iter(found)), "States": found}


def task(**fields: object) -> dict:
    return states(Pay={"Type": "Task", "Resource": TASK, "End": True, **fields})


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    file = tmp_path / "project.py"
    file.write_text(SCRIPT)
    return file


def test_the_public_names_are_frozen():
    assert penstock.__all__ == [
        "Callbacks",
        "Client",
        "Diagnostic",
        "Machine",
        "RunHandle",
        "RunResult",
        "Severity",
        "Span",
        "__version__",
        "errors",
        "load",
        "redrive",
        "resume",
        "run",
        "start",
        "test_state",
    ]
    assert all(getattr(penstock, name) is not None for name in penstock.__all__)
    assert set(penstock.__all__) <= set(dir(penstock))
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        penstock.nope  # noqa: B018


def test_importing_penstock_loads_nothing_else():
    code = "import sys, penstock; print(sorted(m for m in sys.modules if m.startswith(('penstock.', 'click', 'rich', 'orjson'))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "['penstock._version']"


def test_a_script_from_text_to_result(script, capfd):
    machine = penstock.load(script)
    assert machine.check() == []
    assert machine.to_dict()["States"]["Pay"]["Type"] == "Task"
    result = penstock.run(machine, {"amount": 5}, time="skip", name="run-1")
    assert (result.status, result.output) == ("SUCCEEDED", {"amount": 5, "receipt": {"paid": 5}})
    assert (result.error, result.cause, result.name) == (None, None, "run-1")
    assert (result.stop_date - result.start_date).total_seconds() >= 3600
    assert [event["type"] for event in result.history][:2] == ["ExecutionStarted", "WaitStateEntered"]
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_what_a_task_prints_is_logged(script, caplog):
    with caplog.at_level(logging.INFO, logger="penstock.task"):
        penstock.run(script, {"amount": 5}, time="skip")
    assert "paying 5" in caplog.text


def test_a_failed_execution_is_a_result_with_its_line(script):
    result = penstock.run(script, {"amount": 500}, time="skip")
    assert (result.status, result.output, result.error) == ("FAILED", None, "ValueError")
    assert json.loads(result.cause or "")["errorMessage"] == "too much"
    assert result.failed_state == "Pay"
    assert result.failed_span is not None
    assert result.failed_span.line == 13


def test_functions_answer_by_name_and_by_arn():
    def pay(event, context):
        return {"paid": event["n"]}

    for key in ("Pay", TASK):
        assert penstock.run(task(), {"n": 1}, functions={key: pay}).output == {"paid": 1}


def test_a_function_answers_for_a_placeholder_of_its_name():
    machine = task(Resource="${PayArn}")
    assert penstock.run(machine, {}, functions={"Pay": lambda event, context: 7}).output == 7
    assert penstock.run(machine, {}, functions={"Pay": lambda e, c: 8}, substitutions={"PayArn": TASK}).output == 8


def test_a_placeholder_without_a_value_is_said_before_anything_runs():
    with pytest.raises(errors.InvalidInput, match=r"'Pay' calls \$\{PayArn\}, which has no value"):
        penstock.run(task(Resource="${PayArn}"))


MOCKS = {
    "StateMachines": {"Any": {"TestCases": {"Good": {"Pay": "Yes"}, "Bad": {"Pay": "No"}}}},
    "MockedResponses": {"Yes": {"0": {"Return": 1}}, "No": {"0-9": {"Throw": {"Error": "Oh", "Cause": "dear"}}}},
}


def test_mocks_from_a_file_and_from_a_dict(tmp_path):
    file = tmp_path / "mocks.json"
    file.write_text(json.dumps(MOCKS))
    assert penstock.run(task(), mocks=f"{file}#Good").output == 1
    given = {"config": MOCKS, "state_machine": "Any", "case": "Bad"}
    result = penstock.run(task(Resource="${PayArn}"), mocks=given)
    assert (result.error, result.cause) == ("Oh", "dear")
    with pytest.raises(errors.InvalidInput, match="'Good', 'Bad'"):
        penstock.run(task(), mocks=str(file))


def test_settings_name_functions_by_module(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    (tmp_path / "penstock.toml").write_text('[functions]\nPay = "paying:pay"\n[aws]\nregion = "eu-west-1"\n')
    (tmp_path / "paying.py").write_text("def pay(event, context):\n    return event['n'] + 1\n")
    file = tmp_path / "m.asl.json"
    file.write_text(json.dumps(task()))
    result = penstock.run(file, {"n": 1})
    assert result.output == 2
    assert ":eu-west-1:" in result.execution_arn


def test_a_machine_starts_another_of_its_script(tmp_path):
    file = tmp_path / "project.py"
    file.write_text(
        textwrap.dedent(
            """
            def child(data):
                return {"seen": data["n"]}

            def main(data):
                data["child"] = child.start({"n": data["n"]})
            """
        )
    )
    result = penstock.run(file, {"n": 4})
    assert result.status == "SUCCEEDED", result.cause
    assert '"seen"' in json.dumps(result.output)


def test_virtual_time_takes_no_time():
    result = penstock.run(states(W={"Type": "Wait", "Seconds": 31_000_000, "End": True}), time="skip")
    assert (result.stop_date - result.start_date).days > 350


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"StartAt": 3},
        states(A={"Type": "Pass", "Next": "Nowhere"}),
        states(A={"Type": "Nonsense", "End": True}),
        states(A={"Type": "Task", "Resource": "arn:aws:lambda", "End": True}),
        {**states(A={"Type": "Pass", "End": True}), "StartAt": "B"},
    ],
)
def test_what_aws_would_not_create_loads_but_does_not_run(document):
    machine = penstock.load(document)
    assert any(each.is_error for each in machine.check())
    assert machine.to_dict() == document
    with pytest.raises(errors.InvalidDefinition) as caught:
        penstock.run(document)
    assert caught.value.diagnostics
    assert all(isinstance(each, penstock.Diagnostic) for each in caught.value.diagnostics)


def test_express_limits_count_for_express_only():
    document = task(
        Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken", Parameters={"QueueUrl": "q", "MessageBody": "b"}
    )
    assert penstock.load(document).check() == []
    assert [each.is_error for each in penstock.load(document).check(type="EXPRESS")] == [True]
    with pytest.raises(errors.InvalidDefinition):
        penstock.run(document, type="EXPRESS")


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int


CIRCULAR: list = []
CIRCULAR += [CIRCULAR, CIRCULAR]


@pytest.mark.parametrize(
    "arguments",
    [
        {"input": object()},
        {"input": {"x": float("nan")}},
        {"input": "x" * 300_000},
        {"input": {1, 2}},
        {"input": {"when": datetime(2024, 1, 1, tzinfo=UTC)}},
        {"input": [Decimal(1)]},
        {"input": [UUID(int=1)]},
        {"input": [Colour.RED]},
        {"input": Point(1)},
        {"input": CIRCULAR},
        {"time": "fast"},
        {"functions": ["Pay"]},
        {"functions": {"Pay": 3}},
        {"name": "a b"},
        {"name": ""},
        {"name": "x" * 81},
        {"type": "GREAT"},
        {"mocks": "nope.json#x"},
        {"mocks": {"case": "x"}},
        {"mocks": {"config": MOCKS, "kase": "x"}},
        {"mocks": {"config": 5}},
        {"mocks": 5},
    ],
)
def test_arguments_that_cannot_be_used_raise_a_usage_error(arguments):
    with pytest.raises(errors.UsageError) as caught:
        penstock.run(task(), **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "taken"),
    [((1, (2,)), [1, [2]]), ({1: "a"}, {"1": "a"}), (2**70, 2**70), ("\ud800", "\ud800"), ([1.0, -0.0], [1.0, -0.0])],
)
def test_what_python_s_json_takes_for_input_is_taken_as_it_takes_it(value, taken):
    output = penstock.run(states(A={"Type": "Pass", "End": True}), value).output
    assert output == taken
    assert repr(output) == repr(taken)


def test_changing_the_input_afterwards_changes_nothing():
    given = {"rows": [[1]]}
    handle = penstock.run(states(A={"Type": "Pass", "End": True}), given)
    given["rows"][0].append(2)
    assert handle.output == {"rows": [[1]]}


def test_deep_input_is_refused_without_recursion():
    value: list = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(errors.InvalidInput, match="nested deeper"):
        penstock.run(states(A={"Type": "Pass", "End": True}), value)


def test_no_input_is_an_empty_object_and_none_is_null():
    machine = states(A={"Type": "Pass", "End": True})
    assert penstock.run(machine).output == {}
    assert penstock.run(machine, None).output is None


def test_the_input_is_not_shared_with_the_caller():
    mine: dict = {"a": [1]}
    result = penstock.run(states(A={"Type": "Pass", "End": True}), mine)
    result.output["a"].append(2)
    assert mine == {"a": [1]}


def test_the_observer_sees_every_event_in_order():
    seen: list[int] = []
    result = penstock.run(
        task(), {}, functions={"Pay": lambda e, c: 1}, observer=lambda event: seen.append(event["id"])
    )
    assert seen == [event["id"] for event in result.history]


def test_many_inputs_give_results_in_their_order():
    waits = states(W={"Type": "Wait", "SecondsPath": "$.s", "End": True})
    results = list(run_many(waits, [{"s": n} for n in (5, 1, 3)], time="skip", name="batch", at_once=2))
    assert [result.output["s"] for result in results] == [5, 1, 3]
    assert [result.name for result in results] == ["batch-1", "batch-2", "batch-3"]


def test_the_definition_is_written_the_same_every_time(script):
    machine = penstock.load(script)
    assert machine.to_json() == penstock.load(script).to_json()
    assert json.loads(machine.to_json()) == machine.to_dict()
    assert machine.to_yaml().startswith("StartAt:")


def test_the_source_map_knows_every_state(script):
    found = penstock.load(script).source_map()
    assert found["machine"] == "main"
    assert found["states"]["Pay"]["line"] == 13


def test_the_picture_in_every_format(script):
    machine = penstock.load(script)
    assert machine.graph().startswith("flowchart TD")
    assert machine.graph("dot").startswith("digraph")
    result = penstock.run(machine, {"amount": 1}, time="skip")
    assert "succeeded" in machine.graph("svg", history=result.history)
    with pytest.raises(errors.UsageError, match="mermaid, dot and svg"):
        machine.graph("png")  # type: ignore[arg-type]  # what is tested


def test_severity_leaves_warnings_out():
    document = states(A={"Type": "Pass", "Result": {"x.$": "$.y"}, "End": True})
    machine = penstock.load(document)
    assert [each.severity for each in machine.check()] == [penstock.Severity.WARNING]
    assert machine.check(severity="ERROR") == []
    with pytest.raises(errors.UsageError, match="ERROR or WARNING"):
        machine.check(severity="LOUD")
