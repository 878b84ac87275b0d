"""`{% … %}` in payloads: values, AWS's additions, causes and limits. What is marked measured comes from floci's threads."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.asl.jsonata import compile_jsonata, expressions, is_expression
from penstock.asl.jsonata.references import check_expression
from penstock.asl.scope import EvaluationError, SyntaxProblem
from penstock.clock import Entropy

CONFORMANCE = Path(os.environ.get("PENSTOCK_CONFORMANCE", "../shared/conformance"))


class Here:
    def __init__(self, variables: dict[str, Any] | None = None, states: dict[str, Any] | None = None) -> None:
        self.context = {
            "State": {"Name": "S", "EnteredTime": "2024-03-06T10:29:14.123Z"},
            "Execution": {"Name": "run-1"},
        }
        self.variables = variables or {}
        self.entropy = Entropy(1)
        self.states = states or {}


def evaluate(expression: str, data: Any = None, scope: Here | None = None) -> Any:
    return compile_jsonata("{% " + expression + " %}", field="Output")(data, scope or Here())


def cause_of(expression: str, data: Any = None) -> str:
    with pytest.raises(EvaluationError) as caught:
        evaluate(expression, data)
    assert caught.value.error == "States.QueryEvaluationError"
    return caught.value.cause


def test_expressions_stand_at_any_depth_and_keys_are_kept() -> None:
    template = {
        "{% 1 %}": ["x", {"b": "{% $states.input.a + 1 %}"}],
        "c": " {% 1 %}",
        "d": "{% $v %}",
        "e": {"f": None},
    }
    compute = compile_jsonata(template, field="Output")
    found: Any = compute({"a": 1}, Here({"v": [1]}))
    assert found == {"{% 1 %}": ["x", {"b": 2}], "c": " {% 1 %}", "d": [1], "e": {"f": None}}
    assert found["e"] is template["e"]


def test_a_payload_without_expressions_is_its_own_value() -> None:
    payload = {"a": [1, "{%", "%}", "{% 1"]}
    assert compile_jsonata(payload, field="Output")({}, Here()) is payload


def test_states_has_what_the_place_has() -> None:
    scope = Here(states={"result": {"r": 1}, "errorOutput": {"Error": "E"}})
    assert evaluate("$states", {"i": 1}, scope) == {
        "input": {"i": 1},
        "context": scope.context,
        "result": {"r": 1},
        "errorOutput": {"Error": "E"},
    }
    assert evaluate("$states.context.Execution.Name") == "run-1"


def test_data_is_shared_not_copied() -> None:
    data = {"deep": {"list": [1, {"x": "y"}]}}
    assert evaluate("$states.input.deep", data) is data["deep"]


def test_assignments_stay_inside() -> None:
    scope = Here({"v": 1})
    assert evaluate("($v := 2; $v)", {}, scope) == 2
    assert evaluate("$w := 3", {}, scope) == 3
    assert scope.variables == {"v": 1}


def test_numbers() -> None:
    found = evaluate("[1.0, 1e2, 0.1 + 0.2, 10 / 4, 9223372036854775807, -0.5, 7 % 3, 2 * 0.5]")
    assert found == [1, 100, 0.30000000000000004, 2.5, 9223372036854775807, -0.5, 1, 1]
    assert [type(item) for item in found] == [int, int, float, float, int, float, int, int]
    assert json.dumps(evaluate("$states.input", {"a": [1.0, 2]})) == '{"a": [1, 2]}'
    assert json.dumps(evaluate("$states.input", {"a": 1e300})) == '{"a": 1e+300}'
    assert evaluate("[1/0, -1/0, 0/0, {'k': 1e308 * 10}]") == ["Infinity", "-Infinity", "NaN", {"k": "Infinity"}]


def test_random_things_come_from_the_scope() -> None:
    assert evaluate("$uuid()") == evaluate("$uuid()")
    assert evaluate("$random()") == evaluate("$random()")
    assert re.fullmatch(r"[0-9a-f-]{36}", evaluate("$uuid()"))
    assert sorted(evaluate("$shuffle([1..9])")) == list(range(1, 10))


def test_now_is_when_the_state_was_entered() -> None:
    assert evaluate("$now()") == "2024-03-06T10:29:14.123Z"
    assert evaluate("$millis()") == 1709720954123


@pytest.mark.parametrize(
    ("text", "picture", "instant"),
    [
        ("5:07", "[H]:[m]", "2024-03-06T05:07:00.000Z"),
        ("3", "[D]", "2024-03-03T00:00:00.000Z"),
        ("12-25", "[M]-[D]", "2024-12-25T00:00:00.000Z"),
        ("7", "[m]", "2024-03-06T10:07:00.000Z"),
        ("2001", "[Y]", "2001-01-01T00:00:00.000Z"),
    ],
)
def test_what_a_picture_lacks_comes_from_the_execution_s_time(text: str, picture: str, instant: str) -> None:
    assert evaluate(f"$fromMillis($toMillis('{text}', '{picture}'))") == instant


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "é😀"])
def test_base64(text: str) -> None:
    assert evaluate(f"$base64decode($base64encode('{text}'))") == text


def test_base64_without_its_end() -> None:
    assert evaluate("$base64decode('YQ')") == "a"


CAUSES = {
    "$states.input.nope": "returned nothing (undefined).",
    "function($x){$x}": "returned an unsupported result type.",
    "[function($x){$x}]": "returned an unsupported result type.",
    "$fromMillis(1, '[é]')": 'threw an error during evaluation. D3132: Unknown component specifier "é" in date/time '
    "picture string",
    "$toMillis('1', '[ é]')": 'threw an error during evaluation. D3132: Unknown component specifier "é" in date/time '
    "picture string",
    "$fromMillis(1, '[q]')": 'threw an error during evaluation. D3132: Unknown component specifier "q" in date/time '
    "picture string",
    "$nope()": "threw an error during evaluation. T1006: Attempted to invoke a non-function",
    "$eval('1')": "threw an error during evaluation. T1006: Attempted to invoke a non-function",
    "'a' + 1": 'threw an error during evaluation. T2001: The left side of the "+" operator must evaluate to a number',
    "1 < 'a'": 'threw an error during evaluation. T2009: The values 1 and "a" either side of operator "<" must be of '
    "the same data type",
    "$single([1,2])": "threw an error during evaluation. D3138: The $single() function expected exactly 1 matching "
    "result.  Instead it matched more.",
    "$partition([1], -1)": "threw an error during evaluation. D3137: Second argument must be zero or greater",
    "$sum([1..900000])": "threw an error during evaluation: Expression evaluation memory limit exceeded",
    "$range(1, 360146, 1)": "threw an error during evaluation: Expression evaluation memory limit exceeded",
    "(" * 100 + "1" + ")" * 100: "threw an error during evaluation: Stack overflow error: Check for non-terminating "
    "recursive function. Consider rewriting as tail-recursive. Depth=101 max=100",
}


@pytest.mark.parametrize("expression", CAUSES)
def test_causes(expression: str) -> None:
    prefix = f"The JSONata expression '{expression}' specified for the field 'Output' "
    assert cause_of(expression, {}) == prefix + CAUSES[expression]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$parseInteger('-', '٠٠')", "NaN"),
        ("$parseInteger('١-٢', '٠-٠٠٠')", "NaN"),
        ("$parseInteger('١,٢', '٠;,')", "NaN"),
        ("$parseInteger('١,٢٣٤', '٠,٠٠٠')", 1234),
        ("$parseInteger('😀', '1;o')", "NaN"),
        ("$parseInteger('12é', '1;o')", 1),
        ("$parseInteger('12th', '1;o')", 12),
        ("$exists($toMillis('1ſt March 2020', '[D1o] [MNn] [Y]'))", False),
        ("$exists($toMillis('1st March 2020', '[D1o] [MNn] [Y]'))", True),
    ],
)
def test_what_jsonatapy_panics_over_never_reaches_it(
    expression: str, value: object, capfd: pytest.CaptureFixture[str]
) -> None:
    """A panic is caught, but Rust prints it to stderr first."""
    assert evaluate(expression) == value
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "expression",
    [
        "$formatNumber(1, $pad('', 1000000, '0'))",
        "$formatInteger(1, $pad('', 1000000, '0,'))",
        "$parseInteger('1', $pad('', 1000000, '0,'))",
        "$fromMillis(1, $pad('', 1000000, '[Y]'))",
        "$toMillis('1', $pad('', 1000000, '[Y]'))",
        "$fromMillis(1, '[M,999999999]')",
        "$fromMillis(1, '[MN,*-999999999]')",
        "$formatNumber(1, '#.' & $pad('', 70000, '0'))",
    ],
)
def test_pictures_that_would_take_long(expression: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cause_of(expression).endswith("threw an error during evaluation: Expression evaluation time limit exceeded")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("marker", ["Y,99", "Y,*-99", "Y0000000000000000000000", "Y####################"])
def test_years_of_more_figures_than_a_number_has(marker: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert "threw an internal error during evaluation" in cause_of(f"$fromMillis(1, '[{marker}]')")
    assert capfd.readouterr().err == ""


def test_a_hostile_regular_expression_is_linear() -> None:
    assert evaluate("$contains($pad('a', 100000, 'a'), /(a+)+b/)") is False


def test_an_internal_error_has_an_id() -> None:
    assert re.search(r"threw an internal error during evaluation\. [0-9a-f-]{36}$", cause_of('$base64decode("!!!")'))


def test_the_field_path_of_a_cause() -> None:
    compute = compile_jsonata({"a": {"b": [0, ["{% $nope %}"]]}}, field="Catch[1]/Output")
    with pytest.raises(EvaluationError, match=re.escape("for the field 'Catch[1]/Output/a/b[1][0]' returned nothing")):
        compute({}, Here())


def test_an_expected_type() -> None:
    items = compile_jsonata("{% $ItemsVar %}", field="Items", expect="array")
    assert items({}, Here({"ItemsVar": [1]})) == [1]
    with pytest.raises(EvaluationError) as caught:  # recorded: test_map_state_items_variable_sampling
        items({}, Here({"ItemsVar": {"foo": "bar"}}))
    assert caught.value.cause == (
        "The JSONata expression '$ItemsVar' specified for the field 'Items' returned an unexpected result type. Expected "
        "'array', but was 'object' for value: {\"foo\":\"bar\"}"
    )


@pytest.mark.parametrize(
    ("terms", "fits"), [("+".join("1" * 100), True), ("+".join("1" * 101), False), ("[" * 99 + "1" + "]" * 99, True),
                        ("[" * 100 + "1" + "]" * 100, False), ("1" + " ~> $string" * 99, True), ("1" + " ~> $string" * 100, False)],
)  # fmt: skip
def test_a_hundred_nested_evaluations(terms: str, fits: bool) -> None:
    """Measured, floci#2783."""
    if fits:
        evaluate(terms)
    else:
        assert "Stack overflow error" in cause_of(terms)


@pytest.mark.parametrize(("depth", "fits"), [(31, True), (32, False)])
def test_recursion_nests_three_evaluations_a_call(depth: int, fits: bool) -> None:
    """Measured, floci#2783: f(n) nests 3n + 5."""
    expression = f"($f := function($x){{ $x <= 0 ? 0 : 1 + $f($x-1) }}; $f({depth}))"
    if fits:
        assert evaluate(expression) == depth
    else:
        assert "Stack overflow error" in cause_of(expression)


@pytest.mark.parametrize("body", ["$length($string($v))", "$length($string($v)) + 0"])
def test_calls_one_after_the_other_do_not_nest(body: str) -> None:
    assert evaluate(f"$map([1..200], function($v){{ {body} }}) ~> $sum()") == 9 + 90 * 2 + 101 * 3


def test_tail_calls_need_no_stack() -> None:
    assert evaluate("($f := function($n, $a){ $n = 0 ? $a : $f($n - 1, $a + $n) }; $f(1000, 0))") == 500500


@pytest.mark.parametrize(
    "expression",
    [
        "($f := function(){ $f() }; $f())",
        "($s := function($x, $n){ $n = 0 ? $x : $s($x & $x, $n - 1) }; $s('ab', 60))",
        "$map([1..150000], function($v){ $map([1..150000], function($w){ $v * $w }) })",
        "$join($map([1..1000], function($i){ $pad('x', 100000) }))",
        "$replace($pad('', 4000000), ' ', 'xxxxxxxxxx')",
        "$power(10, 400)",
    ],
)
def test_what_would_never_end_or_grow_ends(expression: str) -> None:
    cause_of(expression)


@pytest.mark.parametrize(
    "text", ["1 +", "a[1,2)", "", "$f(", "'a", "/a", "1 ! 2", "(" * 3000 + ")" * 3000, "1" + "+1" * 5000, "#"]
)
def test_what_does_not_parse_is_a_syntax_problem(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        compile_jsonata("{%" + text + "%}", field="Output")


EXPRESSION_TEXT = st.lists(
    st.sampled_from(
        ["a", "$", "$x", "$states", ".", "[", "]", "{", "}", "(", ")", "1", "'s'", "+", "-", "*", "%", "~>", ":=", "?", ":", ",",
         "function($x)", "$map", "$sum", "@$v", "#$i", "^", "..", "/a/", " and ", " in ", "|", ";", "null", "**", "$string", "=", "<"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(EXPRESSION_TEXT, st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists, max_leaves=5))
def test_any_text_either_compiles_or_is_a_syntax_problem(text: str, data: Any) -> None:
    check_expression(text)
    try:
        compute = compile_jsonata("{%" + text + "%}", field="Output")
    except SyntaxProblem:
        return
    try:
        json.dumps(compute(data, Here({"x": data})), allow_nan=False)
    except EvaluationError as error:
        assert error.cause.startswith("The JSONata expression '")  # noqa: PT017


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("phone", ["Reference to 'phone' at the top level is not supported."]),
        ("bbb + aaa + bbb", ["Reference to 'bbb' at the top level is not supported.",
                             "Reference to 'aaa' at the top level is not supported."]),
        ("$", ["Reference to '$' at the top level is not supported."]),
        ("$$", ["Reference to '$$' is not supported."]),
        ("$states.input.a[b = 1]^(c){d: e}.f", []),
        ("$map($states.input.a, function($x){ b })", ["Reference to 'b' at the top level is not supported."]),
        ("$states.errorOutput", ["Field '$states.errorOutput' does not exist."]),
        ("$states.result.x", ["Field '$states.result' does not exist."]),
        ("$unknown", []),
        ("1 +", ["Unexpected end of expression"]),
        ("a[1,2)", ['Expected "]", got ","']),
        ("phone %.other", ['The symbol "." cannot be used as a unary operator']),
        ("/abc", ["No terminating / in regular expression"]),
    ],
)  # fmt: skip
def test_what_a_definition_may_not_say(text: str, messages: list[str]) -> None:
    """Measured, floci#2670, #2699, #2745."""
    assert [problem.message for problem in check_expression(text)] == messages


def test_error_output_exists_in_a_catcher() -> None:
    assert not check_expression("$states.errorOutput.Error", fields=frozenset({"input", "context", "errorOutput"}))


def test_finding_expressions() -> None:
    found = list(expressions({"a": ["{% x %}", {"b/c": "{%y%}"}], "d": "no"}, path="Output"))
    assert found == [("Output/a[0]", "x"), ("Output/a[1]/b/c", "y")]
    assert not is_expression("{%}")


# -- what others measured on AWS ---------------------------------------------------------------------------------------


def measured() -> list[Any]:
    path = CONFORMANCE / "measured" / "cases.json"
    cases = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return [
        pytest.param(case, id=case["id"])
        for case in cases
        if case["kind"] == "execution" and case["definition"]["States"].get("E", {}).get("Type") == "Pass"
    ] or [pytest.param(None, marks=pytest.mark.skip(f"no conformance data at {path}"))]


@pytest.mark.parametrize("case", measured())
def test_measured(case: dict[str, Any]) -> None:
    state, expect = case["definition"]["States"]["E"], case["expect"]
    field = "Output" if "Output" in state else "Assign"
    compute = compile_jsonata(state[field], field=field)
    if expect["status"] == "SUCCEEDED":
        assert json.dumps(compute(case.get("input", {}), Here())) == json.dumps(expect["output"])
        return
    with pytest.raises(EvaluationError) as caught:
        compute(case.get("input", {}), Here())
    assert caught.value.error == expect["error"]
    assert expect.get("cause", caught.value.cause).endswith(caught.value.cause)
    assert expect.get("cause_contains", "") in caught.value.cause
    assert caught.value.cause.endswith(expect.get("cause_endswith", ""))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.a.b", 1),
        ("$states.input.list.b", [1, 2]),
        ("$states.input.list.(b * 10)", [10, 20]),
        ("$states.input.one.b", 1),
        ("$states.input.empty", []),
        ("$exists($states.input.empty.b)", False),
        ("$exists($states.input.a.c.d)", False),
        ("$exists($states.input.a.b.c)", False),
        ("$states.input.nothing", None),
        ("$type($states.input.nothing.($))", "null"),
        ("($x := {'s': $states.input.list[b = 1]}; $x.s.b)", 1),
        ("($x := {'s': $states.input.one[]}; $x.s)", [{"b": 1}]),
        ("{'s': $states.input.one[]}.s", [{"b": 1}]),
        ("{'s': $states.input.list[b = 1][]}.s", {"b": 1}),
        ("$states.input.list.a.b", [3]),
        ("$map($states.input.list, function($i) { $i.b + 1 })", [2, 3]),
        ("$states.input.list.{'n': b}", [{"n": 1}, {"n": 2}]),
        ("$states.input.list.[b]", [[1], [2]]),
        ("$states.input.a.[b]", [1]),
        ("$append(2.5, [])", [2.5]),
        ("$spread($states.input.one)", [{"b": 1}]),
        ("$states.input.a.*", 1),
        ("$states.input.mixed.*", [2]),
        ("$states.input.groups.{'k': $}", {"k": [{}]}),
    ],
)
def test_names_through_objects_and_arrays(expression: str, value: object) -> None:
    data = {
        "a": {"b": 1},
        "list": [{"b": 1}, {"b": 2, "a": {"b": [3]}}],
        "one": [{"b": 1}],
        "empty": [],
        "nothing": None,
        "mixed": {"n": 2, "none": []},
        "groups": [[[], [], {}]],
    }
    assert evaluate(expression, data) == value


@pytest.mark.parametrize(
    "comparison", ["$states.input.no = 1", "1 != $states.input.no", "$states.input.no != $nothing"]
)
def test_nothing_equals_undefined_and_nothing_differs_from_it(comparison: str) -> None:
    """As in the reference, for which either comparison with undefined is false."""
    assert evaluate(comparison, {}) is False
