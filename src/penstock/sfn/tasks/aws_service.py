"""CallAwsService: every action of every AWS service that has no task of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from penstock.asl import model
from penstock.sfn.build import Scope
from penstock.sfn.services import judge_call
from penstock.sfn.states.task import ServiceOptions, ServiceTask


class CallAwsService(ServiceTask):
    """Calls `action` (`putObject`) of `service` (`s3`), both as the AWS SDK for Java spells them, with `parameters` by the API's
    names with a capital first letter.

    The names are held against botocore's model of the service where botocore is installed. `iam_resources`, `iam_action` and
    `additional_iam_statements` are for a deployment.
    """

    TOKEN = True

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        service: str,
        action: str,
        iam_resources: Sequence[str] = ("*",),
        parameters: Mapping[str, Any] | None = None,
        iam_action: str | None = None,
        additional_iam_statements: Sequence[Any] | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(id, options, parameters or {})
        self.service = service.lower()
        self.action = action
        self.iam_resources = list(iam_resources)
        self.iam_action = iam_action
        self.additional_iam_statements = list(additional_iam_statements or ())

    @property
    def SERVICE(self) -> str:  # type: ignore[override]  # noqa: N802 -- other tasks have one for the class
        return f"aws-sdk:{self.service}:{self.action}"

    def payload(self, language: str) -> dict[str, Any]:
        found = super().payload(language)
        # An explicit null is kept: the API may tell it from a parameter left out.
        return found

    def build(self, scope: Scope) -> model.Task:
        made = super().build(scope)
        language = self.language(scope)
        given = made.arguments if language == "JSONata" else made.parameters
        for code, message, help_ in judge_call(self.service, self.action, given):
            self.tell(code, message, help=help_)
        return made
