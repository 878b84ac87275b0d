"""The Lambda function behind `@process_events`: gets a state machine's log events and tells what happened.

For ExecutionStarted, ExecutionSucceeded and ExecutionFailed it makes a record with tags: execution, state machine, trace,
the flattened input, the error if any, and what the processor's `get_custom_tags_<type>` adds; for the last two also a
span with the duration and the parent execution. A record goes to the sink, by default as one JSON line on stdout, where
CloudWatch Logs and every forwarder read it; PENSTOCK_EVENT_SINK names another as `module:callable`.
"""

from __future__ import annotations

import base64
import gzip
import json
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from penstock.runtime.aws import Aws
from penstock.runtime.bases import EventProcessor
from penstock.runtime.entry import Loop, load

logger = logging.getLogger("penstock.runtime")

TYPES = ("ExecutionStarted", "ExecutionSucceeded", "ExecutionFailed")

Sink = Callable[[dict[str, Any]], Any]


def to_stdout(record: dict[str, Any]) -> None:
    print(json.dumps(record, ensure_ascii=False, default=str), flush=True)


def make_handler(
    processor: Any = EventProcessor, *, sink: Sink = to_stdout, aws: Aws | None = None
) -> Callable[[Any, Any], None]:
    """A Lambda handler for a CloudWatch Logs subscription."""
    aws = aws or Aws()
    loop = Loop()

    def handle(event: Mapping[str, Any], lambda_context: Any) -> None:
        for message in messages_of(event):
            if message["type"] not in TYPES:
                continue
            record = _record(message, aws)
            method = getattr(processor, f"get_custom_tags_{message['type']}", None)
            if method is not None:
                client = aws.state_data_client(message["execution_arn"]) if _has_table() else _NoTable()
                try:
                    record["tags"].update(loop.call(method, message, record.pop("input"), client) or {})
                except Exception:
                    # Telemetry of a run must not depend on an extra tag.
                    logger.exception("get_custom_tags_%s failed.", message["type"])
            record.pop("input", None)
            loop.call(sink, record)

    return handle


def messages_of(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The state machine's log messages in a CloudWatch Logs delivery (base64, gzip, JSON); others are left out."""
    delivery = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    messages = []
    for entry in delivery.get("logEvents", ()):
        try:
            message = json.loads(entry["message"])
        except ValueError:
            continue
        if isinstance(message, dict) and "type" in message and "execution_arn" in message:
            messages.append(message)
    return messages


def _record(message: Mapping[str, Any], aws: Aws) -> dict[str, Any]:
    arn = message["execution_arn"]
    details = message.get("details") or {}
    at = int(message.get("event_timestamp", 0))
    started_at = at
    if "input" in details:
        text = details["input"]
    else:
        described = aws.client("stepfunctions").describe_execution(executionArn=arn)
        text = described.get("input", "{}")
        started_at = int(described["startDate"].timestamp() * 1000)
    try:
        data = json.loads(text)
    except ValueError:  # CloudWatch Logs cuts a long input short
        data = {}
    parent = data.get("AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID") if isinstance(data, dict) else None
    tags: dict[str, Any] = {
        **flatten(data),
        "execution_name": arn.rpartition(":")[2],
        "state_machine_name": arn.split(":")[6] if arn.count(":") >= 7 else "",
        "trace_id": parent or arn,
        "trace_source": "execution" if parent else "",
    }
    for name in ("error", "cause"):
        if details.get(name) is not None:
            tags[name] = details[name]
    record = {"type": message["type"], "timestamp": at, "tags": tags, "input": data}
    if message["type"] != "ExecutionStarted":
        record["span"] = {"id": arn, "parent_id": parent, "trace_id": parent or arn, "duration_ms": at - started_at}
    return record


def flatten(value: Any) -> dict[str, Any]:
    """`{"foo": {"bar": 123}}` → `{"foo.bar": 123}`; list items by their index; `{}` for what is no object."""
    flat: dict[str, Any] = {}
    pending = list(reversed(value.items())) if isinstance(value, dict) else []
    while pending:
        at, value = pending.pop()
        if isinstance(value, dict):
            pending.extend((f"{at}.{key}", item) for key, item in reversed(value.items()))
        elif isinstance(value, list):
            pending.extend((f"{at}.{number}", item) for number, item in reversed(list(enumerate(value))))
        else:
            flat[at] = value
    return flat


def _has_table() -> bool:
    return bool(os.environ.get("PENSTOCK_STATE_DATA_TABLE"))


class _NoTable:
    """Stands for a state data client where no table is configured: using it says so."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"PENSTOCK_STATE_DATA_TABLE is not set: {name} of the state data client needs it")


_handler: Callable[[Any, Any], None] | None = None


def handler(event: Any, lambda_context: Any) -> None:
    """What Lambda calls. PENSTOCK_EVENT_PROCESSOR names the processor class as `module:Class`."""
    global _handler
    if _handler is None:
        processor = load("PENSTOCK_EVENT_PROCESSOR", "penstock.runtime:EventProcessor")
        sink = load("PENSTOCK_EVENT_SINK", f"{__name__}:to_stdout")
        _handler = make_handler(processor, sink=sink)
    _handler(event, lambda_context)
