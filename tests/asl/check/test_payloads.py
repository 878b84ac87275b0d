"""Paths and intrinsics where they stand, and the three warnings."""

from typing import Any

import pytest
from tests.asl.check.support import choice, found, one, schema, task

from penstock.asl.check import check, create_error, invalid_definition
from penstock.asl.model import Parallel, Pass, StateMachine, Task
from penstock.diagnostics import Severity, Source, Span

NOT_A_PATH = "Value must be a valid JSONPath."


def wrong(field: str) -> str:
    return f"The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"


@pytest.mark.parametrize("field", ["InputPath", "OutputPath"])
@pytest.mark.parametrize("text", ["a", "$..", "$.a[", "", "States.UUID()", " $"])
def test_paths(field: str, text: str) -> None:
    assert schema(one({"Type": "Pass", field: text, "End": True})) == [(NOT_A_PATH, f"/States/X/{field}")]


@pytest.mark.parametrize("text", ["$.a[*]", "$..a", "$.a[?(@.b == 1)]", "$.a[0,1]", "$.a[1:2]", ".guid", "()", "$..."])
def test_a_result_goes_to_one_place(text: str) -> None:
    message, location = schema(one({"Type": "Pass", "ResultPath": text, "End": True}))[0]
    assert message.startswith("Value is not a Reference Path: ")
    assert location == "/States/X/ResultPath"


@pytest.mark.parametrize("text", ["$$", "$$.a", "$v", "$v.a"])
def test_a_result_goes_into_the_data(text: str) -> None:
    # Facts, §3: a ResultPath must not start with "$$"; a variable is Assign's to write.
    message, location = schema(one({"Type": "Pass", "ResultPath": text, "End": True}))[0]
    assert message.startswith("Value is not a Reference Path: ")
    assert location == "/States/X/ResultPath"


@pytest.mark.parametrize("text", ["$", "$.a.b[0]", "$['a b']", None])
def test_result_paths(text: str | None) -> None:
    assert found(one({"Type": "Pass", "ResultPath": text, "End": True})) == []


@pytest.mark.parametrize("text", ["$.books[-2]", "$$.Execution.Id", "$name.x", "$.a[?(@.b == FooBar)]", "$.[0]", None])
def test_input_paths(text: str | None) -> None:
    assert found(one({"Type": "Pass", "InputPath": text, "End": True})) == []


def test_values_of_templates() -> None:
    parameters = {
        "good.$": "$.g",
        "call.$": "States.Format('{}', $.a)",
        "context.$": "$$",
        "bad.$": 23,
        "deep": {"blank.$": " States.UUID()", "list": ["x", {"word.$": "ipsum"}, {"then.$": "x"}]},
        "subst.$": "${Path}",
    }
    assert schema(one({"Type": "Pass", "Parameters": parameters, "End": True})) == [
        (wrong("bad.$"), "/States/X/Parameters"),
        (wrong("blank.$"), "/States/X/Parameters/deep"),
        (wrong("word.$"), "/States/X/Parameters/deep/list[1]"),
        (wrong("then.$"), "/States/X/Parameters/deep/list[2]"),
    ]


@pytest.mark.parametrize("field", ["Parameters", "ResultSelector"])
def test_every_template_field_is_looked_at(field: str) -> None:
    assert schema(one(task(**{field: {"a.$": "b"}}))) == [(wrong("a.$"), f"/States/X/{field}")]


def test_assign_and_credentials_are_templates() -> None:
    assert schema(one(task(Assign={"a.$": "b"}))) == [(wrong("a.$"), "/States/X/Assign")]
    assert schema(one(task(Credentials={"RoleArn.$": "b"}))) == [(wrong("RoleArn.$"), "/States/X/Credentials")]


def test_a_name_stands_once_with_or_without_its_dollar() -> None:
    problem = check(one({"Type": "Pass", "Parameters": {"a": [{"t": 1, "t.$": "$.x"}]}, "End": True}))[0]
    assert problem.location == "/States/X/Parameters/a[0]"
    assert "set twice" in problem.message


def test_fail_takes_paths_and_calls() -> None:
    assert found(one({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}', $.c)"})) == []
    assert schema(one({"Type": "Fail", "CausePath": "States.Nope()"})) == [(wrong("CausePath"), "/States/X/CausePath")]


# ---- warnings


def warnings(definition: dict[str, Any]) -> list[tuple[str, str | None]]:
    problems = check(definition)
    assert all(one.severity is Severity.WARNING for one in problems)
    assert check(definition, severity=Severity.ERROR) == []
    return [(problem.code, problem.location) for problem in problems]


@pytest.mark.parametrize("value", ["$.a", "$$.Execution.Id", "$[0]", "States.UUID()"])
def test_no_dollar(value: str) -> None:
    state = {"Type": "Pass", "Parameters": {"a": {"b": value}}, "End": True}
    assert warnings(one(state)) == [("NO_DOLLAR", "/States/X/Parameters/a/b")]


@pytest.mark.parametrize("value", ["$", "$5", "$HOME/x", "States.", "States of matter (3)", "a $.b"])
def test_texts_that_are_only_texts(value: str) -> None:
    assert warnings(one({"Type": "Pass", "Parameters": {"a": value}, "End": True})) == []


def test_no_path() -> None:
    assert warnings(one({"Type": "Fail", "Error": "$.error", "Cause": "fine"})) == [("NO_PATH", "/States/X/Error")]
    rule = {"Variable": "$.a", "StringEquals": "$.b", "Next": "F"}
    assert warnings(choice(rule)) == [("NO_PATH", "/States/X/Choices[0]/StringEquals")]


@pytest.mark.parametrize(
    ("result", "location"),
    [("$.a", ""), ({"a.$": "$.b"}, "/a.$"), ([{"a": "$.b"}], "[0]/a"), ({"a": ["States.UUID()"]}, "/a[0]")],
)
def test_pass_result_is_static(result: Any, location: str) -> None:
    state = {"Type": "Pass", "Result": result, "End": True}
    assert warnings(one(state)) == [("PASS_RESULT_IS_STATIC", "/States/X/Result" + location)]


# ---- the wrapping, and machines that front ends make


def test_create_state_machines_words() -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B", "Parameters": {"x": "$.y"}}}}
    problems = check(definition)
    assert create_error(problems) == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next, "
        "MISSING_END_STATE: Workflow has no terminal state at null'"
    )
    assert invalid_definition(problems) == create_error(problems)
    assert create_error(check(one({"Type": "Fail", "Error": "$.x"}))) is None


def test_spans_of_states_serve_machines_without_a_text() -> None:
    source = Source("project.py", "\n" * 9)
    inner = Pass(name="I", input_path="bad", end=True, span=Span(source, 7, 1, 7, 5))
    branch = StateMachine(start_at="I", states={"I": inner})
    outer = Parallel(name="P", branches=(branch,), next="T", span=Span(source, 3, 1, 3, 5))
    last = Task(name="T", resource="nothing", end=True)
    machine = StateMachine(start_at="P", states={"P": outer, "T": last}, span=Span(source, 1, 1, 1, 2))
    assert [(one.location, one.span.line if one.span else None) for one in check(machine)] == [
        ("/States/P/Branches[0]/States/I/InputPath", 7),
        ("/States/T/Resource", 1),
    ]
