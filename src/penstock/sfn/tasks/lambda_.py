"""AWS Lambda."""

from __future__ import annotations

from enum import Enum
from typing import Any, Unpack

from penstock.asl import model
from penstock.sfn.build import Scope
from penstock.sfn.durations import Duration
from penstock.sfn.inputs import TaskInput
from penstock.sfn.problems import Wrong
from penstock.sfn.resources import PLACE, Function, FunctionLike, name_of
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.values import render
from penstock.sfn.words import IntegrationPattern


class LambdaInvocationType(Enum):
    REQUEST_RESPONSE = "RequestResponse"
    EVENT = "Event"
    DRY_RUN = "DryRun"


SERVICE_ERRORS = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)
"""What the Developer Guide advises to retry ("Handle transient Lambda service exceptions")."""


class LambdaInvoke(ServiceTask):
    """Invokes a function: by name, by ARN, or a Python function that answers for it where the machine runs locally.

    The result is Lambda's whole answer, with what the function returned under `Payload`; `payload_response_only` makes it
    the result itself. Errors of the Lambda service are retried unless `retry_on_service_exceptions` is False.
    """

    SERVICE = "lambda:invoke"
    TOKEN = True

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        lambda_function: FunctionLike,
        payload: TaskInput | None = None,
        invocation_type: LambdaInvocationType | None = None,
        client_context: str | None = None,
        qualifier: str | None = None,
        payload_response_only: bool = False,
        retry_on_service_exceptions: bool = True,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(id, options, {})
        self.lambda_function = lambda_function
        self.given = {
            "Payload": payload,
            "InvocationType": invocation_type,
            "ClientContext": client_context,
            "Qualifier": qualifier,
        }
        self.payload_response_only = payload_response_only
        if retry_on_service_exceptions:
            self.add_retry(errors=SERVICE_ERRORS, interval=Duration.seconds(2), max_attempts=6, backoff_rate=2)

    def build(self, scope: Scope) -> model.Task:
        function = self.lambda_function
        name: Any = None
        if callable(function) and not hasattr(function, "function_arn"):
            name = getattr(function, "__name__", type(function).__name__)
            scope.local(name, function)
        else:
            name = self.value(lambda v, n, _: name_of(v, n, "function_arn"), function, "lambda_function", "")
        if self.payload_response_only:
            return self._by_arn(scope, name)
        self.arguments = {
            key: value for key, value in {"FunctionName": name, **self.given}.items() if value is not None
        }
        if "Payload" not in self.arguments and self.language(scope) == "JSONPath":
            self.arguments["Payload"] = TaskInput.from_json_path_at("$")
        elif "Payload" not in self.arguments:
            self.arguments["Payload"] = "{% $states.input %}"
        return super().build(scope)

    def _by_arn(self, scope: Scope, name: Any) -> model.Task:
        fields = self.common(scope)
        language = self.language(scope)
        refused = [key for key in ("InvocationType", "ClientContext", "Qualifier") if self.given[key] is not None]
        if refused or self.pattern is not IntegrationPattern.REQUEST_RESPONSE:
            self.tell(
                "PS720",
                f"with payload_response_only, {self.name!r} calls the function by its ARN, which takes a payload and nothing else",
                help="leave payload_response_only out and write output_path='$.Payload'",
            )
        if isinstance(name, str) and ":" not in name and not name.startswith("${"):
            if not (callable(self.lambda_function) or isinstance(self.lambda_function, Function)):
                self.tell(
                    "PS720",
                    f"with payload_response_only, {self.name!r} calls the function by its ARN, and {name!r} is a name",
                    help="give the ARN, a Function or a Python function; or write output_path='$.Payload' instead",
                )
            name = f"arn:aws:lambda:{PLACE}:function:{name}"
        fields["resource"] = str(name)
        payload = self.given["Payload"]
        if payload is not None:
            fields["arguments" if language == "JSONata" else "parameters"] = self.value(
                lambda v, _, lang: _bare(v, lang), payload, "payload", language
            )
        return model.Task(**fields)


def _bare(payload: TaskInput, language: str) -> Any:
    """A payload that is the whole of Parameters."""
    value = payload.value if isinstance(payload, TaskInput) else payload
    text = getattr(value, "text", None)
    if text is not None and language == "JSONPath":
        raise Wrong(
            "PS720",
            f"with payload_response_only the payload is an object, and {text} is one path",
            help="give a dict, or select the path with input_path",
        )
    return render(value, language)
