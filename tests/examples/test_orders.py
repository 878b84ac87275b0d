"""Every way through `examples/orders`."""

from __future__ import annotations

import copy
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
    ("changes", "error"),
    [
        ({"country": "XX"}, "NoShipping"),
        ({"lines": []}, "EmptyOrder"),
    ],
)
def test_an_order_that_cannot_be_served_fails(tmp_path: Path, changes: dict[str, Any], error: str) -> None:
    outcome = run_example("orders", tmp_path, value=order(**changes))
    assert outcome.exit_code == 1
    assert outcome.stdout == ""
    assert error in outcome.stderr
    assert outcome.count("ParallelStateEntered") == 0


def test_a_declined_card_ends_without_shipping(tmp_path: Path) -> None:
    outcome = run_example("orders", tmp_path, value=order(card="4000 0000 0000 0000"))
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.output == {"order": "1001", "status": "declined"}
    assert outcome.count("ParallelStateEntered") == 0
