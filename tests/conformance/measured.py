"""Behaviour that people measured on AWS and told in public threads."""

from __future__ import annotations

from typing import Any

from tests.conformance import data
from tests.conformance.compare import Comparer
from tests.conformance.data import Case
from tests.conformance.executions import judge_outcome
from tests.conformance.running import execute, jsonata_missing, uses_jsonata
from tests.conformance.validation import diagnose, shown
from tests.conformance.verdict import PASSED, Area, Verdict, failed, skipped


def judge(case: Case) -> dict[str, Verdict]:
    """`outcome`: status, output, error, codes and locations. `text`: the exact words. `events`: types and order."""
    checks = [check for check in ("outcome", "text", "events") if applies(case, check)]
    missing = jsonata_missing() if uses_jsonata(case["definition"]) else None
    if missing:
        return {check: skipped(missing) for check in checks}
    return _validation(case) if case["kind"] == "validation" else _execution(case)


def applies(case: Case, check: str) -> bool:
    """Which checks a case allows."""
    if check == "events":
        return "events" in case["expect"]
    return check == "outcome" or case["kind"] == "validation" or any(k.startswith("cause") for k in case["expect"])


def _validation(case: Case) -> dict[str, Verdict]:
    problems = diagnose(case["definition"], kind=case.get("type") or "STANDARD", severity="WARNING")
    expected: list[dict[str, Any]] = case["expect"]["diagnostics"]
    wanted = [e.get("severity", "ERROR") for e in expected]
    if "WARNING" not in wanted:
        problems = [p for p in problems if p.is_error]
    told = f"expected {expected}\nfound\n{shown(problems)}"
    places = [(p.code, p.location) for p in problems] == [(e["code"], e.get("location")) for e in expected]
    words = [p.message for p in problems] == [
        e.get("message", p.message) for e, p in zip(expected, problems, strict=False)
    ]
    words = words and len(problems) == len(expected)
    return {"outcome": PASSED if places else failed(told), "text": PASSED if words else failed(told)}


def _execution(case: Case) -> dict[str, Verdict]:
    expect = case["expect"]
    ran = execute(case["definition"], case.get("input"))
    comparer = Comparer(case)
    bare = {key: value for key, value in expect.items() if key in ("status", "output", "error")}
    verdicts = {"outcome": judge_outcome(bare | {"cause": ran.cause}, ran, comparer)}
    cause = ran.cause or ""
    misses = []
    if "cause" in expect and not comparer.matches(expect["cause"], ran.cause):
        misses.append(f"cause: expected {expect['cause']!r}")
    if "cause_endswith" in expect and not cause.endswith(expect["cause_endswith"]):
        misses.append(f"cause: expected the end {expect['cause_endswith']!r}")
    if "cause_contains" in expect and expect["cause_contains"] not in cause:
        misses.append(f"cause: expected in it {expect['cause_contains']!r}")
    if any(key.startswith("cause") for key in expect):
        verdicts["text"] = failed("\n".join([*misses, f"came {cause!r}"])) if misses else PASSED
    if "events" in expect:
        types = [event["type"] for event in ran.events]
        before = [event.get("previousEventId", 0) for event in ran.events]
        same = types == expect["events"] and before == expect.get("previousEventIds", before)
        detail = f"expected {expect['events']} {expect.get('previousEventIds')}\ncame     {types} {before}"
        verdicts["events"] = PASSED if same else failed(detail)
    return verdicts


MEASURED = Area(
    "measured", lambda: data.read("measured/cases.json"), judge, ("outcome", "text", "events"), applies=applies
)
