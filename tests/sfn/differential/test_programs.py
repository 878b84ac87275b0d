"""Sixty programs give the same definitions with aws-cdk-lib and with ours, but for the differences listed here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.sfn.differential.libraries import our_definition, their_definitions, why_not
from tests.sfn.differential.programs import PROGRAMS

pytestmark = pytest.mark.skipif(why_not() is not None, reason=f"{why_not()}")


def _sequence(states: dict[str, Any]) -> None:
    """`Chain.sequence(a, b)` of aws-cdk-lib makes a chain that begins with `a` and ends with `b`, and does not join them: `b` is
    lost. Ours joins them, as its documentation says."""
    assert list(states) == ["a"]
    states["a"] = {"Type": "Pass", "Next": "b"}
    states.update({"b": {"Type": "Pass", "Next": "c"}, "c": {"Type": "Pass", "End": True}})


def _outputs_of_an_arm(states: dict[str, Any]) -> None:
    """The `outputs` of `when` are dropped by aws-cdk-lib where the machine is JSONata and the Choice does not say so itself."""
    states["c"]["Choices"][0]["Output"] = {"n": 3}


def _outputs_of_a_catcher(states: dict[str, Any]) -> None:
    """The `outputs` of `add_catch` are dropped by aws-cdk-lib in the same case."""
    states["call"]["Catch"][0]["Output"] = "{% $states.errorOutput %}"


DIFFERENCES: dict[str, Callable[[dict[str, Any]], None]] = {
    "a_sequence": _sequence,
    "a_jsonata_machine": _outputs_of_an_arm,
    "jsonata_tasks": _outputs_of_a_catcher,
}
"""What is put into aws-cdk-lib's `States` to make them ours (seen with aws-cdk-lib 2.275); docs/reference/sfn.md tells them."""


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return their_definitions(tmp_path_factory.mktemp("cdk"))


def test_there_are_sixty() -> None:
    assert len(PROGRAMS) >= 60


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_the_same(name: str, theirs: dict[str, dict[str, Any]]) -> None:
    expected = theirs[name]
    if name in DIFFERENCES:
        DIFFERENCES[name](expected["States"])
    assert our_definition(name) == expected
