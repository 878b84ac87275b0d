"""What is a valid definition: AWS's recorded answers, and the opinions of asl-validator and statelint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.conformance import data
from tests.conformance.api import judge_refused
from tests.conformance.compare import Comparer
from tests.conformance.data import Case
from tests.conformance.verdict import PASSED, Area, Verdict, failed, passed_if

if TYPE_CHECKING:
    from penstock.diagnostics import Diagnostic


def diagnose(definition: Any, *, kind: str = "STANDARD", severity: str = "ERROR") -> list[Diagnostic]:
    """Every problem of a definition, given as an object or as text."""
    from penstock.asl.check import check
    from penstock.asl.read import read, read_document
    from penstock.diagnostics import Severity

    reading = read(definition) if isinstance(definition, str) else read_document(definition)
    return check(reading, type="EXPRESS" if kind == "EXPRESS" else "STANDARD", severity=Severity(severity))


def shown(problems: list[Diagnostic]) -> str:
    return "\n".join(f"  {p.severity} {p.code} at {p.location}: {p.message}" for p in problems) or "  no problem"


def judge_recorded(case: Case) -> dict[str, Verdict]:
    """AWS's answer to create_state_machine and validate_state_machine_definition, word for word; where the text is
    LocalStack's own, only that it refuses."""
    expect, comparer = case["expect"], Comparer(case)
    code = expect.get("validation_error", {}).get("code")
    if code not in (None, "InvalidDefinition"):
        return {"outcome": judge_refused(case)}  # the API's, not the definition's
    definition = case["definition_text"] if "definition_text" in case else _filled(case["definition"])
    kind = case.get("type") or "STANDARD"
    if "validation_response" in expect:
        severity = (case.get("params") or {}).get("severity", "ERROR")
        problems = diagnose(definition, kind=kind, severity=severity)
        actual: Any = {
            "result": "FAIL" if any(p.is_error for p in problems) else "OK",
            "diagnostics": [as_response(p) for p in problems],
            "truncated": False,
        }
        differences = comparer.differences(expect["validation_response"], actual)
        return {"outcome": passed_if("\n".join(map(str, differences)) or None)}
    problems = [p for p in diagnose(definition, kind=kind) if p.is_error]
    if not problems:
        return {"outcome": failed(f"accepted; AWS says {expect['validation_error']['message'][:500]}", "accepted")}
    if case["provenance"]["recorded_against"] != "aws":
        return {"outcome": PASSED}
    told = ", ".join(f"{p.code}: {p.message} at {p.location or 'null'}" for p in problems)
    message = f"Invalid State Machine Definition: '{told}'"
    differences = comparer.differences(expect["validation_error"]["message"], message)
    return {"outcome": passed_if("\n".join(map(str, differences)) or None)}


def _filled(definition: Any) -> Any:
    """The recorder wrote this for the ARN of an activity that it made."""
    return json.loads(
        json.dumps(definition).replace('"activity_arn"', '"arn:aws:states:us-east-1:111111111111:activity:a"')
    )


def as_response(problem: Diagnostic) -> dict[str, str]:
    """As an entry of ValidateStateMachineDefinition's `diagnostics`."""
    answer = {"code": problem.code, "message": problem.message, "severity": str(problem.severity)}
    return answer if problem.location is None else answer | {"location": problem.location}


def judge_opinion(case: Case) -> dict[str, Verdict]:
    """Whether we agree that a definition is valid. A documented disagreement still counts as one."""
    problems = [p for p in diagnose(case["definition"]) if p.is_error]
    if (not problems) == case["valid"]:
        return {"verdict": PASSED}
    theirs = "valid" if case["valid"] else f"invalid ({json.dumps(case['expected_problems'])})"
    text = f"{case['source'].split()[0]} says {theirs}; we say\n{shown(problems)}"
    return {"verdict": failed(text, explanation(case["id"]) or "not explained")}


def explanation(case_id: str) -> str | None:
    """Why we judge otherwise, from the table the checker's own tests keep."""
    try:
        from tests.conformance import known_validation
    except ImportError:
        return None
    table: dict[str, str] = getattr(known_validation, "KNOWN", {})
    return table.get(case_id)


OPINIONS = Area("validation", lambda: data.read("validation/cases.json"), judge_opinion, ("verdict",))
