"""The compiled script: every stage a lazy phase of one object, all diagnostics in one go."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import Diagnostic, Source
from penstock.jsontools import Json
from penstock.script.lower import Lowered, lower_machine
from penstock.script.model import EventProcessorClass, Schedule, ScriptMachine, Subscription, TaskClass
from penstock.script.parse import Parsed, Spans, parse, refused_by_python
from penstock.script.report import Reporter
from penstock.script.resolve import Declarations, declare

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Project:
    """A script and everything it defines. Made by `compile_project`; each phase runs when it is first asked for.

    A machine's definition is sound when no diagnostic is an error; with errors it lacks what was refused.
    """

    name: str
    text: str | bytes

    @cached_property
    def parsed(self) -> Parsed:
        return parse(self.text, name=self.name)

    @property
    def source(self) -> Source:
        return self.parsed.source

    @cached_property
    def _report(self) -> Reporter:
        return Reporter(Spans(self.source))

    @cached_property
    def declarations(self) -> Declarations:
        """What the file defines, each thing under its name."""
        tree = self.parsed.tree
        return Declarations() if tree is None else declare(tree, self._report)

    @cached_property
    def _lowered(self) -> dict[str, Lowered]:
        return {
            name: lower_machine(function, self.declarations, self._report)
            for name, function in self.declarations.functions.items()
        }

    @cached_property
    def machines(self) -> Mapping[str, ScriptMachine]:
        """Every state machine function, in file order."""
        uses: dict[str, set[Any]] = defaultdict(set)
        for lowered in self._lowered.values():
            for name, role in lowered.uses:
                uses[name].add(role)
        result: dict[str, ScriptMachine] = {}
        for name, lowered in self._lowered.items():
            function = self.declarations.functions[name]
            result[name] = ScriptMachine(
                name=name,
                definition=lowered.definition,
                span=function.span,
                doc=_docstring(function.node),
                exported=function.exported,
                schedule=function.schedule,
                subscriptions=function.subscriptions,
                event_processing=function.event_processing,
                used_as=frozenset(uses[name]),
                tasks=lowered.tasks,
                starts=lowered.starts,
                substitutions=lowered.substitutions,
            )
        return MappingProxyType(result)

    @property
    def tasks(self) -> Mapping[str, TaskClass]:
        return MappingProxyType(self.declarations.tasks)

    @property
    def event_processors(self) -> Mapping[str, EventProcessorClass]:
        return MappingProxyType(self.declarations.processors)

    @property
    def constants(self) -> Mapping[str, Json]:
        """Module constants by name."""
        return MappingProxyType(self.declarations.constants)

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The top-level packages that run methods and processors import, sorted; the standard library's included."""
        found: set[str] = set()
        for task in self.tasks.values():
            found.update(task.run.dependencies if task.run else ())
        for processor in self.event_processors.values():
            for method in processor.methods.values():
                found.update(method.dependencies)
        return tuple(sorted(found))

    @property
    def default_machine(self) -> str | None:
        """`main`, or the only machine that is not just a part of another; None when neither is there."""
        if "main" in self.machines:
            return "main"
        candidates = [name for name, machine in self.machines.items() if machine.is_first_class]
        return candidates[0] if len(candidates) == 1 else None

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        return {name: machine.schedule for name, machine in self.machines.items() if machine.schedule}

    @property
    def subscriptions(self) -> Mapping[str, tuple[Subscription, ...]]:
        return {name: machine.subscriptions for name, machine in self.machines.items() if machine.subscriptions}

    @property
    def exports(self) -> tuple[str, ...]:
        """The machines that are deployed on their own: exported ones, and `main`."""
        return tuple(name for name, machine in self.machines.items() if machine.exported or name == "main")

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every problem of the whole file, in source order."""
        if self.parsed.tree is None:
            return self.parsed.diagnostics
        _ = self._lowered
        found = self._report.diagnostics
        if not any(diagnostic.is_error for diagnostic in found):
            # Last, because our own diagnostics say what to write instead.
            refused = refused_by_python(self.parsed)
            found = found if refused is None else (*found, refused)
        return found

    @property
    def ok(self) -> bool:
        """Whether the script compiles: no diagnostic is an error."""
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)


def _docstring(node: Any) -> str | None:
    import ast

    return ast.get_docstring(node)


def compile_project(text: str | bytes, *, name: str = "project.py") -> Project:
    """Compiles a script. Never raises on bad input, never imports or runs the user's code.

    `name` is what diagnostics call the file. Problems are in the result's `diagnostics`.
    """
    project = Project(name, text)
    _ = project.diagnostics
    return project
