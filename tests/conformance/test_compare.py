"""The comparer: its rules one by one, and its agreement with the data's own reference comparer."""

from __future__ import annotations

import importlib.util
import json
from types import ModuleType
from typing import Any

import pytest
from tests.conformance import data, events
from tests.conformance.compare import BY_SHAPE, TOKEN, Comparer

ABSENT = data.why_absent()
OPEN = {"definition": {}, "input": {}, "placeholders": ["<uuid:1>", "a_token", "~date"]}


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (None, None, True),
        (None, 0, False),
        ("<uuid:1>", {"anything": 1}, True),
        ("a_token", 12, True),
        ("a_token and more", "x and more", False),  # a bare token is only ever a whole value
        ("id <uuid:1>, end", "id 4-5, end", True),
        ("id <uuid:1>, end", "id 4-5, END", False),
        ("<uuid:1>-<uuid:2>", "a-b", True),
        ("<uuid:1>-<uuid:2>", "ab", False),
        ("aba<uuid:1>aba", "aba", False),  # the two ends may not overlap
        ("at date.", "at 2024-01-02T03:04:05.678Z.", True),
        ({"$json": {"a": [1]}}, '{"a": [1]}', True),
        ({"$json": {"a": [1]}}, '{"a": [2]}', False),
        ({"$json": {"a": [1]}}, "{", False),
        ('{"a": 1}', '{"a":1}', True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"<uuid:1>": 1}, {"k": 1}, True),
        ({"<uuid:1>": 1}, {"k": 2}, False),
        ({"stackTrace": ["theirs"]}, {"stackTrace": ["ours", "too"]}, True),
        ({"stackTrace": ["theirs"]}, {"stackTrace": None}, False),
        ([1, 2], [1], False),
    ],
)
def test_what_counts_as_the_same(expected: Any, actual: Any, same: bool) -> None:
    assert Comparer(OPEN).matches(expected, actual) is same


def test_a_token_of_the_definition_is_text() -> None:
    case = {"definition": {"Comment": "<lambda>"}, "input": None, "placeholders": []}
    assert not Comparer(case).matches("<lambda>", "anything")
    assert Comparer(case).matches("<lambda>", "<lambda>")


def test_differences_name_their_place() -> None:
    found = list(Comparer(OPEN).differences({"a": [{"b": 1}], "c": 2}, {"a": [{"b": 3}], "d": 4}))
    assert [d.path for d in found] == ["/a[0]/b", "/c", "/d"]


def test_unordered_events_are_matched_one_to_one() -> None:
    def event(number: int | None, name: str) -> events.Event:
        return {"id": number, "type": "T", "previousEventId": number, "details_key": "k", "details": {"name": name}}

    case: Any = OPEN | {"flags": ["concurrent"], "expect": {"events": [event(None, "<uuid:1>"), event(None, "b")]}}
    assert events.compare(case, Comparer(case), [event(1, "b"), event(2, "z")]) is None
    assert events.compare(case, Comparer(case), [event(1, "y"), event(2, "z")]) is not None
    assert events.compare(case, Comparer(case), [event(1, "b")]) is not None


# --- beside the reference comparer of the data ---


def _reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wildcard", data.folder() / "states-language" / "wildcard.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _concrete(value: Any, case: data.Case) -> Any:
    """A recording with its placeholders filled in and its JSON as text, as an engine would give it."""
    if isinstance(value, dict):
        if set(value) == {"$json"}:
            return json.dumps(_concrete(value["$json"], case))
        return {_filled(key, case): _concrete(member, case) for key, member in value.items()}
    if isinstance(value, list):
        return [_concrete(item, case) for item in value]
    return _filled(value, case) if isinstance(value, str) else value


def _filled(text: str, case: data.Case) -> str:
    written = str(case.get("definition")) + str(case.get("input"))
    return TOKEN.sub(lambda token: token[0] if token[0] in written else "some-text", text)


def _by_shape(value: Any) -> bool:
    return any(f'"{key}"' in json.dumps(value) for key in BY_SHAPE)


@pytest.mark.skipif(ABSENT is not None, reason=str(ABSENT))
def test_never_accepts_what_the_reference_refuses() -> None:
    # Ours is stricter where the README is: a token of the definition, and the word `date`, are text.
    reference = _reference()
    previous: Any = {}
    for case in data.recorded():
        expected = case["expect"]
        reference.use(case)
        comparer = Comparer(case)
        actual = _concrete(expected, case)
        assert comparer.matches(expected, actual), case["id"]
        for key, value in expected.items():
            for other in (actual[key], previous.get(key)):
                theirs = reference.match(value, other)
                assert theirs or not comparer.matches(value, other) or _by_shape(value), (case["id"], key)
        previous = actual
