"""Texts of payloads that share their parts: always what writing the whole gives, and nothing is written twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import json_values

import penstock
from penstock.asl.paths.result import compile_result_path
from penstock.engine import texts
from penstock.engine.texts import Texts
from penstock.errors import JsonError
from penstock.jsontools import Json, dumps

BULK: Json = [{"row": number, "text": "x" * 40} for number in range(400)]
PAYLOAD: Json = {"rows": BULK, "small": {"a": [1]}, "deep": {"more": {"rows": BULK[:100]}, "n": 0}, "list": []}

paths = st.sampled_from(["$", "$.small", "$.small.a", "$.deep.n", "$.deep.more.x", "$.new", "$.rows", "$.list[0]"])


@given(st.lists(st.tuples(paths, json_values), max_size=8))
def test_after_any_updates_the_text_is_the_whole_value_written(updates: list[tuple[str, Json]]) -> None:
    writer = Texts()
    value, text = PAYLOAD, dumps(PAYLOAD)
    for path, result in updates:
        try:
            updated = compile_result_path(path)(value, result)
        except Exception:  # the path does not fit what an earlier update left
            continue
        text = writer.write(updated, value, text)
        value = updated
        assert text == dumps(value)


def test_an_equal_text_is_the_same_object() -> None:
    text = dumps(PAYLOAD)
    assert isinstance(PAYLOAD, dict)
    assert Texts().write({**PAYLOAD, "small": {"a": [1]}}, PAYLOAD, text) is text


def test_an_identity_that_was_let_go_is_not_taken_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_MOST_BYTES", 20_000)
    writer = Texts()
    for number in range(50):
        before: Json = {"rows": [{"number": number, "text": "y" * 50} for _ in range(60)], "n": 0}
        after: Json = {**before, "n": 1}
        assert writer.write(after, before, dumps(before)) == dumps(after)


@pytest.mark.parametrize("odd", [2**70, "\ud800", -(2**64)])
def test_what_orjson_refuses_is_written_all_the_same(odd: Json) -> None:
    assert isinstance(PAYLOAD, dict)
    before = {**PAYLOAD, "odd": [odd]}
    after = {**before, "small": {"a": [2]}}
    assert Texts().write(after, before, dumps(before)) == dumps(after)


def test_a_value_that_is_no_json_is_refused_as_always() -> None:
    assert isinstance(PAYLOAD, dict)
    with pytest.raises(JsonError):
        Texts().write({**PAYLOAD, "set": {1}}, PAYLOAD, dumps(PAYLOAD))


def test_deep_nesting_needs_no_stack() -> None:
    def nested(end: Json) -> Json:
        value: Json = {"rows": BULK, "end": end}
        for _ in range(450):
            value = {"next": value}
        return value

    before, after = nested(0), nested(1)
    assert Texts().write(after, before, dumps(before)) == dumps(after)


def test_a_run_over_a_large_payload_records_what_each_state_saw() -> None:
    states: dict[str, Any] = {
        f"S{number}": {"Type": "Pass", "Result": number // 2, "ResultPath": "$.small.n", "Next": f"S{number + 1}"}
        for number in range(6)
    }
    states["S6"] = {"Type": "Pass", "Parameters": {"kept.$": "$.rows", "n.$": "$.small.n"}, "End": True}
    result = penstock.run({"StartAt": "S0", "States": states}, PAYLOAD)
    assert result.output == {"kept": BULK, "n": 2}
    exits = [event["stateExitedEventDetails"] for event in result.history if event["type"] == "PassStateExited"]
    seen: list[dict[str, Any]] = [json.loads(details["output"]) for details in exits]
    assert [each["small"]["n"] for each in seen[:6]] == [0, 0, 1, 1, 2, 2]
    assert all(each["rows"] == BULK for each in seen[:6])
    assert exits[0]["output"] is exits[1]["output"]  # one text for what did not change
