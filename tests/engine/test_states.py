"""What each state does with its data, and the events it leaves."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.support import FUNCTION, Scripted, chain, go, machine, types

from penstock.engine.tasks.handler import Failed, Succeeded

ECHO = {"Type": "Task", "Resource": FUNCTION, "End": True}


def test_pass_shapes_its_input_before_its_result_replaces_it() -> None:
    program = machine(
        {"P": {"Type": "Pass", "InputPath": "$.a", "Parameters": {"b.$": "$.b"}, "ResultPath": "$.out", "End": True}}
    )
    assert go(program, {"a": {"b": 1}}).output == {"a": {"b": 1}, "out": {"b": 1}}


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({"InputPath": None}, {}),
        ({"OutputPath": None}, {}),
        ({"ResultPath": None, "Result": 5}, {"x": 1}),
        ({"Result": None}, None),
        ({"Result": 5, "ResultPath": "$.x"}, {"x": 5}),
        ({"OutputPath": "$.x"}, 1),
    ],
)
def test_null_paths(fields: dict[str, Any], output: Any) -> None:
    assert go(machine({"P": {"Type": "Pass", "End": True, **fields}}), {"x": 1}).output == output


def test_a_path_to_everything_is_a_path() -> None:
    assert go(machine({"W": {"Type": "Wait", "SecondsPath": "$", "End": True}}), 3).output == 3
    assert go(machine({"T": {**ECHO, "TimeoutSecondsPath": "$"}}), 3, Scripted()).output == 3
    processor = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    whole = {"Type": "Map", "ItemsPath": "$", "ItemProcessor": processor, "ResultPath": "$", "End": True}
    assert go(machine({"M": whole}), [3]).output == [3]


def test_a_task_selects_places_and_reduces_its_result() -> None:
    program = machine(
        {
            "T": {
                **ECHO,
                "Parameters": {"n.$": "$.n"},
                "ResultSelector": {"m.$": "$.n"},
                "ResultPath": "$.result",
                "OutputPath": "$.result",
            }
        }
    )
    assert go(program, {"n": 3, "rest": 0}, Scripted()).output == {"m": 3}


def test_variables_are_assigned_together_and_seen_below() -> None:
    program = machine(
        {
            "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"x.$": "$y", "y.$": "$x"}, "Next": "C"},
            "C": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": {
                    "StartAt": "I",
                    "States": {
                        "I": {
                            "Type": "Pass",
                            "Assign": {"own.$": "$"},
                            "Parameters": {"x.$": "$x", "y.$": "$y"},
                            "End": True,
                        }
                    },
                },
                "End": True,
            },
        }
    )
    result = go(program, {"items": [0, 1]})
    assert result.output == [{"x": 2, "y": 1}, {"x": 2, "y": 1}]
    exited = [e["stateExitedEventDetails"] for e in result.history if e["type"] == "PassStateExited"]
    assert exited[1]["assignedVariables"] == {"x": "2", "y": "1"}


def test_variables_have_a_limit_each_and_together() -> None:
    # Developer Guide, "Passing data between states with variables": 256 KiB an Assign, 10 MiB in all.
    def run(count: int, size: int) -> tuple[str, str | None]:
        names = [f"S{i}" for i in range(count)]
        states = {
            name: {"Type": "Pass", "Assign": {f"v{i}": "x" * size}} | ({"Next": after} if after else {"End": True})
            for i, (name, after) in enumerate(zip(names, [*names[1:], None], strict=True))
        }
        result = go(machine(states))
        return result.status, result.error

    assert run(1, 262_142) == ("SUCCEEDED", None)
    assert run(1, 262_143) == ("FAILED", "States.DataLimitExceeded")
    assert run(40, 262_142) == ("SUCCEEDED", None)
    assert run(41, 262_142) == ("FAILED", "States.DataLimitExceeded")
    assert run(100, 10) == ("SUCCEEDED", None)


def test_a_choice_without_a_match_fails_the_execution() -> None:
    program = machine(
        {
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": 2, "Next": "S"}]},
            "S": {"Type": "Succeed"},
        }
    )
    result = go(program, {"x": 1})
    assert (result.status, result.error) == ("FAILED", "States.Runtime")
    assert result.cause == (
        "An error occurred while executing the state 'C' (entered at the event id #2). "
        "Failed to transition out of the state. The state does not point to a next state."
    )


def test_runtime_errors_are_caught_by_nothing() -> None:
    catch = [{"ErrorEquals": ["States.Runtime"], "Next": "S"}, {"ErrorEquals": ["States.ALL"], "Next": "S"}]
    program = machine({"T": {**ECHO, "OutputPath": "$.none", "Catch": catch}, "S": {"Type": "Succeed"}})
    result = go(program, {}, Scripted())
    assert result.error == "States.Runtime"
    assert types(result)[-2:] == ["LambdaFunctionSucceeded", "ExecutionFailed"]


def test_fail_takes_its_words_from_the_input() -> None:
    program = machine({"F": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('so {}', $.c)"}})
    result = go(program, {"e": "Bad", "c": "it goes"})
    assert (result.error, result.cause) == ("Bad", "so it goes")


def test_branches_start_together_and_the_join_follows_the_last() -> None:
    branch = [{"StartAt": f"B{i}", "States": {f"B{i}": {"Type": "Pass", "Result": i, "End": True}}} for i in range(3)]
    result = go(machine({"P": {"Type": "Parallel", "Branches": branch, "End": True}}))
    assert result.output == [0, 1, 2]
    events = {type_: (number, previous) for number, type_, previous in chain(result)}
    assert [p for _, t, p in chain(result) if t == "PassStateEntered"] == [3, 3, 3]
    assert events["ParallelStateSucceeded"] == (10, 9)
    assert events["ParallelStateExited"] == (11, 9)


def test_a_failed_branch_aborts_the_others_before_the_state_fails() -> None:
    program = machine(
        {
            "P": {
                "Type": "Parallel",
                "End": True,
                "Branches": [
                    {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}},
                    {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 10, "End": True}}},
                    {"StartAt": "T", "States": {"T": ECHO}},
                ],
            }
        }
    )
    handler = Scripted(lambda request: None)
    result = go(program, {}, handler)
    assert chain(result)[3:] == [
        (4, "FailStateEntered", 3),
        (5, "WaitStateEntered", 3),
        (6, "TaskStateEntered", 3),
        (7, "LambdaFunctionScheduled", 6),
        (8, "WaitStateAborted", 4),
        (9, "TaskStateAborted", 4),
        (10, "ParallelStateFailed", 4),
        (11, "ExecutionFailed", 10),
    ]
    assert handler.requests == []  # scheduled and aborted at one instant: it never begins


def test_the_task_that_fails_its_branch_is_itself_aborted() -> None:
    branch = {"StartAt": "T", "States": {"T": ECHO}}
    result = go(
        machine({"P": {"Type": "Parallel", "Branches": [branch], "End": True}}), {}, Scripted(lambda r: Failed("E"))
    )
    # Recorded (callback.json, SQS_PARALLEL_WAIT_FOR_TASK_TOKEN).
    assert chain(result)[-4:] == [
        (7, "LambdaFunctionFailed", 6),
        (8, "TaskStateAborted", 7),
        (9, "ParallelStateFailed", 7),
        (10, "ExecutionFailed", 9),
    ]


def test_iterations_run_forty_at_a_time_and_one_by_one_when_told() -> None:
    def map_of(**fields: Any) -> Any:
        states = {"I": ECHO}
        processor = {"StartAt": "I", "States": states}
        return machine({"M": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}})

    running, most = set[str](), [0]

    class Counting(Scripted):
        def start(self, request: Any, report: Any) -> Any:
            running.add(str(request.arguments))
            most[0] = max(most[0], len(running))

            def later(news: Any) -> None:
                running.discard(str(request.arguments))
                report(news)

            return super().start(request, later)

    result = go(map_of(), list(range(100)), Counting())
    assert result.output == list(range(100))
    first = [t for t in types(result) if t in ("MapIterationStarted", "TaskStateEntered")][:41]
    assert first == ["MapIterationStarted"] * 40 + ["TaskStateEntered"]

    result = go(map_of(MaxConcurrency=1), [1, 2], Scripted())
    assert [t for t in types(result) if t.startswith("MapIteration")] == [
        "MapIterationStarted",
        "MapIterationSucceeded",
    ] * 2


def test_the_chain_of_a_map_goes_through_its_iterations() -> None:
    processor = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    result = go(machine({"M": {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor, "End": True}}), [1, 2])
    # Recorded (scenarios.json, test_map_state_nested).
    assert chain(result)[2:] == [
        (3, "MapStateStarted", 2),
        (4, "MapIterationStarted", 3),
        (5, "PassStateEntered", 4),
        (6, "PassStateExited", 5),
        (7, "MapIterationSucceeded", 6),
        (8, "MapIterationStarted", 6),
        (9, "PassStateEntered", 8),
        (10, "PassStateExited", 9),
        (11, "MapIterationSucceeded", 10),
        (12, "MapStateSucceeded", 11),
        (13, "MapStateExited", 11),
        (14, "ExecutionSucceeded", 13),
    ]


def test_branches_take_turns() -> None:
    def branch(name: str) -> Any:
        return {
            "StartAt": f"{name}1",
            "States": {f"{name}1": {"Type": "Pass", "Next": f"{name}2"}, f"{name}2": {"Type": "Pass", "End": True}},
        }

    result = go(machine({"P": {"Type": "Parallel", "Branches": [branch("A"), branch("B")], "End": True}}))
    entered = [e["stateEnteredEventDetails"]["name"] for e in result.history if e["type"] == "PassStateEntered"]
    assert entered == ["A1", "B1", "A2", "B2"]


def test_an_item_selector_sees_the_item_in_the_context() -> None:
    program = machine(
        {
            "M": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "all.$": "$.name"},
                "ItemProcessor": {
                    "StartAt": "I",
                    "States": {
                        "I": {"Type": "Pass", "Parameters": {"got.$": "$", "v.$": "$$.Map.Item.Value"}, "End": True}
                    },
                },
                "End": True,
            }
        }
    )
    assert go(program, {"items": ["a", "b"], "name": "n"}).output == [
        {"got": {"i": 0, "v": "a", "all": "n"}, "v": "a"},
        {"got": {"i": 1, "v": "b", "all": "n"}, "v": "b"},
    ]


@pytest.mark.parametrize(
    ("limit", "cause"),
    [
        (-1, "MaxConcurrency cannot be negative."),
        ("1_0", 'The MaxConcurrencyPath field refers to value "1_0" which is not a valid integer: $.limit'),
    ],
)
@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_a_limit_from_the_input_is_a_whole_number_and_not_negative(mode: str, limit: Any, cause: str) -> None:
    # By analogy with ToleratedFailureCountPath, whose two sentences are recorded.
    config = {"Mode": mode} | ({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})
    processor = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}, "ProcessorConfig": config}
    state = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrencyPath": "$.limit", "ItemProcessor": processor}
    result = go(machine({"M": {**state, "End": True}}), {"items": [1], "limit": limit})
    assert result.error == "States.Runtime"
    assert result.cause is not None
    assert result.cause.endswith(cause)


def test_map_wants_an_array() -> None:
    processor = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    result = go(machine({"M": {"Type": "Map", "ItemsPath": "$.x", "ItemProcessor": processor, "End": True}}), {"x": 1})
    assert result.error == "States.Runtime"
    assert result.cause is not None
    assert result.cause.endswith('Reference path "$.x" must point to array.')


@pytest.mark.parametrize(("tolerated", "status"), [({"ToleratedFailureCount": 1}, "SUCCEEDED"), ({}, "FAILED")])
def test_distributed_iterations_are_executions_of_their_own(tolerated: dict[str, int], status: str) -> None:
    program = machine(
        {
            "D": {
                "Type": "Map",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "I",
                    "States": {"I": {**ECHO, "ResultPath": "$.r"}},
                },
                "End": True,
                **tolerated,
            }
        }
    )

    def answer(request: Any) -> Any:
        assert ":execution:StateMachine/D:" in request.execution_arn
        return Failed("E") if request.arguments == {"n": 1} else Succeeded(request.execution_name != "")

    result = go(program, [{"n": 0}, {"n": 1}, {"n": 2}], Scripted(answer))
    assert result.status == status
    if status == "SUCCEEDED":
        failed = result.output[1]  # what FAILED is described, as ResultWriter's COMPACT does
        assert (failed["Status"], failed["Error"], failed["Input"]) == ("FAILED", "E", '{"n":1}')
        assert result.output == [{"n": 0, "r": True}, failed, {"n": 2, "r": True}]
        assert types(result)[2:] == [
            "MapStateStarted",
            "MapRunStarted",
            "MapRunSucceeded",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded",
        ]
    else:
        assert result.error == "States.ExceedToleratedFailureThreshold"
        assert types(result)[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_results_over_the_payload_quota_fail_the_task_and_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "S"}]
    program = machine({"T": {**ECHO, "Catch": catch}, "S": {"Type": "Succeed"}})
    result = go(program, {}, Scripted(lambda request: Succeeded("é" * 131_072)))
    assert result.status == "SUCCEEDED"
    assert result.output["Error"] == "States.DataLimitExceeded"  # type: ignore[index, call-overload]
    assert go(program, {}, Scripted(lambda request: Succeeded("é" * 131_071))).output == "é" * 131_071


def test_a_state_that_makes_too_much_fails_the_execution() -> None:
    grow = {"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "End": True}
    result = go(machine({"P": grow}), "x" * 140_000)
    assert result.error == "States.DataLimitExceeded"
    assert result.cause == (
        "The state/task 'P' returned a result with a size exceeding the maximum number of bytes service limit."
    )
