"""Hypothesis strategies for JSONPath machines that end, and inputs that fit them more often than not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Definition = dict[str, Any]

PATHS = ["$", "$.n", "$.s", "$.a", "$.a.b", "$['a']['b']", "$.items", "$.items[0]", "$.items[-1]"]
MANY = ["$.items[*]", "$.items[1:3]", "$.items[0,1]", "$..b", "$.a.*"]
ABSENT = ["$.nothing", "$.a.nothing", "$.items[99]"]
INTRINSICS = [
    "States.Format('{}-{}', $.n, $.s)",
    "States.MathAdd($.n, 3)",
    "States.ArrayLength($.items)",
    "States.Array($.n, 'x', $.a)",
    "States.ArrayContains($.items, 1)",
    "States.ArrayUnique($.items)",
    "States.ArrayPartition($.items, 2)",
    "States.ArrayGetItem($.items, 0)",
    "States.ArrayRange(1, 9, 3)",
    "States.JsonToString($.a)",
    "States.StringToJson('{\"k\": [1, 2]}')",
    "States.JsonMerge($.a, $.a, false)",
    "States.StringSplit('a,b;c', ',;')",
    "States.Base64Encode('text')",
    "States.Hash('text', 'SHA-256')",
    "States.Format('{}', States.MathAdd($.n, 1))",
]

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "1,2", "é"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
inputs = st.fixed_dictionaries(
    {
        "n": st.integers(-5, 5),
        "s": st.sampled_from(["", "x", "hello", "1,2"]),
        "a": st.dictionaries(st.sampled_from("bcd"), scalars, min_size=1, max_size=3),
        "items": st.lists(st.integers(0, 3) | st.sampled_from(["x", "y"]), min_size=1, max_size=4),
    }
)
paths = st.sampled_from(PATHS * 4 + MANY * 2 + ABSENT)
result_paths = st.none() | st.sampled_from(["$", "$.r", "$.a.r", "$.x.y"])


@st.composite
def templates(draw: st.DrawFn) -> Definition:
    """A payload template: literals, paths, context references and intrinsics."""
    result: Definition = {}
    for key in draw(st.lists(st.sampled_from("nsakb"), min_size=1, max_size=3, unique=True)):
        kind = draw(st.sampled_from(["literal", "path", "intrinsic", "nested"]))
        if kind == "literal":
            result[key] = draw(values)
        elif kind == "path":
            result[f"{key}.$"] = draw(paths)
        elif kind == "intrinsic":
            result[f"{key}.$"] = draw(st.sampled_from(INTRINSICS))
        else:
            result[key] = {"deep.$": draw(paths)}
    return result


@st.composite
def passes(draw: st.DrawFn) -> Definition:
    state: Definition = {"Type": "Pass"}
    if draw(st.integers(0, 3)) == 0:
        state["InputPath"] = draw(paths | st.none())
    match draw(st.integers(0, 2)):
        case 0:
            state["Parameters"] = draw(templates())
        case 1:
            state["Result"] = draw(values)
    if draw(st.booleans()):
        state["ResultPath"] = draw(result_paths)
    if draw(st.integers(0, 5)) == 0:
        state["OutputPath"] = draw(paths | st.none())
    return state


comparisons = st.sampled_from(
    [
        {"Variable": "$.n", "NumericGreaterThan": 0},
        {"Variable": "$.n", "NumericEqualsPath": "$.a.b"},
        {"Variable": "$.n", "IsNumeric": True},
        {"Variable": "$.s", "StringMatches": "h*o"},
        {"Variable": "$.s", "StringLessThan": "m"},
        {"Variable": "$.a.b", "IsPresent": True},
        {"Variable": "$.a.b", "IsNull": True},
        {"Variable": "$.a.b", "BooleanEquals": True},
        {"Variable": "$.nothing", "IsPresent": False},
        {"Variable": "$.nothing", "StringEquals": "x"},
    ]
)
tests = st.recursive(
    comparisons,
    lambda inner: (
        st.builds(lambda rules: {"And": rules}, st.lists(inner, min_size=1, max_size=2))
        | st.builds(lambda rules: {"Or": rules}, st.lists(inner, min_size=1, max_size=2))
        | st.builds(lambda rule: {"Not": rule}, inner)
    ),
    max_leaves=3,
)


@st.composite
def machines(draw: st.DrawFn, depth: int = 2, prefix: str = "S") -> Definition:
    """A line of states with Choices that only lead forward, so it always ends."""
    count = draw(st.integers(1, 4))
    names = [f"{prefix}{i}" for i in range(count)]
    states: dict[str, Definition] = {}
    for i, name in enumerate(names):
        last = i == count - 1
        kinds = ["pass"] * 4 + ["map", "parallel"] * (depth > 0) + ["choice"] * (2 * (not last))
        kinds += ["succeed", "fail"] * last
        state = draw(_state(draw(st.sampled_from(kinds)), depth, name, names[i + 1 :]))
        if state["Type"] in ("Pass", "Map", "Parallel"):
            state |= {"End": True} if last else {"Next": names[i + 1]}
        states[name] = state
    return {"StartAt": names[0], "States": states}


@st.composite
def _state(draw: st.DrawFn, kind: str, depth: int, name: str, later: list[str]) -> Definition:
    match kind:
        case "choice":
            # The next one is always a target, so that no state is out of reach.
            rules = [draw(tests) | {"Next": later[0]}]
            if draw(st.booleans()):
                rules.append(draw(tests) | {"Next": draw(st.sampled_from(later))})
            state: Definition = {"Type": "Choice", "Choices": rules}
            return state | ({"Default": draw(st.sampled_from(later))} if draw(st.integers(0, 4)) else {})
        case "map":
            state = {
                "Type": "Map",
                "ItemsPath": draw(st.sampled_from(["$.items"] * 4 + ["$.a", "$.nothing"])),
                "MaxConcurrency": 1,
                "ItemProcessor": draw(machines(depth=depth - 1, prefix=f"{name}i")),
            }
            if draw(st.booleans()):
                state["ItemSelector"] = {"n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "a.$": "$.a", "s": "x"}
            return state | ({"ResultPath": draw(result_paths)} if draw(st.booleans()) else {})
        case "parallel":
            branches = [draw(machines(depth=0, prefix=f"{name}b{i}")) for i in range(draw(st.integers(1, 2)))]
            state = {"Type": "Parallel", "Branches": branches}
            return state | ({"ResultPath": draw(result_paths)} if draw(st.booleans()) else {})
        case "succeed":
            return {"Type": "Succeed"}
        case "fail":
            return {"Type": "Fail", "Error": "Planned", "Cause": "as drawn"}
    return draw(passes())
