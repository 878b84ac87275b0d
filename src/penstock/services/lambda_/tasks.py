"""Tasks of state machines that call functions: their ARNs, `lambda:invoke`, `aws-sdk:lambda:…`."""

from __future__ import annotations

import json
from typing import Any, Final

from penstock.clock import Clock, Entropy, SystemClock
from penstock.engine.tasks import lambdas
from penstock.engine.tasks.aws.handler import AwsHandler
from penstock.engine.tasks.functions import answer
from penstock.engine.tasks.handler import Cancel, Failed, Report, Reporter, Submitted, Succeeded, TaskRequest
from penstock.errors import ServiceError
from penstock.jsontools import Json, dumps
from penstock.services.lambda_.environments import Outcome
from penstock.services.lambda_.service import Lambda
from penstock.services.lambda_.state import Resolved

_SDK: Final = "arn:aws:states:::aws-sdk:lambda:"


class LambdaTasks:
    """Answers for the functions of a service, and leaves others to the next handler. The service belongs to the caller."""

    def __init__(self, service: Lambda, *, clock: Clock | None = None, entropy: Entropy | None = None) -> None:
        self._service = service
        self._clock = clock or SystemClock()
        self._entropy = entropy or Entropy()

    def handles(self, resource: str) -> bool:
        return resource in (lambdas.INVOKE, lambdas.INVOKE_WITH_TOKEN) or lambdas.is_function_arn(resource)

    def answers(self, request: TaskRequest) -> bool:
        return self._find(request) is not None

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        resolved = self._find(request)
        if resolved is None:  # it was deleted after `answers`
            report(lambdas.not_found(request, lambdas.invoked(request) or "", self._entropy))
            return _nothing
        try:
            event = dumps(lambdas.event_of(request))
        except lambdas.Unparsable as error:
            report(lambdas.not_json(str(error), self._entropy))
            return _nothing
        arguments = request.arguments if isinstance(request.arguments, dict) else {}
        if request.resource.startswith(lambdas.INVOKE) and arguments.get("InvocationType", "RequestResponse") != (
            "RequestResponse"
        ):
            self._begin(request, resolved, event, arguments["InvocationType"], report)
            return _nothing

        def done(outcome: Outcome | ServiceError) -> None:
            report(
                _refused(outcome, self._entropy) if isinstance(outcome, ServiceError) else self._end(request, outcome)
            )

        try:
            return self._service.start(resolved, event, done, timeout=request.timeout)
        except ServiceError as error:
            report(_refused(error, self._entropy))
            return _nothing

    def close(self) -> None:
        return None

    def _find(self, request: TaskRequest) -> Resolved | None:
        name = lambdas.invoked(request)
        if name is None:
            return None
        qualifier = None
        if request.resource.startswith(lambdas.INVOKE) and isinstance(request.arguments, dict):
            asked = request.arguments.get("Qualifier")
            qualifier = asked if isinstance(asked, str) else None
        return self._service.find(name, qualifier)

    def _end(self, request: TaskRequest, outcome: Outcome) -> Report:
        if outcome.failure is not None:
            return outcome.failure
        try:
            result: Json = json.loads(outcome.payload)
        except (ValueError, RecursionError) as error:
            return lambdas.marshal_error(str(error), self._entropy.uuid4())
        name = f"f:{outcome.executed}"  # of the name, only the version counts in the answer
        return answer(request, result, len(outcome.payload), name, clock=self._clock, entropy=self._entropy)

    def _begin(self, request: TaskRequest, resolved: Resolved, event: bytes, kind: Any, report: Reporter) -> None:
        """InvocationType Event and DryRun: the answer does not wait for the function and has no payload."""
        if kind not in ("Event", "DryRun"):
            words = (
                f"1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy constraint: Member must "
                "satisfy enum value set: [Event, RequestResponse, DryRun]"
            )
            report(_refused(ServiceError(words, code="ValidationException"), self._entropy))
            return

        def told(error: ServiceError | None) -> None:
            report(self._begun(request, resolved, kind) if error is None else _refused(error, self._entropy))

        if kind == "DryRun":
            told(None)
            return
        try:
            self._service.submit(resolved, event, told)
        except ServiceError as error:
            told(error)

    def _begun(self, request: TaskRequest, resolved: Resolved, kind: str) -> Report:
        status = 202 if kind == "Event" else 204
        whole = lambdas.envelope(None, 0, resolved.executed, clock=self._clock, entropy=self._entropy)
        assert isinstance(whole, dict)
        output = {key: value for key, value in whole.items() if key not in ("Payload", "ExecutedVersion")}
        output["StatusCode"] = output["SdkHttpMetadata"]["HttpStatusCode"] = status
        return Submitted(output) if request.resource == lambdas.INVOKE_WITH_TOKEN else Succeeded(output)


class LambdaSdkTasks(AwsHandler):
    """`aws-sdk:lambda:…` for the functions of a service. Calls that name no function of it are left to the next handler
    where there is one: with `alone`, all are taken."""

    def __init__(
        self, service: Lambda, *, alone: bool, clock: Clock | None = None, entropy: Entropy | None = None
    ) -> None:
        from penstock.services.lambda_.sdk import LambdaClients

        super().__init__(
            "http://lambda.invalid",
            region=service.region,
            account=service.account,
            clock=clock,
            entropy=entropy,
            clients=LambdaClients(service, entropy or Entropy()),
        )
        self._service = service
        self._alone = alone

    def handles(self, resource: str) -> bool:
        return resource.startswith(_SDK)

    def answers(self, request: TaskRequest) -> bool:
        name = request.arguments.get("FunctionName") if isinstance(request.arguments, dict) else None
        return self._alone or (isinstance(name, str) and self._service.find(name) is not None)


def _refused(error: ServiceError, entropy: Entropy) -> Failed:
    status = _STATUS.get(error.code, 400)
    return Failed(
        f"Lambda.{error.code}",
        f"{error} (Service: Lambda, Status Code: {status}, Request ID: {entropy.uuid4()})",
    )


_STATUS: Final = {
    "InvalidRuntimeException": 502,
    "RequestEntityTooLargeException": 413,
    "ServiceException": 500,
    "ServiceUnavailable": 503,
    "TooManyRequestsException": 429,
}
"""Not from botocore's model, which a machine can run without."""


def _nothing() -> None:
    return None
