"""Retriers and catchers: when, how often, which."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from tests.engine.support import FUNCTION, Scripted, failing, go, machine, seconds, types

from penstock.clock import Entropy
from penstock.engine.retry import Retrier
from penstock.engine.tasks.handler import Failed, Succeeded

TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}


def waits(retry: list[dict[str, Any]], times: int, **more: Any) -> list[float]:
    """Seconds between a failed attempt and the next."""
    result = go(machine({"T": {**TASK, "Retry": retry}}), {}, Scripted(failing(times)), **more)
    at = [s for s, t in zip(seconds(result), types(result), strict=True) if t == "LambdaFunctionScheduled"]
    return [round(b - a, 3) for a, b in pairwise(at)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [1, 2, 4]),
        ({"IntervalSeconds": 3}, [3, 6, 12]),
        ({"IntervalSeconds": 3, "BackoffRate": 1.0, "MaxAttempts": 2}, [3, 3]),
        ({"IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 5, "MaxDelaySeconds": 20}, [2, 6, 18, 20, 20]),
        ({"MaxAttempts": 0}, []),
    ],
)
def test_the_delay_grows_by_the_backoff_rate_up_to_the_cap(fields: dict[str, Any], expected: list[float]) -> None:
    # A table of the Developer Guide's rule: interval × rate^(n-1), at most MaxDelaySeconds; defaults 1, 3, 2.0.
    assert waits([{"ErrorEquals": ["Oops"], **fields}], 99) == expected


def test_full_jitter_is_anywhere_up_to_the_delay_and_follows_the_seed() -> None:
    retry = [
        {"ErrorEquals": ["Oops"], "IntervalSeconds": 10, "BackoffRate": 1, "MaxAttempts": 50, "JitterStrategy": "FULL"}
    ]
    first = waits(retry, 50)
    assert all(0 <= w <= 10 for w in first)
    assert len(set(first)) > 40
    assert waits(retry, 50) == first
    assert waits(retry, 50, entropy=Entropy(2)) != first


def test_an_absurd_delay_is_still_a_number() -> None:
    assert Retrier(("E",), 99_999_999, 99_999_999, 1e300).delay(5) == 366 * 86_400


def test_every_retrier_counts_for_itself_and_a_used_up_one_ends_it() -> None:
    errors = iter(["A", "B", "A", "A", "B"])
    retry = [{"ErrorEquals": ["A"], "MaxAttempts": 2}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 5}]
    handler = Scripted(lambda request: Failed(next(errors)))
    result = go(machine({"T": {**TASK, "Retry": retry}}), {}, handler)
    # A, B, A, A: the third A finds its retrier used up; States.ALL behind it is not asked.
    assert (result.error, len(handler.requests)) == ("A", 4)
    assert [r.attempt for r in handler.requests] == [0, 1, 2, 3]


def test_the_second_retrier_runs_out_too() -> None:
    errors = iter(["A", "B", "B", "B"])
    retry = [{"ErrorEquals": ["A"], "MaxAttempts": 9}, {"ErrorEquals": ["B"], "MaxAttempts": 2}]
    result = go(machine({"T": {**TASK, "Retry": retry}}), {}, Scripted(lambda request: Failed(next(errors))))
    assert result.error == "B"
    assert types(result).count("LambdaFunctionFailed") == 4


def test_retries_that_leave_no_event_end_all_the_same() -> None:
    # Nothing is scheduled, so no event counts towards the 25,000, and in virtual time a delay is no brake.
    parameters = {"a.$": "States.StringToJson('{')"}
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 99_999_999}]
    result = go(machine({"T": {**TASK, "Parameters": parameters, "Retry": retry}}), {}, Scripted())
    assert result.error == "States.IntrinsicFailure"
    assert len(result.history) == 3


def test_counters_begin_anew_at_the_next_visit() -> None:
    program = machine(
        {
            "T": {**TASK, "Retry": [{"ErrorEquals": ["Oops"], "MaxAttempts": 1}], "End": False, "Next": "C"},
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericLessThan": 3, "Next": "T"}],
                "Default": "S",
            },
            "S": {"Type": "Succeed"},
        }
    )
    seen = []

    def answer(request: Any) -> Any:
        seen.append(request.attempt)
        return Failed("Oops") if len(seen) % 2 else Succeeded({"n": len(seen) // 2})

    assert go(program, {}, Scripted(answer)).status == "SUCCEEDED"
    assert seen == [0, 1] * 3


def test_the_context_counts_the_retries() -> None:
    handler = Scripted(failing(2))
    task = {**TASK, "Parameters": {"n.$": "$$.State.RetryCount"}, "Retry": [{"ErrorEquals": ["States.ALL"]}]}
    go(machine({"T": task}), {}, handler)
    assert [r.arguments for r in handler.requests] == [{"n": 0}, {"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("error", "listed", "caught"),
    [
        ("Oops", "Oops", True),
        ("Oops", "oops", False),
        ("Oops", "States.TaskFailed", True),
        ("Oops", "States.ALL", True),
        ("States.Timeout", "States.TaskFailed", False),
        ("States.Runtime", "States.ALL", False),
        ("States.Runtime", "States.Runtime", False),
    ],
)
def test_who_catches_what(error: str, listed: str, caught: bool) -> None:
    catch = [{"ErrorEquals": [listed], "ResultPath": "$.e", "Next": "S"}]
    program = machine({"T": {**TASK, "Catch": catch}, "S": {"Type": "Succeed"}})
    result = go(program, {"x": 1}, Scripted(lambda request: Failed(error, "why")))
    assert result.output == ({"x": 1, "e": {"Error": error, "Cause": "why"}} if caught else None)


def test_a_catcher_can_assign() -> None:
    catch = [{"ErrorEquals": ["Oops"], "Assign": {"e.$": "$.Error"}, "ResultPath": None, "Next": "P"}]
    program = machine(
        {"T": {**TASK, "Catch": catch}, "P": {"Type": "Pass", "Parameters": {"seen.$": "$e"}, "End": True}}
    )
    assert go(program, {}, Scripted(failing(1))).output == {"seen": "Oops"}


def test_a_catcher_that_cannot_place_the_error_breaks_the_execution() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "S"}]
    program = machine({"T": {**TASK, "Catch": catch}, "S": {"Type": "Succeed"}})
    result = go(program, [1], Scripted(failing(9)))
    assert (result.status, result.error) == ("FAILED", "States.ResultPathMatchFailure")


def test_an_intrinsic_that_fails_in_a_task_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.IntrinsicFailure"], "Next": "S"}]
    task = {**TASK, "Parameters": {"x.$": "States.StringToJson($.bad)"}, "Catch": catch}
    result = go(machine({"T": task, "S": {"Type": "Succeed"}}), {"bad": "{"}, Scripted())
    assert result.status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("state", "output"),
    [
        (
            {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Fail", "Error": "X"}}}]},
            "caught",
        ),
        ({"Type": "Map", "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Fail", "Error": "X"}}}}, None),
    ],
    ids=["Parallel", "Map"],
)
def test_a_branch_that_failed_is_also_known_as_that(state: dict[str, Any], output: str | None) -> None:
    # Facts, §1: the branch's own error reaches the Parallel, and States.BranchFailed matches it.
    catch = [{"ErrorEquals": ["States.BranchFailed"], "Next": "H"}]
    states = {"S": {**state, "Catch": catch, "End": True}, "H": {"Type": "Pass", "Result": "caught", "End": True}}
    result = go(machine(states), [1])
    assert result.output == output
    assert result.error == (None if output else "X")
