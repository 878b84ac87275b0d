"""Nothing that passed before may fail. `make conformance` prints the whole table and every difference."""

from __future__ import annotations

import pytest
from tests.conformance import baseline, data
from tests.conformance.areas import AREAS, judge_all
from tests.conformance.executions import EXECUTIONS
from tests.conformance.left_out import LEFT_OUT, MOST
from tests.conformance.verdict import Area

ABSENT = data.why_absent()


@pytest.mark.skipif(ABSENT is not None, reason=str(ABSENT))
@pytest.mark.parametrize("area", [pytest.param(area, id=area.name) for area in AREAS])
def test_what_passed_before_still_passes(area: Area) -> None:
    regressions = baseline.regressions(area.name, judge_all([area]))
    lost = "\n".join(f"{r.check}: {r.case_id}: {r.now}" for r in regressions)
    assert not regressions, f"{len(regressions)} in {area.name} (make conformance shows them whole):\n{lost}"


@pytest.mark.skipif(ABSENT is not None, reason=str(ABSENT))
def test_what_is_left_out_is_little_and_still_fails() -> None:
    assert len(LEFT_OUT) <= MOST
    passing = baseline.read(EXECUTIONS.name)
    for case in EXECUTIONS.cases():
        if case["id"] in LEFT_OUT:
            checks = {check for check in ("outcome", "events") if EXECUTIONS.applies(case, check)}
            assert not checks <= passing.get(case["id"], set()), f"passes now, take it out of LEFT_OUT: {case['id']}"
    assert LEFT_OUT.keys() <= {case["id"] for case in EXECUTIONS.cases()}


def test_the_baseline_is_not_empty() -> None:
    assert sum(len(baseline.read(area.name)) for area in AREAS) > 0
