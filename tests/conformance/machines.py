"""Real machines: each is read, what AWS would accept is accepted, and what is accepted runs to an end on generated data."""

from __future__ import annotations

from tests.conformance import data
from tests.conformance.data import Case
from tests.conformance.machine_runs import run_all_ways
from tests.conformance.running import jsonata_missing
from tests.conformance.validation import diagnose, explanation, shown
from tests.conformance.verdict import PASSED, Area, Verdict, failed, skipped

from penstock.errors import InvalidDefinition, PenstockError


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
        verdicts["run"] = judge_run(case)
    return verdicts


def judge_run(case: Case) -> Verdict:
    """Passed where every execution came to an end; the reason tells how the best one ended."""
    try:
        results = run_all_ways(case)
    except InvalidDefinition as error:
        return failed("\n".join(str(each) for each in error.diagnostics), f"refused with its substitutions: {error}")
    except PenstockError as error:
        return failed(str(error))
    succeeded = [each for each in results if each.succeeded]
    best = (succeeded or results)[0]
    if succeeded:
        return Verdict("passed", "SUCCEEDED")
    return Verdict("passed", f"{best.status}: {best.error}", f"{best.error}: {best.cause}")


def _kind(case: Case) -> str:
    return "EXPRESS" if case["machine_type"] == "EXPRESS" else "STANDARD"


MACHINES = Area("machines", lambda: data.read("machines/machines.json"), judge, ("read", "check", "run"))
