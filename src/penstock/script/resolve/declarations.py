"""Everything at module level, in any order, each name once."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from penstock.diagnostics import Note, Span
from penstock.jsontools import Json
from penstock.script.model import EventProcessing, EventProcessorClass, Schedule, Subscription, TaskClass
from penstock.script.report import Reporter
from penstock.script.resolve.constants import NotConstant, fold
from penstock.script.resolve.decorators import Decorated, read_decorators
from penstock.script.resolve.exceptions import BUILTIN, Hierarchy
from penstock.script.resolve.tasks import read_processor, read_task


@dataclass(frozen=True)
class MachineFunction:
    """A module-level function. `parameter` is the name of its input; None where it declares none (then `data` is it)."""

    name: str
    node: ast.FunctionDef
    parameter: str | None
    span: Span
    schedule: Schedule | None = None
    subscriptions: tuple[Subscription, ...] = ()
    exported: bool = False
    event_processing: EventProcessing | None = None

    @property
    def input_name(self) -> str:
        return self.parameter or "data"

    @cached_property
    def dict_places(self) -> frozenset[str]:
        """The places (as `ast.dump` writes them) that the function takes items of by a text: Python says they are dicts."""
        return frozenset(
            ast.dump(node.value)
            for node in ast.walk(self.node)
            if isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
        )

    @cached_property
    def results(self) -> Mapping[str, frozenset[str]]:
        """The names of what is called for each place that the function stores a result in (as `ast.dump` writes reading it)."""
        found: dict[str, set[str]] = {}
        for node in ast.walk(self.node):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and isinstance(node.value.func, ast.Name)
            ):
                for target in node.targets:
                    place = ast.dump(target).replace("Store()", "Load()")
                    found.setdefault(place, set()).add(node.value.func.id)
        return {place: frozenset(names) for place, names in found.items()}


@dataclass(frozen=True)
class Declarations:
    """All names of the file. `opaque` are names that exist in Python but have no value before it runs (imports included);
    `where` tells where each name was defined."""

    tasks: dict[str, TaskClass] = field(default_factory=dict)
    functions: dict[str, MachineFunction] = field(default_factory=dict)
    processors: dict[str, EventProcessorClass] = field(default_factory=dict)
    constants: dict[str, Json] = field(default_factory=dict)
    exceptions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    opaque: dict[str, str] = field(default_factory=dict)
    where: dict[str, Span] = field(default_factory=dict)

    @property
    def hierarchy(self) -> Hierarchy:
        return Hierarchy(self.exceptions)

    def names(self) -> list[str]:
        return [*self.tasks, *self.functions, *self.processors, *self.constants, *self.exceptions]


def declare(tree: ast.Module, report: Reporter) -> Declarations:
    """Reads the module level; problems go to `report`, what is sound is kept."""
    found = Declarations()
    classes: list[ast.ClassDef] = []
    functions: list[ast.FunctionDef] = []
    for statement in tree.body:
        _statement(statement, found, report, classes, functions)
    _classes(classes, found, report)
    for node in functions:
        _function(node, found, report)
    if not found.functions and not any(isinstance(s, ast.AsyncFunctionDef) for s in tree.body):
        span = Span(report.spans.source, 1, 1, 1, 2)
        report.tell("PS006", span, "the file defines no state machine function", help="add `def main(data):`")
    return found


def _statement(
    node: ast.stmt,
    found: Declarations,
    report: Reporter,
    classes: list[ast.ClassDef],
    functions: list[ast.FunctionDef],
) -> None:
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            for alias in names:
                name = (alias.asname or alias.name).partition(".")[0]
                found.opaque.setdefault(name, "is imported, and imports have no value before Python runs")
        case ast.ClassDef():
            if _new(node.name, node, found, report):
                classes.append(node)
        case ast.FunctionDef():
            if _new(node.name, node, found, report):
                functions.append(node)
        case ast.AsyncFunctionDef(name=name):
            if _new(name, node, found, report):
                found.opaque[name] = "is an async function"
                report.tell(
                    "PS104",
                    report.spans.head(node),
                    f"the state machine function `{name}` is async",
                    help=f"write `def {name}(...)`: its body is compiled, not awaited",
                )
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            if _new(name, node, found, report):
                _constant(name, value, found)
        case ast.AnnAssign(value=None) | ast.Pass():
            pass
        case ast.Expr(value=ast.Constant()):
            pass  # a docstring, or a text between definitions
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"), orelse=[]):
            for inner in node.body:
                _statement(inner, found, report, classes, functions)
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            pass  # what runs when the file is run as a program is not part of the workflow
        case _:
            report.tell(
                "PS101",
                report.spans.head(node),
                "a script has no use for this statement at module level",
                help="move it into a task's run method, or remove it",
            )


def _new(name: str, node: ast.stmt, found: Declarations, report: Reporter) -> bool:
    span = report.spans.head(node)
    before = found.where.get(name)
    if before is None:
        found.where[name] = span
        return True
    report.tell(
        "PS102",
        span,
        f"`{name}` is defined twice",
        help="rename one of the two",
        notes=[Note(before, "previously defined here")],
    )
    return False


def _constant(name: str, value: ast.expr, found: Declarations) -> None:
    try:
        found.constants[name] = fold(value, found.constants)
    except NotConstant as error:
        found.opaque[name] = f"cannot be used here: {error.message}"


def _base_name(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _classes(nodes: list[ast.ClassDef], found: Declarations, report: Reporter) -> None:
    names = {node.name: [_base_name(base) for base in node.bases] for node in nodes}
    for node in nodes:
        bases = names[node.name]
        if "Task" in bases or "EventProcessor" in bases:
            _plain_class(node, bases, report)
        if "Task" in bases:
            task = read_task(node, found.constants, report)
            found.tasks[node.name] = task
        elif "EventProcessor" in bases:
            found.processors[node.name] = read_processor(node, report)
        elif _is_exception(node.name, names):
            found.exceptions[node.name] = tuple(bases)
        else:
            report.tell(
                "PS103",
                report.spans.head(node),
                f"`{node.name}` is neither a Task, an EventProcessor nor an exception",
                help=f"write `class {node.name}(Task):`, or move the class into a package",
            )


def _plain_class(node: ast.ClassDef, bases: list[str], report: Reporter) -> None:
    """Tells what Python would run when it makes the class, and no machine does."""
    for part, what in [(d, "a decorator") for d in node.decorator_list] + [
        (k, "a class argument") for k in node.keywords
    ]:
        report.tell(
            "PS103", part, f"{what} does nothing on `{node.name}`: the class is read, never made", help="remove it"
        )
    if {"Task", "EventProcessor"} <= {*bases}:
        report.tell(
            "PS103",
            report.spans.head(node),
            f"`{node.name}` cannot be both a task and an event processor",
            help="write two classes",
        )


def _is_exception(name: str, names: dict[str, list[str]]) -> bool:
    seen: set[str] = set()
    todo = [name]
    while todo:
        base = todo.pop()
        if base in BUILTIN:
            return True
        if base not in seen:
            seen.add(base)
            todo.extend(names.get(base, ()))
    return False


def _function(node: ast.FunctionDef, found: Declarations, report: Reporter) -> None:
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    if len(plain) > 1 and plain[0].arg in ("self", "cls"):
        plain = plain[1:]
        report.tell(
            "PS105",
            arguments.args[0] if arguments.args else plain[0],
            f"`{node.name}` is a function, not a method",
            help=f"write `def {node.name}({plain[0].arg}):`",
        )
    extra: list[Any] = [
        *plain[1:],
        *arguments.kwonlyargs,
        *filter(None, (arguments.vararg, arguments.kwarg)),
        *arguments.defaults,
    ]
    if extra:
        report.tell(
            "PS105",
            extra[0],
            f"the state machine function `{node.name}` takes one argument, its input",
            help=f"write `def {node.name}({plain[0].arg if plain else 'data'}):`",
        )
    decorated: Decorated = read_decorators(node, found.constants, found.processors, report)
    found.functions[node.name] = MachineFunction(
        name=node.name,
        node=node,
        parameter=plain[0].arg if plain else None,
        span=report.spans.head(node),
        schedule=decorated.schedule,
        subscriptions=tuple(decorated.subscriptions),
        exported=decorated.exported or decorated.schedule is not None or bool(decorated.subscriptions),
        event_processing=decorated.event_processing,
    )
