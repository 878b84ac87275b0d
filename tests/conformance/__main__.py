"""`python -m tests.conformance`: how close we are to AWS. Exit code 1: a case that passed before fails."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

from tests.conformance import baseline, data, events, report
from tests.conformance.areas import AREAS, Judged, judge_all
from tests.conformance.executions import EXECUTIONS, at_this_time, run, why_not
from tests.conformance.verdict import Area


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--area", action="append", help="areas whose name begins so")
    parser.add_argument("--case", help="cases whose id contains this, with expected against actual")
    parser.add_argument("--failures", action="store_true", help="each failing case, grouped by why")
    parser.add_argument("--json", action="store_true", help="everything as JSON, on stdout")
    parser.add_argument("--update", action="store_true", help="add what passes now to the baseline")
    parser.add_argument("--drop", action="append", default=[], metavar="ID", help="take a case out of the baseline")
    options = parser.parse_args(arguments)
    absent = data.why_absent()
    if absent:
        print(absent, file=sys.stderr)
        return 4
    areas = [a for a in AREAS if not options.area or any(a.name.startswith(name) for name in options.area)]
    if not areas:
        print(f"no such area; there are: {', '.join(a.name for a in AREAS)}", file=sys.stderr)
        return 2
    if options.drop:
        unknown = baseline.drop(options.drop, (a.name for a in AREAS))
        for name in unknown:
            print(f"not in the baseline: {name}", file=sys.stderr)
        return 2 if unknown else 0
    if options.case:
        return show(areas, options.case)

    judged = judge_all(areas, lambda name: print(f"… {name}", file=sys.stderr, flush=True))
    regressions = [
        regression
        for area in areas
        for regression in baseline.regressions(area.name, [one for one in judged if one.area is area])
    ]
    if options.json:
        print(json.dumps(as_json(judged, regressions), indent=1))
    else:
        if options.failures:
            print(failures(judged))
        print(report.table(judged))
        print("\nasked for:")
        for figure in report.figures(judged):
            print(f"  {figure}")
    if options.update:
        for area in areas:
            added = baseline.update(area.name, [one for one in judged if one.area is area])
            if added:
                print(f"{area.name}: {added} newly passing", file=sys.stderr)
    for regression in regressions:
        print(
            f"passed before: {regression.area}, {regression.check}: {regression.case_id}: {regression.now}",
            file=sys.stderr,
        )
    if regressions:
        print(
            f"{len(regressions)} that passed before do not pass now"
            " (a case leaves the baseline only by --drop ID, with the reason in the commit)",
            file=sys.stderr,
        )
    return 1 if regressions else 0


def failures(judged: list[Judged]) -> str:
    groups: dict[tuple[str, str, str], list[Judged]] = {}
    for one in judged:
        for check, verdict in one.verdicts.items():
            if verdict.outcome == "failed":
                groups.setdefault((one.area.name, check, verdict.reason), []).append(one)
    lines = []
    for (area, check, reason), ones in sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1]))):
        lines.append(f"{len(ones)} x {area}, {check}: {reason}")
        lines += [f"      {one.case_id}" for one in ones]
    count = Counter(area for area, _, _ in groups)
    return "\n".join([*lines, "", *(f"{area}: {n} kinds of failure" for area, n in count.items()), ""])


def as_json(judged: list[Judged], regressions: list[baseline.Regression]) -> dict[str, object]:
    return {
        "figures": [figure.as_dict() | {"share": figure.share} for figure in report.figures(judged)],
        "regressions": [vars(regression) for regression in regressions],
        "cases": [
            {
                "area": one.area.name,
                "id": one.case_id,
                "checks": {check: {"outcome": v.outcome, "reason": v.reason} for check, v in one.verdicts.items()},
            }
            for one in judged
        ],
    }


def show(areas: list[Area], part: str) -> int:
    """Cases by a part of their id: what was given, what was expected, what came."""
    found = [(area, case) for area in areas for case in area.cases() if part in area.identify(case)]
    if not found:
        print(f"no case has {part!r} in its id", file=sys.stderr)
        return 2
    for area, case in found:
        [one] = judge_all([Area(area.name, lambda case=case: [case], area.judge, area.checks, area.identify)])
        print(f"=== {area.name}: {one.case_id}")
        for key in ("definition", "definition_text", "source", "input", "mock", "resources", "placeholders"):
            if key in case and len(found) == 1:
                value = case[key]
                print(f"--- {key}\n{value if isinstance(value, str) else json.dumps(value, indent=1)}")
        for check, verdict in one.verdicts.items():
            print(f"--- {check}: {verdict.outcome} {verdict.reason if verdict.outcome == 'skipped' else ''}".rstrip())
            if verdict.detail:
                print(verdict.detail)
        if area is EXECUTIONS and len(found) == 1 and "events" in case["expect"] and not why_not(case):
            try:
                came = [events.normalised(event) for event in run(at_this_time(case)).events]
            except Exception as error:  # told above, with its traceback
                print(f"--- no events: {error}")
            else:
                print(f"--- events, expected and ours\n{events.side_by_side(case['expect']['events'], came)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
