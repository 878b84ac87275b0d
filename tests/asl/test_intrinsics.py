"""Intrinsic functions: AWS's outcomes, recorded or measured where the comment says so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.asl.intrinsics import check_intrinsic, compile_intrinsic
from penstock.asl.scope import EvaluationError, SyntaxProblem
from penstock.clock import Entropy


class Here:
    context = {"Execution": {"Name": "run-1"}}
    variables = {"v": 4}

    def __init__(self, seed: int = 1) -> None:
        self.entropy = Entropy(seed)


DATA: Any = {
    "i": 41,
    "null": None,
    "obj": {"Arg1": 1, "Arg2": []},
    "list": [1, 1, 1.1, "1", True, {"a": 1, "b": 2}, {"b": 2, "a": 1}, None, None],
    "text": "This.is+a,test=string",
    "template": "Hi {}",
    "big": "x" * 10_001,
    "f": 12.0,
}

GIVES = {
    "States.Format('{} and {}', $.i, 'x')": "41 and x",
    "States.Format('{}', $.null)": "null",
    "States.Format('{}', $.obj)": "{Arg1=1, Arg2=[]}",  # recorded: Java's Map.toString
    "States.Format('{}', $.f)": "12.0",
    "States.Format('{}', 10000000.0)": "1.0E7",
    "States.Format($.template, $$.Execution.Name)": "Hi run-1",
    "States.Format('it\\'s \\{{}\\} \\\\', $v)": "it's {4} \\",
    "States.Format('no holes')": "no holes",
    "States.Array()": [],
    "States.Array(1, 'a', null, $.i, States.Array(2))": [1, "a", None, 41, [2]],
    "States.ArrayPartition(States.ArrayRange(1,5,1), 2)": [[1, 2], [3, 4], [5]],
    "States.ArrayPartition(States.Array(), 3)": [],
    "States.ArrayContains($.list, $.null)": True,
    "States.ArrayContains(States.Array($.obj), $.obj)": True,
    "States.ArrayContains(States.Array(1), true)": False,
    "States.ArrayRange(1, 9, 2)": [1, 3, 5, 7, 9],
    "States.ArrayRange(5, 1, -2)": [5, 3, 1],
    "States.ArrayRange(5, 1, 2)": [],
    "States.ArrayGetItem($.list, 3)": "1",
    "States.ArrayLength($.list)": 9,
    "States.ArrayLength($.list[*].nope)": 0,  # measured, floci#2872
    "States.ArrayUnique($.list)": [1, 1.1, "1", True, {"a": 1, "b": 2}, None],
    "States.Base64Encode('Data to encode')": "RGF0YSB0byBlbmNvZGU=",
    "States.Base64Decode('RGF0YSB0byBlbmNvZGU=')": "Data to encode",
    "States.Hash('input data', 'SHA-1')": "aaff4a450a104cd177d28d18d74485e8cae074b7",
    "States.JsonMerge($.obj, States.StringToJson('\\{\"Arg2\":2\\}'), false)": {"Arg1": 1, "Arg2": 2},
    "States.JsonToString($.obj)": '{"Arg1":1,"Arg2":[]}',
    "States.StringToJson('')": None,  # recorded
    "States.StringToJson(' ')": None,  # recorded
    "States.StringToJson('-0')": 0,  # recorded
    "States.StringToJson('[1, {\"a\": null}]')": [1, {"a": None}],
    "States.MathAdd($.i, 1)": 42,
    "States.MathAdd(1.49, 1.5)": 3,  # recorded: each argument is rounded as Java's Math.round
    "States.MathAdd(-1.5, -1.51)": -3,  # recorded
    "States.MathAdd(-0.5, 0)": 0,  # recorded
    "States.MathAdd(-2.5, 0)": -2,  # recorded
    "States.MathAdd(1e308, 0)": 9223372036854775807,  # Math.round's nearest long
    "States.ArrayRange(5, -1e308, 1)": [],
    "States.StringSplit(',,,,', ',')": [],  # recorded
    "States.StringSplit($.text, '.+,=')": ["This", "is", "a", "test", "string"],  # recorded
    "States.StringSplit('a\0b,c', ',;')": ["a\0b", "c"],
    "States.StringSplit('abc', '')": ["abc"],
    "States.ArrayGetItem( States.StringSplit( 'a-b' , '-' ) , States.MathAdd( 0 , 1 ) )": "b",
}


@pytest.mark.parametrize("text", GIVES)
def test_gives(text: str) -> None:
    found = compile_intrinsic(text)(DATA, Here())
    assert (found, type(found)) == (GIVES[text], type(GIVES[text]))


@pytest.mark.parametrize(
    "text",
    [
        "States.ArrayGetItem($.list, 9)",
        "States.ArrayGetItem($.list, -1)",
        "States.ArrayGetItem($.i, 0)",
        "States.ArrayPartition($.list, 0)",
        "States.ArrayRange(1, 1002, 1)",
        "States.ArrayRange(1, 1001, 1e-9)",
        "States.ArrayRange(0, 1e308, 1)",
        "States.ArrayRange(-1e308, 1e308, 1)",
        "States.ArrayRange(1e308, -1e308, -1)",
        "States.ArrayRange(1, 2, 0)",
        "States.ArrayLength('abc')",
        "States.Base64Encode($.big)",
        "States.Base64Decode('***')",
        "States.Format('{} {}', 1)",
        "States.Format('{}', 1, 2)",
        "States.Format(1)",
        "States.Hash($.big, 'MD5')",
        "States.Hash('x', 'md5')",
        "States.JsonMerge($.obj, $.obj, true)",
        "States.JsonMerge($.obj, 1, false)",
        "States.MathAdd('1', 1)",
        "States.MathAdd(true, 1)",
        "States.MathRandom(5, 5)",
        "States.StringSplit(1, ',')",
        "States.StringToJson('{')",
        "States.StringToJson('[NaN]')",
    ],
)
def test_refused_arguments_are_intrinsic_failures(text: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        compile_intrinsic(text)(DATA, Here())
    assert caught.value.error == "States.IntrinsicFailure"
    assert caught.value.cause.startswith(f"The function '{text}' had the following error: ")


@pytest.mark.parametrize(
    ("text", "data", "reason"),
    [
        # Measured, floci#2872: the whole outer call is quoted, and Jayway's own sentence comes through.
        (
            "States.Format('{}', States.Format('{}', $.nope))",
            {"other": 1},
            "The JsonPath argument for the field '$.nope' could not be found in the input '{\"other\":1}'",
        ),
        (
            "States.Format('{}', $.items[5])",
            {"items": [1]},
            "The JsonPath argument for the field '$.items[5]' could not be found in the input '{\"items\":[1]}'",
        ),
        (
            "States.Format('{}', $.other[0])",
            {"other": 1},
            "Filter: [0] can only be applied to arrays. Current context is: 1",
        ),
    ],
)
def test_missing_arguments(text: str, data: Any, reason: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        compile_intrinsic(text)(data, Here())
    assert caught.value.error == "States.Runtime"
    assert caught.value.cause == f"The function '{text}' had the following error: {reason}"


@pytest.mark.parametrize(
    "text",
    [
        "", "States", "States.", "States.Nope()", "States.Format", "States.Format (1)", " States.UUID()", "States.UUID() ",
        "States.UUID(1)", "States.Format()", "States.Format('a)", "States.Format(a)", "States.Array(1 2)", "States.Array(1,)",
        "States.MathAdd(1)", "States.Array($)x", "States.Array($.a[)", "States.Array(1e999)", "States.Array(--1)",
        "States.Array(" * 11 + ")" * 11, "states.UUID()", "States.Array(𝟙)",
    ],
)  # fmt: skip
def test_refuses(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        check_intrinsic(text)


def test_randomness_comes_from_the_scope() -> None:
    uuid = compile_intrinsic("States.UUID()")
    number = compile_intrinsic("States.MathRandom(-5, 5)")
    seeded = compile_intrinsic("States.MathRandom(0, 1000, 7)")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", str(uuid({}, Here(1))))
    assert uuid({}, Here(1)) == uuid({}, Here(1)) != uuid({}, Here(2))
    scope = Here(3)
    assert {number({}, scope) for _ in range(500)} == set(range(-5, 5))
    assert seeded({}, Here(1)) == seeded({}, Here(2))


@given(st.text(alphabet="Sta.esFormUID(),'$[]{}\\0-1 nul", max_size=40))
def test_any_text_either_compiles_or_is_a_syntax_problem(text: str) -> None:
    try:
        compute = compile_intrinsic("States." + text)
    except SyntaxProblem:
        return
    try:
        compute(DATA, Here())
    except EvaluationError as error:
        assert error.error in ("States.Runtime", "States.IntrinsicFailure")  # noqa: PT017


DEEP = 480
"""Nearly as deep as data may nest (jsontools.MAX_DEPTH)."""


@pytest.mark.parametrize(
    "text",
    [
        "States.Array($.a)", "States.ArrayContains(States.Array($.a), $.b)", "States.ArrayUnique(States.Array($.a, $.b))",
        "States.Format('{}', $.a)", "States.JsonToString($.a)", "States.Hash($.a, 'MD5')", "States.JsonMerge($, $, false)",
        "States.StringToJson(States.JsonToString($.a))", "States.ArrayLength($..a)", "States.ArrayLength($..[?(@.a == $.b)])",
    ],
)  # fmt: skip
def test_deep_data(text: str) -> None:
    a: Any = 1
    b: Any = 1
    for _ in range(DEEP):
        a, b = {"a": a}, {"a": b}
    compile_intrinsic(text)({"a": a, "b": b}, Here())
