"""Step Functions itself: other executions, activities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from penstock.asl import model
from penstock.sfn.build import Scope
from penstock.sfn.inputs import JsonPath, TaskInput
from penstock.sfn.problems import Wrong
from penstock.sfn.resources import name_of
from penstock.sfn.states.base import StateOptions, options_of
from penstock.sfn.states.task import ServiceOptions, ServiceTask, TaskBase, TaskOptions
from penstock.sfn.tasks.common import named
from penstock.sfn.values import JSONATA


class StepFunctionsStartExecution(ServiceTask):
    """Starts an execution of another machine: by ARN, or a StateMachine of this program by its name.

    With RUN_JOB the result is the execution's end, its output as JSON. `associate_with_parent` links the two in the console.
    """

    SERVICE = "states:startExecution"
    JOB = ".sync:2"
    TOKEN = True

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        state_machine: object,
        input: TaskInput | None = None,  # noqa: A002
        name: str | None = None,
        associate_with_parent: bool = False,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "StateMachineArn": named(state_machine, "state_machine", "state_machine_arn", "state_machine_name"),
                "Name": name,
            },
        )
        self.input = input
        self.associate_with_parent = associate_with_parent

    def payload(self, language: str) -> dict[str, Any]:
        given = self.input
        whole = "{% $states.input %}" if language == JSONATA else JsonPath.entire_payload
        value = given.value if isinstance(given, TaskInput) else whole if given is None else given
        if self.associate_with_parent:
            parent = "{% $states.context.Execution.Id %}" if language == JSONATA else JsonPath.execution_id
            if given is None:
                value = {}
            if not isinstance(value, Mapping) or hasattr(value, "text"):
                raise Wrong(
                    "PS720",
                    "with associate_with_parent the input is an object, since the parent's id becomes one of its keys",
                    help="input=TaskInput.from_object({…})",
                )
            value = {**value, "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": parent}
        self.arguments["Input"] = value
        return super().payload(language)


class ActivityOptions(TaskOptions, total=False):
    parameters: Any
    arguments: Any


class StepFunctionsInvokeActivity(TaskBase):
    """Has a worker of an activity do the task."""

    OPTIONS = options_of(ActivityOptions, TaskOptions, StateOptions)

    def __init__(self, id: str, *, activity: object, **options: Unpack[ActivityOptions]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.activity = activity

    def build(self, scope: Scope) -> model.Task:
        fields = self.common(scope)
        fields["resource"] = self.value(lambda v, n, _: name_of(v, n, "activity_arn"), self.activity, "activity", "")
        return model.Task(**fields)
