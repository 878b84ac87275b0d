"""Fluxio's own cases: the States Language its tests expect, or the line of its error."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conformance import data
from tests.conformance.script_judge import MAX_KINDS, compare, documented_kinds, judge_case

CASES: list[dict[str, Any]] = list(data.read("script/fluxio_cases.json")) if data.why_absent() is None else []


@pytest.mark.skipif(not CASES, reason="no shared conformance data here")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    right, reason = judge_case(case)
    assert right, f"{reason}\n\n{case['source']}"


def test_the_page_lists_at_most_twelve_kinds() -> None:
    assert 1 <= len(documented_kinds()) <= MAX_KINDS


def test_the_comparer_sees_a_wrong_machine() -> None:
    end = {"StartAt": "a", "States": {"a": {"Type": "Pass", "Result": 1, "End": True}}}
    other = {"StartAt": "b", "States": {"b": {"Type": "Pass", "Result": 2, "End": True}}}
    assert compare(end, {"StartAt": "a", "States": {"a": {"Type": "Pass", "Result": 1, "End": True}}}) == (set(), [])
    assert compare(end, other)[1] == ["/a is called b", "/a/Result: 1 against 2"]
    longer = {"StartAt": "a", "States": {"a": {"Type": "Pass", "Result": 1, "Next": "z"}, "z": {"Type": "Succeed"}}}
    assert compare(end, longer)[1]
