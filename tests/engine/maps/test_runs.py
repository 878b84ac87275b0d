"""Distributed Maps from their input to their result: batches, failures, Map Runs, result files."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from itertools import chain
from typing import Any

import pytest
from tests.engine.support import FUNCTION, Scripted, machine, types

from penstock.clock import Entropy, VirtualClock
from penstock.engine import core, messages
from penstock.engine.driver import Driver, ExecutionResult, run
from penstock.engine.execution import Execution, RunJoin
from penstock.engine.mapruns import Sink
from penstock.engine.objects import MemoryObjects, ObjectError
from penstock.engine.snapshot import from_data, to_data
from penstock.engine.tasks.handler import Failed, Report, Succeeded, TaskRequest
from penstock.engine.writers import ResultFiles

PASS = {"P": {"Type": "Pass", "End": True}}
TASK = {"T": {"Type": "Task", "Resource": FUNCTION, "End": True}}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "p"}}


def distributed(states: dict[str, Any] | None = None, kind: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    states = states or PASS
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
        "StartAt": next(iter(states)),
        "States": states,
    }
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


def csv_of(**config: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", **config},
        "Parameters": {"Bucket": "in", "Key": "k"},
    }


def go(
    state: dict[str, Any],
    value: Any = None,
    answer: Any = None,
    buckets: dict[str, Any] | None = None,
    states: dict[str, Any] | None = None,
    **more: Any,
) -> ExecutionResult:
    store = None if buckets is None else MemoryObjects(buckets)
    return run(
        machine({"M": state, **(states or {})}, **more),
        {} if value is None else value,
        handlers=[Scripted(answer)],
        clock=VirtualClock(1_700_000_000.0),
        skip_time=True,
        entropy=Entropy("maps"),
        objects=store,
    )


def failing_on(*bad: Any) -> Any:
    def answer(request: TaskRequest) -> Report:
        return Failed("E", "why") if request.arguments in bad else Succeeded(request.arguments)

    return answer


def counts(result: ExecutionResult, of: str = "itemCounts", run: int = 0) -> dict[str, int]:
    described = result.map_runs[run].describe()[of]
    return {name: count for name, count in described.items() if count}


# ---- items


def test_a_reader_s_items_go_through_the_selector() -> None:
    selector = {
        "n.$": "$$.Map.Item.Value.n",
        "i.$": "$$.Map.Item.Index",
        "from.$": "$$.Map.Item.Source",
        "x.$": "$.x",
    }
    result = go(distributed(ItemReader=csv_of(), ItemSelector=selector), {"x": 7}, buckets={"in": {"k": "n\na\nb\n"}})
    assert result.output == [
        {"n": "a", "i": 0, "from": "S3://in/k", "x": 7},
        {"n": "b", "i": 1, "from": "S3://in/k", "x": 7},
    ]
    assert result.history[2]["mapStateStartedEventDetails"] == {"length": 0}


def test_keys_of_an_object_s_members() -> None:
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/o"},
        "Parameters": {"Bucket": "in", "Key": "k"},
    }
    state = distributed(ItemReader=reader, ItemSelector={"k.$": "$$.Map.Item.Key"})
    assert go(state, buckets={"in": {"k": '{"o": {"a": 1, "b": 2}}'}}).output == [{"k": "a"}, {"k": "b"}]


def test_jsonata_reads_selects_and_batches() -> None:
    state = distributed(
        ItemReader={
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL", "MaxItems": "{% $states.input.most %}"},
            "Arguments": {"Bucket": "in", "Key": "{% $states.input.key %}"},
        },
        ItemSelector={"v": "{% $states.context.Map.Item.Value * $states.input.by %}"},
        ItemBatcher={"MaxItemsPerBatch": "{% 1 + 1 %}", "BatchInput": {"by": "{% $states.input.by %}"}},
    )
    value = {"most": 3, "key": "k", "by": 10}
    result = go(state, value, buckets={"in": {"k": "1\n2\n3\n4\n"}}, QueryLanguage="JSONata")
    assert result.output == [
        {"BatchInput": {"by": 10}, "Items": [{"v": 10}, {"v": 20}]},
        {"BatchInput": {"by": 10}, "Items": [{"v": 30}]},
    ]


def test_a_selector_that_fails_in_the_middle_ends_the_run() -> None:
    selector = {"v": "{% $states.context.Map.Item.Value < 5 ? 1 : $error('no') %}"}
    result = go(distributed(ItemSelector=selector, MaxConcurrency=1), [1, 9], QueryLanguage="JSONata")
    assert (result.status, result.error) == ("FAILED", "States.QueryEvaluationError")
    assert result.map_runs[0].status == "FAILED"


@pytest.mark.parametrize("total", [0, 1, 999, 1000, 1001, 2500])
@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("limit", [0, 3])
def test_batches_keep_all_items_in_order(total: int, size: int, limit: int) -> None:
    text = "n\n" + "".join(f"{n}\n" for n in range(total))
    state = distributed(ItemReader=csv_of(), ItemBatcher={"MaxItemsPerBatch": size}, MaxConcurrency=limit)
    result = go(state, buckets={"in": {"k": text}})
    batches = [[int(item["n"]) for item in batch["Items"]] for batch in result.output]
    assert list(chain.from_iterable(batches)) == list(range(total))
    assert all(len(batch) == size for batch in batches[:-1])
    assert counts(result).get("total", 0) == counts(result).get("succeeded", 0) == total
    assert counts(result, "executionCounts").get("total", 0) == len(batches)


def test_batches_by_bytes() -> None:
    items = ["x" * n for n in (10, 10, 10, 200, 5, 5)]
    result = go(distributed(ItemBatcher={"MaxInputBytesPerBatch": 60, "BatchInput": {"a": 1}}), items)
    assert [batch["Items"] for batch in result.output] == [items[:2], items[2:3], items[3:4], items[4:]]
    for batch in (result.output[0], result.output[3]):
        assert len(json.dumps(batch, separators=(",", ":"))) <= 60


@pytest.mark.parametrize(("most", "batches"), [(31, 1), (30, 2)])
def test_a_batch_may_have_just_as_many_bytes(most: int, batches: int) -> None:
    items = ["aaa", "bbb", "ccc"]  # {"Items":["aaa","bbb","ccc"]} has 29
    result = go(distributed(ItemBatcher={"MaxInputBytesPerBatch": most - 2}), items)
    assert len(result.output) == batches


def test_results_come_in_the_order_of_items_whoever_is_first() -> None:
    result = go(distributed({"W": {"Type": "Wait", "SecondsPath": "$", "End": True}}), [3, 1, 2])
    assert result.output == [3, 1, 2]


def test_a_percentage_is_of_all_items_not_of_those_read_so_far() -> None:
    text = "n\n" + "\n".join(map(str, range(3000)))
    state = distributed(TASK, ItemReader=csv_of(), ToleratedFailurePercentage=10, MaxConcurrency=10)
    result = go(state, None, failing_on(*({"n": str(n)} for n in range(250))), {"in": {"k": text}})
    assert result.map_runs[0].status == "SUCCEEDED"


def test_an_item_that_no_execution_can_take() -> None:
    result = go(distributed(ItemReader=csv_of()), buckets={"in": {"k": "n\n" + "x" * 300_000}})
    assert result.error == "States.DataLimitExceeded"


# ---- failures


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "FAILED"),
        ({"ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 19.9}, "FAILED"),
        ({"ToleratedFailurePercentage": 20}, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 1}, "FAILED"),
        ({"ToleratedFailurePercentage": 10, "ToleratedFailureCount": 5}, "FAILED"),
    ],
)
@pytest.mark.parametrize("read", [False, True])
def test_tolerated_failures(fields: dict[str, Any], status: str, read: bool) -> None:
    items = [{"n": str(n)} for n in range(10)]
    answer = failing_on({"n": "1"}, {"n": "4"})
    if read:
        text = "n\n" + "\n".join(item["n"] for item in items)
        result = go(distributed(TASK, ItemReader=csv_of(), **fields), None, answer, {"in": {"k": text}})
    else:
        result = go(distributed(TASK, **fields), items, answer)
    assert result.status == status
    if status == "FAILED":
        assert result.error == "States.ExceedToleratedFailureThreshold"
        assert result.cause == "The specified tolerated failure threshold was exceeded"
        assert types(result)[-4:] == ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]
        assert result.map_runs[0].status == "FAILED"
    else:
        assert counts(result) == {"total": 10, "succeeded": 8, "failed": 2, "resultsWritten": 10}


def test_a_failed_batch_fails_all_its_items() -> None:
    state = distributed(TASK, ItemBatcher={"MaxItemsPerBatch": 3}, ToleratedFailureCount=2, MaxConcurrency=1)
    assert go(state, [1, 2, 3, 4], failing_on({"Items": [1, 2, 3]})).status == "FAILED"
    result = go(state | {"ToleratedFailureCount": 3}, [1, 2, 3, 4], failing_on({"Items": [1, 2, 3]}))
    assert result.status == "SUCCEEDED"
    assert counts(result) == {"total": 4, "failed": 3, "succeeded": 1, "resultsWritten": 4}
    assert counts(result, "executionCounts") == {"total": 2, "failed": 1, "succeeded": 1, "resultsWritten": 2}


def test_a_retried_map_is_a_new_run() -> None:
    answers = [Failed("E"), Succeeded(1)]
    retry = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "MaxAttempts": 1}]
    result = go(distributed(TASK, Retry=retry), [1], lambda request: answers.pop(0))
    assert result.output == [1]
    assert [run.status for run in result.map_runs] == ["FAILED", "SUCCEEDED"]
    assert len({run.arn for run in result.map_runs}) == 2


@pytest.mark.parametrize(
    ("config", "buckets", "cause"),
    [
        ({}, {"in": {}}, "The specified key does not exist."),
        ({}, {}, "The specified bucket does not exist"),
        ({}, {"in": {"k": "a,a\n"}}, "CSV headers cannot contain duplicates."),
        ({"MaxItemsPath": "$.most"}, {"in": {"k": "a\n1\n"}}, "field MaxItems must be positive"),
    ],
)
def test_a_reader_that_fails_can_be_caught(config: dict[str, Any], buckets: dict[str, Any], cause: str) -> None:
    state = distributed(ItemReader=csv_of(**config), Catch=[{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "S"}])
    result = go(state, {"most": -1}, buckets=buckets, states={"S": {"Type": "Succeed"}})
    assert result.output == {"Error": "States.ItemReaderFailed", "Cause": cause}
    assert types(result)[2:6] == ["MapStateStarted", "MapRunStarted", "MapRunFailed", "MapStateFailed"]


def test_a_file_that_breaks_in_the_middle() -> None:
    text = b"n\n" + b"1\n" * 5000 + b"\xff\n"
    result = go(distributed(ItemReader=csv_of(), MaxConcurrency=10), buckets={"in": {"k": text}})
    assert result.error == "States.ItemReaderFailed"
    assert result.map_runs[0].describe()["itemCounts"]["running"] == 0


def test_without_objects_the_message_says_what_to_do() -> None:
    result = go(distributed(ItemReader=csv_of(), Catch=[{"ErrorEquals": ["States.ALL"], "Next": "M"}]))
    assert result.error == "States.Runtime"
    assert "objects=" in (result.cause or "")


def test_a_stopped_execution_aborts_its_run() -> None:
    state = distributed({"W": {"Type": "Wait", "Seconds": 100, "End": True}})
    result = go(state, [1, 2], TimeoutSeconds=10)
    assert result.status == "TIMED_OUT"
    assert result.map_runs[0].status == "ABORTED"
    assert counts(result) == {"total": 2, "aborted": 2}


# ---- results


def test_results_in_files() -> None:
    out: dict[str, bytes] = {}
    state = distributed(TASK, ResultWriter=WRITER, ToleratedFailureCount=1, MaxConcurrency=1)
    result = go(state, [1, 2, 3], failing_on(2), {"out": out})
    record = result.map_runs[0]
    prefix = f"p/{record.arn.rpartition(':')[2]}"
    details = {"Bucket": "out", "Key": f"{prefix}/manifest.json"}
    assert result.output == {"MapRunArn": record.arn, "ResultWriterDetails": details}
    good, bad = out[f"{prefix}/SUCCEEDED_0.json"], out[f"{prefix}/FAILED_0.json"]
    assert json.loads(out[details["Key"]]) == {
        "DestinationBucket": "out",
        "MapRunArn": record.arn,
        "ResultFiles": {
            "FAILED": [{"Key": f"{prefix}/FAILED_0.json", "Size": len(bad)}],
            "PENDING": [],
            "SUCCEEDED": [{"Key": f"{prefix}/SUCCEEDED_0.json", "Size": len(good)}],
        },
    }
    first, _ = json.loads(good)
    assert first.pop("ExecutionArn").startswith("arn:aws:states:us-east-1:123456789012:execution:StateMachine/M:")
    assert first.pop("Name")
    assert first == {
        "Input": "1",
        "InputDetails": {"Included": True},
        "Output": "1",
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "StartDate": "2023-11-14T22:13:20.000Z",
        "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:StateMachine/M",
        "Status": "SUCCEEDED",
        "StopDate": "2023-11-14T22:13:20.000Z",
    }
    (failed,) = json.loads(bad)
    assert (failed["Status"], failed["Error"], failed["Cause"], failed["Input"]) == ("FAILED", "E", "why", "2")
    assert failed["RedriveStatus"] == "REDRIVABLE_BY_MAP_RUN"
    assert set(out) == {f"{prefix}/{name}" for name in ("manifest.json", "SUCCEEDED_0.json", "FAILED_0.json")}


def test_a_run_that_fails_writes_what_it_has() -> None:
    out: dict[str, bytes] = {}
    state = distributed(TASK, ResultWriter=WRITER, MaxConcurrency=1)
    result = go(state, [1, 2, 3, 4], failing_on(2), {"out": out})
    assert result.error == "States.ExceedToleratedFailureThreshold"
    files = {key.rpartition("/")[2]: json.loads(content) for key, content in out.items()}
    assert [each["Input"] for each in files["SUCCEEDED_0.json"]] == ["1"]
    assert [each["Input"] for each in files["FAILED_0.json"]] == ["2"]
    assert [each["Input"] for each in files["PENDING_0.json"]] == ["3", "4"]


def test_results_that_find_no_room_before_they_are_written_fail_the_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait in temporary files. The child has succeeded all the same, and so do those after it."""
    append = ResultFiles._append

    def full(files: ResultFiles, kind: str, text: bytes) -> None:
        if b'"Input":"2"' in text:
            raise OSError(28, "No space left on device")
        append(files, kind, text)

    monkeypatch.setattr(ResultFiles, "_append", full)
    out: dict[str, bytes] = {}
    result = go(distributed(TASK, ResultWriter=WRITER, MaxConcurrency=1), [1, 2, 3], buckets={"out": out})
    assert (result.status, result.error) == ("FAILED", "States.ResultWriterFailed")
    assert "No space left on device" in (result.cause or "")
    assert result.map_runs[0].status == "FAILED"
    assert counts(result) == {"total": 3, "succeeded": 3}
    assert not out  # nothing that looks like all of them


@pytest.mark.parametrize(
    ("transformation", "kind", "content"),
    [
        ("COMPACT", "JSON", b'[[1,2],"x",[]]'),
        ("FLATTEN", "JSON", b'[1,2,"x"]'),
        ("COMPACT", "JSONL", b'[1,2]\n"x"\n[]\n'),
        ("FLATTEN", "JSONL", b'1\n2\n"x"\n'),
    ],
)
def test_transformations(transformation: str, kind: str, content: bytes) -> None:
    config = {"WriterConfig": {"Transformation": transformation, "OutputType": kind}}
    out: dict[str, bytes] = {}
    go(distributed(ResultWriter=WRITER | config, MaxConcurrency=1), [[1, 2], "x", []], buckets={"out": out})
    assert next(c for k, c in out.items() if "SUCCEEDED_0" in k) == content
    result = go(distributed(ResultWriter=config), [[1, 2], "x", []])
    assert result.output == (json.loads(content) if kind == "JSON" else content.decode().rstrip("\n"))


def test_descriptions_as_the_result() -> None:
    result = go(distributed(ResultWriter={"WriterConfig": {"Transformation": "NONE", "OutputType": "JSON"}}), [5])
    assert [(each["Status"], each["Output"]) for each in result.output] == [("SUCCEEDED", "5")]


def test_results_that_are_too_much() -> None:
    text = "n\n" + "x" * 1000 + "\n" + ("y" * 1000 + "\n") * 300
    result = go(distributed(ItemReader=csv_of()), buckets={"in": {"k": text}})
    assert result.error == "States.DataLimitExceeded"
    writer = WRITER | {"WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"}}
    result = go(distributed(ItemReader=csv_of(), ResultWriter=writer), buckets={"in": {"k": text}, "out": {}})
    assert result.status == "SUCCEEDED"


def test_a_bucket_that_is_not_there() -> None:
    caught = [{"ErrorEquals": ["States.ResultWriterFailed"], "Next": "S"}]
    state = distributed(ResultWriter=WRITER, Catch=caught)
    result = go(state, [1], buckets={}, states={"S": {"Type": "Succeed"}})
    assert result.output == {"Error": "States.ResultWriterFailed", "Cause": "The specified bucket does not exist"}
    assert result.map_runs[0].status == "FAILED"


def test_a_bucket_that_is_not_there_is_noticed_before_anything_runs() -> None:
    result = go(distributed(ItemReader=csv_of(), ResultWriter=WRITER), buckets={"in": {"k": "n\n1\n"}})
    assert (result.error, result.cause) == ("States.ResultWriterFailed", "The specified bucket does not exist")
    assert counts(result) == {}


@pytest.mark.parametrize(("limit", "each"), [(8, 1), (9, 2), (12, 2), (13, 3)])
def test_files_roll(limit: int, each: int) -> None:
    out: dict[str, bytes] = {}
    store = MemoryObjects({"out": out})
    sink = Sink(bucket="out", transformation="COMPACT")
    files = ResultFiles(store, sink, "arn:m:run", file_bytes=limit)
    program = machine(PASS)
    for value in range(100, 109):
        execution = Execution(
            program, value, arn="a:b:c:d", name="n", machine_arn="m", machine_name="m", role_arn="r",
            type="STANDARD", seed="s", limit=9,
        )  # fmt: skip
        execution.status, execution.output = "SUCCEEDED", value
        files.add(execution)
    files.finish()
    files.discard()
    contents = [out[f"run/SUCCEEDED_{number}.json"] for number in range(len(out) - 1)]
    assert [len(json.loads(content)) for content in contents[:-1]] == [each] * (len(contents) - 1)
    assert all(len(content) <= limit for content in contents)
    assert list(chain.from_iterable(map(json.loads, contents))) == list(range(100, 109))
    assert out["run/manifest.json"].count(b'"Size"') == len(contents)


def test_a_store_that_fails_while_writing() -> None:
    class Full(MemoryObjects):
        def put(self, bucket: str, key: str, content: Any) -> None:
            raise ObjectError("AccessDenied", "Access Denied")

    result = run(machine({"M": distributed(ResultWriter=WRITER)}), [1], objects=Full({"out": {}}), skip_time=True)
    assert (result.error, result.cause) == ("States.ResultWriterFailed", "Access Denied")


# ---- Map Runs


def test_a_map_run_as_it_is_described() -> None:
    result = go(distributed(Label="L", MaxConcurrency=1, ToleratedFailurePercentage=5), [1, 2])
    counted = {
        "pending": 0, "running": 0, "succeeded": 2, "failed": 0, "timedOut": 0, "aborted": 0, "total": 2,
        "resultsWritten": 2, "failuresNotRedrivable": 0, "pendingRedrive": 0,
    }  # fmt: skip
    described = result.map_runs[0].describe()
    assert described.pop("startDate") <= described.pop("stopDate")
    assert described.pop("mapRunArn").startswith("arn:aws:states:us-east-1:123456789012:mapRun:StateMachine/L:")
    assert described == {
        "executionArn": result.execution_arn,
        "status": "SUCCEEDED",
        "maxConcurrency": 1,
        "toleratedFailurePercentage": 5.0,
        "toleratedFailureCount": 0,
        "itemCounts": counted,
        "executionCounts": counted,
        "redriveCount": 0,
    }
    assert go(distributed(), [1]).map_runs[0].describe()["maxConcurrency"] == 2_147_483_647


@pytest.mark.parametrize(("limit", "most"), [(3, 3), (0, 25)])
def test_no_more_children_at_once_than_asked_for(limit: int, most: int) -> None:
    running: set[str] = set()
    seen: list[int] = []

    class Watching(Scripted):
        def start(self, request: TaskRequest, report: Any) -> Any:
            running.add(request.execution_arn)
            seen.append(len(running))
            self.reporters.append(lambda news: (running.discard(request.execution_arn), report(news)))
            if len(self.reporters) == most or not limit:
                for each in self.reporters if len(self.reporters) == most else []:
                    each(Succeeded(1))
                if len(self.reporters) == most:
                    self.reporters.clear()
            return lambda: None

    items = list(range(25 if not limit else 24))
    result = run(machine({"M": distributed(TASK, MaxConcurrency=limit)}), items, handlers=[Watching()])
    assert result.status == "SUCCEEDED"
    assert max(seen) == most


# ---- stores that take their time, executions that are written down


@pytest.mark.parametrize("skip_time", [False, True])
def test_a_remote_store_is_asked_outside_the_loop(skip_time: bool) -> None:
    loop = threading.get_ident()
    asked: set[int] = set()

    class Remote(MemoryObjects):
        remote = True  # type: ignore[assignment, misc]  # a stand-in

        def open(self, bucket: str, key: str, version: str | None = None) -> Any:
            asked.add(threading.get_ident())
            time.sleep(0.05)
            return super().open(bucket, key, version)

        def put(self, bucket: str, key: str, content: Any) -> None:
            asked.add(threading.get_ident())
            super().put(bucket, key, content)

    out: dict[str, bytes] = {}
    text = "n\n" + "\n".join(map(str, range(3000)))
    state = distributed(ItemReader=csv_of(), ResultWriter=WRITER, MaxConcurrency=100)
    waits = {"W": {"Type": "Wait", "Seconds": 10_000 if skip_time else 0, "Next": "M"}}
    started = time.monotonic()
    result = run(
        machine({**waits, "M": state}), {}, objects=Remote({"in": {"k": text}, "out": out}), skip_time=skip_time
    )
    assert result.status == "SUCCEEDED"
    assert asked
    assert loop not in asked
    assert counts(result)["succeeded"] == 3000
    assert time.monotonic() - started < 20
    if skip_time:  # the clock did not jump while the store was being asked
        assert (result.stop_date - result.start_date).total_seconds() < 10_060


def test_a_remote_store_that_breaks_ends_the_run() -> None:
    class Broken(MemoryObjects):
        remote = True  # type: ignore[assignment, misc]  # a stand-in

        def open(self, bucket: str, key: str, version: str | None = None) -> Any:
            raise RuntimeError("no network")

    result = run(machine({"M": distributed(ItemReader=csv_of())}), {}, objects=Broken({"in": {}}))
    assert (result.error, result.cause) == ("States.ItemReaderFailed", "RuntimeError: no network")


def test_a_driver_that_closes_lets_go_of_what_it_reads() -> None:
    opened: list[Any] = []

    class Store(MemoryObjects):
        def open(self, bucket: str, key: str, version: str | None = None) -> Any:
            opened.append(super().open(bucket, key, version))
            return opened[0]

    text = "n\n" + "1\n" * 5000
    state = distributed({"W": {"Type": "Wait", "Seconds": 100, "End": True}}, ItemReader=csv_of(), MaxConcurrency=5)
    driver = Driver(objects=Store({"in": {"k": text}}), skip_time=True)
    driver.start(machine({"M": state}), {})
    while not opened:
        driver.turn()
    assert not opened[0].closed
    driver.close()
    assert opened[0].closed


def test_a_map_run_within_a_map_run() -> None:
    inner = distributed(Label="Inner")
    result = go(distributed({"I": inner}, Label="Outer"), [[1, 2], [3]])
    assert result.output == [[1, 2], [3]]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"ItemBatcher": {"MaxItemsPerBatch": 4}},
        {"ItemBatcher": {"MaxInputBytesPerBatch": 60}},
        {"ToleratedFailureCount": 2},
        {"ResultWriter": WRITER},
    ],
)
def test_a_run_may_be_written_down_between_any_two_events(fields: dict[str, Any]) -> None:
    reader = csv_of(CSVHeaderLocation="GIVEN", CSVHeaders=["n"])
    program = machine({"M": distributed(ItemReader=reader, MaxConcurrency=3, **fields)})

    def drive(*, write_down: bool) -> tuple[list[str], Any]:
        execution = Execution(
            program, {}, arn="a:b:c:us-east-1:1:execution:m:n", name="n", machine_arn="a:b:c:d:1:stateMachine:m",
            machine_name="m", role_arn="r", type="STANDARD", seed="s", limit=25_000,
        )  # fmt: skip
        items = [({"n": str(n)}, None, "S3://in/k") for n in range(10)]
        pending: deque[messages.Event] = deque([messages.Started()])
        said: list[str] = []
        while pending:
            commands = core.advance(execution, pending.popleft(), 1_700_000_000.0)
            execution.take()
            if write_down:
                before = execution.root.join
                execution = from_data(program, json.loads(json.dumps(to_data(execution))))
                if isinstance(before, RunJoin):
                    assert isinstance(execution.root.join, RunJoin)
                    assert execution.root.join.command == before.command  # enough to begin the run anew
            for command in commands:
                match command:
                    case messages.StartChild():
                        said.append(f"child {command.child} {command.text.decode()} {command.item} {command.items}")
                        failed = command.text == b'{"n":"5"}' and "ToleratedFailureCount" in fields
                        news = messages.ChildClosed(command.child, "SUCCEEDED", command.value, command.text)
                        if failed:
                            news = messages.ChildClosed(command.child, "FAILED", error="E", described={"Error": "E"})
                        pending.append(news)
                    case messages.ReadItems(number):
                        taken, items = items[:4], items[4:]
                        pending.append(messages.ItemsRead(number, taken, bool(items)))
                    case messages.EndMapRun():
                        said.append(repr(command))
                        pending.append(messages.MapRunEnded(command.run))
        return said, (execution.status, execution.output, execution.error)

    assert drive(write_down=True) == drive(write_down=False)
    assert drive(write_down=True)[1][0] == "SUCCEEDED"


def test_an_object_is_a_dataset_of_its_members() -> None:
    value = {"o": {"a": 1, "b": [2]}}
    pairs = [{"Key": "a", "Value": 1}, {"Key": "b", "Value": [2]}]
    assert go(distributed(ItemsPath="$.o"), value).output == pairs
    selector = {"key.$": "$$.Map.Item.Key", "value.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index"}
    assert go(distributed(ItemsPath="$.o", ItemSelector=selector), value).output == [
        {"key": "a", "value": 1, "index": 0},
        {"key": "b", "value": [2], "index": 1},
    ]
    batches = distributed(ItemsPath="$.o", ItemBatcher={"MaxItemsPerBatch": 5})
    assert go(batches, value).output == [{"Items": pairs}]
    expression = distributed(Items="{% $states.input.o %}", ItemSelector="{% $states.context.Map.Item.Key %}")
    assert go(expression, value, QueryLanguage="JSONata").output == ["a", "b"]


@pytest.mark.parametrize("value", [{"o": {"a": 1}}, {"o": 1}])
def test_an_inline_map_takes_an_array_alone(value: Any) -> None:
    """Recorded of both query languages; of a distributed Map nothing is recorded."""
    inline = {"Type": "Map", "ItemProcessor": {"StartAt": "P", "States": PASS}, "End": True}
    result = go(inline | {"ItemsPath": "$.o"}, value)
    assert (result.error, result.cause) == (
        "States.Runtime",
        "An error occurred while executing the state 'M' (entered at the event id #2). "
        'Reference path "$.o" must point to array.',
    )
    assert go(inline | {"Items": "{% $states.input.o %}"}, value, QueryLanguage="JSONata").error == (
        "States.QueryEvaluationError"
    )
