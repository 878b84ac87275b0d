"""Query languages: what each has, and how AWS says that it is the other's."""

from typing import Any

import pytest
from tests.asl.check.support import choice, found, mapped, one, schema, task

from penstock.asl.check import check


def other(language: str, field: str) -> str:
    only = "JSONata" if language == "JSONPath" else "JSONPath"
    return f"The QueryLanguage is set to '{language}', but field '{field}' is only supported for the '{only}' QueryLanguage"


@pytest.mark.parametrize(
    ("state", "field"),
    [
        ({"Type": "Pass", "Output": {}, "End": True}, "Output"),
        (task(Arguments={}), "Arguments"),
        (mapped(Items=[1]), "Items"),
    ],
)
def test_jsonata_fields_in_a_jsonpath_state(state: dict[str, Any], field: str) -> None:
    assert schema(one(state)) == [(other("JSONPath", field), "/States/X")]
    assert found(one(state, QueryLanguage="JSONata")) == []


@pytest.mark.parametrize(
    ("state", "field"),
    [
        ({"Type": "Pass", "InputPath": "$.a", "End": True}, "InputPath"),
        ({"Type": "Pass", "OutputPath": None, "End": True}, "OutputPath"),
        ({"Type": "Pass", "ResultPath": "$.a", "End": True}, "ResultPath"),
        ({"Type": "Pass", "Parameters": {}, "End": True}, "Parameters"),
        ({"Type": "Pass", "Result": 1, "End": True}, "Result"),
        (task(ResultSelector={}), "ResultSelector"),
        (task(TimeoutSecondsPath="$.a"), "TimeoutSecondsPath"),
        (task(HeartbeatSecondsPath="$.a"), "HeartbeatSecondsPath"),
        ({"Type": "Wait", "SecondsPath": "$.a", "End": True}, "SecondsPath"),
        ({"Type": "Fail", "ErrorPath": "$.a"}, "ErrorPath"),
        (mapped(ItemsPath="$.a"), "ItemsPath"),
        (mapped(MaxConcurrencyPath="$.a"), "MaxConcurrencyPath"),
    ],
)
def test_jsonpath_fields_in_a_jsonata_state(state: dict[str, Any], field: str) -> None:
    assert schema(one({**state, "QueryLanguage": "JSONata"})) == [(other("JSONata", field), "/States/X")]
    assert found(one(state)) == []


def test_assign_is_both_languages() -> None:
    state = {"Type": "Pass", "Assign": {"v": 1}, "End": True}
    assert found(one(state)) == found(one(state, QueryLanguage="JSONata")) == []


def test_rules_and_catchers_keep_to_the_language_too() -> None:
    rule = {"Condition": "{% true %}", "Next": "F"}
    assert schema(choice(rule)) == [(other("JSONPath", "Condition"), "/States/X/Choices[0]")]
    assert found(choice(rule, QueryLanguage="JSONata")) == []
    path = {"Variable": "$.a", "IsNull": True, "Next": "F"}
    messages = schema(choice(path, QueryLanguage="JSONata"))
    assert messages[0] == (other("JSONata", "Variable"), "/States/X/Choices[0]")
    catcher = {"ErrorEquals": ["A"], "Next": "F", "ResultPath": "$.e"}
    assert schema(one(task(Catch=[catcher]), QueryLanguage="JSONata")) == [
        (other("JSONata", "ResultPath"), "/States/X/Catch[0]")
    ]


def test_a_jsonata_machine_has_no_jsonpath_states() -> None:
    message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
    state = {"Type": "Pass", "QueryLanguage": "JSONPath", "InputPath": "$.a", "End": True}
    assert schema(one(state, QueryLanguage="JSONata")) == [(message, "/States/X")]
    both = {"Type": "Pass", "QueryLanguage": "JSONPath", "Output": 1, "InputPath": "$.a", "End": True}
    assert schema(one(both, QueryLanguage="JSONata")) == [(message, "/States/X")]
    wrong = mapped(distributed=False, QueryLanguage="JSONPath", MaxConcurrency=-1)
    assert schema(one(wrong, QueryLanguage="JSONata")) == [
        (message, "/States/X"),
        ("Minimum value is 0", "/States/X/MaxConcurrency"),
    ]


def test_children_inherit_the_machines_language_not_their_maps() -> None:
    state = mapped(distributed=False, QueryLanguage="JSONata")
    state["ItemProcessor"]["States"]["I"]["Output"] = {}
    assert schema(one(state)) == [(other("JSONPath", "Output"), "/States/X/ItemProcessor/States/I")]
    assert found(one(state, QueryLanguage="JSONata")) == []


@pytest.mark.parametrize("key", ["ItemProcessor", "Iterator"])
def test_a_processor_has_no_language(key: str) -> None:
    state = mapped(distributed=False)
    state[key] = {**state.pop("ItemProcessor"), "QueryLanguage": "JSONata"}
    assert schema(one(state)) == [("Field 'QueryLanguage' is not supported", f"/States/X/{key}")]


def test_any_word_but_jsonpath_means_jsonata_and_is_wrong_besides() -> None:
    enum = "Value should be one of the following: [JSONPath, JSONata]"
    state = {"Type": "Pass", "QueryLanguage": "jsonata", "Output": 1, "InputPath": "$.a", "End": True}
    assert schema(one(state)) == [(other("JSONata", "InputPath"), "/States/X"), (enum, "/States/X/QueryLanguage")]
    plain = {"Type": "Pass", "InputPath": "$.a", "End": True}
    machine = {"QueryLanguage": "jsonpath", "StartAt": "X", "States": {"X": plain}}
    assert schema(machine) == [(enum, "/QueryLanguage"), (other("JSONata", "InputPath"), "/States/X")]
    assert schema(one({**plain, "QueryLanguage": 5})) == [
        (other("JSONata", "InputPath"), "/States/X"),
        ("Expected value of type [STRING]", "/States/X/QueryLanguage"),
    ]


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("{% 1 %}", True),
        ("{%1%}", True),
        ("plain", True),
        (" {% 1 %}", False),
        ("{% 1", False),
        ("1 %}", False),
        ("{%}", False),
        ({"a": [{"b": "{% 1"}]}, False),
    ],
)
def test_delimiters_of_expressions(value: Any, good: bool) -> None:
    problems = found(one({"Type": "Pass", "QueryLanguage": "JSONata", "Output": value, "End": True}))
    assert [message for _, message, _ in problems] == (
        [] if good else ["JSONata string must start with {% and end with %}"]
    )


def test_the_place_of_an_expression_is_told_whole() -> None:
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"a": ["x", {"b c": "{% 1"}]}, "End": True}
    assert schema(one(state))[0][1] == "/States/X/Output/a[1]/b c"


def test_expressions_are_not_looked_for_elsewhere() -> None:
    state = task(Comment="{% x", Retry=[{"ErrorEquals": ["{% x"]}])
    assert found(one(state, QueryLanguage="JSONata")) == []
    assert found(one({"Type": "Pass", "Parameters": {"v": "{% phone"}, "End": True})) == []


@pytest.mark.parametrize("field", ["TimeoutSeconds", "HeartbeatSeconds"])
def test_numbers_may_be_expressions_in_jsonata_alone(field: str) -> None:
    assert found(one(task(**{field: "{% 5 %}"}), QueryLanguage="JSONata")) == []
    assert schema(one(task(**{field: "{% 5 %}"}))) == [("Expected value of type Integer", f"/States/X/{field}")]
    assert schema(one(task(**{field: "5"}), QueryLanguage="JSONata")) == [
        ("Expected value of type Integer", f"/States/X/{field}")
    ]


def test_timestamps_may_be_expressions_in_jsonata_alone() -> None:
    state = {"Type": "Wait", "Timestamp": "{% '2016-03-14T01:59:00Z' %}", "End": True}
    assert found(one(state, QueryLanguage="JSONata")) == []
    assert schema(one(state)) == [("String does not match RFC3339 timestamp", "/States/X/Timestamp")]


@pytest.mark.parametrize("condition", [1, "true", None, "{% x"])
def test_a_condition_is_an_expression(condition: Any) -> None:
    rule = {"Condition": condition, "Next": "F"}
    assert check(choice(rule, QueryLanguage="JSONata"))[0].location == "/States/X/Choices[0]/Condition"


# ---- expressions: the parser has its own tests; here is where they are looked for, and what `$states` has there

UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION"


def jsonata(state: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return found(one(state, QueryLanguage="JSONata"))


def test_an_expression_that_does_not_parse() -> None:
    state = {"Type": "Pass", "Output": {"a": ["{% 1 + %}"]}, "End": True}
    assert jsonata(state) == [
        ("INVALID_JSONATA_EXPRESSION", "Unexpected end of expression", "/States/X/Output/a[0]"),
    ]


@pytest.mark.parametrize(
    ("state", "location"),
    [
        ({"Type": "Pass", "Output": "{% phone %}", "End": True}, "/Output"),
        ({"Type": "Pass", "Assign": {"v": "{% phone %}"}, "End": True}, "/Assign/v"),
        (task(Arguments={"Next": "{% phone %}"}), "/Arguments/Next"),
        (task(TimeoutSeconds="{% phone %}"), "/TimeoutSeconds"),
        ({"Type": "Wait", "Timestamp": "{% phone %}", "End": True}, "/Timestamp"),
        ({"Type": "Fail", "Cause": "{% phone %}"}, "/Cause"),
        (mapped(Items="{% phone %}"), "/Items"),
        (mapped(ItemBatcher={"BatchInput": {"Comment": "{% phone %}"}}), "/ItemBatcher/BatchInput/Comment"),
    ],
)
def test_names_without_a_context_wherever_expressions_stand(state: dict[str, Any], location: str) -> None:
    message = "Reference to 'phone' at the top level is not supported."
    assert jsonata(state) == [(UNSUPPORTED, message, "/States/X" + location)]


def test_results_and_errors_are_there_where_they_are() -> None:
    handled = {"ErrorEquals": ["A"], "Next": "F", "Output": "{% $states.errorOutput %}"}
    state = task(Output="{% $states.result %}", Assign={"v": "{% $states.result %}"}, Catch=[handled])
    assert jsonata(state) == []
    parallel = {
        "Type": "Parallel",
        "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Output": "{% $states.input %}", "End": True}}}],
        "Output": "{% $states.result %}",
        "End": True,
    }
    assert jsonata(parallel) == []


@pytest.mark.parametrize(
    ("state", "field", "location"),
    [
        ({"Type": "Pass", "Output": "{% $states.errorOutput %}", "End": True}, "errorOutput", "/Output"),
        (task(Output="{% $states.errorOutput %}"), "errorOutput", "/Output"),
        (task(Arguments="{% $states.result %}"), "result", "/Arguments"),
        (
            task(Catch=[{"ErrorEquals": ["A"], "Next": "F", "Output": "{% $states.result %}"}]),
            "result",
            "/Catch[0]/Output",
        ),
    ],
)
def test_and_nowhere_else(state: dict[str, Any], field: str, location: str) -> None:
    assert jsonata(state) == [(UNSUPPORTED, f"Field '$states.{field}' does not exist.", "/States/X" + location)]
