"""Recorded values against ours: what must be equal, and what the recorder left open.

The rules are those of the conformance README ("Wildcards"): a placeholder of the case stands for anything, also inside a
longer text and as an object's key; `{"$json": value}` is JSON text; JSON text inside a value is compared as JSON, since
spacing is the producer's; what depends on AWS's runtime (a Lambda's stack trace, HTTP headers) is compared by shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.conformance.data import Case

TOKEN = re.compile(r"<[A-Za-z][^<>\s\"]{0,60}>")
INSTANT = re.compile(r"[-+]?\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[-+]\d{2}:?\d{2})?")
OPEN_PART = re.compile(r"(<[A-Za-z][^<>\s\"]{0,60}>|\bdate\b)")
HALF_QUOTED = re.compile(r":(<[A-Za-z][^<>\s\"]{0,60}>)\"")
"""What the recorder's own replacing left of a quoted value inside JSON text: `"requestId":<request-id>"`."""
TWICE = re.compile(r"<<([A-Za-z][^<>\s\"]{0,60})>(:\d+)>")
"""A placeholder that the recorder replaced a second time: `<<task_token>:1>`."""
DATES = {"date", "~date"}

BARE_TOKENS = {
    "creation-date",
    "date",
    "datetime",
    "entered-time",
    "execution-arn",
    "executionSucceededEventDetails.output",
    "LogResult",
    "RandomNumberGenerated",
    "request-id",
    "RequestId",
    "role-arn",
    "sfn_role_arn",
    "snf_role_arn",
    "start-date",
    "start-time",
    "state-machine-arn",
    "stateExitedEventDetails.output",
    "stop-date",
    "timestamp",
    "x-amz-crc32",
    "x-amzn-RequestId",
    "x-amzn-requestid",
    "X-Amzn-Trace-Id",
}
"""Words that the recorder writes for what changes from run to run, in any case; always the whole value."""

BY_SHAPE: dict[str, type] = {"stackTrace": list, "AllHttpHeaders": dict, "HttpHeaders": dict}
"""Keys whose value depends on AWS's own runtime: only its type is held against ours."""

MISSING = object()


@dataclass(frozen=True)
class Difference:
    """`expected` or `actual` is MISSING where one side has no such member."""

    path: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.path or '.'}\n    expected {_shown(self.expected)}\n    actual   {_shown(self.actual)}"


def _shown(value: Any) -> str:
    return "nothing" if value is MISSING else json.dumps(value, ensure_ascii=False, default=str)


class Comparer:
    """Compares under the placeholders of one case. Tokens that stand literally in its definition or input are text."""

    def __init__(self, case: Case) -> None:
        placeholders = case.get("placeholders", [])
        self._bare = BARE_TOKENS | {p for p in placeholders if not p.startswith(("<", "~"))}
        written = str(case.get("definition")) + str(case.get("input"))
        self._literal = set(TOKEN.findall(written)) - set(placeholders)
        if not DATES & set(placeholders):  # then the word is a word, as in "extended offset date-time format"
            self._literal.add("date")

    def matches(self, expected: Any, actual: Any) -> bool:
        return next(self.differences(expected, actual), None) is None

    def differences(self, expected: Any, actual: Any, path: str = "") -> Iterator[Difference]:
        """Every place where the two differ; nothing when they agree."""
        if isinstance(expected, dict) and set(expected) == {"$json"}:
            yield from self._json(expected["$json"], actual, path)
        elif isinstance(expected, str):
            if not self._text(expected, actual):
                yield Difference(path, expected, actual)
        elif isinstance(expected, dict):
            if isinstance(actual, dict):
                yield from self._members(expected, actual, path)
            else:
                yield Difference(path, expected, actual)
        elif isinstance(expected, list):
            if not isinstance(actual, list) or len(expected) != len(actual):
                yield Difference(path, expected, actual)
            else:
                for i, (e, a) in enumerate(zip(expected, actual, strict=True)):
                    yield from self.differences(e, a, f"{path}[{i}]")
        elif not _same_scalar(expected, actual):
            yield Difference(path, expected, actual)

    def _json(self, expected: Any, actual: Any, path: str) -> Iterator[Difference]:
        if isinstance(actual, str):
            try:
                actual = json.loads(actual)
            except ValueError:
                yield Difference(path, expected, actual)
                return
        elif isinstance(actual, dict) and set(actual) == {"$json"}:
            actual = actual["$json"]
        yield from self.differences(expected, actual, path)

    def _members(self, expected: dict[str, Any], actual: dict[str, Any], path: str) -> Iterator[Difference]:
        plain = [key for key in expected if not TOKEN.search(key)]
        for key in plain:
            if key not in actual:
                yield Difference(f"{path}/{key}", expected[key], MISSING)
            elif key in BY_SHAPE:
                if type(actual[key]) is not BY_SHAPE[key]:
                    yield Difference(f"{path}/{key}", expected[key], actual[key])
            else:
                yield from self.differences(expected[key], actual[key], f"{path}/{key}")
        rest = {key: value for key, value in actual.items() if key not in plain}
        for key in expected:
            if key in plain:
                continue
            taken = next((k for k, value in rest.items() if self.matches(expected[key], value)), None)
            if taken is None:
                yield Difference(f"{path}/{key}", expected[key], MISSING)
            else:
                del rest[taken]
        for key, value in rest.items():
            yield Difference(f"{path}/{key}", MISSING, value)

    def _text(self, expected: str, actual: Any) -> bool:
        expected = TWICE.sub(r"<\1\2>", expected)
        if expected == actual or expected in self._bare:
            return True
        if TOKEN.fullmatch(expected) and expected not in self._literal:
            return True
        if not isinstance(actual, str):
            return False
        if "date" not in self._literal and INSTANT.sub("date", actual) == expected:
            return True
        if expected[:1] in ("{", "[") and actual[:1] in ("{", "["):
            try:
                if self.matches(json.loads(HALF_QUOTED.sub(r':"\1"', expected)), json.loads(actual)):
                    return True
            except ValueError:
                pass
        return _fits(self._literals(expected), actual)

    def _literals(self, expected: str) -> list[str]:
        """The stretches between the open parts."""
        result = [""]
        for i, piece in enumerate(OPEN_PART.split(expected)):
            if i % 2 and piece not in self._literal:
                result.append("")
            else:
                result[-1] += piece
        return result


def _fits(literals: list[str], text: str) -> bool:
    """Whether `text` is the literals in their order with anything between them."""
    if len(literals) == 1:
        return text == literals[0]
    first, last = literals[0], literals[-1]
    if not text.startswith(first):
        return False
    at = len(first)
    for literal in literals[1:-1]:
        at = text.find(literal, at)
        if at < 0:
            return False
        at += len(literal)
    return text.endswith(last) and len(text) - len(last) >= at


def _same_scalar(expected: Any, actual: Any) -> bool:
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return expected == actual
    return type(expected) is type(actual) and bool(expected == actual)
