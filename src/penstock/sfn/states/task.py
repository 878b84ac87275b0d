"""Task: any resource by its ARN; and the base of the typed tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Unpack

from penstock.asl import model
from penstock.sfn.build import Scope
from penstock.sfn.durations import DurationLike, Timeout, whole_seconds
from penstock.sfn.problems import Wrong
from penstock.sfn.resources import name_of
from penstock.sfn.states.base import Catching, StateOptions, options_of
from penstock.sfn.values import JSONATA, JSONPATH, TextReference, path_text, render, shown, texts_in
from penstock.sfn.words import IntegrationPattern


@dataclass(frozen=True, slots=True)
class TaskRole:
    """The role a task runs as: known, or read from the data."""

    role_arn: Any

    @classmethod
    def from_role(cls, role: object) -> TaskRole:
        """A role by its ARN, or a role of aws-cdk-lib."""
        return cls(name_of(role, "role", "role_arn"))

    @classmethod
    def from_role_arn_json_path(cls, expression: str) -> TaskRole:
        return cls(TextReference(path_text(expression, "expression")))


@dataclass(frozen=True, slots=True)
class Credentials:
    """`credentials=Credentials(role=TaskRole.from_role("arn:aws:iam::…"))`."""

    role: TaskRole

    def _payload(self) -> dict[str, Any]:
        return {"RoleArn": self.role.role_arn}


class TaskOptions(StateOptions, total=False):
    """What every task takes. `heartbeat` and `timeout` are spans of time; `heartbeat_timeout` and `task_timeout` may
    also be read from the data."""

    input_path: str | None
    output_path: str | None
    result_path: str | None
    result_selector: Mapping[str, Any] | None
    outputs: Any
    assign: Mapping[str, Any] | None
    timeout: DurationLike | None
    task_timeout: Timeout | None
    heartbeat: DurationLike | None
    heartbeat_timeout: Timeout | None
    credentials: Credentials | Mapping[str, Any] | None


class ServiceOptions(TaskOptions, total=False):
    """`additional_parameters` are what the service takes beyond a task's own arguments, by the API's names."""

    integration_pattern: IntegrationPattern | None
    additional_parameters: Mapping[str, Any] | None


class TaskBase(Catching):
    """What all tasks have."""

    OPTIONS: ClassVar[frozenset[str]] = options_of(TaskOptions, StateOptions)

    def common(self, scope: Scope) -> dict[str, Any]:
        fields = super().common(scope)
        language = self.language(scope)
        for name, timeout, to in (
            ("timeout", "task_timeout", "timeout_seconds"),
            ("heartbeat", "heartbeat_timeout", "heartbeat_seconds"),
        ):
            given, dynamic = self.options.get(name), self.options.get(timeout)
            if given is not None and dynamic is not None:
                self.tell("PS720", f"{self.name!r} has both `{name}` and `{timeout}`", help="give one of the two")
            if given is not None:
                fields[to] = self.value(lambda v, n, _: whole_seconds(v, n), given, name, language)
            elif isinstance(dynamic, Timeout):
                if dynamic.language not in (None, language):
                    self.tell("PS725", f"`{timeout}` is {dynamic.language}, and {self.name!r} is {language}")
                elif dynamic.path is not None:
                    fields[f"{to}_path"] = dynamic.path
                else:
                    fields[to] = dynamic.seconds
            elif dynamic is not None:
                self.tell("PS720", f"`{timeout}` is a Timeout, not {shown(dynamic)}", help="Timeout.at('$.seconds')")
        credentials = self.options.get("credentials")
        if credentials is not None:
            fields["credentials"] = self.value(lambda v, _, lang: render(v, lang), credentials, "credentials", language)
        return fields


class RawOptions(TaskOptions, total=False):
    parameters: Any
    arguments: Any


class Task(TaskBase):
    """Any resource by its ARN, with what it is given: `parameters` in JSONPath, `arguments` in JSONata."""

    OPTIONS = options_of(RawOptions, TaskOptions, StateOptions)

    def __init__(self, id: str, *, resource: str, **options: Unpack[RawOptions]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.resource = resource

    def build(self, scope: Scope) -> model.Task:
        fields = self.common(scope)
        if isinstance(self.resource, str) and self.resource:
            fields["resource"] = self.resource
        else:
            self.tell("PS720", f"`resource` is the ARN of what runs, not {shown(self.resource)}")
        return model.Task(**fields)


class ServiceTask(TaskBase):
    """The base of typed tasks: an integration, and its arguments by the service's own names.

    `SERVICE` is what stands behind `arn:aws:states:::`; `JOB` the ending for RUN_JOB, `TOKEN` whether it can wait for one.
    """

    OPTIONS = options_of(ServiceOptions, TaskOptions, StateOptions)
    SERVICE: ClassVar[str] = ""
    JOB: ClassVar[str | None] = None
    TOKEN: ClassVar[bool] = False
    DEFAULT: ClassVar[IntegrationPattern] = IntegrationPattern.REQUEST_RESPONSE

    def __init__(self, id: str, options: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.arguments: dict[str, Any] = {key: value for key, value in arguments.items() if value is not None}

    @property
    def pattern(self) -> IntegrationPattern:
        found = self.options.get("integration_pattern", self.DEFAULT)
        return found if isinstance(found, IntegrationPattern) else self.DEFAULT

    def resource(self) -> str:
        """The ARN. Raises Wrong for a pattern that the service does not offer."""
        pattern = self.pattern
        start = f"arn:aws:states:::{self.SERVICE}"
        if pattern is IntegrationPattern.REQUEST_RESPONSE:
            return start
        if pattern is IntegrationPattern.RUN_JOB and self.JOB is not None:
            return start + self.JOB
        if pattern is IntegrationPattern.WAIT_FOR_TASK_TOKEN and self.TOKEN:
            return f"{start}.waitForTaskToken"
        offered = [
            "REQUEST_RESPONSE",
            *(["RUN_JOB"] if self.JOB else ()),
            *(["WAIT_FOR_TASK_TOKEN"] if self.TOKEN else ()),
        ]
        raise Wrong(
            "PS727",
            f"{type(self).__name__} cannot be called with {pattern.name}",
            help=f"it offers {', '.join(offered)}",
        )

    def payload(self, language: str) -> dict[str, Any]:
        """The arguments as JSON. Raises Wrong."""
        more = self.options.get("additional_parameters")
        return render({**self.arguments, **more} if more else self.arguments, language)  # type: ignore[return-value]

    def build(self, scope: Scope) -> model.Task:
        fields = self.common(scope)
        language = self.language(scope)
        fields["resource"] = self.value(lambda task, *_: task.resource(), self, "resource", language)
        name = "arguments" if language == JSONATA else "parameters"
        given = self.value(lambda task, _, lang: task.payload(lang), self, name, language)
        if given or type(self).__name__ == "CallAwsService":
            fields[name] = given
        if self.pattern is IntegrationPattern.WAIT_FOR_TASK_TOKEN and isinstance(given, dict):
            self._needs_token(given, language)
        return model.Task(**fields)

    def _needs_token(self, given: dict[str, Any], language: str) -> None:
        mark = "$$.Task.Token" if language == JSONPATH else "$states.context.Task.Token"
        whole = "$$" if language == JSONPATH else "$states.context"
        if not any(mark in text or text.strip("{%} ") == whole for text in texts_in(given)):
            self.tell(
                "PS728",
                f"{self.name!r} waits for its task token to come back, but gives it to nobody",
                help="put JsonPath.task_token into what the service gets: TaskInput.from_object({'token': JsonPath.task_token})"
                if language == JSONPATH
                else "put '{% $states.context.Task.Token %}' into what the service gets",
            )
