"""`[?(…)]`: Jayway's comparison rules.

A path in a filter that leads nowhere is *undefined*, which equals nothing, not even itself. A number and the text of
that number are equal (`1 == '1'`), as in Jayway; `===` tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from penstock.asl.equality import equal
from penstock.asl.paths.regex import Regex, compile_regex
from penstock.asl.paths.search import Budget, Find, PathMiss
from penstock.asl.paths.syntax import AllOf, AnyOf, Compare, Exists, Literal, NotOf, Operand, Path, Pattern, Test

Check: TypeAlias = Callable[[Any, Budget], bool]
CompilePath: TypeAlias = Callable[[Path], Find]


class _Undefined:
    pass


_UNDEFINED: Final = _Undefined()


def compile_filter(test: Test, compile_path: CompilePath) -> Check:
    """The filter as a function of an element."""
    if isinstance(test, Exists):
        return _exists(test.path, compile_path)
    if isinstance(test, NotOf):
        inner = compile_filter(test.test, compile_path)
        return lambda item, budget: not inner(item, budget)
    if isinstance(test, AllOf):
        checks = [compile_filter(t, compile_path) for t in test.tests]
        return lambda item, budget: all(check(item, budget) for check in checks)
    if isinstance(test, AnyOf):
        checks = [compile_filter(t, compile_path) for t in test.tests]
        return lambda item, budget: any(check(item, budget) for check in checks)
    return _comparison(test, compile_path)


def _value(operand: Operand, compile_path: CompilePath) -> Find:
    if isinstance(operand, Path):
        find = compile_path(operand)
        from_item = operand.root == "@"

        def value(item: Any, budget: Budget) -> Any:
            budget.spend(1)
            try:
                return find(item if from_item else budget.root, budget)
            except PathMiss:
                budget.spend(0)  # a spent budget is not a miss
                return _UNDEFINED

        return value
    constant = operand.value if isinstance(operand, Literal) else operand.source
    return lambda item, budget: constant


def _exists(path: Path, compile_path: CompilePath) -> Check:
    value = _value(path, compile_path)
    if path.definite:
        return lambda item, budget: value(item, budget) is not _UNDEFINED
    return lambda item, budget: value(item, budget) not in (_UNDEFINED, [])


def _comparison(test: Compare, compile_path: CompilePath) -> Check:
    if isinstance(test.right, Pattern):
        return _matching(compile_regex(test.right.source, test.right.flags), _value(test.left, compile_path))
    if isinstance(test.left, Pattern):
        return _matching(compile_regex(test.left.source, test.left.flags), _value(test.right, compile_path))
    left, right = _value(test.left, compile_path), _value(test.right, compile_path)
    holds = _OPERATORS[test.operator]

    def check(item: Any, budget: Budget) -> bool:
        a, b = left(item, budget), right(item, budget)
        budget.spend((len(a) if isinstance(a, list) else 1) * (len(b) if isinstance(b, list) else 1))
        return holds(a, b)

    return check


def _matching(regex: Regex, value: Find) -> Check:
    def check(item: Any, budget: Budget) -> bool:
        found = value(item, budget)
        texts = found if isinstance(found, list) else [found]  # of an array, one element has to match
        for text in map(_as_text, texts):
            budget.spend(1 + len(text) * regex.size // 16)
            if regex.fullmatch(text):
                return True
        return False

    return check


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _equal(a: Any, b: Any) -> bool:
    if _is_number(a) and isinstance(b, str):
        a, b = b, a
    if isinstance(a, str) and _is_number(b):
        try:
            return Decimal(a) == Decimal(str(b)) if len(a) <= 400 else False
        except InvalidOperation:
            return False
    return same(a, b)


def same(a: Any, b: Any) -> bool:
    """Equality of values as they are: undefined equals nothing."""
    return a is not _UNDEFINED and equal(a, b)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds(a: Any, b: Any) -> bool:
        if (_is_number(a) and _is_number(b)) or (isinstance(a, str) and isinstance(b, str)):
            return compare(a, b)
        return False

    return holds


def _within(a: Any, items: Any) -> bool:
    return isinstance(items, list) and any(_equal(a, item) for item in items)


def _subset(a: Any, b: Any) -> bool:
    return isinstance(a, list) and isinstance(b, list) and all(_within(item, b) for item in a)


def _any_of(a: Any, b: Any) -> bool:
    return isinstance(a, list) and isinstance(b, list) and any(_within(item, b) for item in a)


def _contains(a: Any, b: Any) -> bool:
    if isinstance(a, str):
        return isinstance(b, str) and b in a
    return _within(b, a)


def _size(a: Any, b: Any) -> bool:
    return isinstance(a, (str, list, dict)) and _is_number(b) and len(a) == b


def _empty(a: Any, b: Any) -> bool:
    return isinstance(a, (str, list, dict)) and isinstance(b, bool) and (not a) is b


_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": _equal,
    "!=": lambda a, b: not _equal(a, b),
    "===": same,
    "!==": lambda a, b: not same(a, b),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "in": _within,
    "nin": lambda a, b: not _within(a, b),
    "subsetof": _subset,
    "anyof": _any_of,
    "noneof": lambda a, b: isinstance(a, list) and isinstance(b, list) and not _any_of(a, b),
    "all": lambda a, b: _subset(b, a),
    "contains": _contains,
    "size": _size,
    "empty": _empty,
}
