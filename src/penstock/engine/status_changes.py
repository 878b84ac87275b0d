"""What EventBridge hears of a Standard execution: "Step Functions Execution Status Change" (recorded: base.json)."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any, Final

from penstock.clock import iso8601

if TYPE_CHECKING:
    from penstock.engine.execution import Execution
    from penstock.engine.journal import Closed

_DATA_BYTES: Final = 248 * 1024
"""Above it the input is left out, then the output (Developer Guide, "EventBridge payload quotas")."""


def status_changes(execution: Execution | Closed) -> list[dict[str, Any]]:
    """The events so far: of the start, and of the end where it has ended; none for an Express execution.

    `input` and `output` are JSON texts, dates milliseconds since the epoch.
    """
    if execution.type != "STANDARD":
        return []
    events = [_event(execution, "RUNNING", execution.started)]
    if execution.status != "RUNNING":
        events.append(_event(execution, execution.status, execution.stopped))
    return events


def _event(execution: Execution | Closed, status: str, at: float) -> dict[str, Any]:
    arn = execution.arn
    _, _, _, region, account, *_ = arn.split(":")
    ended = status != "RUNNING"
    given, output = execution.input_text, execution.output_text if ended else None
    with_output = output is not None and len(output) <= _DATA_BYTES
    with_input = len(given) + (len(output) if output is not None and with_output else 0) <= _DATA_BYTES
    redrivable = ended and status != "SUCCEEDED"
    number = hashlib.sha256(f"{arn} {status} {execution.redrive_count}".encode()).digest()[:16]
    return {
        "version": "0",
        "id": str(uuid.UUID(bytes=number, version=4)),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": account,
        "time": iso8601(at)[:19] + "Z",
        "region": region,
        "resources": [arn],
        "detail": {
            "executionArn": arn,
            "stateMachineArn": execution.machine_arn,
            "name": execution.name,
            "status": status,
            "startDate": round(execution.started * 1000),
            "stopDate": round(execution.stopped * 1000) if ended else None,
            "input": _text(given) if with_input else None,
            "output": _text(output) if output is not None and with_output else None,
            "stateMachineVersionArn": None,
            "stateMachineAliasArn": None,
            "redriveCount": execution.redrive_count,
            "redriveDate": None,
            "redriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
            "redriveStatusReason": None if redrivable else f"Execution is {status} and cannot be redriven",
            "inputDetails": {"included": with_input},
            "outputDetails": None if output is None else {"included": with_output},
            "error": execution.error if ended else None,
            "cause": execution.cause if ended else None,
        },
    }


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
