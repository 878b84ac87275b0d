"""For every probe that compiles: inputs, answers of its tasks, and what the run must then do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.script.scripts import Answers, Raises, execute

from penstock.asl.write import to_document
from penstock.script import Project


@dataclass(frozen=True)
class Run:
    """`output` or `error` is what must come; `calls` the states of the tasks that must run, in order."""

    input: Any
    calls: tuple[str, ...] | None = None
    output: Any = ...
    error: str | None = None
    cause: str | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    events: tuple[Any, ...] | None = None


def go(project: Project, machine: str, run: Run) -> str | None:
    """What went wrong, or None."""
    answers = Answers(run.answers)
    result = execute(project, run.input, answers, machine)
    if run.error is None and result.status != "SUCCEEDED":
        return f"{run.input}: {result.status} {result.error} {result.cause}"
    if run.error is not None and (result.status, result.error) != ("FAILED", run.error):
        return f"{run.input}: {result.status} {result.error}, not {run.error}"
    if run.cause is not None and result.cause != run.cause:
        return f"{run.input}: cause {result.cause!r}"
    if run.calls is not None and tuple(answers.names) != run.calls:
        return f"{run.input}: ran {answers.names}, not {list(run.calls)}"
    if run.output is not ... and result.output != run.output:
        return f"{run.input}: output {result.output!r}, not {run.output!r}"
    if run.events is not None and tuple(event for _, event in answers.calls) != run.events:
        return f"{run.input}: tasks were given {answers.calls}"
    return None


def field_of(state: str, *path: str, equals: Any, machine: str = "main") -> Callable[[Project], str | None]:
    """A part of a state that must have a value, where running cannot show it."""

    def judge(project: Project) -> str | None:
        value: Any = to_document(project.machines[machine].definition)["States"][state]
        for step in path:
            value = value[int(step)] if isinstance(value, list) else value.get(step)
        return None if value == equals else f"{state}/{'/'.join(path)} is {value!r}"

    return judge


def warned(code: str) -> Callable[[Project], str | None]:
    return lambda project: None if code in {d.code for d in project.diagnostics} else f"no {code}"


KEY: Final = Raises("KeyError", "c")
_ITEMS: Final = {"table_name": "t", "partition_key": "p", "key": "k", "items": [1, 2]}

RUNS: Final[dict[str, list[Run | Callable[[Project], str | None]]]] = {
    "if/else then statement": [Run({"a": 1}, ("foo", "bar")), Run({"a": 2}, ("baz", "bar"))],
    "if/elif/else then statement": [
        Run({"a": 1}, ("foo", "bar")),
        Run({"a": 2}, ("foo2", "bar")),
        Run({"a": 3}, ("baz", "bar")),
    ],
    "guard clause then task": [Run({"a": 1}, ()), Run({"a": 2}, ("foo",))],
    "two sequential ifs": [
        Run({"a": 1, "b": 1}, ()),
        Run({"a": 2, "b": 1}, (), error="E", cause="x"),
        Run({"a": 2, "b": 2}, ("foo",)),
    ],
    "statement after nested if inside body": [
        Run({"a": 1, "b": 2}, ("foo",), error="Bad"),
        Run({"a": 1, "b": 3}, ("foo", "after-inner", "end")),
        Run({"a": 2}, ("end",)),
    ],
    "two statements in else": [Run({"a": 1}, ()), Run({"a": 2}, ("foo", "bar"))],
    "if in except (no else)": [
        Run({"a": 1}, ("foo", "baz")),
        Run({"a": 1}, ("foo", "bar", "baz"), answers={"foo": KEY}),
        Run({"a": 2}, ("foo", "baz"), answers={"foo": KEY}),
        Run({"a": 2}, ("foo",), error="Other", answers={"foo": Raises("Other")}),
    ],
    "try in else then statement": [
        Run({"a": 1}, ()),
        Run({"a": 2}, ("foo", "end")),
        Run({"a": 2}, ("foo", "bar", "end"), answers={"foo": KEY}),
    ],
    "code after return": [Run({"a": 1}, (), output={"a": 1}), warned("PS205")],
    "match": [Run({"a": 1}, ("foo",)), Run({"a": 2}, ("bar",)), Run({"a": "1"}, ("bar",))],
    "annotated assign": [Run({}, ("foo",), output={"x": 5})],
    "annotated assign of task": [Run({}, ("foo", "bar"), output={"x": 7}, answers={"foo": 7})],
    "except-as name ignored": [
        Run({}, ("foo",), output={}),
        Run({}, ("foo",), output={"error": {"Error": "E", "Cause": "c"}}, answers={"foo": Raises("E", "c")}),
        Run({}, ("foo",), error="KeyError", answers={"foo": KEY}),
    ],
    "raise with data": [Run({"m": "why"}, error="E", cause="why")],
    "nested result path task": [Run({"x": {"z": 0}}, ("k",), output={"x": {"z": 0, "y": 1}})],
    "nested result path pass": [Run({"a": {"z": 0}}, output={"a": {"z": 0, "b": 1}}), Run({}, error="States.Runtime")],
    "data['a'].update": [Run({"a": {"z": 0, "b": 5}}, output={"a": {"z": 0, "b": 1}}), Run({}, error="States.Runtime")],
    "update kwargs": [Run({"z": 0}, output={"z": 0, "a": 1})],
    "cast comparator path": [
        Run({"a": 5, "b": 5}),
        field_of("if a == int(b)", "Choices", "0", "NumericEqualsPath", equals="$['b']"),
    ],
    "long key": [Run({"k" * 100: 1}), Run({}, error="States.Runtime")],
    "cond negative number": [field_of("if a == -5", "Choices", "0", "NumericEquals", equals=-5), Run({"a": -5})],
    "cond None": [field_of("if a == None", "Choices", "0", "IsNull", equals=True), Run({"a": None}), Run({"a": 1})],
    "cond reversed operands": [field_of("if 5 == a", "Choices", "0", "NumericEquals", equals=5), Run({"a": 5})],
    "cond chained": [
        field_of("if 0 < a < 10", "Choices", "0", "And", "0", "NumericGreaterThan", equals=0),
        field_of("if 0 < a < 10", "Choices", "0", "And", "1", "NumericLessThan", equals=10),
        Run({"a": 5}),
    ],
    "cond in list": [field_of("if a in (x y)", "Choices", "0", "Or", "1", "StringEquals", equals="y"), Run({"a": "y"})],
    "cond attribute ref": [field_of("if a == 5", "Choices", "0", "Variable", equals="$.a"), Run({"a": 5})],
    "retry default Exception": [
        field_of("k", "Retry", "1", "ErrorEquals", equals=["States.ALL"]),
        Run({}, ("k",) * 4, error="KeyError", answers={"k": KEY}),
    ],
    "class timeout ignored": [field_of("k", "TimeoutSeconds", equals=600)],
    "codebuild env ref": [
        field_of("k", "Parameters", "EnvironmentVariablesOverride", "0", equals={"Name": "A", "Value": "lit"}),
        field_of("k", "Parameters", "EnvironmentVariablesOverride", "1", equals={"Name": "B", "Value.$": "$['b']"}),
    ],
    "assign parallel result": [Run({"a": 1}, output={"a": 1, "x": [{"a": 1}]})],
    "map key option": [field_of("m", "Type", equals="Map"), Run({"items": [1, 2]}, output={"items": [1, 2]})],
    "map of non-data": [Run({"a": 1}, output={"a": 1})],
    "empty main": [Run({"a": 1}, output={"a": 1})],
    "task input string literal": [Run({}, ("k",), events=("lit",))],
    "task input context": [Run({}, ("k",))],
    "task input method": [Run({"x": 5}, ("k",), events=(5,)), Run({}, ("k",), events=(None,))],
    "same task twice": [Run({}, ("Foo", "Foo (2)"), output={}), field_of("wait 5 s", "Next", equals="Foo (2)")],
    "same task, different result": [Run({}, ("Foo", "Foo (2)"), output={"x": 1})],
    "fail hash ignores spaces in strings": [
        Run({"a": 1}, error="E", cause="no pe"),
        Run({"a": 2}, error="E", cause="nope"),
    ],
    "annotated attribute ignored": [field_of("f", "Resource", equals="arn:aws:states:::ecs:runTask.sync")],
    "timeout attribute expression": [field_of("f", "TimeoutSeconds", equals=600)],
    "service lambda in/out": [Run({"in": 5}, ("k",), output={"in": 5, "out": 1}, events=(5,))],
    "service lambda:container in/out": [Run({"in": 5}, ("k",), output={"in": 5, "out": 1}, events=(5,))],
    "service lambda:pexpm-runner in/out": [Run({"in": 5}, ("k",), output={"in": 5, "out": 1})],
    "worker inside map iterator": [
        Run({"items": _ITEMS}, ("w", "w"), output={"items": _ITEMS}),
        lambda project: (
            None
            if "$.context_index" in str(to_document(project.machines["main"].definition))
            else "no item index in the message group"
        ),
    ],
}
