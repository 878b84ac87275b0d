"""An execution that is written down between any two events goes on from there: cases that the generated machines of
test_laws reach too seldom."""

from __future__ import annotations

import json
from typing import Any

from tests.engine.support import FUNCTION, START, machine
from tests.engine.test_laws import drive

from penstock.engine import core, messages
from penstock.engine.execution import Execution
from penstock.engine.history import KINDS
from penstock.engine.snapshot import from_data, to_data

TASK = {"Type": "Task", "Resource": FUNCTION, "End": True}


def test_retries_in_iterations() -> None:
    program = machine(
        {
            "M": {
                "Type": "Map",
                "MaxConcurrency": 2,
                "ItemSelector": {"v.$": "$$.Map.Item.Value"},
                "ItemProcessor": {
                    "StartAt": "T",
                    "States": {
                        "T": {
                            **TASK,
                            "Parameters": {
                                "v.$": "$$.Map.Item.Value",
                                "n.$": "$$.State.RetryCount",
                                "u.$": "States.UUID()",
                            },
                            "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 9, "JitterStrategy": "FULL"}],
                            "TimeoutSeconds": 100,
                        }
                    },
                },
                "End": True,
            }
        }
    )
    value = ["", "x", "xx", "xxx", "xxxx"]
    whole, pieces = drive(program, value), drive(program, value, write_down=True)
    attempts = [c.request.attempt for _, commands in whole[2] for c in commands if isinstance(c, messages.StartTask)]
    assert max(attempts) >= 2
    assert whole[0].status == "SUCCEEDED"
    assert pieces[1:] == whole[1:]


def test_failures_of_a_distributed_map_are_not_forgotten() -> None:
    program = machine(
        {
            "D": {
                "Type": "Map",
                "ToleratedFailureCount": 1,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "T",
                    "States": {"T": TASK},
                },
                "End": True,
            }
        }
    )
    execution = Execution(
        program,
        [1, 2, 3],
        arn="arn:aws:states:us-east-1:1:execution:m:n",
        name="n",
        machine_arn="arn:aws:states:us-east-1:1:stateMachine:m",
        machine_name="m",
        role_arn="r",
        type="STANDARD",
        seed="s",
        limit=25_000,
    )

    def tell(event: messages.Event) -> list[Any]:
        nonlocal execution
        commands = core.advance(execution, event, START)
        types.extend(KINDS[record[0]][0] for record in execution.take())
        execution = from_data(program, json.loads(json.dumps(to_data(execution))))
        return commands

    types: list[str] = []
    children = [c.child for c in tell(messages.Started()) if isinstance(c, messages.StartChild)]
    assert len(children) == 3
    assert tell(messages.ChildClosed(children[2], "FAILED", error="E")) == []
    commands = tell(messages.ChildClosed(children[0], "FAILED", error="E"))
    assert messages.CancelChild(children[1]) in commands
    ended = next(c for c in commands if isinstance(c, messages.EndMapRun))
    tell(messages.MapRunEnded(ended.run))
    assert types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    assert execution.error == "States.ExceedToleratedFailureThreshold"
