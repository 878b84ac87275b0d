"""Payload templates: Parameters, ResultSelector, ItemSelector, Assign, … in JSONPath states.

A field whose name ends in `.$` has a path or an intrinsic function for a value. A template is compiled once: what does
not depend on data is shared by every value it makes, and a template without any `.$` is its own value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from penstock.asl.intrinsics import compile_intrinsic, is_intrinsic
from penstock.asl.paths import compile_path
from penstock.asl.scope import MOST_BYTES, Compute, Scope, SyntaxProblem, TooLarge
from penstock.jsontools import Json, weigh


def compile_template(template: Json, *, field: str) -> Compute:
    """A template as a function of data and scope.

    `field` is the ASL field the template stands in; AWS's causes name the inner field (`value.$`), so it only serves
    for a template that is itself a path. Raises SyntaxProblem for a `.$` field that holds neither a path nor a known
    function, and for `a` beside `a.$`.
    """
    try:
        compute = _compile(template)
        if compute is not None and _references(template) > FEW:
            compute = _weighed(template)
    except RecursionError:
        raise SyntaxProblem(f"The value of {field} is nested too deeply.") from None
    if compute is None:
        return lambda data, scope: template
    return compute


FEW: Final = 64
"""Ours: a template with more references than this is weighed while it is filled. Each may give the whole input, and the text
of a definition has room for a hundred thousand."""


def _references(template: Any) -> int:
    """How often a template can give what it is given."""
    if isinstance(template, dict):
        return sum(str(v).count("$") if k.endswith(".$") else _references(v) for k, v in template.items())
    if isinstance(template, list):
        return sum(map(_references, template))
    return 0


def _weighed(template: Json) -> Compute:
    """The same value, made one field after another; raises TooLarge."""
    computes: list[Compute] = []
    fill = _slots(template, computes)

    def compute(data: Json, scope: Scope) -> Json:
        left = MOST_BYTES
        values = []
        for each in computes:
            value = each(data, scope)
            left -= weigh(value, left)
            if left < 0:
                raise TooLarge
            values.append(value)
        filled: Json = fill(iter(values))
        return filled

    return compute


def _slots(template: Any, computes: list[Compute]) -> Callable[[Iterator[Json]], Any]:
    """Collects what a template computes, in order, and returns what puts the values in their places."""
    if isinstance(template, dict):
        fields: list[tuple[str, Callable[[Iterator[Json]], Any]]] = []
        for key, value in template.items():
            if key.endswith(".$"):
                computes.append(_compile_dynamic(key, value))
                fields.append((key[:-2], next))
            else:
                fields.append((key, _slots(value, computes)))
        return lambda values: {name: fill(values) for name, fill in fields}
    if isinstance(template, list):
        items = [_slots(item, computes) for item in template]
        return lambda values: [fill(values) for fill in items]
    return lambda values: template


def compile_value(text: str, *, field: str) -> Compute:
    """What a `.$` field, an ErrorPath or a CausePath holds: a path or an intrinsic function. Raises SyntaxProblem."""
    if is_intrinsic(text):
        return compile_intrinsic(text)
    return compile_path(text, field=field)


def is_constant(template: Json) -> bool:
    """Whether the template gives the same value for any data."""
    return _compile(template) is None


def _compile(template: Any) -> Compute | None:
    """None: the template is its own value."""
    if isinstance(template, dict):
        return _compile_object(template)
    if isinstance(template, list):
        return _compile_array(template)
    return None


def _compile_object(template: dict[str, Any]) -> Compute | None:
    base: dict[str, Any] = {}
    parts: list[tuple[str, Compute]] = []
    for key, value in template.items():
        if key.endswith(".$"):
            name = key[:-2]
            compute: Compute | None = _compile_dynamic(key, value)
        else:
            name = key
            compute = _compile(value)
        if name in base:
            raise SyntaxProblem(f"The field '{name}' is given twice: with and without '.$'.")
        base[name] = value if compute is None else None
        if compute is not None:
            parts.append((name, compute))
    if not parts:
        return None
    if len(base) == len(parts) <= 3:
        return _small(parts)

    def build(data: Json, scope: Scope) -> Json:
        result = base.copy()
        for name, compute in parts:
            result[name] = compute(data, scope)
        return result

    return build


def _small(parts: list[tuple[str, Compute]]) -> Compute:
    """Objects of one to three computed fields, the most usual ones, are made in one go."""
    match parts:
        case [(a, f)]:
            return lambda data, scope: {a: f(data, scope)}
        case [(a, f), (b, g)]:
            return lambda data, scope: {a: f(data, scope), b: g(data, scope)}
        case [(a, f), (b, g), (c, h)]:
            return lambda data, scope: {a: f(data, scope), b: g(data, scope), c: h(data, scope)}
    raise AssertionError(len(parts))


def _compile_dynamic(key: str, value: Any) -> Compute:
    if not isinstance(value, str):
        raise SyntaxProblem(
            f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
        )
    return compile_value(value, field=key)


def _compile_array(template: list[Any]) -> Compute | None:
    computes: list[tuple[int, Callable[[Json, Scope], Any]]] = []
    for position, item in enumerate(template):
        compute = _compile(item)
        if compute is not None:
            computes.append((position, compute))
    if not computes:
        return None

    def build(data: Json, scope: Scope) -> Json:
        result = template.copy()
        for position, compute in computes:
            result[position] = compute(data, scope)
        return result

    return build
