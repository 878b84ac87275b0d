"""References into the data: paths, intrinsic functions, expressions, and what must not be done with them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sfn.support import state

import penstock
from penstock import sfn as sf
from penstock.asl.syntax import value_fault
from penstock.errors import InvalidDefinition

JP = sf.JsonPath


def rendered(value: Any) -> Any:
    return state(sf.Pass("p", parameters={"k": value}))["Parameters"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (JP.string_at("$.a"), {"k.$": "$.a"}),
        (JP.number_at("$.a.b"), {"k.$": "$.a.b"}),
        (JP.list_at("$.a[*].b"), {"k.$": "$.a[*].b"}),
        (JP.object_at("$['a b']"), {"k.$": "$['a b']"}),
        (JP.string_at("$variable.x"), {"k.$": "$variable.x"}),
        (JP.task_token, {"k.$": "$$.Task.Token"}),
        (JP.entire_payload, {"k.$": "$"}),
        ([1, "a", JP.string_at("$.b")], {"k.$": "States.Array(1, 'a', $.b)"}),
        ([JP.list_at("$.a"), [JP.string_at("$.b")]], {"k.$": "States.Array($.a, States.Array($.b))"}),
        ({"x": [{"y": JP.string_at("$.y")}]}, {"k": {"x": [{"y.$": "$.y"}]}}),
        (None, {"k": None}),
        (sf.TaskInput.from_json_path_at("$.a"), {"k.$": "$.a"}),
        (sf.TaskInput.from_object({"a": JP.string_at("$.a")}), {"k": {"a.$": "$.a"}}),
        (sf.QueryLanguage.JSONATA, {"k": "JSONata"}),
        (sf.Duration.minutes(1), {"k": 60}),
        ((1, 2), {"k": [1, 2]}),
    ],
)
def test_references_in_payloads(value: Any, expected: dict[str, Any]) -> None:
    assert rendered(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (JP.format("a {} '{}'", JP.string_at("$.a"), 3), "States.Format('a {} \\'{}\\'', $.a, 3)"),
        (JP.format("\\{literal\\} \\"), "States.Format('\\{literal\\} \\\\')"),
        (JP.array("a", 1, JP.string_at("$.x")), "States.Array('a', 1, $.x)"),
        (JP.array_partition(JP.list_at("$.a"), 4), "States.ArrayPartition($.a, 4)"),
        (JP.array_contains(JP.list_at("$.a"), 5), "States.ArrayContains($.a, 5)"),
        (JP.array_range(1, 9, 2), "States.ArrayRange(1, 9, 2)"),
        (JP.array_get_item(JP.list_at("$.a"), 0), "States.ArrayGetItem($.a, 0)"),
        (JP.array_length(JP.list_at("$.a")), "States.ArrayLength($.a)"),
        (JP.array_unique(JP.list_at("$.a")), "States.ArrayUnique($.a)"),
        (JP.base64_encode(JP.string_at("$.a")), "States.Base64Encode($.a)"),
        (JP.base64_decode("YQ=="), "States.Base64Decode('YQ==')"),
        (JP.hash(JP.object_at("$.a"), "SHA-1"), "States.Hash($.a, 'SHA-1')"),
        (JP.json_merge(JP.object_at("$.a"), JP.object_at("$.b")), "States.JsonMerge($.a, $.b, false)"),
        (JP.json_to_string(JP.object_at("$.a")), "States.JsonToString($.a)"),
        (JP.string_to_json(JP.string_at("$.a")), "States.StringToJson($.a)"),
        (JP.string_split("a,b", ","), "States.StringSplit('a,b', ',')"),
        (JP.math_add(JP.number_at("$.n"), -1), "States.MathAdd($.n, -1)"),
        (JP.math_random(1, 9), "States.MathRandom(1, 9)"),
        (JP.uuid(), "States.UUID()"),
        (
            JP.format("{}", JP.array_get_item(JP.string_split(JP.string_at("$.s"), ","), 0)),
            "States.Format('{}', States.ArrayGetItem(States.StringSplit($.s, ','), 0))",
        ),
    ],
)
def test_intrinsic_functions(value: Any, expected: str) -> None:
    assert rendered(value) == {"k.$": expected}
    assert value_fault(expected) is None


@settings(deadline=None)  # the first run compiles the machine; a busy computer takes its time
@given(st.text(alphabet=st.sampled_from("ab'\\{} \n$.é"), max_size=12))
def test_any_text_stays_itself_beside_a_reference(text: str) -> None:
    machine = sf.StateMachine("m", definition=sf.Pass("p", parameters={"k": [text, JP.string_at("$.x")]}))
    assert penstock.run(machine, {"x": 1}).output == {"k": [text, 1]}


@pytest.mark.parametrize(
    "use",
    [
        lambda: f"order {JP.string_at('$.id')}",
        lambda: "order " + JP.string_at("$.id"),
        lambda: JP.string_at("$.id") + "!",
        lambda: JP.number_at("$.n") + 1,
        lambda: JP.number_at("$.n") > 3,
        lambda: bool(JP.number_at("$.n")),
        lambda: len(JP.list_at("$.l")),
        lambda: list(JP.list_at("$.l")),
        lambda: JP.list_at("$.l")[0],
        lambda: JP.object_at("$.o")["x"],
        lambda: bool(sf.Condition.is_null("$.a")),
        lambda: JP.string_at("id"),
        lambda: sf.Condition.string_equals("id", "a"),
        lambda: sf.Condition.string_equals("$.id", JP.string_at("$.other")),
        lambda: sf.Condition.number_equals("$.n", "3"),  # type: ignore[arg-type]
        lambda: sf.Condition.and_(sf.Condition.jsonata("true"), sf.Condition.is_null("$.a")),
        lambda: JP.json_to_string({"a": 1}),
    ],
)
def test_what_is_not_known_yet_cannot_be_used(use: Any) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        use()
    (found,) = caught.value.diagnostics
    assert found.span is not None
    assert found.span.source.name.endswith("test_values.py")
    assert found.help


def test_references_look_like_what_they_are() -> None:
    assert repr(JP.list_at("$.a")) == "<JSONPath $.a>"
    assert JP.is_encoded_json_path(JP.number_at("$.n"))
    assert not JP.is_encoded_json_path("$.n")
    assert JP.number_at("$.n") != 0
