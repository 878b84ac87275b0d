"""Requests made from the service's own model: most of them right in form, some changed a little, some hostile."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from penstock.services.stepfunctions.model import input_shape

PREFIX = "arn:aws:states:us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/r"

HOSTILE = [
    *(
        "",
        " ",
        ".",
        "..",
        "../../../../etc/passwd",
        "..\\..\\x",
        "/etc/passwd",
        "C:\\x",
        "file:///etc/passwd",
        "~/x",
        "con",
        "nul",
    ),
    *(
        "a/../../b",
        "%2e%2e%2f",
        "..%2f..%2f",
        "\x00",
        "a\x00b",
        "\r\nX-Evil: 1",
        "a\r\n\r\nb",
        "\x1b[2J",
        "\u202e",
        "\ufeff",
    ),
    *(
        "\ud800",
        "\udfff\ud800",
        "\U0001f600" * 50,
        "é" * 90,
        "a" * 81,
        "x" * 300,
        "x" * 70_000,
        "'; DROP TABLE machines;--",
    ),
    *(
        "${jndi:ldap://127.0.0.1/a}",
        "{{7*7}}",
        "{% 1/0 %}",
        "$(touch pwned)",
        "`touch pwned`",
        "| touch pwned",
        "__proto__",
    ),
    *("__class__", "constructor", "<script>alert(1)</script>", "%s%s%n", "-1", "1e999", "NaN", "null", "true", "0x10"),
    *("arn:", "arn:aws:states:::stateMachine:", "arn:aws:states:us-east-1:123456789012:stateMachine:../../x"),
    *("arn:aws:states:us-east-1:123456789012:execution:m:..", ":" * 100, "2147483648", "1970-01-01T00:00:00Z"),
]
JSONS = [
    *(
        "{}",
        "[]",
        "1",
        '"x"',
        "null",
        "true",
        "",
        "{",
        "[1,",
        "nan",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "1" * 5000,
    ),
    *('{"a":1,"a":2}', '"\\ud800"', '"\\u0000"', "[" * 600 + "]" * 600, "[" * 100_000, '{"a":' * 300 + "1" + "}" * 300),
    *(
        '{"__proto__":{"x":1}}',
        '{"items":[1,2,3],"a":{"b":"c"}}',
        '{"Bucket":"../x","Key":"../../etc/passwd"}',
        "\ufeff{}",
    ),
    json.dumps({"items": list(range(200))}),
    json.dumps("x" * 262_142),
    json.dumps("x" * 262_143),
]
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.5, 2**31, 2**63, 2**64, -(2**63), 10**400, 1e308),
    *("", [], {}, [[]], [None], {"a": {}}, [{}] * 50, {"": ""}, {"\ud800": "\ud800"}, "\ud800"),
]


def _task(resource: str, parameters: Any = None, **more: Any) -> dict[str, Any]:
    task: dict[str, Any] = {"Type": "Task", "Resource": resource, "End": True, "TimeoutSeconds": 1, **more}
    if parameters is not None:
        task["Parameters"] = parameters
    return task


def _map(**fields: Any) -> dict[str, Any]:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "End": True}},
    }
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


def _reader(bucket: str, key: str, resource: str = "arn:aws:states:::s3:getObject") -> dict[str, Any]:
    return {"Resource": resource, "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": bucket, "Key": key}}


def _one(state: dict[str, Any], name: str = "S", **more: Any) -> str:
    return json.dumps({"StartAt": name, "States": {name: state}, **more})


_WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "bucket", "Prefix": "results"}}
DEFINITIONS = [
    _one({"Type": "Pass", "End": True}),
    _one({"Type": "Succeed"}),
    _one({"Type": "Fail", "ErrorPath": "$.a", "CausePath": "$.b"}),
    _one({"Type": "Wait", "Seconds": 1, "End": True}),
    _one(_task(f"{PREFIX}:activity:a")),
    _one(_task("arn:aws:lambda:us-east-1:123456789012:function:f")),
    _one(
        _task(
            "arn:aws:states:::lambda:invoke.waitForTaskToken",
            {"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token"}},
        )
    ),
    _one(_task("arn:aws:states:::states:startExecution", {"StateMachineArn": f"{PREFIX}:stateMachine:m"})),
    _one(
        _task(
            "arn:aws:states:::http:invoke",
            {
                "ApiEndpoint": "file:///etc/passwd",
                "Method": "GET",
                "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/c/1"},
            },
        )
    ),
    _one(_task("arn:aws:states:::aws-sdk:s3:getObject", {"Bucket": "../x", "Key": "../y"})),
    _one(_map(ItemsPath="$.items")),
    _one(_map(ItemReader=_reader("bucket", "items.json"), ResultWriter=_WRITER)),
    _one(_map(ItemReader=_reader("..", "../../etc/passwd"))),
    _one(_map(ItemReader=_reader("bucket", "../../../../../../etc/passwd"))),
    _one(_map(ItemReader=_reader("bucket", "link/etc/passwd"))),
    _one(
        _map(
            ItemReader={
                **_reader("bucket", ""),
                "Resource": "arn:aws:states:::s3:listObjectsV2",
                "Parameters": {"Bucket": "bucket", "Prefix": "../"},
            }
        )
    ),
    _one(
        _map(
            ItemsPath="$.items", ResultWriter={**_WRITER, "Parameters": {"Bucket": "bucket", "Prefix": "../../../out"}}
        )
    ),
    _one(_map(ItemsPath="$.items", ResultWriter={**_WRITER, "Parameters": {"Bucket": "bucket", "Prefix.$": "$.a.b"}})),
    _one({"Type": "Pass", "Output": "{% $eval($string($states.input)) %}", "End": True}, QueryLanguage="JSONata"),
    _one(
        {"Type": "Pass", "Output": "{% $match('aaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /(a+)+b/) %}", "End": True},
        QueryLanguage="JSONata",
    ),
    _one(
        {
            "Type": "Choice",
            "Choices": [{"Variable": "$.a", "StringMatches": "*a*a*a*a*a*b", "Next": "S"}],
            "Default": "S",
        }
    ),
    json.dumps(
        {
            "StartAt": "A",
            "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}},
            "TimeoutSeconds": 1,
        }
    ),
    *("{}", "[]", "1", "{", "null", '{"StartAt":"x","States":{}}', '{"StartAt":1,"States":[]}', "[" * 5000),
]


@dataclass
class Known:
    """What earlier answers named, for requests to name again."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    def learn(self, answer: Any) -> None:
        """Every ARN and token of an answer."""
        if isinstance(answer, list):
            for each in answer[:5]:
                self.learn(each)
        elif isinstance(answer, dict):
            for name, value in answer.items():
                if isinstance(value, str) and (
                    name.endswith("Arn") or name in ("taskToken", "nextToken", "revisionId")
                ):
                    kept = self.texts.setdefault(_kind(name, value), [])
                    if value not in kept:
                        kept.append(value)
                        del kept[:-20]
                elif isinstance(value, list | dict):
                    self.learn(value)

    def text(self, draw: Random, name: str) -> str | None:
        kinds = [
            kind
            for kind in self.texts
            if kind == name or (name.endswith(("rn", "Arn")) and kind not in ("taskToken", "nextToken", "revisionId"))
        ]
        wanted = [kind for kind in kinds if kind.lower() in name.lower() or name.lower().startswith(kind.lower())]
        kinds = wanted if wanted and draw.random() < 0.93 else kinds
        return draw.choice(self.texts[draw.choice(kinds)]) if kinds else None


def _kind(name: str, value: str) -> str:
    return value.split(":")[5] if value.count(":") >= 6 and value.startswith("arn:aws:states:") else name


def parameters(draw: Random, operation: str, known: Known) -> Any:
    """What a request of the operation may have: right in form more often than not."""
    return _value(draw, input_shape(operation), "", known, depth=0)


def _value(draw: Random, shape: Any, name: str, known: Known, depth: int) -> Any:
    if depth and draw.random() < 0.015:
        return draw.choice(ODD)
    kind = shape.type_name
    if kind == "structure":
        members = {
            member: _value(draw, inner, member, known, depth + 1)
            for member, inner in shape.members.items()
            if (member in shape.required_members and draw.random() < 0.99) or draw.random() < 0.35
        }
        if draw.random() < 0.02:
            members[draw.choice(HOSTILE)] = draw.choice(ODD)
        return members
    if kind == "list":
        return [_value(draw, shape.member, name, known, depth + 1) for _ in range(draw.choice((0, 1, 1, 2, 3, 60)))]
    if kind == "boolean":
        return draw.random() < 0.5
    if kind != "string":
        return draw.choice((0, 1, 2, 10, 100, 1000, 1001, -1, 2**31 - 1))
    return _text(draw, shape, name, known)


def _text(draw: Random, shape: Any, name: str, known: Known) -> str:
    if draw.random() < 0.05:
        return draw.choice(HOSTILE)
    if "enum" in shape.metadata:
        return str(draw.choice(shape.metadata["enum"]))
    if name == "definition":
        definition = draw.choice(DEFINITIONS)
        return definition if draw.random() < 0.8 else _changed(draw, definition)
    if name in ("input", "output", "variables", "context", "result"):
        return draw.choice(JSONS)
    if name == "roleArn":
        return ROLE
    if name == "logGroupArn":
        group = draw.choice(["/aws/vendedlogs/states/m", "g", *HOSTILE])
        return f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:*"
    if name == "name":
        return draw.choice(("m", "m", "n", "a", "live", "e1", f"n{draw.randrange(200)}"))
    known_text = known.text(draw, name)
    if known_text is not None and draw.random() < 0.93:
        return known_text if draw.random() < 0.94 else _changed(draw, known_text)
    return draw.choice(("a", "m", "x", f"{PREFIX}:stateMachine:m", f"{PREFIX}:activity:a", *HOSTILE[:4]))


def _changed(draw: Random, text: str) -> str:
    at = draw.randrange(len(text) + 1)
    to = min(len(text), at + draw.randrange(4))
    return text[:at] + draw.choice(("", "\x00", "..", '"', "}", ":", "é", "\ud800", "9" * 30)) + text[to:]


def body(draw: Random, value: Any) -> bytes:
    """The parameters as they are sent; now and then as no client would."""
    text = json.dumps(value)  # lone surrogates as \\uXXXX
    chance = draw.random()
    if chance < 0.97:
        return text.encode()
    data = text.encode()
    return draw.choice(
        (
            data[: draw.randrange(len(data) + 1)],
            data.replace(b"\\ud800", b"\xed\xa0\x80") + b" ",
            b"\xef\xbb\xbf" + data,
            data + data,
            b"[" * 100_000,
            b"\xff" + data,
            b"",
            text.encode("utf-16"),
            b'{"a":' + b"9" * 5000 + b"}",
            data.replace(b'":', b'": ', 1).replace(b"{", b'{"name":"m","name":"n",', 1),
            b" " * 100_000 + data,
        )
    )
