"""Entry points at AWS, with small stand-ins for its clients."""

from __future__ import annotations

import base64
import datetime
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from penstock.runtime import ecs_entry, event_processor, lambda_entry
from penstock.runtime.aws import Aws
from penstock.runtime.context import LambdaContext, Metadata, TaskContext

ARN = "arn:aws:states:eu-west-1:123456789012:execution:Orders:run-1"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:Pay"


class Client:
    """Notes every call; answers with what it was made with."""

    def __init__(self, **answers: Any) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((operation, arguments))
            return self._answers.get(operation, {})

        return call


def aws(environment: dict[str, str] | None = None, **clients: Client) -> Aws:
    return Aws(client=clients.__getitem__, environment=environment or {})


def lambda_context() -> LambdaContext:
    return LambdaContext(function_name="Pay", invoked_function_arn=FUNCTION, aws_request_id="request-1")


META = {"sfn_execution_name": "run-1", "sfn_state_name": "Pay", "sfn_state_machine_name": "Orders"}


def test_lambda_unwraps_the_envelope() -> None:
    async def run(event: Any, context: TaskContext) -> Any:
        return [event, context.execution_name, context.state_name, context.execution_arn, context.aws_request_id]

    handler = lambda_entry.make_handler(run, aws=aws())
    for _ in range(2):
        got = handler({"meta": META, "data": {"n": 1}}, lambda_context())
        assert got == [{"n": 1}, "run-1", "Pay", ARN, "request-1"]
    assert handler({"n": 2}, lambda_context())[0] == {"n": 2}


def test_lambda_lets_exceptions_pass() -> None:
    async def run(event: Any, context: TaskContext) -> Any:
        raise KeyError("k")

    with pytest.raises(KeyError):
        lambda_entry.make_handler(run, aws=aws())({}, lambda_context())


def test_stop_execution_in_lambda() -> None:
    stepfunctions = Client()

    async def awaited(event: Any, context: TaskContext) -> Any:
        return await context.stop_execution(error="Off", cause="By flag.")

    def plain(event: Any, context: TaskContext) -> Any:
        context.stop_execution()

    for run in (awaited, plain):
        lambda_entry.make_handler(run, aws=aws(stepfunctions=stepfunctions))(
            {"meta": META, "data": 1}, lambda_context()
        )
    assert stepfunctions.calls == [
        ("stop_execution", {"executionArn": ARN, "error": "Off", "cause": "By flag."}),
        ("stop_execution", {"executionArn": ARN}),
    ]


def test_stop_execution_takes_texts() -> None:
    context = TaskContext(Metadata(), stop=lambda error, cause: None, state_data_client=lambda: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match="error must be a text"):
        context.stop_execution(error=5)  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="the task context has no 'state_dta'"):
        _ = context.state_dta


def test_lambda_without_a_table_says_so() -> None:
    def run(event: Any, context: TaskContext) -> Any:
        context.state_data_client.put_item("k", 1)

    with pytest.raises(RuntimeError, match="PENSTOCK_STATE_DATA_TABLE is not set"):
        lambda_entry.make_handler(run, aws=aws())({}, lambda_context())


def test_the_deployed_handler_loads_its_task(tmp_path: Path) -> None:
    (tmp_path / "task.py").write_text("async def run(event, context):\n    return [event, context.execution_name]\n")
    code = (
        "import sys\n"
        "from penstock.runtime.lambda_entry import handler\n"
        "assert handler({'meta': {'sfn_execution_name': 'e'}, 'data': 1}, None) == [1, 'e']\n"
        "others = {name.split('.')[1] for name in sys.modules if name.startswith('penstock.')}\n"
        "assert others <= {'runtime', '_version'}, others\n"
        "assert 'boto3' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(tmp_path)}, check=True)


@pytest.mark.parametrize(
    ("value", "event"), [('{"n": 1}', {"n": 1}), ("plain text", "plain text"), (None, {}), ("[]", [])]
)
def test_the_input_of_a_container(value: str | None, event: Any) -> None:
    got: list[Any] = []

    async def run(event: Any, context: TaskContext) -> None:
        got.append([event, context.execution_name, context.trace_id])

    environment = {"SFN_EXECUTION_NAME": "run-1", "TRACE_ID": "t"}
    if value is not None:
        environment["SFN_INPUT_VALUE"] = value
    assert ecs_entry.main(run, environment=environment) == 0
    assert got == [[event, "run-1", "t"]]


def test_a_container_that_fails_ends_with_1(caplog: pytest.LogCaptureFixture) -> None:
    def run(event: Any, context: TaskContext) -> None:
        raise ValueError("no")

    assert ecs_entry.main(run, environment={}) == 1
    assert "ValueError: no" in caplog.text


def test_a_container_asks_for_its_account_when_it_stops_the_execution() -> None:
    stepfunctions, sts = Client(), Client(get_caller_identity={"Account": "123456789012"})
    environment = {
        "AWS_REGION": "eu-west-1",
        "SFN_EXECUTION_NAME": "run-1",
        "SFN_STATE_MACHINE_NAME": "Orders",
    }
    clients = aws(environment, stepfunctions=stepfunctions, sts=sts)
    ecs_entry.main(lambda event, context: context.stop_execution(), environment=environment, aws=clients)
    assert stepfunctions.calls == [("stop_execution", {"executionArn": ARN})]


def test_the_execution_is_known_by_its_trace() -> None:
    assert Metadata.from_meta({"sfn_execution_name": "run-1", "trace_id": ARN}).execution_arn == ARN
    assert Metadata.from_meta({"sfn_execution_name": "run-1", "trace_id": ARN + "x"}).execution_arn == ""


def delivery(*messages: dict[str, Any]) -> dict[str, Any]:
    content = {"logEvents": [{"id": "1", "timestamp": 0, "message": json.dumps(message)} for message in messages]}
    content["logEvents"].append({"id": "2", "timestamp": 0, "message": "not json"})
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()}}


def log_message(kind: str, **details: Any) -> dict[str, Any]:
    return {"id": 1, "type": kind, "details": details, "event_timestamp": 3_500, "execution_arn": ARN}


class Processor:
    async def get_custom_tags_ExecutionStarted(message: Any, input_data: Any, state_data_client: Any) -> Any:  # type: ignore[misc]  # noqa: N805  as scripts write it
        return {"custom.tag": input_data["foo"]["bar"]}

    async def get_custom_tags_ExecutionFailed(message: Any, input_data: Any, state_data_client: Any) -> Any:  # type: ignore[misc]  # noqa: N805
        raise ValueError("no tags today")


def test_events_become_records(caplog: pytest.LogCaptureFixture) -> None:
    described = {
        "input": '{"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "parent", "data": [1]}',
        "startDate": datetime.datetime.fromtimestamp(1.5, datetime.UTC),
    }
    records: list[dict[str, Any]] = []
    handler = event_processor.make_handler(
        Processor, sink=records.append, aws=aws(stepfunctions=Client(describe_execution=described))
    )
    handler(
        delivery(
            log_message("ExecutionStarted", input='{"foo": {"bar": 123}}'),
            log_message("TaskStateEntered"),
            log_message("ExecutionFailed", error="E", cause="why"),
        ),
        None,
    )
    started, failed = records
    base = {"execution_name": "run-1", "state_machine_name": "Orders", "trace_id": ARN, "trace_source": ""}
    assert started == {
        "type": "ExecutionStarted",
        "timestamp": 3_500,
        "tags": {"foo.bar": 123, **base, "custom.tag": 123},
    }
    assert failed["tags"]["error"] == "E"
    assert failed["tags"]["data.0"] == 1
    assert failed["span"] == {"id": ARN, "parent_id": "parent", "trace_id": "parent", "duration_ms": 2_000}
    assert "no tags today" in caplog.text


def test_the_default_sink_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    event_processor.make_handler()(delivery(log_message("ExecutionStarted", input="cut sho")), None)
    assert json.loads(capsys.readouterr().out)["tags"]["execution_name"] == "run-1"
