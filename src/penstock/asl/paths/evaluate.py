"""From a parsed path to a function over a document.

A definite path gives one value or misses, with Jayway's own sentence for why; the others give the list of what they
match. Both work off a step budget, so that no path can hold up other executions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from penstock.asl.paths import functions
from penstock.asl.paths.filters import compile_filter
from penstock.asl.paths.search import Budget, Find, PathMiss
from penstock.asl.paths.syntax import (
    Call,
    Filter,
    Indexes,
    LengthIndex,
    Operand,
    Path,
    Pattern,
    Property,
    Scan,
    Slice,
    Step,
    Wildcard,
)
from penstock.jsontools import dumps_text

Expand: TypeAlias = Callable[[list[Any], Budget], list[Any]]


def compile_steps(path: Path) -> Find:
    """The steps of a path as one function; what a root means is the caller's business."""
    steps = path.steps
    if path.definite:
        return _definite(steps)
    return _indefinite(steps)


def _definite(steps: tuple[Step, ...]) -> Find:
    for position, step in enumerate(steps):
        if isinstance(step, Call):
            return _function_path(steps[:position], step, steps[position + 1 :])

    def find(value: Any, budget: Budget) -> Any:
        return walk(steps, value)

    return find


def walk(steps: tuple[Step, ...], value: Any) -> Any:
    """Follows names and single indexes; raises PathMiss with Jayway's reason."""
    where = "$"
    last = len(steps) - 1
    in_array = False
    for position, step in enumerate(steps):
        if isinstance(step, Property):
            if not isinstance(value, dict):
                raise PathMiss(_not_an_object(step, where, value, in_array))
            if len(step.names) > 1:
                return {name: value[name] for name in step.names if name in value}
            name = step.names[0]
            where = f"{where}['{name}']"
            if name not in value:
                raise PathMiss(
                    f"No results for path: {where}" if position == last else f"Missing property in path {where}"
                )
            value = value[name]
            in_array = False
        else:
            value, where = _element(step, where, value, is_last=position == last)
            in_array = True
    return value


def _element(step: Step, where: str, value: Any, *, is_last: bool) -> tuple[Any, str]:
    index = step.indexes[0] if isinstance(step, Indexes) else step.offset if isinstance(step, LengthIndex) else 0
    if value is None:
        raise PathMiss(f"The path {where} is null")
    if not isinstance(value, list):
        raise PathMiss(f"Filter: [{index}] can only be applied to arrays. Current context is: {java_text(value)}")
    where = f"{where}[{index}]"
    effective = index + len(value) if index < 0 else index
    if not 0 <= effective < len(value):
        if is_last:
            raise PathMiss(None)
        return None, where
    return value[effective], where


_CLASSES: Final = {
    str: ("java.lang.String", "TextNode"),
    bool: ("java.lang.Boolean", "BooleanNode"),
    int: ("java.lang.Integer", "IntNode"),
    float: ("java.lang.Double", "DoubleNode"),
}


def _not_an_object(step: Property, where: str, value: Any, in_array: bool) -> str:
    names = ", ".join(f"'{name}'" for name in step.names)
    if isinstance(value, list):
        found = "com.fasterxml.jackson.databind.node.ArrayNode"
    elif value is None:
        found = "null"
    else:
        plain, node = _CLASSES[type(value)]
        found = f"com.fasterxml.jackson.databind.node.{node}" if in_array else plain
    return (
        f"Expected to find an object with property [{names}] in path {where} but found '{found}'. This is not a json "
        "object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'."
    )


def java_text(value: Any) -> str:
    """A value as Java prints it inside such a sentence: strings bare, the rest as JSON."""
    return value if isinstance(value, str) else dumps_text(value)


# -- paths that match many -------------------------------------------------------------------------------------------


def _indefinite(steps: tuple[Step, ...]) -> Find:
    prefix = 0
    while prefix < len(steps) and _is_single(steps[prefix]):
        prefix += 1
    # Recorded: a path that could match many gives an empty array even where the way to its first spreading step is
    # missing (`$.item.items[1:]` of `{}`).
    lead = steps[:prefix]
    expand = _spread(steps[prefix:])

    def find(value: Any, budget: Budget) -> Any:
        try:
            start = walk(lead, value)
        except PathMiss:
            return []
        return expand([start], budget)

    return find


def _is_single(step: Step) -> bool:
    return (
        (isinstance(step, Property) and len(step.names) == 1)
        or (isinstance(step, Indexes) and len(step.indexes) == 1)
        or isinstance(step, LengthIndex)
    )


def _spread(steps: tuple[Step, ...]) -> Expand:
    stages: list[Expand] = []
    position = 0
    while position < len(steps):
        step = steps[position]
        if isinstance(step, Scan):
            position += 1
            stages.append(_scan(steps[position]))
        else:
            is_last = position == len(steps) - 1
            stages.append(_stage(step, is_last=is_last))
        position += 1

    def expand(values: list[Any], budget: Budget) -> list[Any]:
        for stage in stages:
            values = stage(values, budget)
        return values

    return expand


def _stage(step: Step, *, is_last: bool) -> Expand:
    children = _children(step, is_last=is_last)

    def stage(values: list[Any], budget: Budget) -> list[Any]:
        found: list[Any] = []
        for value in values:
            more = children(value, budget)
            budget.spend(1 + len(more))
            found.extend(more)
        return found

    return stage


def _children(step: Step, *, is_last: bool) -> Find:
    if isinstance(step, Property):
        return _properties(step, merge=is_last and len(step.names) > 1)
    if isinstance(step, Wildcard):
        return lambda value, budget: (
            list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        )
    if isinstance(step, Indexes):
        indexes = step.indexes
        return lambda value, budget: _at(value, indexes)
    if isinstance(step, LengthIndex):
        offsets = (step.offset,)
        return lambda value, budget: _at(value, offsets)
    if isinstance(step, Slice):
        return _slice(step)
    if isinstance(step, Filter):
        return _filter(step)
    raise TypeError(f"{type(step).__name__} is no step of its own")


def _properties(step: Property, *, merge: bool) -> Find:
    names = step.names

    def find(value: Any, budget: Budget) -> Any:
        if not isinstance(value, dict):
            return []
        if merge:
            return [{name: value[name] for name in names if name in value}]
        return [value[name] for name in names if name in value]

    return find


def _at(value: Any, indexes: tuple[int, ...]) -> list[Any]:
    if not isinstance(value, list):
        return []
    length = len(value)
    # Jackson answers an index past the end with null, and Jayway keeps it.
    return [value[i] if 0 <= i < length else value[i] if -length <= i < 0 else None for i in indexes]


def _slice(step: Slice) -> Find:
    start, stop = step.start, step.stop

    def find(value: Any, budget: Budget) -> Any:
        if not isinstance(value, list):
            return []
        length = len(value)
        if stop is None:
            return value[max(0, length + start if start < 0 else start) :] if start is not None else value
        if start is None:
            return value[: max(0, length + stop if stop < 0 else stop)]
        # Jayway counts from start to stop as written, and reads each index by itself.
        end = min(length, stop)
        return _at(value, tuple(range(max(start, -length), end))) if start < end else []

    return find


def _filter(step: Filter) -> Find:
    test = compile_filter(step.test, compile_steps)

    def find(value: Any, budget: Budget) -> Any:
        if isinstance(value, dict):  # Jayway tests an object itself, an array's elements one by one
            return [value] if test(value, budget) else []
        if isinstance(value, list):
            return [item for item in value if test(item, budget)]
        return []

    return find


def _scanned_filter(step: Filter) -> Find:
    test = compile_filter(step.test, compile_steps)
    # Below `..`, Jayway asks each object itself; its parent array would only name it a second time.
    return lambda value, budget: [value] if isinstance(value, dict) and test(value, budget) else []


def _scanned_indexes(step: Indexes) -> Find:
    indexes = step.indexes
    return lambda value, budget: (
        [value[i] for i in indexes if -len(value) <= i < len(value)] if isinstance(value, list) else []
    )


def _scan(step: Step) -> Expand:
    if isinstance(step, Filter):
        children = _scanned_filter(step)
    elif isinstance(step, Indexes):
        children = _scanned_indexes(step)
    else:
        children = _children(step, is_last=False)

    def stage(values: list[Any], budget: Budget) -> list[Any]:
        found: list[Any] = []
        for value in values:
            pending = [value]
            while pending:
                item = pending.pop()
                more = children(item, budget)
                inside = list(item.values()) if isinstance(item, dict) else item
                budget.spend(1 + len(more) + len(inside))
                found.extend(more)
                pending.extend(x for x in reversed(inside) if isinstance(x, (dict, list)))
        return found

    def guarded(values: list[Any], budget: Budget) -> list[Any]:
        return stage([value for value in values if isinstance(value, (dict, list))], budget)

    return guarded


# -- functions --------------------------------------------------------------------------------------------------------


def _function_path(before: tuple[Step, ...], call: Call, after: tuple[Step, ...]) -> Find:
    source = compile_steps(Path("@", before, ""))
    arguments = [_argument(a) for a in call.arguments]
    rest = compile_steps(Path("@", after, "")) if after else None
    name = call.name

    def find(value: Any, budget: Budget) -> Any:
        target = source(value, budget)
        budget.spend(len(target) if isinstance(target, (list, dict)) else 1)
        try:
            result = functions.apply(name, target, [argument(value, budget) for argument in arguments])
        except functions.FunctionFailure as failure:
            raise PathMiss(str(failure)) from None
        return result if rest is None else rest(result, budget)

    return find


def _argument(argument: Operand) -> Find:
    if isinstance(argument, Path):
        find = compile_steps(argument)
        if argument.root == "@":
            return find
        return lambda value, budget: find(budget.root, budget)
    constant = argument.source if isinstance(argument, Pattern) else argument.value
    return lambda value, budget: constant
