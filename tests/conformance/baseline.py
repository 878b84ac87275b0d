"""The cases that passed before: one text file an area, `check check | id` a line, sorted, so that a diff reads well.

A case may enter by `--update`. It leaves only by name, with `--drop`: a case that passed and fails is a regression.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.areas import Judged

FOLDER = Path(__file__).resolve().parent / "baseline"
SEPARATOR = " | "

Passing = dict[str, set[str]]
"""Checks by case id."""


@dataclass(frozen=True)
class Regression:
    area: str
    case_id: str
    check: str
    now: str


def file_of(area: str) -> Path:
    return FOLDER / (re.sub(r"[^a-z]+", "-", area.lower()).strip("-") + ".txt")


def read(area: str) -> Passing:
    try:
        lines = file_of(area).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {name: set(checks.split()) for checks, _, name in (line.partition(SEPARATOR) for line in lines)}


def write(area: str, passing: Passing) -> None:
    lines = [f"{' '.join(sorted(checks))}{SEPARATOR}{name}\n" for name, checks in sorted(passing.items()) if checks]
    if lines:
        FOLDER.mkdir(exist_ok=True)
        file_of(area).write_text("".join(lines), encoding="utf-8")
    else:
        file_of(area).unlink(missing_ok=True)


def passing_now(judged: Iterable[Judged]) -> Passing:
    result: Passing = {}
    for one in judged:
        checks = {check for check, verdict in one.verdicts.items() if verdict.outcome == "passed"}
        if checks:
            result[one.case_id] = checks
    return result


def regressions(area: str, judged: list[Judged]) -> list[Regression]:
    """What passed before and does not pass now: it fails, is skipped, or is gone."""
    verdicts = {one.case_id: one.verdicts for one in judged}
    result = []
    for name, checks in read(area).items():
        for check in sorted(checks):
            verdict = verdicts.get(name, {}).get(check)
            if verdict is None:
                result.append(Regression(area, name, check, "is gone"))
            elif verdict.outcome != "passed":
                result.append(Regression(area, name, check, f"{verdict.outcome}: {verdict.reason}"))
    return result


def update(area: str, judged: list[Judged]) -> int:
    """Adds what passes now; how many checks are new. Nothing is taken out."""
    known = read(area)
    added = 0
    for name, checks in passing_now(judged).items():
        added += len(checks - known.get(name, set()))
        known[name] = known.get(name, set()) | checks
    write(area, known)
    return added


def drop(ids: Iterable[str], areas: Iterable[str]) -> list[str]:
    """Takes cases out by id; the ids that no area knew."""
    left = set(ids)
    for area in areas:
        known = read(area)
        if left & set(known):
            write(area, {name: checks for name, checks in known.items() if name not in left})
            left -= set(known)
    return sorted(left)
