"""Real machines: each is read, and what AWS would accept is accepted."""

from __future__ import annotations

from tests.conformance import data
from tests.conformance.data import Case
from tests.conformance.running import jsonata_missing
from tests.conformance.validation import diagnose, explanation, shown
from tests.conformance.verdict import PASSED, Area, Verdict, failed, skipped


def judge(case: Case) -> dict[str, Verdict]:
    from penstock.asl.read import read, read_document

    definition = case["definition"]
    reading = read(definition) if isinstance(definition, str) else read_document(definition)
    verdicts = {"read": PASSED}
    if reading.machine is None:
        told = "; ".join(d.message for d in reading.diagnostics)
        verdicts["read"] = failed(f"does not read: {told}", explanation(case["id"]) or "does not read")
    if case["query_language"] != "JSONPath" and jsonata_missing():
        return verdicts | {"check": skipped(f"{jsonata_missing()}")}
    problems = [p for p in diagnose(definition, kind=_kind(case)) if p.is_error]
    if problems:
        verdicts["check"] = failed(f"refused\n{shown(problems)}", explanation(case["id"]) or "not explained")
    else:
        verdicts["check"] = PASSED
    return verdicts


def _kind(case: Case) -> str:
    return "EXPRESS" if case["machine_type"] == "EXPRESS" else "STANDARD"


MACHINES = Area("machines", lambda: data.read("machines/machines.json"), judge, ("read", "check"))
