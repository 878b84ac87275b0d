"""Executions go on where the last process left them: whatever the moment of its end, the result is the same, and no step that
was written down runs twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.engine.journaling import ACCOUNT, Process, shape
from tests.engine.support import FUNCTION

from penstock.engine.history import events
from penstock.engine.objects import object_store
from penstock.engine.tasks.handler import Cancel, Failed, Report, Reporter, Submitted, Succeeded, TaskRequest
from penstock.jsontools import MAX_DEPTH

TASK = {"Type": "Task", "Resource": FUNCTION}


class World:
    """Tasks that are done outside all processes: what was asked and what was done survives them."""

    def __init__(self, answer: Callable[[TaskRequest], Report]) -> None:
        self.asked: list[tuple[str, Any, int]] = []
        self._answer = answer

    def handles(self, resource: str) -> bool:
        return resource == FUNCTION

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        self.asked.append((request.state_name, request.arguments, request.attempt))
        report(self._answer(request))
        return lambda: None

    def close(self) -> None:
        pass


def echo(request: TaskRequest) -> Report:
    return Succeeded(request.arguments)


def busy_first(request: TaskRequest) -> Report:
    return Failed("Busy", "come back") if request.attempt < 2 else Succeeded([request.arguments, request.attempt])


def chain(count: int) -> dict[str, Any]:
    states: dict[str, Any] = {
        f"S{n}": {**TASK, **({"Next": f"S{n + 1}"} if n < count else {"End": True})} for n in range(1, count + 1)
    }
    return {"StartAt": "S1", "States": states}


INNER = {"StartAt": "I", "States": {"I": {**TASK, "End": True}}}

MACHINES: dict[str, tuple[dict[str, Any], Any, Callable[[TaskRequest], Report]]] = {
    "a chain of tasks": (chain(4), {"n": 1}, echo),
    "waits and retries": (
        {
            "StartAt": "W",
            "States": {
                "W": {"Type": "Wait", "Seconds": 3600, "Next": "T"},
                "T": {
                    **TASK,
                    "TimeoutSeconds": 50,
                    "Retry": [{"ErrorEquals": ["Busy"], "JitterStrategy": "FULL", "MaxDelaySeconds": 100}],
                    "Next": "P",
                },
                "P": {
                    "Type": "Pass",
                    "Parameters": {"u.$": "States.UUID()", "t.$": "$$.State.EnteredTime"},
                    "End": True,
                },
            },
        },
        "v",
        busy_first,
    ),
    "a Parallel and a Map": (
        {
            "StartAt": "Both",
            "States": {
                "Both": {
                    "Type": "Parallel",
                    "Branches": [
                        {"StartAt": "A", "States": {"A": {**TASK, "End": True}}},
                        {
                            "StartAt": "M",
                            "States": {
                                "M": {
                                    "Type": "Map",
                                    "ItemsPath": "$.items",
                                    "MaxConcurrency": 2,
                                    "ItemProcessor": {
                                        "StartAt": "B",
                                        "States": {
                                            "B": {**TASK, "Next": "Z"},
                                            "Z": {"Type": "Wait", "Seconds": 5, "End": True},
                                        },
                                    },
                                    "End": True,
                                }
                            },
                        },
                    ],
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
                    "End": True,
                },
                "Caught": {"Type": "Pass", "End": True},
            },
        },
        {"items": [1, 2, 3, 4, 5]},
        echo,
    ),
    "a branch that fails": (
        {
            "StartAt": "Both",
            "States": {
                "Both": {
                    "Type": "Parallel",
                    "Branches": [
                        {"StartAt": "A", "States": {"A": {**TASK, "End": True}}},
                        {"StartAt": "L", "States": {"L": {"Type": "Wait", "Seconds": 9, "End": True}}},
                    ],
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
                    "End": True,
                },
                "Caught": {**TASK, "End": True},
            },
        },
        {},
        lambda request: Failed("E", "no") if request.state_name == "A" else Succeeded("saved"),
    ),
    "a distributed Map": (
        {
            "StartAt": "D",
            "States": {
                "D": {
                    "Type": "Map",
                    "MaxConcurrency": 3,
                    "ToleratedFailurePercentage": 50,
                    "Label": "D",
                    "ItemReader": {
                        "Resource": "arn:aws:states:::s3:getObject",
                        "ReaderConfig": {"InputType": "JSONL"},
                        "Parameters": {"Bucket": "b", "Key": "items.jsonl"},
                    },
                    "ItemBatcher": {"MaxItemsPerBatch": 2},
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                        "StartAt": "T",
                        "States": {"T": {**TASK, "Next": "Z"}, "Z": {"Type": "Wait", "Seconds": 5, "End": True}},
                    },
                    "End": True,
                }
            },
        },
        {},
        lambda request: Failed("Odd") if request.arguments["Items"][0] == {"n": 4} else echo(request),
    ),
    "nested executions": (
        {
            "StartAt": "N",
            "States": {
                "N": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::states:startExecution.sync:2",
                    "Parameters": {"StateMachineArn": f"{ACCOUNT}:stateMachine:inner", "Input": {"v": 1}},
                    "OutputPath": "$.Output",
                    "Next": "O",
                },
                "O": {**TASK, "End": True},
            },
        },
        {},
        echo,
    ),
    "one nested execution for two tasks": (
        {
            "StartAt": "P",
            "States": {
                "P": {
                    "Type": "Parallel",
                    "Branches": [
                        {
                            "StartAt": name,
                            "States": {
                                name: {
                                    "Type": "Task",
                                    "Resource": "arn:aws:states:::states:startExecution.sync:2",
                                    "Parameters": {
                                        "StateMachineArn": f"{ACCOUNT}:stateMachine:inner",
                                        "Name": "one",
                                        "Input": {"v": 1},
                                    },
                                    "OutputPath": "$.Output",
                                    "End": True,
                                }
                            },
                        }
                        for name in ("A", "B")
                    ],
                    "End": True,
                },
            },
        },
        {},
        echo,
    ),
}

ITEMS = "\n".join(f'{{"n": {n}}}' for n in range(10))


def _objects() -> Any:
    return object_store({"b": {"items.jsonl": ITEMS}})


@pytest.mark.parametrize("name", MACHINES)
def test_whatever_the_moment_of_the_end_the_result_is_the_same(name: str, tmp_path: Path) -> None:
    document, value, answer = MACHINES[name]

    def process(file: Path, world: World, **more: Any) -> Process:
        return Process(file, [world], machines={"inner": INNER}, objects=_objects(), **more)

    world = World(answer)
    with process(tmp_path / "whole.db", world) as whole:
        whole.start(document, value)
        rounds = 0
        while whole.turns(1):
            rounds += 1
        expected, wanted, asked = whole.closed(), shape(whole.history()), world.asked
    assert expected.status == "SUCCEEDED"
    for end in range(1, rounds + 1):
        world = World(answer)
        file = tmp_path / f"{end}.db"
        first = process(file, world)
        first.start(document, value)
        first.turns(end)
        first.end()
        with process(file, world, clock=first.clock, seed="other") as second:
            if not any(r.execution.name == "x" for r in second.recovered.running):
                second.start(document, value)
            second.finish()
            found = second.closed()
            assert (found.status, _known(found.output)) == (expected.status, _known(expected.output)), end
            history = second.history()
            if name not in ("a distributed Map", "a Parallel and a Map"):  # their branches may take turns otherwise
                assert shape(history) == wanted, end
            assert [event["id"] for event in history] == list(range(1, len(history) + 1))
        # A step that was cut off may have run, and runs again; those that were written down do not.
        extra = len(world.asked) - len(asked)
        assert extra <= 4, (end, world.asked)
        assert sorted(map(repr, set(map(repr, world.asked)))) == sorted(set(map(repr, map(repr, asked))))


def _known(output: Any) -> Any:
    """Without what is drawn anew: a UUID of an execution that was never acknowledged, and that its client started again; the
    names and times of a Map Run's children."""
    if isinstance(output, dict) and set(output) == {"u", "t"}:
        return {"t": output["t"]}
    if isinstance(output, list):
        return [
            {"Error": each["Error"], "Input": each["Input"]} if isinstance(each, dict) and "Error" in each else each
            for each in output
        ]
    return output


def test_ending_again_and_again_comes_to_an_end(tmp_path: Path) -> None:
    document, value, answer = MACHINES["a Parallel and a Map"]
    world = World(answer)
    file = tmp_path / "x.db"
    process = Process(file, [world])
    process.start(document, value)
    ends = 0
    while process.turns(3):
        process.end()
        process = Process(file, [world], clock=process.clock, seed=str(ends))
        ends += 1
    assert process.closed().status == "SUCCEEDED"
    assert ends > 3
    process.end()


def test_a_token_is_good_in_the_next_process(tmp_path: Path) -> None:
    document = {
        "StartAt": "C",
        "States": {
            "C": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": {"FunctionName": FUNCTION, "Payload": {"t.$": "$$.Task.Token"}},
                "HeartbeatSeconds": 600,
                "End": True,
            }
        },
    }
    tokens: list[str] = []

    class Sender:
        def handles(self, resource: str) -> bool:
            return resource.endswith("waitForTaskToken")

        def start(self, request: TaskRequest, report: Reporter) -> Cancel:
            tokens.append(request.arguments["Payload"]["t"])
            report(Submitted({"StatusCode": 200}))
            return lambda: None

        def close(self) -> None:
            pass

    first = Process(tmp_path / "x.db", [Sender()])
    first.start(document, {})
    first.turns(3)
    first.end()
    with Process(tmp_path / "x.db", [Sender()], clock=first.clock) as second:
        assert len(tokens) == 1  # what was submitted is not submitted again
        second.driver.callbacks.send_task_success(tokens[0], {"done": True})
        second.finish()
        assert second.closed().output == {"done": True}
        assert [e["type"] for e in second.history()][-4:] == [
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]


def test_work_with_a_token_that_went_on_in_the_process_is_begun_anew(tmp_path: Path) -> None:
    document = {
        "StartAt": "C",
        "States": {
            "C": {
                "Type": "Task",
                "Resource": "arn:aws:states:::ecs:runTask.waitForTaskToken",
                "Parameters": {"TaskDefinition": "worker"},
                "End": True,
            }
        },
    }
    reporters: list[Reporter] = []

    class Worker:
        def handles(self, resource: str) -> bool:
            return resource.endswith("waitForTaskToken")

        def start(self, request: TaskRequest, report: Reporter) -> Cancel:
            reporters.append(report)
            report(Submitted({"Tasks": []}, working=True))
            return lambda: None

        def close(self) -> None:
            pass

    first = Process(tmp_path / "x.db", [Worker()])
    first.start(document, {})
    first.turns(3)
    first.end()
    with Process(tmp_path / "x.db", [Worker()], clock=first.clock) as second:
        second.turns(2)
        assert len(reporters) == 2
        reporters[-1](Succeeded("done"))
        second.finish()
        assert second.closed().output == "done"
        assert [event["type"] for event in second.history()].count("TaskSubmitted") == 1


def test_an_activity_waits_for_its_worker_or_is_with_it(tmp_path: Path) -> None:
    arn = f"{ACCOUNT}:activity:act"
    document = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": arn, "End": True}}}
    first = Process(tmp_path / "x.db", activities=["act"])
    first.start(document, 7, name="taken")
    first.start(document, 8, name="waiting")
    first.turns(1)
    task = first.callbacks.get_activity_task(arn, worker="w", wait=0)
    assert task is not None
    assert task.input == 7
    first.turns(2)
    first.end()
    with Process(tmp_path / "x.db", activities=["act"], clock=first.clock) as second:
        second.turns(1)
        other = second.callbacks.get_activity_task(arn, worker="w", wait=0)
        assert other is not None
        assert other.input == 8
        assert second.callbacks.get_activity_task(arn, wait=0) is None
        second.callbacks.send_task_success(task.token, "seven")
        second.callbacks.send_task_success(other.token, "eight")
        second.finish()
        assert (second.closed("taken").output, second.closed("waiting").output) == ("seven", "eight")
        assert [e["type"] for e in second.history("taken")].count("ActivityStarted") == 1


def test_a_snapshot_holds_data_as_deep_as_an_input_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.journal.SNAPSHOT_BYTES", 0)
    monkeypatch.setattr("penstock.engine.journal.SNAPSHOT_GROWTH", 0)
    value: Any = 1
    for _ in range(MAX_DEPTH - 5):
        value = [value]
    task = {"Type": "Task", "Resource": f"{ACCOUNT}:activity:a", "End": True}
    first = Process(tmp_path / "x.db", activities=["a"])
    first.start({"StartAt": "T", "States": {"T": task}}, value)
    first.turns(1)
    first.end()
    with Process(tmp_path / "x.db", activities=["a"], clock=first.clock) as second:
        assert second.recovered.parked == {}
        second.turns(1)
        given = second.callbacks.get_activity_task(f"{ACCOUNT}:activity:a", wait=5)
        assert given is not None
        assert given.input == value


def test_timers_keep_their_instants(tmp_path: Path) -> None:
    document = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": True}}}
    first = Process(tmp_path / "x.db")
    first.start(document, {})
    first.driver.turn()
    first.end()
    first.clock.advance(400)
    with Process(tmp_path / "x.db", clock=first.clock) as second:
        second.finish()
        history = second.history()
        assert (history[-1]["timestamp"] - history[0]["timestamp"]).total_seconds() == 1000


def test_a_snapshot_takes_the_place_of_the_turns_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.engine.journal.SNAPSHOT_BYTES", 0)
    monkeypatch.setattr("penstock.engine.journal.SNAPSHOT_GROWTH", 0)
    document, value, answer = MACHINES["a Parallel and a Map"]
    world = World(answer)
    process = Process(tmp_path / "x.db", [world])
    process.start(document, value)
    snapshots = 0
    while process.turns(3):
        process.end()
        process = Process(tmp_path / "x.db", [world], clock=process.clock)
        with process.database.read() as connection:
            snapshots = max(snapshots, connection.execute("SELECT max(turn) FROM snapshots").fetchone()[0] or 0)
    assert snapshots > 2
    assert process.closed().output == MACHINES_OUTPUT
    process.end()


MACHINES_OUTPUT = [{"items": [1, 2, 3, 4, 5]}, [1, 2, 3, 4, 5]]


def test_a_journal_that_does_not_lead_to_its_history_is_left_alone(tmp_path: Path) -> None:
    first = Process(tmp_path / "x.db")
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": True}}}
    first.start(wait, {}, name="x")
    first.start(wait, {}, name="y")
    first.driver.turn()
    with first.database.write() as connection:
        connection.execute("UPDATE definitions SET text = replace(text, '\"W\"', '\"V\"')")
        connection.execute("UPDATE journal SET records = NULL WHERE execution = 2")
    first.end()
    with Process(tmp_path / "x.db", clock=first.clock) as second:
        assert not second.recovered.running
        assert (
            "goes on otherwise than its history from event 1 on"
            in second.recovered.parked[f"{ACCOUNT}:execution:StateMachine:x"]
        )
        assert second.closed().status == "RUNNING"


def test_what_ends_the_process_is_parked_after_ten_times(tmp_path: Path) -> None:
    world = World(echo)
    process = Process(tmp_path / "x.db", [world])
    process.start(chain(1), {}, name="poison")
    process.start({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": True}}}, {}, name="other")
    process.driver.turn()
    process.end()
    for _ in range(9):
        process = Process(tmp_path / "x.db", [world], clock=process.clock)
        assert len(process.recovered.running) == 2
        process.end()
    with Process(tmp_path / "x.db", [world], clock=process.clock) as process:
        assert [r.execution.name for r in process.recovered.running] == ["other"]
        assert "cut off by the end of the process 10 times" in next(iter(process.recovered.parked.values()))
        process.finish()
        assert process.closed("other").status == "SUCCEEDED"


def test_histories_are_read_in_pieces(tmp_path: Path) -> None:
    with Process(tmp_path / "x.db", [World(echo)]) as process:
        process.start(chain(4), {})
        process.finish()
        whole = process.history()
        id_ = process.closed().id
        for start in range(1, len(whole) + 1):
            found = list(process.journal.history(id_, start))
            assert [number for number, _ in found] == list(range(start, len(whole) + 1))
            assert events([record for _, record in found], first=start) == whole[start - 1 :]
