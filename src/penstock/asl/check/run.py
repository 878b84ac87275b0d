"""All rules over one definition, and AWS's way to wrap what they find."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from penstock.asl.check import graph, names, resources, variables
from penstock.asl.model import StateMachine
from penstock.asl.problems import Focus, Problem, diagnose
from penstock.asl.read import Reading, read_document
from penstock.asl.write import to_document
from penstock.diagnostics import Diagnostic, Severity, Span


def check(
    target: StateMachine | Reading | dict[str, Any],
    *,
    type: Literal["STANDARD", "EXPRESS"] = "STANDARD",  # noqa: A002 -- AWS's word for it
    severity: Severity = Severity.WARNING,
    aws_resources: bool = False,
) -> list[Diagnostic]:
    """Everything that is wrong with a definition, in AWS's order: the schema first, then transitions.

    `severity` is the least that is reported. Spans come from a Reading's text, or from the `span`s that a front end gave
    its states. `aws_resources` asks for AWS's own answer on `Resource`s: without it a URI that is no ARN passes, since a
    function of this machine may answer it, and so does one with a `${Name}` in it, which deployment fills in.
    """
    spans = None
    if isinstance(target, StateMachine):
        spans = _Spans(target)
        target = read_document(to_document(target))
    elif not isinstance(target, Reading):
        target = read_document(target)
    walk = target.walk
    if walk is None:
        return [one for one in target.diagnostics if severity == Severity.WARNING or one.is_error]
    problems: list[Problem] = list(walk.problems)
    problems += resources.judge(walk, express=type == "EXPRESS", strict=aws_resources)
    problems += names.judge(walk)
    problems += variables.judge(walk)
    problems += graph.judge(walk)
    if severity != Severity.WARNING:
        problems = [one for one in problems if one.severity == Severity.ERROR]
    return diagnose(problems, spans or target.positions) if problems else []


def invalid_definition(diagnostics: Sequence[Diagnostic]) -> str:
    """The message of CreateStateMachine's InvalidDefinition for these problems (recorded; `at null` without a place)."""
    errors = [one for one in diagnostics if one.is_error]
    wrapped = ", ".join(f"{one.code}: {one.message} at {one.location or 'null'}" for one in errors)
    return f"Invalid State Machine Definition: '{wrapped}'"


def create_error(diagnostics: Sequence[Diagnostic]) -> str | None:
    """`invalid_definition`'s message, or None where nothing stands in the way of creating the machine."""
    return invalid_definition(diagnostics) if any(one.is_error for one in diagnostics) else None


class _Spans:
    """Places in a machine that a front end made: the span of the innermost state on the way that has one."""

    def __init__(self, machine: StateMachine) -> None:
        self._machine = machine

    def span(self, keys: tuple[str | int, ...], focus: Focus) -> Span | None:
        found = self._machine.span
        here: Any = self._machine
        index = 0
        while index < len(keys) and isinstance(here, StateMachine):
            if keys[index] != "States" or index + 1 >= len(keys):
                break
            state: Any = here.states.get(str(keys[index + 1]))
            if state is None:
                break
            found = state.span or found
            index += 2
            key = keys[index] if index < len(keys) else None
            here = None
            if key == "Branches" and index + 1 < len(keys):
                here = state.branches[int(keys[index + 1])]
                index += 2
            elif key in ("ItemProcessor", "Iterator"):
                here = state.processor
                index += 1
        return found
