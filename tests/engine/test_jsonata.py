"""JSONata states: which field sees what, and the events of an expression that fails."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.support import FUNCTION, Scripted, chain, failing, go, machine

TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}


def query(states: dict[str, Any]) -> Any:
    return machine(states, QueryLanguage="JSONata")


def test_output_and_assign_see_the_result_and_the_old_variables() -> None:
    program = query(
        {
            "A": {"Type": "Pass", "Assign": {"n": 1}, "Next": "T"},
            "T": {
                **TASK,
                "Arguments": {"x": "{% $states.input.x %}"},
                "Assign": {"n": "{% $n + $states.result.x %}"},
                "Output": {"n": "{% $n %}", "in": "{% $states.input %}", "got": "{% $states.result.x %}"},
                "End": False,
                "Next": "B",
            },
            "B": {"Type": "Pass", "Output": {"n": "{% $n %}", "before": "{% $states.input %}"}, "End": True},
        }
    )
    assert go(program, {"x": 4}, Scripted()).output == {"n": 5, "before": {"n": 1, "in": {"x": 4}, "got": 4}}


def test_a_catcher_sees_the_error() -> None:
    catch = [{"ErrorEquals": ["Oops"], "Output": {"e": "{% $states.errorOutput.Error %}"}, "Next": "S"}]
    program = query({"T": {**TASK, "Catch": catch}, "S": {"Type": "Succeed", "Output": "{% $states.input.e %}"}})
    assert go(program, {}, Scripted(failing(1))).output == "Oops"


def test_choices_conditions_outputs_and_the_default() -> None:
    program = query(
        {
            "C": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.n > 1 %}", "Output": "many", "Next": "S"}],
                "Output": "few",
                "Default": "S",
            },
            "S": {"Type": "Succeed"},
        }
    )
    assert [go(program, {"n": n}).output for n in (1, 2)] == ["few", "many"]


def test_a_map_takes_items_and_selects_from_the_context() -> None:
    program = query(
        {
            "M": {
                "Type": "Map",
                "Items": "{% $states.input.list %}",
                "MaxConcurrency": "{% $states.input.most %}",
                "ItemSelector": {
                    "i": "{% $states.context.Map.Item.Index %}",
                    "v": "{% $states.context.Map.Item.Value %}",
                },
                "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}},
                "End": True,
            }
        }
    )
    assert go(program, {"list": ["a", "b"], "most": 1}).output == [{"i": 0, "v": "a"}, {"i": 1, "v": "b"}]


def test_an_expression_that_fails_is_recorded_and_can_be_retried() -> None:
    task = {
        **TASK,
        "Output": "{% $states.result.none %}",
        "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}],
    }
    result = go(query({"T": task}), {}, Scripted())
    assert result.error == "States.QueryEvaluationError"
    assert result.cause == (
        "An error occurred while executing the state 'T' (entered at the event id #2). The JSONata expression "
        "'$states.result.none' specified for the field 'Output' returned nothing (undefined)."
    )
    failed = [e["evaluationFailedEventDetails"] for e in result.history if e["type"] == "EvaluationFailed"]
    assert [(f["location"], f["state"]) for f in failed] == [("Output", "T")] * 2


def test_a_catcher_whose_own_output_fails() -> None:
    # Measured (floci-io/floci#2868).
    program = query(
        {
            "P": {
                "Type": "Parallel",
                "Branches": [{"StartAt": "Boom", "States": {"Boom": {"Type": "Fail", "Error": "MyError"}}}],
                "Catch": [
                    {"ErrorEquals": ["States.ALL"], "Output": {"v": "{% $states.input.missing %}"}, "Next": "Done"}
                ],
                "End": True,
            },
            "Done": {"Type": "Pass", "End": True},
        }
    )
    assert chain(go(program, {}))[4:] == [
        (5, "ParallelStateFailed", 4),
        (6, "EvaluationFailed", 4),
        (7, "ParallelStateFailed", 6),
        (8, "ExecutionFailed", 7),
    ]


@pytest.mark.parametrize(
    ("state", "value", "cause"),
    [
        ({"Type": "Wait", "Seconds": "{% $states.input %}", "End": True}, -1, "not negative: -1"),
        ({"Type": "Wait", "Timestamp": "{% $states.input %}", "End": True}, "soon", "date-time format string: soon"),
        ({**TASK, "TimeoutSeconds": "{% $states.input %}"}, 0, "above 0: 0"),
        ({"Type": "Fail", "Error": "{% $states.input %}"}, 3, "Expected 'string', but was 'number'"),
    ],
)
def test_values_their_fields_cannot_take(state: dict[str, Any], value: Any, cause: str) -> None:
    result = go(query({"X": state}), value, Scripted())
    assert result.error == "States.QueryEvaluationError"
    assert result.cause is not None
    assert cause in result.cause


def test_states_of_both_languages_in_one_machine() -> None:
    program = machine(
        {
            "P": {"Type": "Pass", "Assign": {"v.$": "$.x"}, "Next": "J"},
            "J": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"y": "{% $v * 2 %}"}, "Next": "Q"},
            "Q": {"Type": "Pass", "Parameters": {"z.$": "$.y"}, "End": True},
        }
    )
    assert go(program, {"x": 21}).output == {"z": 42}
