"""Fluxio's scripts and the probes; what is right for each is judged by `script_judge`."""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance import data
from tests.conformance.data import Case
from tests.conformance.verdict import Area, Judge, Verdict, failed


def _judge(name: str) -> Judge:
    def judge(case: Case) -> dict[str, Verdict]:
        from tests.conformance import script_judge

        right_or_not: Callable[[Case], tuple[bool, str]] = getattr(script_judge, name)
        right, how = right_or_not(case)
        return {"outcome": Verdict("passed", how) if right else failed(how)}

    return judge


def _name(case: Case) -> str:
    return str(case["name"])


CASES = Area(
    "script: Fluxio's cases", lambda: data.read("script/fluxio_cases.json"), _judge("judge_case"), ("outcome",), _name
)
PROBES = Area(
    "script: probes", lambda: data.read("script/fluxio_probes.json"), _judge("judge_probe"), ("outcome",), _name
)
