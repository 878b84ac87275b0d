"""The picture of a machine as data: transitions, labels, inner machines, mistakes shown instead of hidden."""

import pytest

from penstock.asl.graph import EdgeKind, describe, edges, graph
from penstock.asl.model import STATE_TYPES, StateMachine
from penstock.asl.read import read_document


def machine(states: dict, start: str | None = None) -> StateMachine:
    found = read_document({"StartAt": start or next(iter(states)), "States": states}).machine
    assert found is not None
    return found


def test_every_kind_of_transition_becomes_an_edge_in_the_order_of_the_engine():
    drawn = graph(
        machine(
            {
                "Ask": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::sqs:sendMessage",
                    "Catch": [{"ErrorEquals": ["A", "B"], "Next": "Sorry"}],
                    "Next": "Which",
                },
                "Which": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.n", "NumericGreaterThan": 3, "Next": "Done"}],
                    "Default": "Ask",
                },
                "Done": {"Type": "Succeed"},
                "Sorry": {"Type": "Fail", "Error": "Sad"},
            }
        )
    )
    names = {node.id: node.name for node in drawn.nodes}
    assert [(names[e.source], names[e.target], e.kind, e.label) for e in drawn.edges] == [
        ("Ask", "Which", EdgeKind.NEXT, ""),
        ("Ask", "Sorry", EdgeKind.CATCH, "A, B"),
        ("Which", "Done", EdgeKind.RULE, "$.n > 3"),
        ("Which", "Ask", EdgeKind.DEFAULT, "otherwise"),
    ]
    assert [node.ends for node in drawn.nodes] == [False, False, True, True]
    assert names[drawn.start] == "Ask"


def test_branches_and_processors_are_graphs_inside_their_node():
    inner = {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": True}}}
    other = {"StartAt": "Y", "States": {"Y": {"Type": "Pass", "Next": "Z"}, "Z": {"Type": "Pass", "End": True}}}
    drawn = machine(
        {
            "P": {"Type": "Parallel", "Branches": [inner, other], "Next": "M"},
            "M": {"Type": "Map", "Iterator": {"StartAt": "W", "States": {"W": {"Type": "Succeed"}}}, "End": True},
        }
    )
    parallel, mapped = graph(drawn).nodes
    assert [[node.name for node in each.nodes] for each in parallel.inner] == [["X"], ["Y", "Z"]]
    assert [[node.name for node in each.nodes] for each in mapped.inner] == [["W"]]
    ids = [node.id for each in graph(drawn).walk() for node in each.nodes]
    assert len(set(ids)) == len(ids) == 6
    assert len(edges(drawn)) == 2


def test_a_transition_to_a_missing_state_is_drawn():
    drawn = graph(machine({"A": {"Type": "Pass", "Next": "Nowhere"}}))
    assert [(node.name, node.type) for node in drawn.nodes] == [("A", "Pass"), ("Nowhere", "Missing")]


@pytest.mark.parametrize(
    ("rule", "label"),
    [
        ({"Variable": "$.a", "StringEquals": "x"}, '$.a == "x"'),
        ({"Variable": "$.a", "NumericLessThanEqualsPath": "$.b"}, "$.a <= $.b"),
        ({"Variable": "$.a", "TimestampGreaterThan": "2024-01-01T00:00:00Z"}, '$.a > "2024-01-01T00:00:00Z"'),
        ({"Variable": "$.a", "IsPresent": False}, "$.a is missing"),
        ({"Variable": "$.a", "IsNull": True}, "$.a is null"),
        ({"Variable": "$.a", "IsNumeric": False}, "$.a is not numeric"),
        ({"Variable": "$.a", "StringMatches": "b*"}, '$.a matches "b*"'),
        ({"Not": {"Variable": "$.a", "BooleanEquals": True}}, "not $.a == true"),
        (
            {
                "And": [
                    {"Variable": "$.a", "IsPresent": True},
                    {"Or": [{"Variable": "$.b", "NumericEquals": 1}, {"Variable": "$.b", "NumericEquals": 2}]},
                ]
            },
            "$.a is present and ($.b == 1 or $.b == 2)",
        ),
    ],
)
def test_rules_read_as_expressions(rule, label):
    drawn = machine({"C": {"Type": "Choice", "Choices": [{**rule, "Next": "D"}]}, "D": {"Type": "Succeed"}})
    assert [edge.label for edge in edges(drawn)] == [label]


def test_a_jsonata_condition_is_shown_without_its_brackets():
    document = {
        "QueryLanguage": "JSONata",
        "StartAt": "C",
        "States": {
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.n > 3 %}", "Next": "D"}]},
            "D": {"Type": "Succeed"},
        },
    }
    found = read_document(document).machine
    assert found is not None
    assert [edge.label for edge in edges(found)] == ["$states.input.n > 3"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:Pay:3"}, "lambda Pay"),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "Pay"}},
            "lambda Pay",
        ),
        ({"Type": "Task", "Resource": "arn:aws:states:eu-west-1:123456789012:activity:Sign"}, "activity Sign"),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"},
            "sqs sendMessage (waits for a token)",
        ),
        (
            {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2"},
            "states startExecution (waits for the end)",
        ),
        ({"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject"}, "aws-sdk s3 getObject"),
        ({"Type": "Task", "Resource": "${LambdaFunctionPay}"}, "lambda Pay"),
        ({"Type": "Wait", "Seconds": 10}, "10 s"),
        ({"Type": "Wait", "TimestampPath": "$.at"}, "until $.at"),
        ({"Type": "Map", "ItemsPath": "$.x", "MaxConcurrency": 3}, "for each of $.x, 3 at once"),
        ({"Type": "Fail", "Error": "Boom"}, "Boom"),
    ],
)
def test_a_state_says_in_a_few_words_what_it_does(state, words):
    fields = {"parameters": state["Parameters"]} if "Parameters" in state else {}
    names = {
        "Resource": "resource",
        "Seconds": "seconds",
        "TimestampPath": "timestamp_path",
        "ItemsPath": "items_path",
        "MaxConcurrency": "max_concurrency",
        "Error": "error",
    }
    fields |= {names[key]: value for key, value in state.items() if key in names}
    assert describe(STATE_TYPES[state["Type"]](name="S", **fields)) == words


def test_rules_nested_by_the_hundred_are_cut_off():
    rule: dict = {"Variable": "$.a", "IsNull": True}
    for _ in range(60):
        rule = {"Not": rule}
    drawn = machine({"C": {"Type": "Choice", "Choices": [{**rule, "Next": "D"}]}, "D": {"Type": "Succeed"}})
    assert edges(drawn)[0].label.endswith("…")
