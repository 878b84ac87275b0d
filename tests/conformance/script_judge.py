"""What is right for Fluxio's cases and for the probes.

A case: the machine equals the expected one up to the names of generated states, or differs only in the kinds of ways that
`docs/reference/script-differences.md` lists; an error case is a diagnostic on the right line, or a documented extension.
A probe: refused with a PS code, or the machine, when run, does what `wanted` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.script.probe_runs import RUNS, Run, go

from penstock.asl.check import check
from penstock.asl.write import to_document
from penstock.script import Project, compile_project

DIFFERENCES: Final = Path(__file__).parents[2] / "docs" / "reference" / "script-differences.md"
MAX_KINDS: Final = 12

EXTENSIONS: Final = {
    "choice: Should raise if multiple comparison operators": "chained comparisons",
    "choice: Should raise if None is used in conditional": "comparison with None",
    "state_machine_visitor: Should raise if assignment targets something other than data": "workflow variables",
    "task: Should raise if multiple tasks in try body": "try around a block",
    "task: Should raise if else used with try": "try/else",
    "task: Should raise if finally used with try": "try/finally",
    "task: Should raise if multiple tasks in retry block": "retry around a block",
    "choice: Should raise if multiple states in else clause": "blocks in else",
}
"""Cases that expect an error and compile here, by the extension that the page of differences names."""


BY_MESSAGE: Final = {
    "comparator": "comparisons either way round",
    "comparison operator": "chained comparisons",
    "single task": "try around a block",
    "exception handlers": "try around a block",
    "`else` clause": "blocks in else",
    "`else` part": "try/else",
    "`finally` part": "try/finally",
}
"""The same for cases known by what their message contains."""


def documented_kinds() -> set[str]:
    return set(re.findall(r"^### `([a-z-]+)`", DIFFERENCES.read_text(encoding="utf-8"), re.MULTILINE))


def documented_extensions() -> set[str]:
    return set(re.findall(r"^- \*\*(.+?)\*\*", DIFFERENCES.read_text(encoding="utf-8"), re.MULTILINE))


def judge_case(case: dict[str, Any]) -> tuple[bool, str]:
    """Whether the case is right, and why or why not."""
    project = compile_project(case["source"])
    if "error" in case:
        return _judge_error(case, project)
    if not project.ok:
        return False, "refused: " + "; ".join(f"{d.code} {d.message}" for d in project.diagnostics)
    machine = project.machines[case["function"]]
    problems = check(machine.definition)
    if problems:
        return False, f"not sound: {problems[0].code} {problems[0].message}"
    wrong = _project_differences(case.get("expected_project", {}), project)
    if wrong:
        return False, wrong
    kinds, unexplained = compare(case["expected"], to_document(machine.definition))
    if unexplained:
        return False, "; ".join(unexplained[:3])
    undocumented = kinds - documented_kinds()
    if undocumented:
        return False, f"undocumented differences: {sorted(undocumented)}"
    return True, "equal" if not kinds else "differs by " + ", ".join(sorted(kinds))


def _judge_error(case: dict[str, Any], project: Project) -> tuple[bool, str]:
    errors = [d for d in project.diagnostics if d.is_error]
    if not errors:
        extension = EXTENSIONS.get(case["name"])
        if extension is None:
            message = case.get("error_message_contains") or ""
            extension = next((name for part, name in BY_MESSAGE.items() if part in message), None)
        if extension is None:
            return False, "compiles, and is no documented extension"
        if extension not in documented_extensions():
            return False, f"the extension {extension!r} is not documented"
        return True, f"extension: {extension}"
    lines = [d.span.line for d in errors if d.span]
    if case["error_line"] not in lines:
        return False, f"line {case['error_line']} expected, told {lines}"
    if any(not re.fullmatch(r"PS\d{3}", d.code) for d in errors):
        return False, "a code that is not ours"
    return True, ", ".join(d.code for d in errors)


def _project_differences(expected: dict[str, Any], project: Project) -> str | None:
    if "dependencies" in expected and sorted(expected["dependencies"]) != list(project.dependencies):
        return f"dependencies {project.dependencies}"
    if "event_processors" in expected and sorted(expected["event_processors"]) != sorted(project.event_processors):
        return f"event processors {sorted(project.event_processors)}"
    for name, processor in expected.get("processor", {}).items():
        machine = project.machines[name]
        if machine.event_processing is None or machine.event_processor != processor:
            return f"the processor of {name} is {machine.event_processing}"
    return None


def judge_probe(case: dict[str, Any]) -> tuple[bool, str]:
    """Whether the probe is right, and why or why not."""
    project = compile_project(case["source"])
    errors = [d for d in project.diagnostics if d.is_error]
    if errors:
        strange = [d.code for d in errors if not re.fullmatch(r"PS\d{3}", d.code) or d.span is None or not d.help]
        return not strange, "refused: " + ", ".join(
            d.code for d in errors
        ) if not strange else f"without place or help: {strange}"
    machine = project.machines.get(case["function"])
    if machine is None:
        return False, "no machine of that name"
    problems = check(machine.definition)
    if problems:
        return False, f"not sound: {problems[0].code} {problems[0].message}"
    runs = RUNS.get(case["name"])
    if runs is None:
        return True, "sound; no run is written for it"
    for expectation in runs:
        wrong = expectation(project) if callable(expectation) else _run(project, case["function"], expectation)
        if wrong:
            return False, wrong
    return True, f"{len(runs)} runs"


def _run(project: Project, machine: str, run: Run) -> str | None:
    return go(project, machine, run)


# -- comparing machines --------------------------------------------------------------------------------------------

_TRACE: Final = {"$.__trace.id": "$$.Execution.Id", "$.__trace.source": "$$.StateMachine.Id"}


def compare(expected: dict[str, Any], actual: dict[str, Any]) -> tuple[set[str], list[str]]:
    """The kinds of differences between two machines, and the differences of no kind. Names of states are free, but for
    those a `key=` gave, which are not generated and so must be equal."""
    kinds: set[str] = set()
    unexplained: list[str] = []
    _machines(expected, actual, kinds, unexplained, "")
    return kinds, unexplained


def _machines(
    expected: dict[str, Any], actual: dict[str, Any], kinds: set[str], unexplained: list[str], at: str
) -> None:
    pairs: dict[str, str] = {}
    todo = [(expected["StartAt"], actual["StartAt"])]
    while todo:
        one, other = todo.pop()
        if one in pairs:
            if pairs[one] != other:
                kinds.add("separate-states")
            continue
        pairs[one] = other
        if not re.fullmatch(r"\w+-[0-9a-f]{32}", one) and one != other:
            unexplained.append(f"{at}/{one} is called {other}")
        left, right = expected["States"].get(one), actual["States"].get(other)
        if left is None or right is None:
            unexplained.append(f"{at}/{one} against {other}: missing")
            continue
        todo += _states(left, right, kinds, unexplained, f"{at}/{one}")
    missing = set(expected["States"]) - set(pairs)
    extra = set(actual["States"]) - set(pairs.values())
    if (missing or extra) and not kinds & {"nested-machine", "return-value"}:
        unexplained.append(f"{at}: unmatched states {sorted(missing)} {sorted(extra)}")


def _states(
    left: dict[str, Any], right: dict[str, Any], kinds: set[str], unexplained: list[str], at: str
) -> list[tuple[str, str]]:
    edges: list[tuple[str, str]] = []
    nested = left.get("Resource", "").startswith("arn:aws:states:::states:startExecution")
    if nested and left != right:
        kinds.add("nested-machine")
        started = right.get("Resource", "").startswith("arn:aws:states:::states:startExecution")
        # A machine put in place of its call has states of its own here; what follows is not compared.
        return _edge(left, right, [], at) if started else []
    if left["Type"] == "Succeed" and left != right:
        kinds.add("return-value")
        return []
    for name in sorted({*left, *right} - {"Next", "End", "Default"}):
        one, other = left.get(name, ...), right.get(name, ...)
        if name == "Choices":
            if len(one) != len(other):
                unexplained.append(f"{at}: {len(one)} choices against {len(other)}")
                continue
            for rule, rival in zip(one, other, strict=True):
                edges.append((rule["Next"], rival["Next"]))
                _values(_without(rule), _without(rival), kinds, unexplained, f"{at}/Choices", left, right)
        elif name == "Catch" and one is not ... and other is not ...:
            for catch, rival in zip(one, other, strict=True):
                edges.append((catch["Next"], rival["Next"]))
                _values(_without(catch), _without(rival), kinds, unexplained, f"{at}/Catch", left, right)
        elif name in ("Iterator", "ItemProcessor") and one is not ... and other is not ...:
            _machines(one, other, kinds, unexplained, f"{at}/{name}")
        elif name == "Branches":
            for branch, rival in zip(one, other, strict=True):
                _machines(branch, rival, kinds, unexplained, f"{at}/{name}")
        else:
            _values(one, other, kinds, unexplained, f"{at}/{name}", left, right)
    if "Default" in left or "Default" in right:
        edges.append((left.get("Default", ""), right.get("Default", "")))
    return edges + _edge(left, right, unexplained, at)


def _edge(left: dict[str, Any], right: dict[str, Any], unexplained: list[str], at: str) -> list[tuple[str, str]]:
    if left.get("End") != right.get("End") or ("Next" in left) != ("Next" in right):
        unexplained.append(f"{at}: goes on differently")
        return []
    return [(left["Next"], right["Next"])] if "Next" in left else []


def _without(rule: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if key != "Next"}


def _values(
    one: Any,
    other: Any,
    kinds: set[str],
    unexplained: list[str],
    at: str,
    left: dict[str, Any],
    right: dict[str, Any],
) -> None:
    if one == other and type(one) is type(other):
        return
    for kind, explains in _KINDS.items():
        if explains(at, one, other, left, right):
            kinds.add(kind)
            return
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            _values(one.get(key, ...), other.get(key, ...), kinds, unexplained, f"{at}/{key}", left, right)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for position, (a, b) in enumerate(zip(one, other, strict=True)):
            _values(a, b, kinds, unexplained, f"{at}[{position}]", left, right)
    else:
        unexplained.append(f"{at}: {one!r} against {other!r}")


def _is_map(state: dict[str, Any]) -> bool:
    return state["Type"] == "Map"


Explains = Callable[[str, Any, Any, dict[str, Any], dict[str, Any]], bool]

_KINDS: Final[dict[str, Explains]] = {
    "metadata-from-context": lambda at, one, other, left, right: (
        isinstance(one, str) and one.startswith("$.__trace") and other in (_TRACE.get(one), ...)
    ),
    "all-errors": lambda at, one, other, left, right: (
        at.endswith("/ErrorEquals") and other == ["States.ALL"] and bool({"Exception", "BaseException"} & set(one))
    ),
    "exception-classes": lambda at, one, other, left, right: at.endswith("/ErrorEquals") and set(one) < set(other),
    "map-over-list": lambda at, one, other, left, right: (
        _is_map(left)
        and (
            (at.endswith("/ItemsPath") and one == f"{other}.items")
            or (at.endswith("/Parameters") and other is ...)
            or ("/Parameters/items_result_" in at and other is ...)
        )
    ),
    "parallel-result": lambda at, one, other, left, right: (
        left["Type"] == "Parallel" and at.endswith("/ResultPath") and one is ... and other is None
    ),
    "update-merges": lambda at, one, other, left, right: (
        left["Type"] == "Pass" and left.get("ResultPath") == "$" and at.rsplit("/", 1)[1] in _UPDATE_FIELDS
    ),
    "network-parameters": lambda at, one, other, left, right: (
        at.endswith(("/AwsvpcConfiguration/SecurityGroups", "/AwsvpcConfiguration/Subnets")) and len(other) == 1
    ),
    "class-timeout": lambda at, one, other, left, right: at.endswith("/TimeoutSeconds") and one == 300,
}
_UPDATE_FIELDS: Final = ("Result", "ResultPath", "Parameters", "OutputPath")
