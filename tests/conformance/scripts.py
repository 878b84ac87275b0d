"""Fluxio's scripts and the probes; what is right for each is judged by `script_judge`."""

from __future__ import annotations

from typing import Any

from tests.conformance import data
from tests.conformance.data import Case
from tests.conformance.verdict import Area, Verdict, skipped


def _judged(function: str, case: Case) -> dict[str, Verdict]:
    try:
        from tests.conformance import script_judge
    except ImportError:
        return {"outcome": skipped("no script_judge yet")}
    answer: Any = getattr(script_judge, function)(case)
    return {"outcome": answer}


CASES = Area(
    "script: Fluxio's cases",
    lambda: data.read("script/fluxio_cases.json"),
    lambda case: _judged("judge_case", case),
    ("outcome",),
    identify=lambda case: str(case["name"]),
)
PROBES = Area(
    "script: probes",
    lambda: data.read("script/fluxio_probes.json"),
    lambda case: _judged("judge_probe", case),
    ("outcome",),
    identify=lambda case: str(case["name"]),
)
