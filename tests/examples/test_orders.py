"""Every way through `examples/orders`."""

from __future__ import annotations

import copy
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.examples.command import run_example, sample


def order(**changes: Any) -> Any:
    value = copy.deepcopy(sample("orders"))
    value["order"] |= changes
    return value


def test_a_good_order_is_charged_at_the_second_attempt_and_shipped(tmp_path: Path) -> None:
    outcome = run_example("orders", tmp_path)
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.output["status"] == "shipped"
    assert outcome.output["payment"] == {"amount": 72.9, "receipt": "R-1001"}
    assert outcome.states().count("Charge") == 1
    assert outcome.count("ParallelStateSucceeded") == 1


@pytest.mark.parametrize(
    ("changes", "error", "cause"),
    [
        ({"country": "XX"}, "NoShipping", "we do not ship to XX"),
        ({"lines": []}, "TooSmall", "an order starts at 10, this one is 0"),
    ],
)
def test_an_order_that_cannot_be_served_fails(tmp_path: Path, changes: dict[str, Any], error: str, cause: str) -> None:
    outcome = run_example("orders", tmp_path, value=order(**changes))
    assert outcome.exit_code == 1
    assert outcome.stdout == ""
    assert error in outcome.stderr
    assert cause in outcome.stderr
    assert outcome.count("ParallelStateEntered") == 0


def test_an_order_without_a_customer_fails_at_the_door(tmp_path: Path) -> None:
    value = order()
    del value["order"]["customer"]
    outcome = run_example("orders", tmp_path, value=value)
    assert outcome.exit_code == 1
    assert "NoCustomer" in outcome.stderr
    assert outcome.count("TaskStateEntered") == 0


def test_a_blocked_customer_is_refused_before_anything_is_charged(tmp_path: Path) -> None:
    outcome = run_example("orders", tmp_path, value=order(customer={"email": "x@example.com", "blocked": True}))
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.output == {"order": "1001", "status": "refused"}
    assert outcome.count("TaskStateEntered") == 0


def test_a_declined_card_ends_without_shipping(tmp_path: Path) -> None:
    outcome = run_example("orders", tmp_path, value=order(card="4000 0000 0000 0000"))
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.output == {"order": "1001", "status": "declined"}
    assert outcome.count("ParallelStateEntered") == 0


def test_the_parcel_is_on_its_way_after_the_pickup(tmp_path: Path) -> None:
    outcome = run_example("orders", tmp_path)
    start, end = (datetime.fromisoformat(outcome.history[index]["timestamp"]) for index in (0, -1))
    assert 7200 <= (end - start).total_seconds() < 7260
