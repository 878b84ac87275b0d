"""Conditions: Python's tests as Choice rules, typed by literals and casts, and refused where the type is not known."""

from __future__ import annotations

import ast
import math
import operator
from dataclasses import dataclass
from typing import Any, Final

from penstock.asl import model
from penstock.asl.timestamps import parse_timestamp
from penstock.script.lower.context import Context
from penstock.script.lower.values import Const, Ref, Value, kind_of

_CASTS: Final = {"str": "String", "int": "Numeric", "float": "Numeric", "bool": "Boolean", "timestamp": "Timestamp"}
_TYPES: Final = {
    "str": "String",
    "int": "Numeric",
    "float": "Numeric",
    "bool": "Boolean",
    "null": "Null",
    "list": "List",
    "dict": "Dict",
}
_WORDS: Final = {
    "String": "text",
    "Numeric": "a number",
    "Boolean": "a boolean",
    "Timestamp": "a timestamp",
    "Null": "None",
    "List": "a list",
    "Dict": "a dict",
}
_RELATIONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "Equals",
    ast.Is: "Equals",
    ast.NotEq: "Equals",
    ast.IsNot: "Equals",
    ast.Lt: "LessThan",
    ast.LtE: "LessThanEquals",
    ast.Gt: "GreaterThan",
    ast.GtE: "GreaterThanEquals",
}
_MIRROR: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
}
_PYTHON: Final[dict[str, Any]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison: the value, the type a cast claims, and for `.get` where it may be missing."""

    node: ast.expr
    value: Const | Ref
    cast: str | None = None
    parent: Ref | None = None
    default: Const | None = None

    @property
    def type(self) -> str | None:
        """`String`, `Numeric`, … where it is known."""
        if self.cast:
            return self.cast
        if isinstance(self.value, Const):
            return _TYPES[kind_of(self.value.value)]
        types = {_TYPES.get(kind) if kind else None for kind in self.value.kinds}
        return types.pop() if len(types) == 1 else None


def is_test(context: Context, node: ast.expr) -> bool:
    """Whether an expression is a test by its form, so that its value is True or False."""
    match node:
        case ast.Compare():
            return True
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp(values=values):
            return all(is_test(context, value) for value in values)
        case ast.Call(func=ast.Name(id="bool")):
            return "bool" not in context.declarations.names()
        case ast.Name(id=name) if name in context.frame.variables:
            return context.frame.variables[name].kinds == {"bool"}
    return False


def exists(place: Ref) -> model.Test:
    """Always true where the place exists; where it does not, it fails the execution, as Python's KeyError would."""
    return model.Not(rule=model.Comparison(variable=place.path, operator="IsNull", operand=True))


def presence(place: Ref, parent: Ref) -> model.Test:
    """Whether a key is there; its dict must be."""
    test = model.Comparison(variable=place.path, operator="IsPresent", operand=True)
    if parent.path in ("$", "$$"):
        return test
    return model.And(rules=(exists(parent), test))


def test_of(context: Context, node: ast.expr) -> model.Test:
    """The Choice rule of a test. Reports and raises Refused where there is none."""
    report = context.report
    match node:
        case ast.BoolOp(op=op, values=values):
            rules = tuple(test_of(context, value) for value in values)
            return model.And(rules=rules) if isinstance(op, ast.And) else model.Or(rules=rules)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return model.Not(rule=test_of(context, inner))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [left, *comparators]
            tests = tuple(_compare(context, node, sides[i], ops[i], sides[i + 1]) for i in range(len(ops)))
            return tests[0] if len(tests) == 1 else model.And(rules=tests)
        case ast.Call(func=ast.Name(id="bool"), args=[inner], keywords=[]):
            return _truth(context, node, _operand(context, inner), cast=True)
        case ast.Call(func=ast.Name(id="bool")):
            report.refuse("PS303", node, "`bool` takes one argument", help='write bool(data["key"])')
    return _truth(context, node, _operand(context, node), cast=False)


def _truth(context: Context, node: ast.expr, side: Operand, *, cast: bool) -> model.Test:
    report = context.report
    if isinstance(side.value, Const):
        report.refuse(
            "PS405", node, "this test is always the same", help="remove the test, or compare a part of `data`"
        )
    path = side.value.path
    kinds = side.value.kinds
    test: model.Test
    if cast or kinds == {"bool"}:
        test = model.Comparison(variable=path, operator="BooleanEquals", operand=True)
    elif kinds == {"str"}:
        test = model.Not(rule=model.Comparison(variable=path, operator="StringEquals", operand=""))
    elif kinds and kinds <= {"int", "float"}:
        test = model.Not(rule=model.Comparison(variable=path, operator="NumericEquals", operand=0))
    else:
        shown = report.spans.text(node) or "it"
        report.refuse(
            "PS401",
            node,
            f"the type of `{shown}` is not known, so there is no test for it",
            label="true or empty?",
            help=f'write bool({shown}) for a boolean, {shown} != "" for text, {shown} > 0 for a number',
        )
    if side.parent is None:
        return test
    if side.default is None or side.default.value:
        report.refuse(
            "PS404", node, "this default makes the test true", help='compare instead: data.get("key", ...) == ...'
        )
    return model.And(rules=(presence(side.value, side.parent), test))


def _operand(context: Context, node: ast.expr) -> Operand:
    from penstock.script.lower.expressions import get_parts, is_get, later, value_of

    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CASTS:
        name = node.func.id
        if len(node.args) != 1 or node.keywords:
            context.report.refuse("PS303", node, f"`{name}` takes one argument", help=f'write {name}(data["key"])')
        inner = _operand(context, node.args[0])
        if isinstance(inner.value, Const):
            return Operand(
                node,
                Const(_cast_constant(context, node, name, inner.value)),
                "Timestamp" if name == "timestamp" else None,
            )
        return Operand(node, inner.value, _CASTS[name], inner.parent, inner.default)
    if is_get(node):
        assert isinstance(node, ast.Call)
        place, parent, default = get_parts(context, node)
        if not isinstance(default, Const):
            later(context, node, "a computed default in a test", "store the value in a variable first")
        return Operand(node, place, None, parent, default)
    value = value_of(context, node)
    if not isinstance(value, Const | Ref):
        later(context, node, "a computed value in a test", "store it in a variable first, then compare the variable")
    return Operand(node, value)


def _cast_constant(context: Context, node: ast.Call, name: str, constant: Const) -> Any:
    value = constant.value
    if name == "timestamp":
        if isinstance(value, str) and parse_timestamp(value) is not None:
            return value
        context.report.refuse("PS305", node, "this is not a timestamp", help='write timestamp("2030-01-31T12:00:00Z")')
    try:
        if name == "str" and isinstance(value, str | int):
            return str(value)
        if name == "bool":
            return bool(value)
        if isinstance(value, str | int | float):
            number = int(value) if name == "int" else float(value)
            if math.isfinite(number):
                return number
    except (ValueError, OverflowError):
        pass
    context.report.refuse("PS305", node, f"`{ast.unparse(node)[:60]}` has no value", help="write the value out")


def _compare(context: Context, whole: ast.expr, left: ast.expr, op: ast.cmpop, right: ast.expr) -> model.Test:
    if isinstance(op, ast.In | ast.NotIn):
        test = _contains(context, whole, left, right)
        return model.Not(rule=test) if isinstance(op, ast.NotIn) else test
    a, b = _operand(context, left), _operand(context, right)
    kind = type(op)
    if isinstance(a.value, Const):
        if isinstance(b.value, Const):
            context.report.refuse(
                "PS405", whole, "this test is always the same", help="remove the test, or compare a part of `data`"
            )
        a, b, kind = b, a, _MIRROR.get(kind, kind)
    return compare(context, whole, a, kind, b)


def compare(context: Context, whole: ast.AST, a: Operand, op: type[ast.cmpop], b: Operand) -> model.Test:
    """`a op b`, `a` a reference."""
    from penstock.script.lower.expressions import later

    report = context.report
    assert isinstance(a.value, Ref)
    kind = _common_type(context, whole, a, b)
    relation = _RELATIONS[op]
    if op in (ast.Is, ast.IsNot) and not (
        isinstance(b.value, Const) and (b.value.value is None or isinstance(b.value.value, bool))
    ):
        report.refuse("PS404", whole, "`is` compares with None, True and False only", help="write `==`")
    if kind in ("List", "Dict"):
        later(context, whole, f"comparing {_WORDS[kind]}", "compare its parts, or compare in a task")
    if kind in ("Boolean", "Null") and relation != "Equals":
        report.refuse("PS404", whole, f"{_WORDS[kind]} has no order", help="use `==` or `!=`")
    test: model.Test
    if kind == "Null":
        test = model.Comparison(variable=a.value.path, operator="IsNull", operand=True)
    elif isinstance(b.value, Const):
        test = model.Comparison(variable=a.value.path, operator=f"{kind}{relation}", operand=b.value.value)
    else:
        test = model.Comparison(variable=a.value.path, operator=f"{kind}{relation}Path", operand=b.value.path)
    negated = op in (ast.NotEq, ast.IsNot)
    if negated:
        test = model.Not(rule=test)
    return _with_defaults(context, whole, a, relation, negated, b, test)


def _common_type(context: Context, whole: ast.AST, a: Operand, b: Operand) -> str:
    known_a, known_b = a.type, b.type
    # A literal text beside timestamp(...) is an instant.
    for one, other in ((a, b), (b, a)):
        if one.cast == "Timestamp" and isinstance(other.value, Const) and other.type == "String":
            if parse_timestamp(str(other.value.value)) is None:
                context.report.refuse(
                    "PS305", other.node, "this is not a timestamp", help='write it as "2030-01-31T12:00:00Z"'
                )
            return "Timestamp"
    if known_a and known_b and known_a != known_b and not (known_b == "Null" and a.cast is None):
        context.report.refuse(
            "PS403",
            whole,
            f"{_WORDS[known_a]} is compared with {_WORDS[known_b]}",
            help="cast both sides to one type, or compare with a value of the same type",
        )
    # A literal decides; then a cast; then what is known of a variable.
    kind = known_b if isinstance(b.value, Const) else known_a or known_b
    if kind is None:
        left = context.report.spans.text(a.node) or "a"
        context.report.refuse(
            "PS402",
            whole,
            "the types of the two sides are not known, so there is no comparison for them",
            help=f"cast one side: int({left}) for numbers, str({left}) for text, timestamp({left}) for times",
        )
    return kind


def _with_defaults(
    context: Context, whole: ast.AST, a: Operand, relation: str, negated: bool, b: Operand, test: model.Test
) -> model.Test:
    from penstock.script.lower.expressions import later

    if b.parent is not None:
        later(
            context,
            whole,
            "`get` on the right of a comparison with a reference",
            "write it on the left, or store it in a variable",
        )
    if a.parent is None:
        return test
    if not isinstance(b.value, Const) or a.default is None:
        later(context, whole, "`get` compared with a reference", "store it in a variable first")
    assert isinstance(a.value, Ref)
    try:
        missing = bool(_PYTHON[relation](a.default.value, b.value.value)) is not negated
    except TypeError:
        context.report.refuse(
            "PS404",
            whole,
            "the default cannot be compared with this value",
            help='give a default of the same type: data.get("key", 0)',
        )
    there = model.Comparison(variable=a.value.path, operator="IsPresent", operand=True)
    combined: model.Test
    if missing:
        combined = model.Or(rules=(model.Not(rule=there), test))
    else:
        combined = model.And(rules=(there, test))
    if a.parent.path == "$":
        return combined
    return model.And(rules=(exists(a.parent), combined))


def _contains(context: Context, whole: ast.expr, left: ast.expr, right: ast.expr) -> model.Test:
    from penstock.script.lower.expressions import later, path_key, step, value_of

    report = context.report
    is_dict = False
    if (
        isinstance(right, ast.Call)
        and isinstance(right.func, ast.Name)
        and right.func.id == "dict"
        and len(right.args) == 1
    ):
        right, is_dict = right.args[0], True
    container: Value = value_of(context, right)
    if isinstance(container, Ref):
        if container.kinds == {"str"}:
            later(context, whole, "looking for a text in a text", "compare the whole text, or look in a task")
        if not is_dict and container.kinds != {"dict"} and not _used_as_dict(context, right):
            shown = report.spans.text(right)
            report.refuse(
                "PS402",
                whole,
                f"`{shown}` may be a dict, a list or a text, and `in` means something else for each",
                help=f"write `in dict({shown})` for a key of a dict; look into lists and texts in a task",
            )
        key = path_key(context, left)
        if not isinstance(key, str):
            report.refuse("PS305", left, "a key of JSON is a text", help="write the key as a text")
        return presence(Ref(container.path + step(context, left, key)), container)
    items: list[Any]
    if isinstance(container, Const) and isinstance(container.value, list):
        items = container.value
    elif isinstance(container, Const) and isinstance(container.value, dict):
        items = list(container.value)
    else:
        later(context, whole, "`in` on a text or a computed list", "compare with each value, or look in a task")
    side = _operand(context, left)
    if isinstance(side.value, Const) or not items:
        report.refuse(
            "PS405", whole, "this test is always the same", help="remove the test, or compare a part of `data`"
        )
    tests: list[model.Test] = []
    for item in items:
        tests.append(compare(context, whole, side, ast.Eq, Operand(right, Const(item))))
    return tests[0] if len(tests) == 1 else model.Or(rules=tuple(tests))


def _used_as_dict(context: Context, place: ast.expr) -> bool:
    """Whether the function takes items of this place by a text: then Python says that it is a dict."""
    return ast.dump(place) in context.frame.function.dict_places
