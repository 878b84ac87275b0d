"""JSONPath machines of every state type that runs without the world but for tasks, which a pure function answers."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import strategies as st
from tests.engine.support import FUNCTION, INVOKE

from penstock.engine.tasks.handler import Failed, Report, Succeeded, TaskRequest
from penstock.jsontools import dumps

WHOLE = {"a": 1, "items": [1, {"a": 2}, "x"], "b": {"c": "text"}}
"""What every path below finds its way in; most states are given something like it, so that machines get far."""
PATHS = st.sampled_from(["$", "$.a", "$.items", "$.b.c", "$$.Execution.Input", "$$.State.Name", "$.items[0]", "$.none"])
RESULT_PATHS = st.sampled_from([None, "$.r", "$.r", "$.a", "$.b.d", "$"])
ERRORS = st.sampled_from(["E1", "E2", "States.ALL", "States.TaskFailed", "States.Timeout", "States.IntrinsicFailure"])
INPUTS: st.SearchStrategy[Any] = st.sampled_from(
    [WHOLE, WHOLE, WHOLE, {**WHOLE, "items": list(range(50))}, {}, [1, 2], None]
)
TEMPLATES = st.fixed_dictionaries(
    {
        "a.$": st.sampled_from(["$$.State.EnteredTime", "$$.Execution.Input", "$.b", "States.MathAdd(1, 2)"]),
        "items": st.just([1, {"a": 2}]),
        "b": st.just({"c": "text"}),
    },
    optional={
        "n.$": st.sampled_from(["States.Array($.a, 1)", "States.UUID()", "States.MathRandom(1, 9)"]),
        "p.$": PATHS,
        "f.$": st.sampled_from(
            ["States.Format('{}', $.a)", "States.StringToJson($.b.c)", "States.ArrayGetItem($.items, 9)"]
        ),
    },
)


def answer(request: TaskRequest) -> Report:
    """The same answer to the same request, whenever it comes."""
    kind = (len(dumps(request.arguments)) + request.attempt + len(request.state_name)) % 5
    match kind:
        case 0:
            return Failed("E1", "first")
        case 1:
            return Failed("E2")
        case _:
            return Succeeded({**WHOLE, "a": [request.attempt, kind]})


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    numbers = count()
    return draw(_machine(numbers, 0))


@st.composite
def _machine(draw: st.DrawFn, numbers: Any, depth: int) -> dict[str, Any]:
    names = [f"S{next(numbers)}" for _ in range(draw(st.integers(1, 4)))]
    states = {name: draw(_state(names, index, numbers, depth)) for index, name in enumerate(names)}
    return {"StartAt": names[0], "States": states}


@st.composite
def _state(draw: st.DrawFn, names: list[str], index: int, numbers: Any, depth: int) -> dict[str, Any]:
    kinds = ["Pass", "Pass", "Choice", "Wait", "Succeed", "Fail", "Task", "Task"]
    kind = draw(st.sampled_from(kinds + ["Parallel", "Map"] * (2 if depth < 2 else 0)))
    target = st.sampled_from(names)
    state: dict[str, Any] = {"Type": kind}
    if kind not in ("Succeed", "Fail", "Choice"):
        # Mostly onwards, at times back: loops end at the limit of events.
        onwards = names[index + 1 : index + 2] * 6 + names
        if index + 1 < len(names) or draw(st.booleans()):
            state["Next"] = draw(st.sampled_from(onwards)) if index + 1 < len(names) else names[0]
        else:
            state["End"] = True
        if index + 1 == len(names) and draw(st.integers(0, 9)):
            state.pop("Next", None)
            state["End"] = True
    if kind != "Fail":
        _maybe(draw, state, "InputPath", st.one_of(st.none(), PATHS), 25)
        _maybe(draw, state, "OutputPath", st.one_of(st.none(), PATHS), 25)
    if kind in ("Pass", "Task", "Parallel"):
        _maybe(draw, state, "Parameters", TEMPLATES, 2)
    if kind in ("Pass", "Task", "Parallel", "Map"):
        _maybe(draw, state, "ResultPath", RESULT_PATHS, 1)
        _maybe(draw, state, "Assign", st.sampled_from([{"v": 1}, {"v.$": "$"}, {"v": [1], "w.$": "$$.State.Name"}]), 3)
    if kind in ("Task", "Parallel", "Map"):
        selector = {"a.$": "$", "items": [1, 2], "b": {"c": "text"}}
        if draw(st.integers(0, 9)):
            state["ResultSelector"] = selector
        _maybe(draw, state, "Retry", st.lists(_retrier(), min_size=1, max_size=2), 2)
        _maybe(draw, state, "Catch", st.lists(_catcher(target), min_size=1, max_size=2), 2)
    match kind:
        case "Choice":
            comparison = st.sampled_from([("IsPresent", True), ("NumericGreaterThan", 1), ("StringEquals", "text")])
            rules = []
            for _ in range(draw(st.integers(1, 3))):
                operator, operand = draw(comparison)
                rules.append(
                    {
                        "Variable": draw(st.sampled_from(["$.a", "$.b.c", "$.items[0]", "$$.State.Name"])),
                        operator: operand,
                        "Next": draw(target),
                    }
                )
            state["Choices"] = rules
            state["Default"] = names[-1]
        case "Wait":
            _maybe(draw, state, "Seconds", st.integers(0, 100), 0)
        case "Fail":
            _maybe(draw, state, "Error", st.sampled_from(["E1", "E2"]), 1)
            _maybe(draw, state, "CausePath", st.sampled_from(["$.b.c", "$$.State.Name"]), 2)
        case "Task":
            state["Resource"] = draw(
                st.sampled_from([FUNCTION, INVOKE, "arn:aws:states:::sqs:sendMessage.waitForTaskToken"])
            )
            _maybe(draw, state, "TimeoutSeconds", st.integers(1, 50), 2)
        case "Parallel":
            state["Branches"] = [draw(_machine(numbers, depth + 1)) for _ in range(draw(st.integers(1, 3)))]
        case "Map":
            state["ItemProcessor"] = draw(_machine(numbers, depth + 1))
            _maybe(draw, state, "ItemsPath", st.sampled_from(["$.items"] * 9 + ["$", "$.a"]), 0)
            selector = {"i.$": "$$.Map.Item.Index", "a.$": "$$.Map.Item.Value", "b": {"c": "text"}, "items": [0]}
            if draw(st.integers(0, 9)):
                state["ItemSelector"] = selector
            _maybe(draw, state, "MaxConcurrency", st.integers(0, 3), 2)
    return state


def _maybe(draw: st.DrawFn, state: dict[str, Any], field: str, values: st.SearchStrategy[Any], odds: int) -> None:
    """With a chance of one in `odds` + 1."""
    if draw(st.integers(0, odds)) == 0:
        state[field] = draw(values)


def _retrier() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"ErrorEquals": st.lists(ERRORS, min_size=1, max_size=2)},
        optional={
            "MaxAttempts": st.integers(0, 3),
            "JitterStrategy": st.just("FULL"),
            "IntervalSeconds": st.integers(1, 9),
        },
    )


def _catcher(target: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"ErrorEquals": st.lists(ERRORS, min_size=1, max_size=2), "Next": target},
        optional={"ResultPath": st.sampled_from([None, "$.e", "$"]), "Assign": st.just({"v.$": "$.Error"})},
    )
