"""Sample data of a machine: an input, and a mock file with an answer for each task, to begin a test with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from penstock.asl.model import StateMachine
from penstock.asl.samples.datasets import Objects
from penstock.asl.samples.values import sample
from penstock.asl.samples.walk import Way, walk
from penstock.jsontools import Json

CASE: Final = "HappyPath"
"""The name of the one test case."""

MOST_ANSWERS: Final = 999


@dataclass(frozen=True, slots=True)
class Samples:
    """`results` maps the name of each task's state to what it returns; `repeated` names the tasks that may run more than
    once; `objects` are the buckets that Maps read from and write to."""

    input: Json
    results: dict[str, Json]
    repeated: frozenset[str]
    objects: Objects

    def mock_config(self, machine_name: str, case: str = CASE) -> dict[str, Any]:
        """The results as a mock configuration in AWS's form, one response for each state, named like it.

        Source: Developer Guide, "Configuration file for mocked service integrations in Step Functions".
        """
        return {
            "StateMachines": {machine_name: {"TestCases": {case: {name: name for name in self.results}}}},
            "MockedResponses": {
                name: {f"0-{MOST_ANSWERS}" if name in self.repeated else "0": {"Return": result}}
                for name, result in self.results.items()
            },
        }


def samples(machine: StateMachine, *, way: Way = "full") -> Samples:
    """Data that has every place the machine reads, plausible where a comparison or a function says what it should be.

    `way` says which branch a Choice should take, as far as data decides it.
    """
    found = walk(machine, way=way)
    return Samples(
        {} if found.data.is_open else sample(found.data),
        {name: sample(result) for name, result in found.results.items()},
        frozenset(found.repeated),
        found.datasets.objects(),
    )
