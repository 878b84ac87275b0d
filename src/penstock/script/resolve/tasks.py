"""Task and EventProcessor classes: attributes with their limits, and the code of their methods."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, get_args

from penstock.diagnostics import Note, Span
from penstock.jsontools import Json
from penstock.script.model import EventProcessorClass, ProcessorMethod, RunMethod, Service, TaskClass
from penstock.script.report import Reporter, did_you_mean, listed
from penstock.script.resolve.constants import NotConstant, fold

SERVICES: Final[tuple[str, ...]] = get_args(Service)
MAX_SECONDS: Final = 99_999_999
"""What the States Language takes for TimeoutSeconds."""

_SPEC: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")

# Fargate's sizes (Amazon ECS developer guide, "Fargate task sizes"): MiB for each number of CPU units.
_FARGATE: Final[dict[int, tuple[int, ...]]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
}


def _whole(low: int, high: int) -> tuple[Callable[[Json], bool], str]:
    return (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high,
        f"a whole number from {low} to {high:,}",
    )


_ATTRIBUTES: Final[dict[str, tuple[Callable[[Json], bool], str]]] = {
    "service": (lambda value: value in SERVICES, listed(f'"{name}"' for name in SERVICES)),
    "timeout": _whole(1, MAX_SECONDS),
    "cpu": (lambda value: not isinstance(value, bool) and value in _FARGATE, listed(str(cpu) for cpu in _FARGATE)),
    "memory": _whole(128, 30720),
    "concurrency": _whole(1, 100),
    "heartbeat_interval": (
        lambda value: (
            value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value < MAX_SECONDS)
        ),
        "None or a whole number of seconds",
    ),
    "autoscaling_min": _whole(0, 10_000),
    "autoscaling_max": _whole(1, 10_000),
    "spec": (lambda value: isinstance(value, str) and bool(_SPEC.fullmatch(value)), '"package.module:Class"'),
    "build_spec": (lambda value: value is None or isinstance(value, dict | list), "a dict or a list of constants"),
}


def read_task(node: ast.ClassDef, constants: Mapping[str, Json], report: Reporter) -> TaskClass:
    """The class with what is sound in it; problems go to `report`."""
    values: dict[str, Any] = {}
    where: dict[str, ast.AST] = {}
    local = dict(constants)
    run: RunMethod | None = None
    for statement in node.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                if _attribute(node, name, value, statement, where, local, report):
                    values[name] = local[name]
            case ast.AsyncFunctionDef(name="run"):
                if "run" in where:
                    note = Note(report.spans.head(where["run"]), "previously defined here")
                    report.tell(
                        "PS102", report.spans.head(statement), "`run` is defined twice", help="keep one", notes=[note]
                    )
                where["run"] = statement
                run = _run(statement, node.name, report)
            case ast.FunctionDef(name="run"):
                report.tell(
                    "PS109",
                    report.spans.head(statement),
                    f"the run method of `{node.name}` is not async",
                    help=f"write `async def run({ast.unparse(statement.args)[:60] or 'event, context'}):`",
                )
            case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.AnnAssign(value=None):
                pass
            case _:
                report.tell(
                    "PS108",
                    report.spans.head(statement),
                    f"a Task class holds attributes and one `run` method; `{node.name}` holds more",
                    help="move it into the run method, or into a package that the run method imports",
                )
    task = TaskClass(
        name=node.name,
        span=report.spans.head(node),
        run=run,
        doc=ast.get_docstring(node),
        **{"service": "lambda", **values},
    )
    _together(task, where, report)
    return task


def _attribute(
    owner: ast.ClassDef,
    name: str,
    value: ast.expr,
    statement: ast.stmt,
    where: dict[str, ast.AST],
    local: dict[str, Json],
    report: Reporter,
) -> bool:
    if name not in _ATTRIBUTES:
        near = did_you_mean(name, _ATTRIBUTES)
        report.tell(
            "PS106",
            statement,
            f"a Task has no attribute `{name}`",
            help=f"did you mean `{near}`?" if near else f"it has {listed(_ATTRIBUTES)}",
        )
        return False
    if name in where:
        note = Note(report.spans.of(where[name]), "previously set here")
        report.tell(
            "PS102", statement, f"the attribute `{name}` is set twice", help="keep one of the two", notes=[note]
        )
        return False
    where[name] = statement
    sound, wanted = _ATTRIBUTES[name]
    try:
        constant = fold(value, local)
    except NotConstant as error:
        report.tell("PS107", error.node, f"`{name}` must be a constant: {error.message}", help=f"`{name}` is {wanted}")
        return False
    if not sound(constant):
        near = did_you_mean(constant, SERVICES) if name == "service" and isinstance(constant, str) else None
        report.tell(
            "PS107",
            # The service decides what the whole class means, so the class is pointed at, and the line in a note.
            report.spans.head(owner) if name == "service" else statement,
            f"the {name} of `{owner.name}` cannot be {ast.unparse(value)[:60]}",
            help=f'did you mean "{near}"?' if near else f"`{name}` is {wanted}",
            notes=[Note(report.spans.of(statement), "set here")] if name == "service" else [],
        )
        return False
    local[name] = constant
    return True


def _together(task: TaskClass, where: Mapping[str, ast.AST], report: Reporter) -> None:
    def at(*names: str) -> ast.AST | Span:
        return next((where[name] for name in names if name in where), task.span)

    if task.service == "lambda:pexpm-runner":
        report.tell(
            "PS118", at("service"), "lambda:pexpm-runner is deprecated", help='use service = "lambda:container"'
        )
    if task.heartbeat_interval is not None and task.heartbeat_interval >= task.timeout:
        report.tell(
            "PS110",
            at("heartbeat_interval"),
            f"heartbeat_interval ({task.heartbeat_interval}) must be below timeout ({task.timeout})",
            help="send heartbeats more often, or allow more time",
        )
    if task.autoscaling_min > task.autoscaling_max:
        report.tell(
            "PS110",
            at("autoscaling_min", "autoscaling_max"),
            f"autoscaling_min ({task.autoscaling_min}) is above autoscaling_max ({task.autoscaling_max})",
            help=f"set autoscaling_max = {task.autoscaling_min} or more",
        )
    if task.service.startswith("ecs") and task.memory not in _FARGATE[task.cpu]:
        sizes = _FARGATE[task.cpu]
        report.tell(
            "PS110",
            at("memory", "cpu"),
            f"Fargate has no task with cpu {task.cpu} and memory {task.memory}",
            help=f"cpu {task.cpu} goes with memory {sizes[0]} to {sizes[-1]}",
        )
    if task.service.startswith("lambda") and task.memory > 10240:
        report.tell(
            "PS110",
            at("memory"),
            f"a Lambda function has at most 10240 MiB of memory, not {task.memory}",
            help="use ecs",
        )
    if task.service == "ecs:worker" and task.spec is None:
        report.tell(
            "PS111", task.span, f"the worker `{task.name}` has no `spec`", help='add spec = "package.module:Class"'
        )


def _run(node: ast.AsyncFunctionDef, task: str, report: Reporter) -> RunMethod | None:
    for decorator in node.decorator_list:
        if not (isinstance(decorator, ast.Name) and decorator.id == "staticmethod"):
            report.tell(
                "PS109",
                decorator,
                f"the run method of `{task}` has a decorator, which its own program would not know",
                help="remove it, and call what it does inside the method",
            )
    arguments = node.args
    plain = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if len(plain) != 2 or arguments.kwonlyargs or arguments.vararg or arguments.kwarg or arguments.defaults:
        report.tell(
            "PS109",
            report.spans.head(node),
            f"the run method of `{task}` takes the event and the context",
            help="write `async def run(event, context):`",
        )
        return None
    return RunMethod(_source(node, report), report.spans.of(node), (plain[0], plain[1]), _dependencies(node))


def _source(node: ast.AsyncFunctionDef, report: Reporter) -> str:
    # Whole lines, so that comments and the user's own layout survive. Python counts lines by \n alone here, unlike
    # str.splitlines, which also cuts at form feeds.
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    lines = report.spans.source.text.split("\n")[first - 1 : node.end_lineno]
    text = textwrap.dedent("\n".join(lines))
    if text[:1] in (" ", "\t") or not text.lstrip("#").strip():
        text = ast.unparse(node)
    return text.rstrip() + "\n"


def _imports(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            for alias in inner.names:
                yield alias.name.partition(".")[0]
        elif isinstance(inner, ast.ImportFrom) and not inner.level and inner.module:
            yield inner.module.partition(".")[0]


def _dependencies(node: ast.AST) -> tuple[str, ...]:
    return tuple(sorted(set(_imports(node))))


PROCESSOR_ARGUMENTS: Final = ("message", "input_data", "state_data_client")
_PREFIX: Final = "get_custom_tags_"


def read_processor(node: ast.ClassDef, report: Reporter) -> EventProcessorClass:
    methods: dict[str, ProcessorMethod] = {}
    for statement in node.body:
        match statement:
            case ast.AsyncFunctionDef(name=name):
                if not name.startswith(_PREFIX) or name == _PREFIX:
                    report.tell(
                        "PS116",
                        report.spans.head(statement),
                        f"an event processor implements {_PREFIX}<event type> only, not `{name}`",
                        help=f"rename it, for instance `{_PREFIX}ExecutionStarted`",
                    )
                    continue
                arguments = statement.args
                plain = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
                if (
                    sorted(plain) != sorted(PROCESSOR_ARGUMENTS)
                    or arguments.kwonlyargs
                    or arguments.vararg
                    or arguments.kwarg
                ):
                    report.tell(
                        "PS116",
                        report.spans.head(statement),
                        f"`{name}` takes the arguments {', '.join(PROCESSOR_ARGUMENTS)}",
                        help=f"write `async def {name}({', '.join(PROCESSOR_ARGUMENTS)}):`",
                    )
                    continue
                methods[name.removeprefix(_PREFIX)] = ProcessorMethod(
                    name.removeprefix(_PREFIX),
                    _source(statement, report),
                    report.spans.of(statement),
                    _dependencies(statement),
                )
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case _:
                report.tell(
                    "PS116",
                    report.spans.head(statement),
                    f"an event processor has `async def {_PREFIX}<event type>` methods and nothing else",
                    help="make the method async, or move the code into a package",
                )
    return EventProcessorClass(node.name, report.spans.head(node), methods)
