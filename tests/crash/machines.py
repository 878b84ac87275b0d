"""The workload of the crash sweep: a machine for each thing that can be cut off, and the functions their tasks call.

Every task has a key, which its function writes to `runs.log` outside the process when it runs, and which is in what it
answers: so the history says which keys are done, and the file how often each ran.
"""

from __future__ import annotations

from typing import Any, Final

LAMBDA: Final = "arn:aws:lambda:us-east-1:123456789012:function:"
STATES: Final = "arn:aws:states:us-east-1:123456789012"
ROLE: Final = "arn:aws:iam::123456789012:role/r"
ACTIVITY: Final = f"{STATES}:activity:work"

FUNCTIONS: Final = """
import os, time

def _append(file, text):
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(handle, (text + "\\n").encode())
    finally:
        os.close(handle)

def step(event, context):
    _append("runs.log", event["key"])
    time.sleep(0.02)
    return event

class Busy(Exception):
    pass

def flaky(event, context):
    _append("runs.log", event["key"])
    if event["retry"] < 2:
        raise Busy(event["key"])
    return event

def broken(event, context):
    _append("runs.log", event["key"])
    raise ValueError(event["key"])

def gate(event, context):
    _append("runs.log", f"{event['key']}/{event['redrive']}")
    if not os.path.exists("open"):
        raise ValueError(f"{event['key']}/{event['redrive']}")
    return {**event, "key": f"{event['key']}/{event['redrive']}"}

def give(event, context):
    _append("tokens.log", event["token"])
    return {}
"""

SETTINGS: Final = """
[functions]
step = "app:step"
flaky = "app:flaky"
broken = "app:broken"
gate = "app:gate"
give = "app:give"

[aws]
objects = "objects"
endpoint_url = "%s"
"""

ITEMS: Final = "".join(f'{{"n": {n}}}\n' for n in range(8))


def _task(name: str, function: str = "step", **more: Any) -> dict[str, Any]:
    parameters: dict[str, Any] = {"key.$": f"States.Format('{{}}/{name}', $.root)"}
    parameters |= more.pop("Parameters", {})
    return {
        "Type": "Task",
        "Resource": LAMBDA + function,
        "Parameters": parameters,
        "ResultPath": f"$.{name}",
        "End": True,
        **more,
    }


def _next(state: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key != "End"} | {"Next": name}


def _alone(name: str, state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: state}}


_CHILD: Final = {
    "StartAt": "A",
    "States": {"A": _next(_task("A"), "W"), "W": {"Type": "Wait", "Seconds": 1, "Next": "B"}, "B": _task("B")},
}

_CHAIN: Final = {
    "StartAt": "A",
    "States": {
        "A": _next(_task("A", Parameters={"pad.$": "$.pad"}), "W"),
        "W": {"Type": "Wait", "Seconds": 1, "Next": "J"},
        "J": {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Assign": {"root": "{% $states.input.root %}"},
            "Output": "{% $merge([$states.input, {'j': $length($states.input.pad)}]) %}",
            "Next": "B",
        },
        "B": _next(_task("B", Parameters={"pad.$": "$.pad"}), "C"),
        "C": _next(_task("C", Parameters={"root.$": "$root"}), "D"),
        "D": {"Type": "Pass", "OutputPath": "$.C", "End": True},
    },
}

_RETRIES: Final = {
    "StartAt": "F",
    "States": {
        "F": {
            "Type": "Task",
            "Resource": LAMBDA + "flaky",
            "Parameters": {
                "key.$": "States.Format('{}/F/{}', $.root, $$.State.RetryCount)",
                "retry.$": "$$.State.RetryCount",
            },
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 1.0}],
            "ResultPath": "$.F",
            "Next": "X",
        },
        "X": _next(
            _task("X", "broken", Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.caught", "Next": "Y"}]), "Y"
        ),
        "Y": _task("Y"),
    },
}

_EACH: Final = {
    "Type": "Map",
    "ItemsPath": "$.items",
    "ItemSelector": {"root.$": "States.Format('{}/{}', $.root, $$.Map.Item.Value)"},
    "MaxConcurrency": 2,
    "ItemProcessor": {
        "StartAt": "I",
        "States": {"I": _next(_task("I"), "Z"), "Z": {"Type": "Wait", "Seconds": 1, "End": True}},
    },
    "End": True,
}

_FAN: Final = _alone(
    "Both",
    {
        "Type": "Parallel",
        "Branches": [_alone("P", _task("P")), _alone("M", _EACH), _CHILD],
        "End": True,
    },
)

_DISTRIBUTED: Final = _alone(
    "D",
    {
        "Type": "Map",
        "Label": "D",
        "MaxConcurrency": 2,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket": "items", "Key": "items.jsonl"},
        },
        "ItemSelector": {"root.$": "States.Format('{}/{}', $.root, $$.Map.Item.Value.n)"},
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each",
            "States": {
                "Each": {
                    "Type": "Map",
                    "ItemsPath": "$.Items",
                    "ItemProcessor": _alone("T", _task("T")),
                    "End": True,
                }
            },
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "results", "Prefix.$": "$.root"},
        },
        "ResultPath": "$.written",
        "End": True,
    },
)

_CALLBACK: Final = _alone(
    "G",
    {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": LAMBDA + "give", "Payload": {"token.$": "$$.Task.Token"}},
        "End": True,
    },
)

_ACTIVITY: Final = _alone(
    "V",
    {
        "Type": "Task",
        "Resource": ACTIVITY,
        # A worker that asked in the very moment of the crash never got its answer; this brings the task back.
        "HeartbeatSeconds": 6,
        "Retry": [{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 1}],
        "End": True,
    },
)

_PARENT: Final = {
    "StartAt": "N",
    "States": {
        "N": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {
                "StateMachineArn": f"{STATES}:stateMachine:child",
                "Input": {"root.$": "States.Format('{}/N', $.root)"},
            },
            "ResultSelector": {"A.$": "$.Output.A", "B.$": "$.Output.B", "root.$": "$.Output.root"},
            "Next": "L",
        },
        "L": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution",
            "Parameters": {
                "StateMachineArn": f"{STATES}:stateMachine:child",
                "Name.$": "States.Format('{}-left', $$.Execution.Name)",
                "Input": {"root.$": "States.Format('{}/L', $.root)"},
            },
            "ResultPath": None,
            "End": True,
        },
    },
}

_JOB: Final = {
    "StartAt": "J",
    "States": {
        "J": {
            "Type": "Task",
            "Resource": "arn:aws:states:::glue:startJobRun.sync",
            "Parameters": {"JobName": "etl", "Arguments": {"--key.$": "States.Format('{}/J', $.root)"}},
            "End": True,
        }
    },
}

_REDRIVEN: Final = {
    "StartAt": "R",
    "States": {
        "R": _next(_task("R"), "Q"),
        "Q": _task("Q", "gate", Parameters={"redrive.$": "$$.Execution.RedriveCount"}),
    },
}

MACHINES: Final[dict[str, dict[str, Any]]] = {
    "child": _CHILD,
    "chain": _CHAIN,
    "retries": _RETRIES,
    "fan": _FAN,
    "distributed": _DISTRIBUTED,
    "callback": _CALLBACK,
    "activity": _ACTIVITY,
    "parent": _PARENT,
    "redriven": _REDRIVEN,
    "job": _JOB,
    "express": _alone("E", _task("E")),
}
EXPRESS: Final = "express"
STARTED: Final = [name for name in MACHINES if name != "child"]
IN_ORDER: Final = frozenset({"chain", "retries", "callback", "parent", "parent-left", "redriven", "child", "job"})
"""Machines in which one thing comes after the other, so that their histories are equal to the last event."""


def input_of(name: str) -> dict[str, Any]:
    value: dict[str, Any] = {"root": name}
    if name == "chain":
        value["pad"] = "x" * 50_000  # so that its journal is worth a snapshot
    if name == "fan":
        value["items"] = [1, 2, 3]
    return value
