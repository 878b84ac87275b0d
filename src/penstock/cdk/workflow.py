"""The construct."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.api import Machine, load
from penstock.asl.read import read_document
from penstock.cdk import packaging
from penstock.cdk.permissions import has_distributed_map, statements
from penstock.errors import InvalidDefinition, MissingRequirement, UsageError
from penstock.targets import TargetLike, placeholders

try:
    import aws_cdk as cdk
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_stepfunctions as sf
    from constructs import Construct
except ImportError as error:
    raise MissingRequirement(
        f"penstock.cdk needs aws-cdk-lib ({error.name} is missing); install penstock[cdk].", requirement="aws-cdk-lib"
    ) from None


class Workflow(Construct):
    """A state machine of AWS's construct library, of any workflow of Penstock's.

    `target` is any TARGET, or a workflow of `penstock.sfn`; `machine` picks one of several. `functions` gives the Lambda functions
    that its tasks name, by name (the name in the script, of the Python function, or in FunctionName); a script's own `lambda` tasks
    become functions of the stack where none is given. `substitutions` gives other `${Name}`s their values, which may be tokens.
    `layers` are added to the functions that are made. What is left (`timeout`, `logs`, `tracing_enabled`, `role`, …) goes to
    aws_stepfunctions.StateMachine.

    The machine's role may do what the workflow's states do, and nothing more: `state_machine`, `functions` and `statements` show it.
    Raises InvalidDefinition for what AWS would refuse, and for a `${Name}` without a value.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 -- the construct library's name
        *,
        target: TargetLike | Machine,
        machine: str | None = None,
        functions: Mapping[str, lambda_.IFunction] | None = None,
        substitutions: Mapping[str, str] | None = None,
        layers: Sequence[lambda_.ILayerVersion] = (),
        runtime: lambda_.Runtime | None = None,
        **options: Any,
    ) -> None:
        super().__init__(scope, id)
        loaded = load(target, machine)
        kind = options.get("state_machine_type")
        found = [
            each
            for each in loaded.check(type="EXPRESS" if kind == sf.StateMachineType.EXPRESS else "STANDARD")
            if each.is_error
        ]
        if found:
            first = found[0]
            place = f"{first.span}: " if first.span else ""
            raise InvalidDefinition(f"{place}{first.code}: {first.message}", found)
        self.machine = loaded
        self.functions: dict[str, lambda_.IFunction] = dict(functions or {})
        self._layers, self._runtime = list(layers), runtime or lambda_.Runtime.PYTHON_3_12
        self._substitutions = dict(substitutions or {})
        document = self._filled(loaded)
        definition = read_document(document).machine
        assert definition is not None
        stack = cdk.Stack.of(self)
        self.state_machine = sf.StateMachine(
            self,
            "StateMachine",
            definition_body=sf.DefinitionBody.from_string(stack.to_json_string(document)),
            **options,
        )
        self.statements = statements(definition, _Here(stack))
        for each in self.statements:
            self.state_machine.add_to_role_policy(
                iam.PolicyStatement(actions=list(each.actions), resources=list(each.resources))
            )
        if has_distributed_map(definition):
            self._allow_child_executions()

    def grant_start_execution(self, identity: iam.IGrantable) -> iam.Grant:
        """Lets `identity` start executions."""
        return self.state_machine.grant_start_execution(identity)

    # -- what stands for what

    def _filled(self, loaded: Machine) -> dict[str, Any]:
        """The definition with every name that the stack knows in its place."""
        document: dict[str, Any] = loaded.to_dict()
        own = loaded.functions()
        lacking = sorted(name for name in own if name not in self.functions)
        if lacking:
            raise UsageError(
                f"{lacking[0]!r} is a Python function of the program, which Lambda does not have; give "
                f"functions={{{lacking[0]!r}: …}} with the function that does it there."
            )
        values = dict(self._substitutions)
        for name in placeholders(document):
            if name not in values:
                made = self._value(name, loaded)
                if made is not None:
                    values[name] = made
        missing = [name for name in placeholders(document) if name not in values]
        if missing:
            listed = ", ".join(f"${{{name}}}" for name in missing)
            raise UsageError(f"{listed} of {loaded.origin} has no value here; give it in `substitutions`.")
        names = {name: function.function_arn for name, function in self.functions.items()}
        filled: dict[str, Any] = _replaced(document, values, names)
        return filled

    def _value(self, name: str, loaded: Machine) -> str | None:
        project = loaded.project
        task_name = name.removeprefix("LambdaFunction")
        for candidate in (name, task_name, name.removesuffix("Arn")):
            if candidate in self.functions:
                return str(self.functions[candidate].function_arn)
        if project is None:
            return None
        task = project.tasks.get(task_name)
        if task is not None and name.startswith("LambdaFunction") and task.run is not None:
            return str(self._function(task_name, loaded).function_arn)
        nested = name.removeprefix("StateMachine")
        if name.startswith("StateMachine") and nested in project.machines and nested != loaded.name:
            inner = Workflow(
                self,
                nested,
                target=loaded.origin,
                machine=nested,
                functions=self.functions,
                substitutions=self._substitutions,
                layers=self._layers,
                runtime=self._runtime,
            )
            self.functions.update(inner.functions)
            return str(inner.state_machine.state_machine_arn)
        return None

    def _function(self, name: str, loaded: Machine) -> lambda_.Function:
        """The function that runs a script's task."""
        project = loaded.project
        assert project is not None
        task = project.tasks[name]
        folder = Path(tempfile.mkdtemp(prefix=f"penstock-{name}-"))
        missing = packaging.pack(task, beside=Path(loaded.origin).parent, folder=folder)
        made = lambda_.Function(
            self,
            name,
            runtime=self._runtime,
            handler=packaging.HANDLER,
            code=lambda_.Code.from_asset(str(folder)),
            timeout=cdk.Duration.seconds(min(task.timeout, 900)),
            memory_size=min(task.memory, 10_240),
            environment={"PENSTOCK_TASK_NAME": name},
            layers=self._layers or None,
            description=task.doc.splitlines()[0][:256] if task.doc else None,
        )
        if missing and not self._layers:
            cdk.Annotations.of(made).add_warning(
                f"The task {name} imports {', '.join(missing)}, which is neither beside the script nor in Lambda: give the "
                "Workflow a layer that has it."
            )
        self.functions[name] = made
        return made

    def _allow_child_executions(self) -> None:
        # A policy of its own: in the role's default one it would make the machine depend on itself.
        policy = iam.Policy(self, "DistributedMapPolicy")
        arn = self.state_machine.state_machine_arn
        policy.add_statements(
            iam.PolicyStatement(actions=["states:StartExecution"], resources=[arn]),
            iam.PolicyStatement(
                actions=["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"],
                resources=[f"{arn}:*", f"{arn}/*"],
            ),
        )
        policy.attach_to_role(self.state_machine.role)


class _Here:
    """ARNs of the stack's own region and account."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack

    def arn(self, service: str, resource: str) -> str:
        stack = self._stack
        return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"


def _replaced(document: Any, values: Mapping[str, str], names: Mapping[str, str], key: str = "") -> Any:
    """`${Name}` by `values` everywhere; a function's bare name by its ARN where functions are named."""
    if isinstance(document, str):
        if key in ("FunctionName", "Resource") and document in names:
            return names[document]
        for name, value in values.items():
            document = document.replace(f"${{{name}}}", value)
        return document
    if isinstance(document, dict):
        return {inner: _replaced(value, values, names, inner) for inner, value in document.items()}
    if isinstance(document, list):
        return [_replaced(each, values, names) for each in document]
    return document
