"""Constants: what an expression is worth before anything runs. Nothing of the user's is executed."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from typing import Any

from penstock.jsontools import Json

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_BITS = 4096
_MAX_TEXT = 100_000


class NotConstant(Exception):
    """`node` is the part whose value is not known, or that JSON cannot hold (`json` is then True)."""

    def __init__(self, node: ast.AST, message: str, *, json: bool = False) -> None:
        super().__init__(message)
        self.node = node
        self.message = message
        self.json = json


def fold(node: ast.expr, names: Mapping[str, Json]) -> Json:
    """The JSON value of a constant expression: literals, names of constants, arithmetic on numbers, f-strings of constants.

    Tuples become lists, as json.dumps makes them. Raises NotConstant.
    """
    match node:
        case ast.Constant(value=value):
            if value is None or isinstance(value, bool | int):
                return value
            if isinstance(value, str):
                if value.isascii() or not _SURROGATE.search(value):
                    return value
                raise NotConstant(node, "JSON cannot hold half of a surrogate pair", json=True)
            if isinstance(value, float) and math.isfinite(value):
                return value
            shown = "`...`" if value is ... else f"the {type(value).__name__} {ast.unparse(node)[:40]}"
            raise NotConstant(node, f"JSON cannot hold {shown}", json=True)
        case ast.Name(id=name):
            if name in names:
                return names[name]
            raise NotConstant(node, f"`{name}` is not a constant")
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [fold(item, names) for item in items]
        case ast.Dict(keys=keys, values=values):
            return _dict(node, keys, values, names)
        case ast.Set():
            raise NotConstant(node, "JSON cannot hold a set", json=True)
        case ast.UnaryOp(op=op, operand=operand):
            return _unary(node, op, fold(operand, names))
        case ast.BinOp(left=left, op=operator, right=right):
            result: Json = _binary(node, operator, fold(left, names), fold(right, names))
            return result
        case ast.JoinedStr(values=parts):
            return "".join(_piece(part, names) for part in parts)
        case ast.Subscript(value=value_node, slice=index):
            return _item(node, fold(value_node, names), fold(index, names))
    raise NotConstant(node, "its value is not known before Python runs")


def _dict(node: ast.AST, keys: list[Any], values: list[ast.expr], names: Mapping[str, Json]) -> Json:
    result: dict[str, Any] = {}
    for key, value in zip(keys, values, strict=True):
        if key is None:
            inner = fold(value, names)
            if not isinstance(inner, dict):
                raise NotConstant(value, "only a dict can be unpacked into a dict")
            result.update(inner)
            continue
        name = fold(key, names)
        if not isinstance(name, str):
            raise NotConstant(key, "JSON has only text as keys", json=True)
        result[name] = fold(value, names)
    return result


def _unary(node: ast.AST, op: ast.unaryop, value: Json) -> Json:
    if isinstance(op, ast.USub) and _number(value):
        return -value  # type: ignore[operator]  # _number says so
    if isinstance(op, ast.UAdd) and _number(value):
        return value
    if isinstance(op, ast.Not):
        return not value
    raise NotConstant(node, "the operator does not apply to this constant")


def _number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _binary(node: ast.AST, op: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(op, ast.Add) and type(left) is type(right) and isinstance(left, str | list):
        if len(left) + len(right) > _MAX_TEXT:
            raise NotConstant(node, "the result is too large")
        joined: Any = left
        return joined + right
    if not (_number(left) and _number(right)):
        raise NotConstant(node, "the operator does not apply to these constants")
    try:
        result = _arithmetic(node, op, left, right)
    except ZeroDivisionError:
        raise NotConstant(node, "this divides by zero") from None
    except OverflowError:
        raise NotConstant(node, "the result is too large") from None
    if (isinstance(result, float) and not math.isfinite(result)) or isinstance(result, complex):
        raise NotConstant(node, "JSON cannot hold the result", json=True)
    return result


def _arithmetic(node: ast.AST, op: ast.operator, left: Any, right: Any) -> Any:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > _MAX_BITS:
                raise NotConstant(node, "the result is too large")
            return left * right
        case ast.Div():
            return left / right
        case ast.FloorDiv():
            return left // right
        case ast.Mod():
            return left % right
        case ast.Pow():
            if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > _MAX_BITS:
                raise NotConstant(node, "the result is too large")
            return left**right
    raise NotConstant(node, "the operator does not apply to these constants")


def _piece(part: ast.expr, names: Mapping[str, Json]) -> str:
    if isinstance(part, ast.Constant):
        return str(fold(part, names))
    if isinstance(part, ast.FormattedValue) and part.conversion == -1 and part.format_spec is None:
        value = fold(part.value, names)
        if isinstance(value, list | dict):
            raise NotConstant(part, "a list or dict has no single way to be written as text")
        return str(value)
    raise NotConstant(part, "format specifications are not known before running")


def _item(node: ast.AST, value: Json, index: Json) -> Json:
    try:
        return value[index]  # type: ignore[index]
    except (TypeError, KeyError, IndexError):
        raise NotConstant(node, "the constant has no such item") from None
