"""Complete event lists: what GetExecutionHistory recorded against what we give."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.compare import Comparer, Difference
from tests.conformance.data import Case

Event = dict[str, Any]


def normalised(event: Event) -> Event:
    """An event of boto3's shape in the recordings' form: the timestamp dropped, the details under one name."""
    result = {"id": event["id"], "type": event["type"], "previousEventId": event.get("previousEventId", 0)}
    for key, value in event.items():
        if key.endswith("EventDetails"):
            result["details_key"] = key
            result["details"] = value
    return result


def compare(case: Case, comparer: Comparer, actual: list[Event]) -> str | None:
    """None when the lists agree, else what differs, for a reader."""
    expected: list[Event] = case["expect"]["events"]
    if "expect_non_terminal" in case:  # the recorder stopped looking while the execution went on
        actual = actual[: len(expected)]
    if case.get("events_parallel_sorted") or "concurrent" in case["flags"]:
        # Sorting, the recorder lost the event that closes the Parallel: there is a gap in the ids where it was.
        closing = {"ParallelStateSucceeded", "ParallelStateFailed"}
        dropped = closing if case.get("events_parallel_sorted") else set()
        return _compare_unordered(comparer, expected, actual, dropped - {e["type"] for e in expected})
    return _compare_ordered(comparer, expected, actual)


def _compare_ordered(comparer: Comparer, expected: list[Event], actual: list[Event]) -> str | None:
    lines: list[str] = []
    for number in range(max(len(expected), len(actual))):
        e = expected[number] if number < len(expected) else None
        a = actual[number] if number < len(actual) else None
        if e is None or a is None:
            lines.append(f"{_headline(e)} expected, {_headline(a)} came")
        else:
            lines += [f"event {e['id']} {e['type']}: {d}" for d in comparer.differences(e, a)]
    return "\n".join(lines) or None


def _compare_unordered(comparer: Comparer, expected: list[Event], actual: list[Event], dropped: set[str]) -> str | None:
    """As multisets, without ids: the recording's interleaving is one of many. `dropped` are types that it leaves out."""
    bare_expected = [_without_ids(e) for e in expected]
    bare_actual = [_without_ids(a) for a in actual if a["type"] not in dropped]
    fits = [[comparer.matches(e, a) for a in bare_actual] for e in bare_expected]
    owner: dict[int, int] = {}  # actual → expected, a maximum matching by augmenting paths

    def place(e: int, seen: set[int]) -> bool:
        for a, fit in enumerate(fits[e]):
            if fit and a not in seen:
                seen.add(a)
                if a not in owner or place(owner[a], seen):
                    owner[a] = e
                    return True
        return False

    left = [e for e in range(len(expected)) if not place(e, set())]
    over = [a for a in range(len(bare_actual)) if a not in owner]
    lines = [f"expected and did not come: {json.dumps(bare_expected[e])}" for e in left]
    lines += [f"came and was not expected: {json.dumps(bare_actual[a], default=str)}" for a in over]
    return "\n".join(lines) or None


def _without_ids(event: Event) -> Event:
    return {key: value for key, value in event.items() if key not in ("id", "previousEventId")}


def _headline(event: Event | None) -> str:
    return "nothing" if event is None else f"{event['id']} {event['type']}"


def side_by_side(expected: list[Event], actual: list[Event]) -> str:
    """Both lists as `id <- previous type name`, a line a pair, differing ones marked."""
    rows = []
    for number in range(max(len(expected), len(actual))):
        left = _line(expected[number]) if number < len(expected) else ""
        right = _line(actual[number]) if number < len(actual) else ""
        rows.append((" " if left == right else "*", left, right))
    width = max((len(left) for _, left, _ in rows), default=0)
    return "\n".join(f"{mark} {left.ljust(width)}  {right}" for mark, left, right in rows)


def _line(event: Event) -> str:
    details = event.get("details")
    name = details.get("name", "") if isinstance(details, dict) else ""
    return f"{event['id']} <- {event['previousEventId']} {event['type']} {name}".rstrip()


__all__ = ["Comparer", "Difference", "Event", "compare", "normalised", "side_by_side"]
