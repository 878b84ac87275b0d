"""`{% … %}` in a payload: compiled once, evaluated with `$states` and the variables, failing with AWS's causes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol, TypeAlias

from penstock.asl.errors import QUERY_EVALUATION_ERROR
from penstock.asl.jsonata.evaluate import compile_expression
from penstock.asl.jsonata.faults import InternalFault, JsonataFault, stack_fault
from penstock.asl.jsonata.references import states_fields
from penstock.asl.jsonata.syntax import Node
from penstock.asl.jsonata.values import UNDEFINED, Function
from penstock.asl.scope import MOST_BYTES, Compute, EvaluationError, Scope, SyntaxProblem, TooLarge
from penstock.asl.timestamps import to_seconds
from penstock.clock import Entropy
from penstock.jsontools import Json, dumps_text

OPENING: Final = "{%"
CLOSING: Final = "%}"


class Evaluator(Protocol):
    """What evaluates one expression text. `CompiledExpression` is ours; another engine would stand behind this."""

    @property
    def tree(self) -> Node: ...

    def evaluate(
        self,
        input_: Any,
        variables: dict[str, Any],
        *,
        outer: Mapping[str, Any],
        entropy: Callable[[], Entropy],
        now: Callable[[], float],
    ) -> Any: ...


Compile: TypeAlias = Callable[[str], Evaluator]


def is_expression(value: Json) -> bool:
    """Whether a value is an expression: a text that starts with `{%` and ends with `%}`, blanks not allowed outside."""
    return isinstance(value, str) and len(value) >= 4 and value.startswith(OPENING) and value.endswith(CLOSING)


def expression_text(value: str) -> str:
    """What stands between `{%` and `%}`, trimmed: AWS quotes it so."""
    return value[2:-2].strip()


def expressions(value: Json, *, path: str = "") -> Iterator[tuple[str, str]]:
    """Every expression in a payload: where (`/a/b[0]`, behind `path`) and its text."""
    if isinstance(value, str):
        if is_expression(value):
            yield path, expression_text(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from expressions(item, path=f"{path}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from expressions(item, path=f"{path}[{index}]")


def compile_jsonata(
    value: Json, *, field: str, expect: str | None = None, evaluator: Compile = compile_expression
) -> Compute:
    """A payload with `{% … %}` at any depth as a function of data and scope. Raises SyntaxProblem.

    `data` is `$states.input`; `scope.context` and `scope.variables` are what they say, and a scope may have `states`, a
    mapping with `result` or `errorOutput` where they exist. `field` begins AWS's field path (`Output`, `Catch[1]/Output`).
    With `expect` (`array`, `boolean`, `number`, `string`, `object`, or several with `|` between), an expression that is the
    whole value must give that type.

    The function raises EvaluationError (States.QueryEvaluationError), TooLarge.
    """
    try:
        part = _compile(value, field, expect, evaluator)
    except RecursionError:
        raise SyntaxProblem(f"The value of {field} is nested too deeply.") from None
    if part is None:
        return lambda data, scope: value
    return lambda data, scope: part(data, scope, _Scales())


class _Scales:
    """What is left for the values of one payload."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_BYTES

    def take(self, weight: int) -> None:
        """At least so many bytes more. Raises TooLarge."""
        self.left -= weight
        if self.left < 0:
            raise TooLarge


_Part: TypeAlias = Callable[[Json, Scope, _Scales], Json]


def _compile(value: Any, field: str, expect: str | None, evaluator: Compile) -> _Part | None:
    """None: the value is its own result."""
    if isinstance(value, str):
        return _compile_text(expression_text(value), field, expect, evaluator) if is_expression(value) else None
    if isinstance(value, dict):
        fields = [(key, _compile(item, f"{field}/{key}", None, evaluator)) for key, item in value.items()]
        return _assembled(value, [(key, compute) for key, compute in fields if compute is not None])
    if isinstance(value, list):
        items = [(index, _compile(item, f"{field}[{index}]", None, evaluator)) for index, item in enumerate(value)]
        return _assembled(value, [(index, compute) for index, compute in items if compute is not None])
    return None


def _assembled(value: Any, parts: list[tuple[Any, _Part]]) -> _Part | None:
    if not parts:
        return None

    def build(data: Json, scope: Scope, scales: _Scales) -> Json:
        result = value.copy()
        for key, compute in parts:
            result[key] = compute(data, scope, scales)
        built: Json = result
        return built

    return build


def _compile_text(text: str, field: str, expect: str | None, evaluator: Compile) -> _Part:
    try:
        expression = evaluator(text)
    except JsonataFault as fault:
        raise SyntaxProblem(fault.message, fault.position) from None
    used = states_fields(expression.tree)
    subject = f"The JSONata expression '{text}' specified for the field '{field}'"

    def compute(data: Json, scope: Scope, scales: _Scales) -> Json:
        own = {"states": _states(data, scope, used)} if used else {}
        try:
            value = expression.evaluate(
                UNDEFINED, own, outer=scope.variables, entropy=lambda: scope.entropy, now=lambda: _now(scope)
            )
            result: Json = _checked(_as_json(value, scales), expect)
            return result
        except _Unfit as problem:
            reason = str(problem)
        except JsonataFault as fault:
            separator = f". {fault.code}:" if fault.code is not None else ":"
            reason = f"threw an error during evaluation{separator} {fault.message}"
        except InternalFault:
            reason = f"threw an internal error during evaluation. {scope.entropy.uuid4()}"
        except RecursionError:
            reason = f"threw an error during evaluation: {stack_fault().message}"
        raise EvaluationError(QUERY_EVALUATION_ERROR, f"{subject} {reason}", field)

    return compute


def _states(data: Json, scope: Scope, used: frozenset[str]) -> dict[str, Any]:
    """`$states`, with only what the expression asks for: the context object is not built for nothing."""
    states: dict[str, Any] = {"input": data}
    more: Mapping[str, Json] = getattr(scope, "states", None) or {}
    states.update(more)
    if "context" in used or "*" in used:
        states["context"] = scope.context
    return states


def _now(scope: Scope) -> float:
    """The time of an evaluation is when its state was entered: the scope knows no later one."""
    state = scope.context.get("State")
    entered = state.get("EnteredTime") if isinstance(state, dict) else None
    return (to_seconds(entered) if isinstance(entered, str) else None) or 0.0


class _Unfit(Exception):
    """The result is no JSON, or not of the type that the field takes."""


def _as_json(value: Any, scales: _Scales) -> Any:
    """The result as JSON: plain arrays, whole numbers as integers, numbers that JSON lacks as texts (measured)."""
    if value is UNDEFINED:
        raise _Unfit("returned nothing (undefined).")
    if isinstance(value, Function):
        raise _Unfit("returned an unsupported result type.")
    return _plain(value, scales)


def _plain(value: Any, scales: _Scales) -> Any:
    kind = type(value)
    if kind is str:
        scales.take(len(value))
        return value
    if kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return _plain_number(value)
    if kind is dict:
        changed: dict[str, Any] | None = None
        scales.take(1 + 4 * len(value))
        for key, item in value.items():
            plain = _plain(item, scales)
            if plain is not item:
                if changed is None:
                    changed = dict(value)
                changed[key] = plain
        return value if changed is None else changed
    if isinstance(value, list):
        items: list[Any] = []
        changed_item = kind is not list
        scales.take(1 + len(value))
        for item in value:  # a comprehension would be a second Python frame at every level
            plain = _plain(item, scales)
            changed_item = changed_item or plain is not item
            items.append(plain)
        return items if changed_item else value
    if isinstance(value, Function):
        raise _Unfit("returned an unsupported result type.")
    if isinstance(value, Mapping):
        return {key: _plain(item, scales) for key, item in value.items()}
    raise _Unfit("returned an unsupported result type.")


def _plain_number(value: float) -> Any:
    if math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) <= 2**53 else value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


_TYPES: Final[dict[type, str]] = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


def _checked(value: Any, expect: str | None) -> Any:
    if expect is not None and _TYPES[type(value)] not in expect.split("|"):
        raise _Unfit(
            f"returned an unexpected result type. Expected '{expect.partition('|')[0]}', but was "
            f"'{_TYPES[type(value)]}' for value: {dumps_text(value)}"
        )
    return value
