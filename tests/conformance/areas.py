"""All areas, in the order of the table, and judging one."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.conformance import executions, jsonata, machines, measured, scripts, validation
from tests.conformance.data import Case
from tests.conformance.limits import TookTooLong, time_limit
from tests.conformance.verdict import Area, Verdict, failed

AREAS: tuple[Area, ...] = (
    executions.EXECUTIONS,
    executions.VALIDATIONS,
    executions.TEST_STATE,
    executions.API,
    validation.OPINIONS,
    machines.MACHINES,
    scripts.CASES,
    scripts.PROBES,
    measured.MEASURED,
    jsonata.SUITE,
)


@dataclass(frozen=True)
class Judged:
    """One case with its verdicts by check."""

    area: Area
    case_id: str
    case: Case
    verdicts: dict[str, Verdict]


def judge(area: Area, case: Case) -> Judged:
    """Never raises: whatever the case makes the engine raise is its failure, and so is no end."""
    identity = area.identify(case)
    try:
        with time_limit():
            verdicts = dict(area.judge(case))
    except TookTooLong as error:
        verdicts = {check: failed(str(error)) for check in area.checks if area.applies(case, check)}
    except Exception as error:  # a traceback is never the right answer to a case
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error}"
        reason = f"{text[:160]} ({where.filename.rsplit('/', 1)[-1]}:{where.lineno})"
        verdicts = {
            check: failed(f"{text}\n{traceback.format_exc()}", reason)
            for check in area.checks
            if area.applies(case, check)
        }
    return Judged(area, identity, case, verdicts)


def judge_all(areas: Iterable[Area], tell: Callable[[str], None] = lambda name: None) -> list[Judged]:
    result: list[Judged] = []
    with ThreadPoolExecutor(max_workers=16) as pool:
        for area in areas:
            tell(area.name)
            cases = list(area.cases())
            waiting = {i: pool.submit(judge, area, case) for i, case in enumerate(cases) if area.waits(case)}
            done = {i: judge(area, case) for i, case in enumerate(cases) if i not in waiting}
            done |= {i: future.result() for i, future in waiting.items()}
            result += [done[i] for i in range(len(cases))]
    return result
