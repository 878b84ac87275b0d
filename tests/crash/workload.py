"""One run of the workload against a server that may die, and what came of it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.crash.api import Api, Refused
from tests.crash.host import Host, histories
from tests.crash.machines import ACTIVITY, EXPRESS, IN_ORDER, MACHINES, ROLE, STARTED, STATES, input_of

PATIENCE: Final = 60.0
"""Seconds that a run may take."""
_ENDED: Final = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})


@dataclass(slots=True)
class Outcome:
    """What a run came to. `ends`: of each execution its status, its output and the types of its events."""

    ends: dict[str, tuple[str, Any, list[str]]] = field(default_factory=dict)
    written: list[Any] = field(default_factory=list)
    """What the ResultWriter wrote."""
    broken: list[str] = field(default_factory=list)
    """Laws that do not hold."""
    seconds: float = 0.0
    kills: int = 0


class _Client:
    """Starts everything, answers tokens and activities, redrives what fails, and waits for all to end."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._until = time.monotonic() + PATIENCE
        self._over = threading.Event()
        self._apis: list[Api] = []
        self.acknowledged: dict[str, set[float]] = {}
        """Starts that were answered, and the dates they were told."""
        self._found: set[str] = set()
        """Executions that had ended when a start was asked for once more, since the first was not answered."""
        self.broken: list[str] = []
        self._others = [threading.Thread(target=self._guard, args=(each,)) for each in (self._work, self._send)]

    def run(self) -> None:
        for each in self._others:
            each.start()
        try:
            self._guard(self._main)
        finally:
            self._over.set()

    def join(self) -> None:
        for each in self._others:
            each.join(timeout=80)
        for api in self._apis:
            api.close()

    def _api(self) -> Api:
        api = Api(self._host.port, self._until)
        self._apis.append(api)
        return api

    def _guard(self, call: Any) -> None:
        try:
            call()
        except Exception as error:
            if not self._over.is_set():
                self.broken.append(f"{call.__name__}: {type(error).__name__}: {error}")

    def _main(self) -> None:
        api = self._api()
        api.call("CreateActivity", name="work")
        for name, document in MACHINES.items():
            kind = "EXPRESS" if name == EXPRESS else "STANDARD"
            api.call("CreateStateMachine", name=name, definition=json.dumps(document), roleArn=ROLE, type=kind)
        for name in STARTED:
            self._start(api, name)
        for name in STARTED:
            if name not in (EXPRESS, "redriven"):
                self._start(api, name)  # again: the same execution while it runs
        self._redrive(api)
        waiting = {name: f"{STATES}:execution:{name}:{name}" for name in STARTED if name != EXPRESS}
        waiting["parent-left"] = f"{STATES}:execution:child:parent-left"
        while waiting:
            for name, arn in list(waiting.items()):
                try:
                    found = api.call("DescribeExecution", executionArn=arn)
                except Refused as error:
                    if name != "parent-left" or error.code != "ExecutionDoesNotExist":
                        raise
                    continue
                if found["status"] in _ENDED:
                    del waiting[name]
            if waiting and time.monotonic() > self._until:
                raise TimeoutError(f"these do not end: {sorted(waiting)}")
            time.sleep(0.02)
        for name, dates in self.acknowledged.items():
            if name != EXPRESS:
                found = api.call("DescribeExecution", executionArn=f"{STATES}:execution:{name}:{name}")
                if {found["startDate"]} != dates:
                    self.broken.append(f"{name}: was started at {sorted(dates)}, is said to be of {found['startDate']}")
        while EXPRESS in self.acknowledged and "express/E" not in self._host.runs():
            if time.monotonic() > self._until:
                raise TimeoutError("an acknowledged start of an Express execution is lost")
            time.sleep(0.02)

    def _start(self, api: Api, name: str) -> None:
        arn = f"{STATES}:stateMachine:{name}"
        again = api.again
        try:
            answer = api.call(
                "StartExecution",
                stateMachineArn=arn,
                name=name,
                input=json.dumps(input_of(name), separators=(",", ":")),
            )
        except Refused as error:
            # It ran, and has ended meanwhile; whoever was not told of its start finds that out when asking again.
            known = name in self.acknowledged or name in self._found or api.again != again
            if error.code != "ExecutionAlreadyExists" or not known:
                raise
            self._found.add(name)
            return
        self.acknowledged.setdefault(name, set()).add(answer["startDate"])

    def _redrive(self, api: Api) -> None:
        arn = f"{STATES}:execution:redriven:redriven"
        while api.call("DescribeExecution", executionArn=arn)["status"] == "RUNNING":
            time.sleep(0.02)
        (self._host.folder / "open").touch()
        again = api.again
        try:
            api.call("RedriveExecution", executionArn=arn)
        except Refused as error:
            if error.code != "ExecutionNotRedrivable" or api.again == again:
                raise

    def _work(self) -> None:
        """The worker of the activity."""
        api = self._api()
        while not self._over.is_set():
            try:
                task = api.call("GetActivityTask", activityArn=ACTIVITY, workerName="w")
            except Refused as error:
                if error.code != "ActivityDoesNotExist":
                    raise
                time.sleep(0.05)
                continue
            if "taskToken" in task:
                self._answer(api, task["taskToken"], {"worked": json.loads(task["input"])})

    def _send(self) -> None:
        """Whoever was given tokens by the function `give`."""
        api = self._api()
        sent: set[str] = set()
        while not self._over.is_set():
            for token in self._host.tokens():
                if token not in sent:
                    self._answer(api, token, {"sent": True})
                    sent.add(token)  # answered: it must never be asked for again
            time.sleep(0.02)

    def _answer(self, api: Api, token: str, output: Any) -> None:
        again = api.again
        try:
            api.call("SendTaskSuccess", taskToken=token, output=json.dumps(output))
        except Refused as error:
            if error.code != "TaskTimedOut" or api.again == again:
                raise  # nobody else sends it, so only what was sent and not answered may be there already


def run(folder: Path, **options: Any) -> tuple[Outcome, Host]:
    """The workload in `folder`; `options` are Host's."""
    began = time.monotonic()
    host = Host(folder, **options)
    client = _Client(host)
    try:
        client.run()
    finally:
        outcome = Outcome(seconds=time.monotonic() - began)
        host.close()
        client.join()
    outcome.kills = host.kills
    outcome.broken = [*client.broken, *host.problems]
    _judge(outcome, host)
    return outcome, host


def _judge(outcome: Outcome, host: Host) -> None:
    for arn, (row, history) in histories(host.file).items():
        name = row.name
        if row.run is not None:
            name = "distributed/" + _least(json.loads(row.input))
        elif "stateMachine:child" in row.owner and name != "parent-left":
            name = "parent/child"
        if name in outcome.ends:
            outcome.broken.append(f"there are two executions {name}")
        types = [event["type"] for event in history]
        if name == "callback" and "TaskSubmitted" in types:
            types.remove("TaskSubmitted")  # whoever has the token may be quicker than a process that has to begin anew
        output = None if row.output is None else json.loads(row.output)
        if isinstance(output, dict) and "written" in output:
            outcome.written = _results(host.folder / "objects" / "results", output["written"])
            output = {**output, "written": "…"}
        if isinstance(output, dict) and "caught" in output:
            output = {**output, "caught": output["caught"]["Error"]}  # the cause has a request's id
        outcome.ends[name] = (row.status, output, types if name in IN_ORDER else sorted(types))
        ids = [event["id"] for event in history]
        if ids != list(range(1, len(ids) + 1)):
            outcome.broken.append(f"{arn}: its history has a gap or a doubled id: {ids}")
        if any(event["previousEventId"] >= event["id"] for event in history):
            outcome.broken.append(f"{arn}: an event follows a later one")
        if row.status != "RUNNING" and (sum(t in _CLOSING for t in types) - row.redrive_count != 1):
            outcome.broken.append(f"{arn}: it has closed {types}")
    runs = host.runs()
    for keys, lines in host.done:
        again = [key for key in runs[lines:] if key in keys]
        if again:
            outcome.broken.append(f"completed tasks ran again: {again}")
    for key, count in Counter(runs).items():
        if count > 1 + host.kills:
            outcome.broken.append(f"{key} ran {count} times in {host.kills} crashes")


_CLOSING: Final = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"})


def _least(value: dict[str, Any]) -> str:
    return min(item["root"] for item in value["Items"])


def _results(bucket: Path, written: dict[str, Any]) -> list[Any]:
    manifest = json.loads((bucket / written["ResultWriterDetails"]["Key"]).read_bytes())
    found = []
    for kind, files in manifest["ResultFiles"].items():
        for file in files:
            text = (bucket / file["Key"]).read_bytes()
            if len(text) != file["Size"]:
                found.append(("size", file))
            found += [(kind, each["Status"], each["Input"], each.get("Output")) for each in json.loads(text)]
    return sorted(found, key=repr)


def compare(found: Outcome, wanted: Outcome) -> list[str]:
    """What is other than in the run that nothing cut off."""
    broken = list(found.broken)
    if found.ends.keys() != wanted.ends.keys():
        broken.append(f"executions differ: {sorted(found.ends.keys() ^ wanted.ends.keys())}")
    for name in found.ends.keys() & wanted.ends.keys():
        status, output, types = wanted.ends[name]
        if found.ends[name][:2] != (status, output):
            broken.append(f"{name}: {str(found.ends[name][:2])[:600]} in place of {str((status, output))[:600]}")
        elif found.ends[name][2] != types and name != "activity":  # its heartbeat may have been missed meanwhile
            broken.append(f"{name}: other events: {found.ends[name][2]} in place of {types}")
    if found.written != wanted.written:
        broken.append(f"other results were written: {found.written}")
    return broken
