"""What AWS adds to an answer and a mock leaves out: the HTTP metadata of optimised integrations, what DescribeExecution says
of redriving, and the answer of the call that started a job (recorded: local_mocking.json, whose mocks leave these out).
"""

from __future__ import annotations

from typing import Final

from penstock.clock import Clock, Entropy
from penstock.engine.tasks.handler import TaskRequest
from penstock.engine.tasks.lambdas import INVOKE, envelope, sdk_metadata
from penstock.jsontools import Json, dumps

_SERVICE: Final = ":states:::"
_SYNC: Final = (".sync", ".sync:2")


def completed(request: TaskRequest, output: Json, *, clock: Clock, entropy: Entropy) -> Json:
    """`output` with the members that AWS would have given besides; those of the mock stay as they are."""
    service, integration = _integration(request)
    if not isinstance(output, dict) or service == "aws-sdk":
        return output
    if request.resource == INVOKE:
        payload = output.get("Payload")
        length = len(dumps(payload))
        whole = envelope(payload, length, "$LATEST", clock=clock, entropy=entropy)
        return {**whole, **output} if isinstance(whole, dict) else output
    if integration in ("states:startExecution.sync", "states:startExecution.sync:2"):
        status = output.get("Status")
        redrive: dict[str, Json] = {
            "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE" if status == "SUCCEEDED" else "REDRIVABLE",
        }
        if status == "SUCCEEDED":
            redrive["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
        return {**redrive, **output}
    if integration.endswith((*_SYNC, ".waitForTaskToken")):
        return output
    from penstock.engine.tasks.aws.optimised import INTEGRATIONS

    known = INTEGRATIONS.get(integration)
    if known is not None and not known.metadata:
        return output
    return {**output, **{k: v for k, v in _metadata(output, clock, entropy).items() if k not in output}}


def started(request: TaskRequest, output: Json, *, clock: Clock, entropy: Entropy) -> Json:
    """The answer of the starting call, as far as the job's own description `output` tells it."""
    _, integration = _integration(request)
    if integration.startswith("states:startExecution.sync") and isinstance(output, dict):
        answer: dict[str, Json] = {key: output[key] for key in ("ExecutionArn", "StartDate") if key in output}
        return {**answer, **_metadata(answer, clock, entropy)}
    return {}


def _integration(request: TaskRequest) -> tuple[str, str]:
    _, found, name = request.resource.partition(_SERVICE)
    return (name.split(":")[0], name) if found else ("aws-sdk", "")


def _metadata(answer: dict[str, Json], clock: Clock, entropy: Entropy) -> dict[str, Json]:
    return sdk_metadata(len(dumps(answer)), clock=clock, entropy=entropy)
