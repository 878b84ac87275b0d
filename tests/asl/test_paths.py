"""Paths: what they find, how they miss, and that the compiled form means what the plain rules say."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.asl.paths import MISSING, check_path, compile_lookup, compile_path, compile_result_path
from penstock.asl.scope import EvaluationError, SyntaxProblem
from penstock.clock import Entropy


class Here:
    """A scope of a test's own."""

    def __init__(self, context: Mapping[str, Any] | None = None, variables: Mapping[str, Any] | None = None) -> None:
        self.context = context or {}
        self.variables = variables or {}
        self.entropy = Entropy(1)


SCOPE = Here({"Execution": {"Name": "run-1"}}, {"n": 3, "order": {"lines": [{"sku": "a"}, {"sku": "b"}]}})

STORE = {
    "i": 1,
    "none": None,
    "text": "abc",
    "a": {"b": {"c": "deep"}},
    "list": [1, 2, 3, 4, 5],
    "empty": [],
    "items": [
        {"p": 1, "n": "x", "tags": ["t"]},
        {"p": 5, "n": "y", "tags": []},
        {"p": "5", "n": "z9"},
        {"n": None},
    ],
    "odd key": 7,
    'Test\\""Name"': "quoted",
    "é": "e",
}

FOUND = {
    "$": STORE,
    "$.i": 1,
    "$.none": None,
    "$.a.b.c": "deep",
    "$['a']['b'].c": "deep",
    '$["a"].b["c"]': "deep",
    "$['odd key']": 7,
    "$[ 'odd key' ]": 7,
    """$['Test\\""Name"']""": "quoted",
    "$.é": "e",
    "$.list[0]": 1,
    "$.list[-1]": 5,
    "$.list[(@.length-1)]": 5,
    "$.list[1:3]": [2, 3],
    "$.list[2:]": [3, 4, 5],
    "$.list[:2]": [1, 2],
    "$.list[-2:]": [4, 5],
    "$.list[:-3]": [1, 2],
    "$.list[-3:-1]": [3, 4],
    "$.list[0,2]": [1, 3],
    "$.list[0,9]": [1, None],
    "$.list[*]": [1, 2, 3, 4, 5],
    "$.list[9:]": [],
    "$.list[3:99]": [4, 5],
    "$.list[-2:2]": [4, 5, 1, 2],  # Jayway counts from the one to the other as written
    "$.a.*": [{"c": "deep"}],
    "$['i','text']": {"i": 1, "text": "abc"},
    "$.items[*].n": ["x", "y", "z9", None],
    "$.items[*].nope": [],
    "$.nope[*]": [],
    "$.nope.nope[1:].x": [],
    "$..c": ["deep"],
    "$..p": [1, 5, "5"],
    "$.items..n": ["x", "y", "z9", None],
    "$.items[?(@.p > 1)].n": ["y"],
    "$.items[?(@.p == 5)].n": ["y", "z9"],
    "$.items[?(@.p === 5)].n": ["y"],
    "$.items[?(@.p != 5)].n": ["x", None],
    "$.items[?(@.p)].n": ["x", "y", "z9"],
    "$.items[?(!@.p)].n": [None],
    "$.items[?(@.n == null)]": [{"n": None}],
    "$.items[?(@.p >= 1 && @.n == 'x')].p": [1],
    '$.items[?(@.p < 1 || @.n == "y")].p': [5],
    "$.items[?((@.p == 1 || @.p == 5) && !(@.n == 'z9'))].n": ["x", "y"],
    "$.items[?(@.n =~ /[xyz]\\d?/)].n": ["x", "y", "z9"],
    "$.items[?(@.n =~ /X/i)].n": ["x"],
    "$.items[?(@.n in ['x','y'])].p": [1, 5],
    "$.items[?(@.n nin ['x','y'])].n": ["z9", None],
    "$.items[?(@.tags contains 't')].n": ["x"],
    "$.items[?(@.n contains '9')].n": ["z9"],
    "$.items[?(@.tags size 1)].n": ["x"],
    "$.items[?(@.tags empty true)].n": ["y"],
    "$.items[?(@.tags subsetof ['t','u'])].n": ["x", "y"],
    "$.items[?(@.tags anyof ['t'])].n": ["x"],
    "$.items[?(@.tags noneof ['t'])].n": ["y"],
    "$.items[?(@.p == $.i)].n": ["x"],
    "$.items[?(@.tags.length() == 1)].n": ["x"],
    "$.list[?(@ > 3)]": [4, 5],
    "$.a[?(@.c)]": [],
    "$.a.b[?(@.c == 'deep')].c": ["deep"],
    "$..[?(@.p == 1)].n": ["x"],
    "$.list.length()": 5,
    "$.list[*].length()": 5,  # a function takes all matches
    "$.list.sum()": 15.0,
    "$.list.min()": 1.0,
    "$.list.max()": 5.0,
    "$.list.avg()": 3.0,
    "$.list.stddev()": 2**0.5,
    "$.a.keys()": ["b"],
    "$.list.append(6)": [1, 2, 3, 4, 5, 6],
    "$.items[0].tags.concat('-', 'u')": "t-u",
    "$.list.first()": 1,
    "$.list.last()": 5,
    "$$.Execution.Name": "run-1",
    "$n": 3,
    "$order.lines[1].sku": "b",
    "$order.lines[*].sku": ["a", "b"],
}


@pytest.mark.parametrize("path", FOUND)
def test_finds(path: str) -> None:
    assert compile_path(path, field="value.$")(STORE, SCOPE) == FOUND[path]


def test_the_value_found_is_the_value_itself() -> None:
    assert compile_path("$.a.b", field="InputPath")(STORE, SCOPE) is STORE["a"]["b"]  # type: ignore[index]


MISSES = {
    # Recorded (test_catch_states_runtime) and Jayway's own sentences.
    ("$.no.such.result.path", "OutputPath"): "Invalid path '$.no.such.result.path' : Missing property in path $['no']",
    ("$.a.nope", "InputPath"): "Invalid path '$.a.nope' : No results for path: $['a']['nope']",
    ("$.i[0]", "InputPath"): "Invalid path '$.i[0]' : Filter: [0] can only be applied to arrays. Current context is: 1",
    (
        "$.text[0]",
        "InputPath",
    ): "Invalid path '$.text[0]' : Filter: [0] can only be applied to arrays. Current context is: abc",
    ("$.none[0]", "InputPath"): "Invalid path '$.none[0]' : The path $['none'] is null",
    # Recorded (test_invalid_jsonpath, floci#2868).
    ("$.ErrorX", "ErrorPath"): "The JSONPath '$.ErrorX' specified for the field 'ErrorPath' could not be found in the "
    "input '{\"i\":1}'",
    (
        "$.nope",
        "m.$",
    ): "The JSONPath '$.nope' specified for the field 'm.$' could not be found in the input '{\"i\":1}'",
    ("$.x", "Variable"): "Invalid path '$.x': The choice state's condition path references an invalid value.",
    ("$.x", "NumericEqualsPath"): "Invalid path '$.x': The choice state's condition path references an invalid value.",
    # Recorded (wait_seconds_path).
    (
        "$.input.waitSeconds",
        "SecondsPath",
    ): "The SecondsPath parameter does not reference an input value: $.input.waitSeconds",
    # Recorded (test_state_map_context_object).
    ("$$.Execution.Input", "ItemsPath"): 'Reference path "$.Execution.Input" must point to array.',
}


@pytest.mark.parametrize(("path", "field"), MISSES)
def test_misses_with_aws_sentence(path: str, field: str) -> None:
    data: Any = {"i": 1} if field.endswith("$") or field == "ErrorPath" else STORE
    with pytest.raises(EvaluationError) as caught:
        compile_path(path, field=field)(data, SCOPE)
    assert caught.value.error == "States.Runtime"
    assert caught.value.cause == MISSES[path, field]


def test_past_the_end_of_an_array_is_null_in_a_template() -> None:
    assert compile_path("$.list[5]", field="v.$")(STORE, SCOPE) is None  # measured, floci#2872


def test_lookup_tells_missing_from_null() -> None:
    assert compile_lookup("$.none")(STORE, SCOPE) is None
    assert compile_lookup("$.nope")(STORE, SCOPE) is MISSING
    assert compile_lookup("$.list[7]")(STORE, SCOPE) is MISSING
    assert compile_lookup("$unknown")(STORE, SCOPE) is MISSING


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "a.b", "$.", "$..", "$.a.", "$[", "$[]", "$['a", "$['a'", "$[a]", "$.a b", "$.a[1", "$.a[1:2:3]", "$.a[:]",
        "$.a['x',1]", "$a b", "$.a[?(@.x]", "$.a[?(@.x == )]", "$.a[?(1)]", "$.a[?(@.x ~ 1)]", "$.nope()", "$.a)",
        "$.a[?(@.x =~ 'y')]", "$.a[?(@.x =~ /(/)]", "$.a[?(@.x =~ /a{1,999}{9,999}/)]", "$." + "a" * 40_000,
        "$[?(" + "(" * 500 + "@.a" + ")" * 500 + ")]", "$.a[99999999999999999999]", "$.a['x'", "\x00", "$\x00",
    ],
)  # fmt: skip
def test_refuses(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        check_path(text) if "=~" not in text else compile_path(text, field="InputPath")


@pytest.mark.parametrize("text", ["$", "$.a", "$.a.b[0]['c d']", "$x.y", "$$.Execution"])
def test_reference_paths(text: str) -> None:
    check_path(text, reference=True)


@pytest.mark.parametrize("text", ["$.a[*]", "$..a", "$.a[0,1]", "$.a[1:]", "$.a[?(@.b)]", "$.a.length()", "$['a','b']"])
def test_not_reference_paths(text: str) -> None:
    check_path(text)
    with pytest.raises(SyntaxProblem):
        check_path(text, reference=True)


# -- laws --------------------------------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "c", "d e"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)
STEPS = st.lists(
    st.tuples(st.just("name"), KEYS)
    | st.tuples(st.just("index"), st.integers(-3, 3))
    | st.tuples(st.just("each"), st.none())
    | st.tuples(st.just("deep"), KEYS),
    max_size=5,
)


def as_text(steps: list[tuple[str, Any]]) -> str:
    spell = {
        "name": lambda v: f"['{v}']" if " " in v else f".{v}",
        "index": lambda v: f"[{v}]",
        "each": lambda v: "[*]",
        "deep": lambda v: f"..['{v}']",
    }
    return "$" + "".join(spell[kind](value) for kind, value in steps)


def descendants(value: Any) -> list[Any]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value] + [d for item in inner for d in descendants(item)]


def plainly(steps: list[tuple[str, Any]], document: Any) -> Any:
    """The slow reading of a path: a list of matches, one step at a time. MISSING where a definite path misses."""
    spreads = any(kind in ("each", "deep") for kind, _ in steps)
    values = [document]
    spread_yet = False
    for kind, arg in steps:
        after: list[Any] = []
        for value in values:
            if kind == "name" and isinstance(value, dict) and arg in value:
                after.append(value[arg])
            elif kind == "index" and isinstance(value, list):
                inside = -len(value) <= arg < len(value)
                if inside or spreads:
                    after.append(value[arg] if inside else None)
            elif kind == "each" and isinstance(value, (list, dict)):
                after.extend(value if isinstance(value, list) else value.values())
            elif kind == "deep":
                after.extend(d[arg] for d in descendants(value) if isinstance(d, dict) and arg in d)
        values = after
        spread_yet = spread_yet or kind in ("each", "deep")
    if spreads:
        return values
    return values[0] if values else MISSING


@given(STEPS, JSON)
def test_compiled_paths_mean_what_the_plain_reading_says(steps: list[tuple[str, Any]], document: Any) -> None:
    assert compile_lookup(as_text(steps))(document, SCOPE) == plainly(steps, document)


@given(st.text(alphabet="$@.[]()'\"*?:,&|!=<>~/ab019- \\xlengthin", max_size=40), JSON)
def test_any_text_either_compiles_or_is_a_syntax_problem(text: str, document: Any) -> None:
    try:
        compute = compile_path("$" + text, field="InputPath")
    except SyntaxProblem:
        return
    try:
        compute(document, SCOPE)
    except EvaluationError as error:
        assert error.error == "States.Runtime"  # noqa: PT017


def test_a_hostile_path_ends_in_time() -> None:
    document: Any = {}
    for _ in range(200):
        document = {"a": document, "b": [document] * 2 if not document else 1}
    with pytest.raises(EvaluationError, match="looks at more than"):
        compile_path("$..*..*..*..*..*", field="InputPath")(document, SCOPE)
    hostile = {"items": ["a" * 2_000] * 50}
    assert compile_path("$.items[?(@ =~ /(a+)+b/)]", field="InputPath")(hostile, SCOPE) == []


# -- ResultPath ----------------------------------------------------------------------------------------------------------

PLACES = st.lists(KEYS, min_size=1, max_size=4)
OBJECTS = st.dictionaries(KEYS, st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers()), max_size=3), max_size=3)


@given(PLACES, OBJECTS, JSON)
def test_what_is_put_can_be_got_and_the_rest_is_shared(keys: list[str], raw: dict[str, Any], result: Any) -> None:
    text = as_text([("name", key) for key in keys])
    try:
        combined: Any = compile_result_path(text)(raw, result)
    except EvaluationError as error:
        assert error.error == "States.ResultPathMatchFailure"  # noqa: PT017
        return
    assert compile_path(text, field="InputPath")(combined, SCOPE) is result
    for key, value in raw.items():
        if key != keys[0]:
            assert combined[key] is value


@given(PLACES, OBJECTS)
def test_putting_changes_nothing_in_place(keys: list[str], raw: dict[str, Any]) -> None:
    before = repr(raw)
    with contextlib.suppress(EvaluationError):
        compile_result_path(as_text([("name", key) for key in keys]))(raw, "new")
    assert repr(raw) == before


def test_result_path_forms() -> None:
    raw = {"a": [1, {"b": 2}], "keep": {"x": 1}}
    assert compile_result_path(None)(raw, 9) is raw
    assert compile_result_path("$")(raw, 9) == 9
    assert compile_result_path("$.new.deep")(raw, 9) == {**raw, "new": {"deep": 9}}
    assert compile_result_path("$.a[1].b")(raw, 9) == {"a": [1, {"b": 9}], "keep": {"x": 1}}
    assert compile_result_path("$[1].p")([{"a": 1}, {"id": 7}], 9) == [{"a": 1}, {"id": 7, "p": 9}]


@pytest.mark.parametrize(
    ("text", "raw"),
    [("$.x", "just-a-string"), ("$[10].p", [{"a": 1}]), ("$.a.b", {"a": 1}), ("$.x", None), ("$.n[0]", {})],
)
def test_result_path_that_does_not_fit(text: str, raw: Any) -> None:
    with pytest.raises(EvaluationError) as caught:
        compile_result_path(text)(raw, {"x": 1})
    assert caught.value.error == "States.ResultPathMatchFailure"
    assert caught.value.cause.startswith(f"Unable to apply ReferencePath {text} to input ")


@pytest.mark.parametrize("text", ["$$.a", "$x.a", "$.a[*]", "$..a", "a", ""])
def test_result_path_refuses(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        compile_result_path(text)
