"""The table, and the figures that the issues ask for by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from tests.conformance.areas import AREAS, Judged
from tests.conformance.data import Case
from tests.conformance.left_out import LEFT_OUT


@dataclass(frozen=True)
class Figure:
    """`passed` of `total`; `least` is the share asked for."""

    name: str
    passed: int
    total: int
    least: float
    part: int

    @property
    def share(self) -> float:
        return self.passed / self.total if self.total else 0.0

    def __str__(self) -> str:
        verdict = "PASS" if self.share >= self.least else ("FALLS SHORT" if self.part == 1 else "to come")
        return (
            f"{verdict:<11}  part {self.part}  {self.share:7.2%} ({self.passed} of {self.total}; "
            f"asked {self.least:.1%})  {self.name}"
        )

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def table(judged: list[Judged]) -> str:
    """A line an area and check, and under them why cases are skipped."""
    rows = [("area", "check", "cases", "passed", "failed", "skipped")]
    skips: list[str] = []
    passes: list[str] = []
    for area in AREAS:
        mine = [one for one in judged if one.area is area]
        for check in area.checks:
            verdicts = [one.verdicts[check] for one in mine if check in one.verdicts]
            if not verdicts:
                continue
            count = Counter(v.outcome for v in verdicts)
            cells = (len(verdicts), count["passed"], count["failed"], count["skipped"])
            rows.append((area.name, check, *map(str, cells)))
            reasons = Counter(v.reason for v in verdicts if v.outcome == "skipped")
            skips += [f"  {n:5} {area.name}, {check}: {reason}" for reason, n in reasons.most_common()]
            # How a script passes is in its baseline; how a machine ends is asked for.
            ends = Counter(v.reason for v in verdicts if check == "run" and v.outcome == "passed")
            passes += [f"  {n:5} {area.name}, {check}: {reason}" for reason, n in ends.most_common()]
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    lines = [
        "  ".join(
            cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    named = {
        one.case_id: LEFT_OUT[one.case_id]
        for one in judged
        if one.case_id in LEFT_OUT and any(v.outcome == "failed" for v in one.verdicts.values())
    }
    if named:
        lines += ["", "failed, and left out by name:", *(f"  {case_id}\n      {why}" for case_id, why in named.items())]
    if passes:
        lines += ["", "passed, and how:", *passes]
    return "\n".join(lines + (["", "skipped:", *skips] if skips else []))


def figures(judged: Iterable[Judged]) -> list[Figure]:
    """The percentages of "Must show" in issues 2, 3 and 4. A skipped case counts as not passed."""
    by_area: dict[str, list[Judged]] = {}
    for one in judged:
        by_area.setdefault(one.area.name, []).append(one)
    result: list[Figure] = []

    def add(name: str, area: str, check: str, least: float, part: int, where: Callable[[Case], bool] = _any) -> None:
        chosen = [one for one in by_area.get(area, []) if check in one.verdicts and where(one.case)]
        if chosen:
            passed = sum(one.verdicts[check].outcome == "passed" for one in chosen)
            result.append(Figure(name, passed, len(chosen), least, part))

    jsonpath = "JSONPath, self-contained, without Lambda"
    add("Fluxio's cases: equal, or different in a documented kind", "script: Fluxio's cases", "outcome", 1.0, 1)
    add("probes: does what is wanted, or a PS code", "script: probes", "outcome", 1.0, 1)
    add(f"{jsonpath}: status, output, error, cause", "states-language", "outcome", 0.98, 1, _plain)
    add(f"{jsonpath}: complete event lists", "states-language", "events", 0.90, 1, _plain)
    add("validation: agreement with asl-validator and statelint", "validation", "verdict", 0.90, 1)
    add("machines: read without an exception", "machines", "read", 1.0, 1)
    add("machines: JSONPath ones accepted", "machines", "check", 0.95, 1, _jsonpath)
    add("machines: run to an end on generated data", "machines", "run", 1.0, 2)
    add("recorded executions: status, output, error, cause", "states-language", "outcome", 1.0, 2)
    add("recorded executions: complete event lists", "states-language", "events", 1.0, 2)
    add("recorded validations: code, and AWS's message", "states-language: validation", "outcome", 1.0, 2)
    add("recorded API calls, by boto3 through a server process", "states-language: API", "outcome", 1.0, 3, _answered)
    add("recorded TestState", "states-language: TestState", "outcome", 1.0, 2)
    add("measured: status, output, error, code, location", "measured", "outcome", 0.95, 2, _measured)
    add("measured: the exact text", "measured", "text", 0.90, 2, _measured)
    add("JSONata's suite, by the reference's own rules", "jsonata", "reference", 1678 / 1686, 2)
    return result


def _answered(case: Case) -> bool:
    return any({"response", "error"} & set(call) for call in case["calls"])


def _any(case: Case) -> bool:
    return True


def _plain(case: Case) -> bool:
    lambdas = any(need.startswith("lambda") for need in case["needs"])
    return bool(case["query_language"] == "JSONPath" and case["self_contained"] and not lambdas)


def _jsonpath(case: Case) -> bool:
    return bool(case["query_language"] == "JSONPath")


def _measured(case: Case) -> bool:
    return bool(case["confidence"] == "measured")
