"""What a retrier or catcher takes."""

from __future__ import annotations

import pytest

from penstock.asl.errors import matches


@pytest.mark.parametrize(
    ("error_equals", "error", "taken"),
    [
        (["Boom"], "Boom", True),
        (["boom"], "Boom", False),
        (["Boo*"], "Boom", False),
        (["States.ALL"], "Boom", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.DataLimitExceeded", True),  # recorded, against the Developer Guide
        (["States.ALL"], "States.Runtime", False),
        (["States.Runtime"], "States.Runtime", False),  # recorded: test_catch_states_runtime
        (["States.TaskFailed"], "States.Runtime", False),
        (["States.TaskFailed"], "Boom", True),
        (["States.TaskFailed"], "States.Permissions", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.HeartbeatTimeout", False),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.Timeout", False),
        (["A", "B"], "B", True),
        ([], "B", False),
    ],
)
def test_matches(error_equals: list[str], error: str, taken: bool) -> None:
    assert matches(error_equals, error) is taken
