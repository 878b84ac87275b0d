"""An execution as JSON, and back: what a journal writes down and a recovery picks up.

Everything but the history, which is kept as it is made: a snapshot knows only how many events there were. What the world
was doing (attempts, timers, children) stays known by the same numbers, so that the driver can begin it anew.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, cast

from penstock.engine.execution import Attempt, Execution, Failure, Frame, Join, RunJoin
from penstock.engine.mapruns import Sink, Source, StartMapRun
from penstock.engine.program import Program
from penstock.engine.states.base import State
from penstock.jsontools import Json, dumps

_PLAIN: Final = (
    "arn",
    "name",
    "machine_arn",
    "machine_name",
    "role_arn",
    "type",
    "seed",
    "limit",
    "sync",
    "input",
    "started",
    "stopped",
    "status",
    "output",
    "error",
    "cause",
    "redrive_count",
    "redriven",
    "frames_made",
    "ids_made",
)
_FRAME: Final = (
    "number",
    "value",
    "variables",
    "index",
    "last",
    "before",
    "phase",
    "entered",
    "entered_at",
    "retry_count",
    "timer",
    "result",
)
_RUN: Final = (
    "batch",
    "batch_bytes",
    "closing",
    "envelope",
    "finding",
    "max_batch_bytes",
    "max_batch_items",
    "more",
    "percentage",
    "read",
    "reading",
    "redrives",
    "size",
    "untold",
)
_ATTEMPT: Final = (
    "id",
    "token",
    "timeout",
    "heartbeat",
    "timeout_timer",
    "heartbeat_timer",
    "started",
    "submitted",
)


def to_data(execution: Execution) -> dict[str, Json]:
    """`execution` as a JSON value that shares structure with it."""
    data: dict[str, Json] = {key: getattr(execution, key) for key in _PLAIN}
    data["events"] = execution.base + len(execution.records)
    frames: list[Json] = []
    pending = [execution.root]
    while pending:
        frame = pending.pop()
        frames.append(_frame(frame))
        for join in (frame.join, frame.kept):
            if join is not None:
                pending.extend(join.running.values())
    data["frames"] = frames
    data["ready"] = [frame.number for frame in execution.ready]
    data["attempts"] = [[key, frame.number] for key, frame in execution.attempts.items()]
    data["timers"] = [
        [key, None if frame is None else frame.number, purpose, at]
        for key, (frame, purpose, at) in execution.timers.items()
    ]
    return data


def _frame(frame: Frame) -> Json:
    data: dict[str, Any] = {key: getattr(frame, key) for key in _FRAME}
    data["state"] = frame.state.name
    data["parent"] = None if frame.parent is None else frame.parent.number
    data["retries"] = None if frame.retries is None else [[k, v] for k, v in frame.retries.items()]
    data["item"] = None if frame.item is None else list(frame.item)
    failure = frame.failure
    data["failure"] = None if failure is None else [failure.error, failure.cause, failure.known_as, failure.of_branch]
    attempt = frame.attempt
    data["attempt"] = None if attempt is None else {key: getattr(attempt, key) for key in _ATTEMPT}
    if frame.join is not None:
        data["join"] = _join(frame.join)
    if frame.kept is not None:
        data["kept"] = _join(frame.kept)
    return cast(Json, data)


def _join(join: Join) -> dict[str, Any]:
    data: dict[str, Any] = {
        "items": None if join.items is None else list(join.items),
        "selected": None if join.selected is join.items or join.selected is None else list(join.selected),
        "limit": join.limit,
        "next": join.next,
        "pending": join.pending,
        "results": join.results,
        "running": [[index, child.number] for index, child in join.running.items()],
        "children": [[child, index] for child, index in join.children.items()],
        "failed": join.failed,
        "tolerated": join.tolerated,
    }
    if isinstance(join, RunJoin):
        data["run"] = {
            **{key: getattr(join, key) for key in _RUN},
            "command": asdict(join.command),
            "again": [list(child) for child in join.again],
            "buffer": [list(item) for item in join.buffer],
            "counts": [[child, count] for child, count in join.counts.items()],
            "outputs": [[child, values] for child, (values, _) in join.outputs.items()],
            "failure": None if join.failure is None else [join.failure.error, join.failure.cause],
        }
    return data


def from_data(program: Program, data: dict[str, Any]) -> Execution:
    """The execution that `to_data` wrote, of the same program."""
    execution = Execution(
        program,
        data["input"],
        **{
            key: data[key]
            for key in ("arn", "name", "machine_arn", "machine_name", "role_arn", "type", "seed", "limit")
        },
    )
    for key in _PLAIN:
        setattr(execution, key, data[key])
    if execution.status == "SUCCEEDED":
        execution.output_text = dumps(execution.output)
    execution.base = data["events"]
    frames: dict[int, Frame] = {}
    for entry in data["frames"]:  # a parent stands before its children
        frames[entry["number"]] = _restored(program, entry, frames)
    for entry in data["frames"]:
        if "join" in entry:
            frames[entry["number"]].join = _joined(entry["join"], frames)
        if "kept" in entry:
            frames[entry["number"]].kept = _joined(entry["kept"], frames)
    execution.root = frames[data["frames"][0]["number"]]
    execution.ready.extend(frames[number] for number in data["ready"] if number in frames)
    execution.attempts = {key: frames[number] for key, number in data["attempts"]}
    execution.timers = {
        key: (None if number is None else frames[number], purpose, at) for key, number, purpose, at in data["timers"]
    }
    return execution


def _restored(program: Program, entry: dict[str, Any], frames: dict[int, Frame]) -> Frame:
    state: State = program.states[entry["state"]]
    parent = None if entry["parent"] is None else frames[entry["parent"]]
    frame = Frame(entry["number"], state, entry["value"], dumps(entry["value"]), entry["variables"], parent)
    for key in _FRAME:
        setattr(frame, key, entry[key])
    if entry["retries"] is not None:
        frame.retries = {key: used for key, used in entry["retries"]}  # noqa: C416  (pairs, checked as such)
    if entry["item"] is not None:
        index, value, name, source = entry["item"]
        frame.item = (index, value, name, source)
    if entry["failure"] is not None:
        frame.failure = Failure(*entry["failure"])
    if entry["attempt"] is not None:
        frame.attempt = Attempt(entry["attempt"]["id"])
        for key in _ATTEMPT:
            setattr(frame.attempt, key, entry["attempt"][key])
    return frame


def _run_joined(entry: dict[str, Any], limit: int) -> RunJoin:
    command = entry["command"]
    source, sink = command["source"], command["sink"]
    if source is not None:
        headers = source["headers"]
        source = Source(**{**source, "headers": None if headers is None else tuple(headers)})
    join = RunJoin(command["run"], limit)
    join.command = StartMapRun(**{**command, "source": source, "sink": None if sink is None else Sink(**sink)})
    for key in _RUN:
        setattr(join, key, entry[key])
    join.again.extend((child, count) for child, count in entry["again"])
    for index, value, name, source in entry["buffer"]:
        join.buffer.append((index, value, name, source))
    join.counts = dict(entry["counts"])
    join.outputs = {child: (values, [dumps(value) for value in values]) for child, values in entry["outputs"]}
    if entry["failure"] is not None:
        join.failure = Failure(*entry["failure"])
    return join


def _joined(entry: dict[str, Any], frames: dict[int, Frame]) -> Join:
    results = entry["results"]
    join = (
        _run_joined(entry["run"], entry["limit"])
        if "run" in entry
        else Join(len(results), entry["items"], entry["limit"])
    )
    if entry["selected"] is not None:
        join.selected = entry["selected"]
    join.next = entry["next"]
    join.pending = entry["pending"]
    join.results = list(results)
    join.texts = [dumps(result) for result in results]
    join.running = {index: frames[number] for index, number in entry["running"]}
    join.children = dict(entry["children"])
    join.failed = entry["failed"]
    join.tolerated = entry["tolerated"]
    return join
