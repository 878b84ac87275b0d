"""Path texts as functions of (data, scope), with AWS's sentence for the field that a path stands in.

The shapes that nearly every machine uses (`$`, `$.a`, `$.a.b`, `$.a[0]`, `$variable`) become closures of their own,
which only look at why they failed once they have.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeAlias

from penstock.asl.errors import RUNTIME
from penstock.asl.paths.evaluate import compile_steps
from penstock.asl.paths.search import Budget, Find, PathMiss
from penstock.asl.paths.syntax import Indexes, Path, Property, Step, parse
from penstock.asl.scope import Compute, EvaluationError, Scope, SyntaxProblem
from penstock.jsontools import Json, dumps_text


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final[Any] = _Missing()
"""What `compile_lookup` gives where a path leads nowhere."""

OnMiss: TypeAlias = Callable[[Json, Scope, str | None], Any]
"""What to do where a path leads nowhere: `(data, scope, reason)`, see PathMiss; gives the value to use or raises."""


@lru_cache(maxsize=4096)
def read_path(text: str) -> Path:
    """The parsed path. Raises SyntaxProblem."""
    return parse(text)


def check_path(text: str, *, reference: bool = False) -> None:
    """Raises SyntaxProblem if `text` is no path, or with `reference` no Reference Path (one that can only name one
    place: no wildcards, slices, filters, functions; spec, "Reference Paths")."""
    path = read_path(text)
    if reference and not path.is_reference:
        raise SyntaxProblem(f"The path {text!r} can match more than one place; a Reference Path names exactly one.")


@lru_cache(maxsize=4096)
def compile_path(text: str, *, field: str) -> Compute:
    """A path as a function of the state's data.

    `field` is the ASL field it stands in (`InputPath`, `Variable`, `SecondsPath`, `value.$`): it decides AWS's cause of
    the EvaluationError (States.Runtime) where the path leads nowhere. Raises SyntaxProblem.
    """
    path = read_path(text)
    return compile_find(path, _on_miss(path, field))


@lru_cache(maxsize=4096)
def compile_lookup(text: str) -> Compute:
    """A path that gives MISSING where it leads nowhere. Raises SyntaxProblem."""
    return compile_find(read_path(text), lambda data, scope, reason: MISSING)


def compile_find(path: Path, on_miss: OnMiss) -> Compute:
    """A parsed path as a function of data and scope."""
    if path.root == "$":
        return _on_data(path, _slowly(path, lambda data, scope: data, on_miss))
    if path.root == "$$":
        return _on_context(path, _slowly(path, lambda data, scope: dict(scope.context), on_miss))
    return _on_variable(path, on_miss)


def _slowly(path: Path, root: Callable[[Json, Scope], Any], on_miss: OnMiss) -> Compute:
    """The general form, which knows why it fails."""
    find: Find = compile_steps(path)

    def slowly(data: Json, scope: Scope) -> Any:
        document = root(data, scope)
        try:
            return find(document, Budget(document))
        except PathMiss as miss:
            reason = miss.reason
        return on_miss(data, scope, reason)

    return slowly


def _keys(steps: tuple[Step, ...]) -> list[str | int] | None:
    """The names and single indexes of a path that has nothing else."""
    keys: list[str | int] = []
    for step in steps:
        if isinstance(step, Property) and len(step.names) == 1:
            keys.append(step.names[0])
        elif isinstance(step, Indexes) and len(step.indexes) == 1:
            keys.append(step.indexes[0])
        else:
            return None
    return keys


def _on_data(path: Path, slowly: Compute) -> Compute:
    match _keys(path.steps):
        case []:
            return lambda data, scope: data
        case [str(a)]:

            def one(data: Any, scope: Scope) -> Any:
                try:
                    return data[a]
                except (KeyError, TypeError):
                    return slowly(data, scope)

            return one
        case [str(a), str(b)]:

            def two(data: Any, scope: Scope) -> Any:
                try:
                    return data[a][b]
                except (KeyError, TypeError):
                    return slowly(data, scope)

            return two
        case [str(a), str(b), str(c)]:

            def three(data: Any, scope: Scope) -> Any:
                try:
                    return data[a][b][c]
                except (KeyError, TypeError):
                    return slowly(data, scope)

            return three
        case [str(a), int(i)]:

            def element(data: Any, scope: Scope) -> Any:
                try:
                    items = data[a]
                    if type(items) is list:
                        return items[i]
                except (KeyError, TypeError, IndexError):
                    pass
                return slowly(data, scope)

            return element
        case list(keys):
            return _following(keys, lambda data, scope: data, slowly)
    return slowly


def _following(keys: list[str | int], root: Callable[[Json, Scope], Any], slowly: Compute) -> Compute:
    """Any run of names and indexes. Only a list may be indexed by a number: a text would give a character."""
    names = [key for key in keys if isinstance(key, str)]
    if len(names) == len(keys):

        def by_names(data: Json, scope: Scope) -> Any:
            value = root(data, scope)
            try:
                for name in names:
                    value = value[name]
            except (KeyError, TypeError):
                return slowly(data, scope)
            return value

        return by_names

    def follow(data: Json, scope: Scope) -> Any:
        value = root(data, scope)
        try:
            for key in keys:
                if type(key) is int and type(value) is not list:
                    return slowly(data, scope)
                value = value[key]
        except (KeyError, TypeError, IndexError):
            return slowly(data, scope)
        return value

    return follow


def _on_context(path: Path, slowly: Compute) -> Compute:
    match _keys(path.steps):
        case None:
            return slowly
        case []:
            return lambda data, scope: dict(scope.context)
        case list(keys):
            return _following(keys, lambda data, scope: scope.context, slowly)
    return slowly


def _on_variable(path: Path, on_miss: OnMiss) -> Compute:
    name = path.root
    if not path.steps:

        def variable(data: Json, scope: Scope) -> Any:
            try:
                return scope.variables[name]
            except KeyError:
                return on_miss(data, scope, f"Variable ${name} is not defined")

        return variable

    find = compile_steps(path)

    def inside(data: Json, scope: Scope) -> Any:
        try:
            value = scope.variables[name]
        except KeyError:
            return on_miss(data, scope, f"Variable ${name} is not defined")
        try:
            return find(value, Budget(value))
        except PathMiss as miss:
            reason = miss.reason
        return on_miss(data, scope, reason)

    keys = _keys(path.steps)
    if keys is None:
        return inside

    def unless_absent(data: Json, scope: Scope) -> Any:
        return scope.variables.get(name)  # what is absent fails in `follow`, and is explained by `inside`

    return _following(keys, unless_absent, inside)


# -- AWS's sentences ---------------------------------------------------------------------------------------------------

_WAIT_FIELDS: Final = ("SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath")
_NAMED_FIELDS: Final = ("ErrorPath", "CausePath")


def _on_miss(path: Path, field: str) -> OnMiss:
    text = path.jayway_text
    if field.endswith(".$") or field in _NAMED_FIELDS:
        return _template_miss(text, field)
    if field == "Variable" or (field.endswith("Path") and field[:-4] in CHOICE_COMPARISONS):
        cause = f"Invalid path '{text}': The choice state's condition path references an invalid value."
    elif field in _WAIT_FIELDS:
        cause = f"The {field} parameter does not reference an input value: {text}"
    elif field == "ItemsPath":
        # Recorded for a path that does not give an array; a missing one is none either.
        cause = f'Reference path "{text}" must point to array.'
    else:
        return _plain_miss(text)

    def miss(data: Json, scope: Scope, reason: str | None) -> Any:
        raise EvaluationError(RUNTIME, cause)

    return miss


def _template_miss(text: str, field: str) -> OnMiss:
    def miss(data: Json, scope: Scope, reason: str | None) -> Any:
        if reason is None:
            return None  # measured: `"v.$": "$.items[5]"` past the end is null
        raise EvaluationError(
            RUNTIME,
            f"The JSONPath '{text}' specified for the field '{field}' could not be found in the input "
            f"'{dumps_text(data)}'",
        )

    return miss


def _plain_miss(text: str) -> OnMiss:
    def miss(data: Json, scope: Scope, reason: str | None) -> Any:
        if reason is None:
            return None
        raise EvaluationError(RUNTIME, f"Invalid path '{text}' : {reason}")

    return miss


CHOICE_COMPARISONS: Final = frozenset(
    f"{kind}{relation}"
    for kind in ("String", "Numeric", "Timestamp")
    for relation in ("Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
) | {"BooleanEquals"}
"""The comparisons that have a `…Path` form."""
