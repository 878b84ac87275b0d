"""Requests that an SDK sends again."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from tests.services.stepfunctions.test_durable import create, machine, service, start, status, until

from penstock.errors import ServiceError
from penstock.services.stepfunctions import StepFunctions
from penstock.services.stepfunctions.again import MOST_REFUSED, Redrives, RefusedResults

FAIL = machine(F={"Type": "Fail", "Error": "E"})


@pytest.mark.parametrize("kept", ["in memory", "in a file"])
def test_a_redrive_with_the_same_client_token_is_the_same_redrive(kept: str, tmp_path: Path) -> None:
    made: AbstractContextManager[StepFunctions] = (
        service(tmp_path / "wf.db") if kept == "in a file" else closing(StepFunctions())
    )
    with made as target:
        arn = start(target, create(target, "m", FAIL), "x")
        until(lambda: status(target, arn) == "FAILED")
        given = {"executionArn": arn, "clientToken": "t"}
        date = target.call("RedriveExecution", given)["redriveDate"]
        until(lambda: status(target, arn) == "FAILED")
        assert target.call("RedriveExecution", given)["redriveDate"] == date
        assert target.call("DescribeExecution", {"executionArn": arn})["redriveCount"] == 1
        target.call("RedriveExecution", {**given, "clientToken": "u"})
        until(lambda: target.call("DescribeExecution", {"executionArn": arn})["redriveCount"] == 2)
        until(lambda: status(target, arn) == "FAILED")


def test_ten_client_tokens_are_known_for_fifteen_minutes() -> None:
    redrives = Redrives()
    for number in range(11):
        redrives.note("a", f"t{number}", 100.0 + number)
    assert redrives.date("a", "t0", 111.0) is None
    assert redrives.date("a", "t1", 111.0) == 101.0
    assert redrives.date("a", "t1", 101.0 + 900) == 101.0
    assert redrives.date("a", "t1", 101.1 + 900) is None
    assert redrives.date("b", "t1", 111.0) is None


def test_client_tokens_do_not_gather() -> None:
    redrives = Redrives()
    for number in range(5000):
        redrives.note(f"a{number}", "t", float(number))
    assert len(redrives._dates) == 901
    redrives.note("a4500", "u", 5000.0)
    redrives.note("b", "t", 5500.0)
    assert redrives.date("a4500", "u", 5500.0) == 5000.0


def test_a_client_token_that_is_used_again_later_is_a_new_one() -> None:
    redrives = Redrives()
    redrives.note("a", "t", 0.0)
    redrives.note("a", "u", 1.0)
    redrives.note("a", "t", 1000.0)
    assert redrives.date("a", "t", 1001.0) == 1000.0
    assert redrives.date("a", "u", 1001.0) is None


def test_results_that_were_refused_are_known_by_all_that_they_say() -> None:
    refused = RefusedResults()
    assert not refused.has("t", "1")
    refused.note("t", "1")
    refused.note("u", "E", None)
    assert refused.has("t", "1")
    assert not refused.has("t", "2")
    assert not refused.has("t", "1", None)
    assert refused.has("u", "E", None)
    assert not refused.has("u", "E", "\ud800")
    for number in range(MOST_REFUSED):
        refused.note(str(number), "1")
    assert not refused.has("t", "1")
    assert len(refused._known) == MOST_REFUSED


def test_a_token_of_another_execution_is_no_token_of_this_one() -> None:
    with closing(StepFunctions()) as target:
        arn = create(target, "m", FAIL)
        first, second = start(target, arn, "x"), start(target, arn, "y")
        until(lambda: status(target, first) == status(target, second) == "FAILED")
        target.call("RedriveExecution", {"executionArn": first, "clientToken": "t"})
        target.call("RedriveExecution", {"executionArn": second, "clientToken": "t"})
        until(lambda: target.call("DescribeExecution", {"executionArn": second})["redriveCount"] == 1)
        with pytest.raises(ServiceError, match="Does Not Exist"):
            target.call("RedriveExecution", {"executionArn": f"{first}z", "clientToken": "t"})
