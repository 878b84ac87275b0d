"""What mutation starts from: machines that use every field, the recorded ones where they are at hand, and hostile values."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.conformance import data

Definition = dict[str, Any]

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:work"
_RETRY = [
    {
        "ErrorEquals": ["Custom", "States.Timeout"],
        "IntervalSeconds": 2,
        "MaxAttempts": 2,
        "BackoffRate": 1.5,
        "MaxDelaySeconds": 9,
        "JitterStrategy": "FULL",
    },
    {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1},
]

JSONPATH: Definition = {
    "Comment": "every field of a JSONPath machine",
    "StartAt": "P",
    "TimeoutSeconds": 900,
    "States": {
        "P": {
            "Type": "Pass",
            "InputPath": "$",
            "Parameters": {"n.$": "$.n", "t.$": "States.Format('{} {}', $.n, $$.Execution.Name)", "items.$": "$.items"},
            "ResultPath": "$.p",
            "OutputPath": "$",
            "Assign": {"v.$": "$.n", "w": [1, 2]},
            "Next": "T",
        },
        "T": {
            "Type": "Task",
            "Resource": LAMBDA,
            "Parameters": {"x.$": "$v", "y": "text"},
            "ResultSelector": {"r.$": "$"},
            "ResultPath": "$.t",
            "TimeoutSecondsPath": "$.n",
            "HeartbeatSeconds": 1,
            "Retry": _RETRY,
            "Catch": [
                {"ErrorEquals": ["Other"], "ResultPath": "$.error", "Next": "F"},
                {"ErrorEquals": ["States.ALL"], "Assign": {"v.$": "$.Cause"}, "ResultPath": "$.error", "Next": "C"},
            ],
            "Next": "C",
        },
        "C": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.n", "NumericGreaterThan": 100, "Assign": {"v": 1}, "Next": "F"},
                {
                    "And": [
                        {"Variable": "$.s", "IsPresent": True},
                        {"Or": [{"Variable": "$.s", "StringMatches": "a*b"}, {"Variable": "$.s", "IsNull": True}]},
                        {"Not": {"Variable": "$.s", "StringLessThanPath": "$.s"}},
                    ],
                    "Next": "W",
                },
                {"Variable": "$.at", "TimestampLessThan": "2030-01-01T00:00:00Z", "Next": "W"},
            ],
            "Default": "M",
        },
        "W": {"Type": "Wait", "SecondsPath": "$.n", "Next": "W2"},
        "W2": {"Type": "Wait", "TimestampPath": "$.at", "Next": "M"},
        "M": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "v2.$": "$v"},
            "MaxConcurrencyPath": "$.n",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "MP",
                "States": {
                    "MP": {"Type": "Pass", "Next": "MT"},
                    "MT": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True},
                },
            },
            "ResultPath": "$.m",
            "Retry": _RETRY,
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "D"}],
            "Next": "D",
        },
        "D": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "DP",
                "States": {"DP": {"Type": "Task", "Resource": LAMBDA, "End": True}},
            },
            "ToleratedFailurePercentage": 50,
            "ToleratedFailureCountPath": "$.n",
            "Label": "Dist",
            "ResultPath": "$.d",
            "Next": "L",
        },
        "L": {
            "Type": "Parallel",
            "Parameters": {"a.$": "$.n"},
            "Branches": [
                {"StartAt": "B1", "States": {"B1": {"Type": "Wait", "Seconds": 1, "End": True}}},
                {"StartAt": "B2", "States": {"B2": {"Type": "Task", "Resource": LAMBDA, "End": True}}},
            ],
            "ResultSelector": {"b.$": "$[0]"},
            "ResultPath": None,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S"}],
            "Next": "S",
        },
        "S": {"Type": "Succeed", "InputPath": "$", "OutputPath": "$"},
        "F": {"Type": "Fail", "ErrorPath": "$.s", "CausePath": "States.JsonToString($)"},
    },
}

JSONATA: Definition = {
    "Comment": "every field of a JSONata machine",
    "QueryLanguage": "JSONata",
    "StartAt": "P",
    "States": {
        "P": {
            "Type": "Pass",
            "Output": {
                "n": "{% $states.input.n %}",
                "items": "{% $states.input.items %}",
                "s": "{% $states.input.s %}",
            },
            "Assign": {"v": "{% $states.input.n + 1 %}", "w": "{% $states.context.Execution.Name %}"},
            "Next": "T",
        },
        "T": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "work", "Payload": "{% $states.input %}"},
            "TimeoutSeconds": "{% $v %}",
            "HeartbeatSeconds": 1,
            "Output": "{% $merge([$states.input, {'t': $states.result}]) %}",
            "Assign": {"r": "{% $states.result %}"},
            "Retry": _RETRY,
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": "{% $merge([$states.input, {'e': $states.errorOutput.Error}]) %}",
                    "Assign": {"e": "{% $states.errorOutput %}"},
                    "Next": "C",
                }
            ],
            "Next": "C",
        },
        "C": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.n > 100 %}", "Output": "{% $v %}", "Assign": {"v": 0}, "Next": "F"},
                {"Condition": "{% $exists($states.input.s) and $contains($states.input.s, /a+b/) %}", "Next": "W"},
            ],
            "Default": "M",
        },
        "W": {"Type": "Wait", "Seconds": "{% $states.input.n %}", "Next": "W2"},
        "W2": {"Type": "Wait", "Timestamp": "{% $now() %}", "Output": "{% $states.input %}", "Next": "M"},
        "M": {
            "Type": "Map",
            "Items": "{% $states.input.items %}",
            "ItemSelector": {"i": "{% $states.context.Map.Item.Index %}", "v": "{% $v %}"},
            "MaxConcurrency": "{% $states.input.n %}",
            "ItemProcessor": {
                "StartAt": "MP",
                "States": {"MP": {"Type": "Pass", "Output": "{% [$states.input.i, $w] %}", "End": True}},
            },
            "Output": {"n": 1, "m": "{% $states.result %}", "items": [1, "{% $states.result[0] %}"]},
            "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "S"}],
            "Next": "L",
        },
        "L": {
            "Type": "Parallel",
            "Arguments": "{% $states.input %}",
            "Branches": [
                {"StartAt": "B1", "States": {"B1": {"Type": "Wait", "Seconds": 1, "End": True}}},
                {"StartAt": "B2", "States": {"B2": {"Type": "Task", "Resource": LAMBDA, "Arguments": {}, "End": True}}},
            ],
            "Output": "{% $states.result ~> $count %}",
            "Next": "S",
        },
        "S": {"Type": "Succeed", "Output": "{% $states.input %}"},
        "F": {"Type": "Fail", "Error": "{% 'E' & $string($v) %}", "Cause": "{% $states.input.s %}"},
    },
}

INPUT: Definition = {"n": 1, "s": "aab", "at": "2024-01-01T00:00:00Z", "items": [1, {"a": [None]}, "x"]}

VALUES: list[Any] = [
    *[None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 5e-324, 2**63, -(2**63) - 1, 10**30, 99999999, 100000000],
    *["", " ", "$", "$$", "é\U0001f600", "\ud800", "\x00", "a" * 1000, "States.ALL", "{%%}", "{% %}", "%}", "JSONata"],
    *["1", "-1", "NaN", "2024-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "${x}"],
    *[[], {}, [[]], [{}], {"": None}, {"a.$": "$"}, {".$": "$"}, {"a.$": 1}, {"States": {}}, [1, "x", None]],
]

PATHS = [
    *[
        "$.n",
        "$.items",
        "$.items[*]",
        "$.items[-1]",
        "$.items[99]",
        "$.items[0:2]",
        "$..a",
        "$..*",
        "$.*",
        "$['n','s']",
    ],
    *[
        "$.items[?(@.a)]",
        "$.items[?(@.a =~ /(a+)+b/)]",
        "$.items.length()",
        "$.nothing",
        "$.n.m",
        "$.",
        "$[",
        "$..",
        "$x",
    ],
    *[
        "$$.Map.Item.Value",
        "$$.Task.Token",
        "$$.State.Name",
        "$$.Nothing",
        "$v",
        "$v.a",
        "$w[0]",
        "$nothing",
        "$states",
    ],
    *["$[9999999999999999999]", "$[" + "0:" * 9 + "]", "$" + ".a" * 400, "$" + "[0]" * 400, "$.items[?(" * 50],
]

CALLS = [
    *["States.Format('{}', $)", "States.Format('{}{}', $.n)", "States.Format($.s, 1)", "States.StringToJson($.s)"],
    *[
        "States.ArrayRange(0, $.n, 1)",
        "States.ArrayRange($.n, 0, -1)",
        "States.MathAdd($.n, $.n)",
        "States.ArrayRange(1, 99999999, 1)",
        "States.ArrayRange(1, 9, $.n)",
        "States.ArrayPartition($.items, $.n)",
    ],
    *[
        "States.ArrayGetItem($.items, 1e300)",
        "States.MathAdd(1e308, 1e308)",
        "States.MathRandom(5, 1)",
        "States.UUID()",
    ],
    *["States.MathRandom(-1e300, 1e300, 3)", "States.Base64Decode('!!')", "States.Base64Decode('/w==')"],
    *[
        "States.Hash($, 'SHA-256')",
        "States.Hash('', 'x')",
        "States.JsonMerge($, $, true)",
        "States.JsonMerge($, 1, false)",
    ],
    *[
        "States.StringSplit($.s, '')",
        "States.ArrayUnique($.items)",
        "States.ArrayContains($.items, $)",
        "States.Array()",
    ],
    *[
        "States.Nothing()",
        "States.Format('",
        "States.Array(" * 11,
        "States.ArrayLength($.s)",
        "States.JsonToString($$)",
    ],
]

EXPRESSIONS = [
    *[
        "$states",
        "$states.input",
        "$states.result",
        "$states.errorOutput",
        "$states.context",
        "$",
        "$$",
        "n",
        "1/0",
        "0/0",
    ],
    *["$v", "$nothing", "function($x){$x}", "($f := function($n){$f($n + 1)}; $f(1))", "[1..9999999]", "[1..3][-1]"],
    *["($f := function($n){$f($n) + 1}; $f(1))", "$range(1, 1e9, 1)", "$partition([1..9], 0)", "$hash('x', 'y')"],
    *["$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /(a+)+$/)", "$replace('abc', /b*/, 'x')", "$split('a', /x*/)"],
    *["$formatNumber(1e400, '#')", "$formatNumber(-1, '0.0e0')", "$formatInteger(1e30, 'w')", "$toMillis('x')"],
    *[
        "$fromMillis(1e300)",
        "$fromMillis(0, '[Y9999]')",
        "$fromMillis(0, '[D1o]', '+99:99')",
        "$number('0x')",
        "$eval('1')",
    ],
    *["$sort([1, 'a', null])", "$sort([3,1], function($a){1})", "$reduce([], function($a, $b){$a})", "$parse('[')"],
    *["$pad('x', 1e9)", "$pad('x', -1e9, '')", "$join([1])", "$zip(1)", "$spread(1)", "$lookup(1, 2)", "$each({}, 1)"],
    *["$sift($states.input, function($v){$v})", "$map([1..5], $string)", "$single([1,2])", "$distinct([{},{}])"],
    *["$power(1e300, 9)", "$sqrt(-1)", "$round(2.5, -400)", "$formatBase(9, 1)", "$shuffle([1..5])", "$random('x')"],
    *["$base64decode('!!!')", "$decodeUrl('%')", "$encodeUrl('\ud800')", "$substring('a', -9, 1e9)", "$type($states)"],
    *[
        "$states.input ~> |$|{'a': 1}|",
        "$states.input.items^(>a)",
        "$states.input.items#$i[$i=0]",
        "$states.input@$x.n",
    ],
    *[
        "**",
        "*",
        "%",
        "(",
        ")",
        "{",
        "[",
        "'",
        '"\\u"',
        "/",
        "/(/",
        "?",
        ":=",
        "1.",
        "-",
        "- -1",
        "`",
        "a.%.%.b",
        "[[[[[[",
    ],
    *["(" * 150 + "1" + ")" * 150, "1" + "+1" * 300, "-" * 300 + "1", "{'a': " * 120 + "1" + "}" * 120],
]


@cache
def definitions() -> list[tuple[Definition, Any]]:
    """(definition, input) pairs; the recorded ones too where the shared folder is there."""
    found: list[tuple[Definition, Any]] = [(JSONPATH, INPUT), (JSONATA, INPUT)]
    if data.why_absent() is None:
        cases = [*data.recorded(), *data.read("measured/cases.json"), *data.read("validation/cases.json")]
        cases += data.read("machines/machines.json")
        found += [(c["definition"], c.get("input")) for c in cases if isinstance(c.get("definition"), dict)]
    return found


@cache
def requests() -> list[Definition]:
    """What to ask of `test_state`: its keyword arguments, `definition` and `input` among them."""
    mock: Definition = {"result": {"Payload": 1}, "fieldValidationMode": "NONE"}
    found = [
        {"definition": machine, "stateName": name, "input": INPUT, "inspectionLevel": level, "mock": mock}
        for machine in (JSONPATH, JSONATA)
        for name in machine["States"]
        for level in ("INFO", "TRACE")
    ]
    for each in found:
        if each["definition"]["States"][each["stateName"]]["Type"] not in ("Task", "Map", "Parallel"):
            del each["mock"]
    if data.why_absent() is None:
        cases = [case for case in data.recorded() if case["kind"] == "test_state"]
        found += [{"definition": c["definition"], "input": c.get("input"), **c.get("params", {})} for c in cases]
    return found


@cache
def expressions() -> list[str]:
    """Expressions to put between `{%` and `%}`; those of the reference suite too where they are there."""
    if data.why_absent() is not None:
        return EXPRESSIONS
    suite = data.read("jsonata/suite.json")
    cases = suite["cases"] if isinstance(suite, dict) else suite
    return EXPRESSIONS + [case["expr"] for case in cases if isinstance(case.get("expr"), str)]
