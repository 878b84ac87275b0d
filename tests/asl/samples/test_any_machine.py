"""Whatever the machine: sample data is found, is JSON, and soon."""

from __future__ import annotations

import json

from hypothesis import given, settings
from tests.strategies import machines

from penstock.asl.model import StateMachine
from penstock.asl.samples import samples


@given(machines(depth=3))
@settings(max_examples=60, deadline=2000)
def test_samples_are_found_for_any_machine(machine: StateMachine) -> None:
    for way in ("full", "end", "first", "default"):
        found = samples(machine, way=way)
        json.dumps([found.input, found.mock_config("m"), found.objects], allow_nan=False)
