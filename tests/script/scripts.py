"""Compiling and running scripts in tests: tasks are answered here, by task class or by state name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.asl.check import check
from penstock.asl.write import to_document
from penstock.diagnostics import render_text
from penstock.engine.driver import ExecutionResult, run
from penstock.engine.program import compile_program
from penstock.engine.tasks.handler import Cancel, Failed, Reporter, Succeeded, TaskRequest
from penstock.script import Project, compile_project

TASKS = """class Foo(Task):
    async def run(event, context):
        return 1

class Bar(Task):
    async def run(event, context):
        return 1

class Baz(Task):
    async def run(event, context):
        return 1

"""


class Raises(Exception):
    """An answer that fails: `Raises("KeyError", "cause")`."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error)
        self.error, self.cause = error, cause


class Answers:
    """Answers tasks by state name, then by task name; a callable gets the event. `calls` are (name, event) in order."""

    def __init__(self, answers: Mapping[str, Any] | None = None, default: Any = 1) -> None:
        self.given = dict(answers or {})
        self.default = default
        self.calls: list[tuple[str, Any]] = []

    def handles(self, resource: str) -> bool:
        return True

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        arguments = request.arguments
        event = arguments
        if isinstance(arguments, dict):
            event = arguments.get("data", arguments.get("MessageBody", arguments))
        self.calls.append((request.state_name, event))
        task = request.resource.removeprefix("${LambdaFunction").removesuffix("}")
        answer = self.given.get(request.state_name, self.given.get(task, self.default))
        if isinstance(answer, list) and answer and all(isinstance(a, Raises | Result) for a in answer):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Result):
            answer = answer.value
        if callable(answer):
            try:
                answer = answer(event)
            except Raises as error:
                answer = error
        report(Failed(answer.error, answer.cause) if isinstance(answer, Raises) else Succeeded(answer))
        return lambda: None

    def close(self) -> None:
        pass

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


class Result:
    """One answer of several in turn."""

    def __init__(self, value: Any) -> None:
        self.value = value


def compiled(source: str, *, tasks: bool = True) -> Project:
    """A script that must compile without errors, every machine of it sound in the checker's eyes."""
    project = compile_project((TASKS if tasks else "") + source)
    assert project.ok, "\n".join(render_text(d) for d in project.diagnostics)
    for machine in project.machines.values():
        problems = check(machine.definition)
        assert not problems, problems
    return project


def document(source: str, machine: str = "main", *, tasks: bool = True) -> dict[str, Any]:
    return to_document(compiled(source, tasks=tasks).machines[machine].definition)


def execute(project: Project, given: Any, answers: Answers | None = None, machine: str = "main") -> ExecutionResult:
    handler = answers or Answers()
    return run(compile_program(project.machines[machine].definition), given, handlers=[handler], skip_time=True)


def outcome(source: str, given: Any = None, answers: Mapping[str, Any] | None = None, *, tasks: bool = True) -> Any:
    """The output of a run, or `(error, cause)` when it failed."""
    result = execute(compiled(source, tasks=tasks), {} if given is None else given, Answers(answers))
    return result.output if result.status == "SUCCEEDED" else (result.error, result.cause)
