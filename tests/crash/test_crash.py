"""The short form of `make crash`: places where most is at stake, and a few moments drawn anew each day."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.crash import sweep, workload
from tests.crash.host import Host
from tests.crash.sweep import Case
from tests.crash.workload import Outcome

from penstock.failpoints import NAMES

SHORT = [
    Case(("commit.before=kill@20", "recovery.restored=kill")),
    Case(("commit.inside=kill@30",)),
    Case(("commit.after=kill@25",)),
    Case(("commit.before=raise@20",)),
    Case(("map_run.written=kill",)),
    Case(("redrive.received=kill",)),
    Case(moments=(1.2,)),  # while a service has the job
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Host]:
    """What comes of the workload when nothing ends it."""
    outcome, host = workload.run(tmp_path_factory.mktemp("crash") / "whole", log=True)
    assert outcome.broken == []
    return outcome, host


def test_the_workload_comes_to_every_place(whole: tuple[Outcome, Host]) -> None:
    outcome, host = whole
    assert set(host.visits()) == set(NAMES) - sweep.ELSEWHERE
    assert {status for status, _, _ in outcome.ends.values()} == {"SUCCEEDED"}
    # And each task ran once, but the one that was redriven.
    assert len(host.runs()) == len(set(host.runs()))


def test_after_a_crash_the_end_is_the_same(whole: tuple[Outcome, Host], tmp_path: Path) -> None:
    draw = random.Random()  # the moments are in the message of a failure
    cases = [*SHORT, *(sweep.at_random(draw, 2.5) for _ in range(2))]

    def run(pair: tuple[int, Case]) -> list[str]:
        number, case = pair
        outcome, _ = workload.run(tmp_path / str(number), failpoints=case.failpoints, moments=case.moments)
        broken = workload.compare(outcome, whole[0])
        if case.failpoints and not outcome.kills:
            broken.append("the place was not come to")
        return [f"{case}: {line}" for line in broken]

    with ThreadPoolExecutor(4) as pool:
        assert [line for broken in pool.map(run, enumerate(cases)) for line in broken] == []
