"""Paths, steps, predicates, grouping, sorting and `|…|…|`: how values flow from one step to the next.

A path maps each step over what the one before it gave and flattens the results. Steps that bind a variable (`@$v`, `#$i`,
or one that a later `%` refers to) carry tuples instead: the value under `@`, and what has been bound so far.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, Final

from penstock.asl.jsonata.faults import JsonataFault
from penstock.asl.jsonata.signatures import Signature
from penstock.asl.jsonata.syntax import Node
from penstock.asl.jsonata.values import (
    UNDEFINED,
    Constructed,
    Frame,
    Function,
    Runtime,
    Sequence,
    append,
    check_items,
    is_number,
    is_numbers,
    is_strings,
    truth,
)

Run = Callable[[Any, Frame], Any]

TRANSFORM_SIGNATURE: Final = Signature("<(oa):o>")


class Stage:
    """One predicate behind a step: a fixed index, a test, or (`#$i` behind a predicate) the binding of a position."""

    __slots__ = ("binds", "index", "test")

    def __init__(self, test: Run | None, index: int | None, binds: str | None) -> None:
        self.test = test
        self.index = index
        self.binds = binds

    def apply(self, value: Any, frame: Frame) -> Any:
        """What of `value` passes."""
        if self.binds is not None:
            for position, item in enumerate(value if isinstance(value, list) else ()):
                item[self.binds] = position
            return value
        if value is UNDEFINED:
            items: list[Any] = []
            tuples = False
        else:
            items = value if isinstance(value, list) else [value]
            tuples = type(value) is Sequence and value.tuples
        if self.index is not None:
            return _at(items, self.index, tuples=tuples)
        return self._filtered(items, frame, tuples=tuples)

    def _filtered(self, items: list[Any], frame: Frame, *, tuples: bool) -> Any:
        test = self.test
        assert test is not None
        frame.runtime.spend(len(items))
        length = len(items)
        result = Sequence()
        result.tuples = tuples
        for position, item in enumerate(items):
            context, inner = (item["@"], frame_of(frame, item)) if tuples else (item, frame)
            found = test(context, inner)
            if found is True:
                result.append(item)
            elif is_number(found) or (isinstance(found, list) and found and is_numbers(found)):
                for number in found if isinstance(found, list) else (found,):
                    if math.isfinite(number):
                        wanted = math.floor(number)
                        if (wanted + length if wanted < 0 else wanted) == position:
                            result.append(item)
            elif truth(found):
                result.append(item)
        return result


def _at(items: list[Any], index: int, *, tuples: bool) -> Any:
    result = Sequence()
    result.tuples = tuples
    effective = index + len(items) if index < 0 else index
    if 0 <= effective < len(items):
        item = items[effective]
        if isinstance(item, list):
            return item
        result.append(item)
    return result


class Step:
    """A step of a path: its function, its predicates, and for `^(…)` its terms."""

    __slots__ = ("ancestor", "constructs", "focus", "index", "run", "stages", "terms", "tuple")

    def __init__(self, node: Node, run: Run | None, stages: list[Stage], terms: list[tuple[bool, Run]] | None) -> None:
        self.run = run
        self.stages = stages
        self.terms = terms
        self.focus: str | None = node.focus
        self.index: str | None = node.index
        self.ancestor: Node | None = node.ancestor
        self.constructs = bool(node.consarray)
        self.tuple = bool(node.tuple)


def frame_of(frame: Frame, bindings: dict[str, Any]) -> Frame:
    """A frame with what a tuple has bound."""
    inner = Frame(frame, frame.runtime, frame.base)
    inner.variables = bindings
    return inner


def compile_path(node: Node, steps: list[Step], group_pairs: list[tuple[Run, Run]] | None) -> Run:
    """A path as a function."""
    starts_with_variable = node.steps[0].type == "variable"
    keep_singleton = bool(node.keep_singleton)
    carries_tuples = bool(node.tuple)
    last = len(steps) - 1

    def path(input_: Any, frame: Frame) -> Any:
        if isinstance(input_, list) and not starts_with_variable:
            items: Any = input_
        else:
            items = [input_]
        result: Any = UNDEFINED
        bindings: Sequence | None = None
        tuples = False
        for position, step in enumerate(steps):
            if step.tuple:
                tuples = True
            if position == 0 and step.constructs:
                assert step.run is not None
                result = step.run(items, frame)
            elif tuples:
                bindings = _tuple_step(step, items, bindings, frame)
            else:
                result = _step(step, items, frame, is_last=position == last)
            if not tuples and (result is UNDEFINED or (isinstance(result, list) and not result)):
                break
            if step.focus is None and not tuples:
                items = result if isinstance(result, list) else [result]
        if tuples:
            if carries_tuples:
                result = bindings if bindings is not None else Sequence()
            else:
                result = Sequence(item["@"] for item in bindings or ())
        if keep_singleton and isinstance(result, list):
            if type(result) is Constructed:
                result = Sequence([result])
            if type(result) is Sequence:
                result.keep_singleton = True  # any other array stays one anyway
        if group_pairs is not None:
            result = group(group_pairs, bindings if tuples else result, frame)
        return result

    if any(step.tuple or step.terms is not None for step in steps) or group_pairs is not None or keep_singleton:
        return path
    return _through_objects(node, steps, path)


def _through_objects(node: Node, steps: list[Step], path: Run) -> Run:
    """`$states.input.a.b` and `a.b`: names are followed without a list at every step while what they meet is an object;
    `path` does the rest, or all of it."""
    start = steps[0].run if node.steps[0].type == "variable" else None
    if start is not None and (steps[0].stages or node.steps[0].predicate is not None):
        return path
    names: list[str] = []
    for step, compiled in zip(node.steps[start is not None :], steps[start is not None :], strict=True):
        if step.type != "name" or step.keep_array or compiled.stages or compiled.constructs:
            break
        names.append(step.value)
    if not names:
        return path
    rest = steps[len(names) + (start is not None) :]
    last = len(rest) - 1

    def direct(input_: Any, frame: Frame) -> Any:
        value = input_ if start is None else start(input_, frame)
        for name in names:
            if type(value) is not dict:
                return path(input_, frame)
            value = value.get(name, UNDEFINED)
            if value is UNDEFINED:
                return UNDEFINED
        if isinstance(value, list) and type(value) is not list:
            return path(input_, frame)
        for position, step in enumerate(rest):
            value = _step(step, value if isinstance(value, list) else [value], frame, is_last=position == last)
            if not value:
                break
        return value

    return direct


def _step(step: Step, items: Any, frame: Frame, *, is_last: bool) -> Any:
    if step.terms is not None:
        return _staged(step, sort(step.terms, items, frame), frame)
    run = step.run
    assert run is not None
    frame.runtime.spend(len(items))
    found: list[Any] = []
    for item in items:
        value = run(item, frame)
        for stage in step.stages:
            value = stage.apply(value, frame)
        if value is not UNDEFINED:
            found.append(value)
    if is_last and len(found) == 1 and isinstance(found[0], list) and type(found[0]) is not Sequence:
        return found[0]
    result = Sequence()
    for value in found:
        if isinstance(value, list) and type(value) is not Constructed:
            result.extend(value)
        else:
            result.append(value)
    return result


def _staged(step: Step, value: Any, frame: Frame) -> Any:
    for stage in step.stages:
        value = stage.apply(value, frame)
    return value


def _tuple_step(step: Step, items: Any, bindings: Sequence | None, frame: Frame) -> Sequence:
    if step.terms is not None:
        result = _sorted_tuples(step, step.terms, items, bindings, frame)
        staged = _staged(step, result, frame)
        return staged if isinstance(staged, Sequence) else result
    run = step.run
    assert run is not None
    result = Sequence()
    result.tuples = True
    before: Any = bindings if bindings is not None else [{"@": item} for item in items]
    frame.runtime.spend(len(before))
    for binding in before:
        found = run(binding["@"], frame_of(frame, binding))
        if found is UNDEFINED:
            continue
        nested = type(found) is Sequence and found.tuples
        for position, value in enumerate(found if isinstance(found, list) else (found,)):
            entry = dict(binding)
            if nested:
                entry.update(value)
            else:
                entry[step.focus if step.focus is not None else "@"] = value
                if step.index is not None:
                    entry[step.index] = position
                if step.ancestor is not None:
                    entry[step.ancestor.label] = binding["@"]
            result.append(entry)
    check_items(len(result))
    staged = _staged(step, result, frame)
    if isinstance(staged, Sequence):
        staged.tuples = True
        return staged
    return result


def _sorted_tuples(
    step: Step, terms: list[tuple[bool, Run]], items: Any, bindings: Sequence | None, frame: Frame
) -> Sequence:
    if bindings is not None:
        result = sort(terms, bindings, frame)
        result.tuples = True
        return result
    result = Sequence()
    result.tuples = True
    for position, value in enumerate(sort(terms, items, frame)):
        entry = {"@": value}
        if step.index is not None:
            entry[step.index] = position
        result.append(entry)
    return result


# -- names ------------------------------------------------------------------------------------------------------------


def lookup(value: Any, name: str) -> Any:
    """A field of an object, or of every object in an array."""
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if isinstance(value, list):
        result = Sequence()
        for item in value:
            found = lookup(item, name)
            if found is UNDEFINED:
                continue
            if isinstance(found, list):
                result.extend(found)
            else:
                result.append(found)
        return result
    return UNDEFINED


def wildcard(value: Any) -> list[Any]:
    """`*`: every field's value, arrays flattened; with an array among them the result stays one, whatever its length."""
    if type(value) is Sequence and value.outer and value:
        value = value[0]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    result: list[Any] = []
    arrays = False
    for item in inner:
        if isinstance(item, list):
            arrays = True
            result.extend(flatten(item))
        else:
            result.append(item)
    return result if arrays else Sequence(result)


def flatten(value: Any) -> list[Any]:
    """An array without arrays in it."""
    result: list[Any] = []
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(reversed(item))
        else:
            result.append(item)
    return result


def descendants(value: Any, runtime: Runtime) -> Any:
    """`**`: the value and everything below it, arrays replaced by what they hold."""
    if value is UNDEFINED:
        return UNDEFINED
    result = Sequence()
    pending = [value]
    while pending:
        runtime.spend(1)
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(reversed(item))
            continue
        result.append(item)
        if isinstance(item, dict):
            pending.extend(reversed(item.values()))
    return result


# -- grouping and sorting ----------------------------------------------------------------------------------------------


def group(pairs: list[tuple[Run, Run]], input_: Any, frame: Frame) -> dict[str, Any]:
    """`{key: value, …}` over an input: items with the same key are gathered, then each group's value computed."""
    tuples = type(input_) is Sequence and input_.tuples
    items: list[Any] = input_ if isinstance(input_, list) else [input_]
    if not items:
        if tuples:
            return {}
        items = [UNDEFINED]
    frame.runtime.spend(len(items) * len(pairs))
    groups: dict[str, tuple[int, list[Any], bool]] = {}
    for item in items:
        inner = frame_of(frame, item) if tuples else frame
        for index, (key_of, _) in enumerate(pairs):
            key = key_of(item["@"] if tuples else item, inner)
            if key is UNDEFINED:
                continue
            if not isinstance(key, str):
                raise JsonataFault("T1003", value=key)
            entry = groups.get(key)
            if entry is None:
                groups[key] = (index, [item], False)
            elif entry[0] != index:
                raise JsonataFault("D1009", value=key)
            else:
                entry[1].append(item)
    result: dict[str, Any] = {}
    for key, (index, members, _) in groups.items():
        context: Any = members[0] if len(members) == 1 else _appended(members, tuples=tuples)
        inner = frame
        if tuples:
            merged = _merged(members)
            context = merged.pop("@")
            inner = frame_of(frame, merged)
        value = pairs[index][1](context, inner)
        if value is not UNDEFINED:
            result[key] = value
    return result


def _appended(members: list[Any], *, tuples: bool) -> Any:
    if tuples:
        return members
    defined = [member for member in members if member is not UNDEFINED]
    if len(defined) < 2:
        return defined[0] if defined else UNDEFINED
    result: list[Any] = []
    for member in defined:
        if isinstance(member, list):
            result.extend(member)
        else:
            result.append(member)
    return result


def _merged(tuples: list[dict[str, Any]]) -> dict[str, Any]:
    result = dict(tuples[0])
    for entry in tuples[1:]:
        for name, value in entry.items():
            result[name] = append(result.get(name, UNDEFINED), value)
    return result


def sort(terms: list[tuple[bool, Run]], value: Any, frame: Frame) -> Sequence:
    """`^(a, >b)`: stable; what has no value for a term comes last."""
    items: list[Any] = value if isinstance(value, list) else [value]
    tuples = type(value) is Sequence and value.tuples
    frame.runtime.spend(len(items) * (1 + len(items).bit_length()))

    def key_of(item: Any) -> list[Any]:
        if tuples:
            inner = frame_of(frame, item)
            return [term(item["@"], inner) for _, term in terms]
        return [term(item, frame) for _, term in terms]

    def compare(a: tuple[list[Any], Any], b: tuple[list[Any], Any]) -> int:
        for (descending, _), x, y in zip(terms, a[0], b[0], strict=True):
            order = _order(x, y)
            if order:
                # What is undefined stays last in both directions.
                return -order if descending and x is not UNDEFINED and y is not UNDEFINED else order
        return 0

    keyed = [(key_of(item), item) for item in items]
    keyed.sort(key=functools.cmp_to_key(compare))
    result = Sequence(item for _, item in keyed)
    result.tuples = tuples
    return result


def _order(x: Any, y: Any) -> int:
    if x is UNDEFINED:
        return 0 if y is UNDEFINED else 1
    if y is UNDEFINED:
        return -1
    for value in (x, y):
        if not isinstance(value, str) and not is_number(value):
            raise JsonataFault("T2008", value=value)
    if isinstance(x, str) is not isinstance(y, str):
        raise JsonataFault("T2007", value=x, value2=y)
    return int(x > y) - int(x < y)


# -- transform --------------------------------------------------------------------------------------------------------


def transform(
    value: Any, *, find: Callable[[Any], Any], update: Callable[[Any], Any], delete: Callable[[Any], Any] | None
) -> Any:
    """`| place | changes, deletions |`: a copy of the value with the matched objects changed."""
    if value is UNDEFINED:
        return UNDEFINED
    result = _copied(value)
    matches = find(result)
    if matches is UNDEFINED:
        return result
    for match in matches if isinstance(matches, list) else [matches]:
        changes = update(match)
        if changes is not UNDEFINED:
            if not isinstance(changes, dict):
                raise JsonataFault("T2011", value=changes)
            if isinstance(match, dict):
                match.update(changes)
        if delete is None:
            continue
        deletions = delete(match)
        if deletions is UNDEFINED:
            continue
        names = deletions if isinstance(deletions, list) else [deletions]
        if not is_strings(names):
            raise JsonataFault("T2012", value=deletions)
        if isinstance(match, dict):
            for name in names:
                match.pop(name, None)
    return result


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items() if not isinstance(item, Function)}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
