"""What JSONata expressions ask of the values they read: enough of the language to see paths, comparisons and calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from penstock.asl.jsonata.faults import JsonataFault
from penstock.asl.jsonata.parser import parse
from penstock.asl.jsonata.syntax import Node
from penstock.asl.payloads import is_expression
from penstock.asl.samples.values import (
    ONE,
    TEXT,
    TRUE,
    Hole,
    Items,
    Kind,
    Known,
    Record,
    Value,
    decoded,
    differ,
    element,
    expect,
    leave_out,
    part,
    settle,
)
from penstock.jsontools import Json


@dataclass(slots=True)
class Names:
    """`$states` and the workflow's variables; a block or a function adds its own."""

    known: Mapping[str, Value]
    own: dict[str, Value | Node] = field(default_factory=dict)

    def get(self, name: str) -> Value | Node | None:
        return self.own[name] if name in self.own else self.known.get(name)


def payload(value: Json, known: Mapping[str, Value]) -> Value:
    """A payload with its `{% … %}` texts; a part that is undefined is left out."""
    if isinstance(value, str) and is_expression(value):
        tree = _tree(value)
        return TEXT if tree is None else _read(tree, Names(known), None) or TEXT
    if isinstance(value, dict):
        return Record({key: payload(inner, known) for key, inner in value.items()})
    if isinstance(value, list):
        return Items(tuple(payload(each, known) for each in value))
    return Known(value)


def want(condition: Json, known: Mapping[str, Value], outcome: bool) -> None:
    """Settles what a Condition reads so that it comes out as `outcome`, as far as nothing settled it before."""
    if isinstance(condition, str) and is_expression(condition):
        tree = _tree(condition)
        if tree is not None:
            _want(tree, Names(known), None, outcome)


def _tree(text: str) -> Node | None:
    try:
        return parse(text[2:-2].strip())
    except JsonataFault:
        return None  # the check tells the author


def _read(node: Node | None, names: Names, here: Value | None) -> Value | None:
    if node is None:
        return None
    value = _value(node, names, here)
    for stage in node.predicate or ():
        value = _filtered(value, stage, names)
    return _grouped(node, names, value) if node.group is not None else value


def _value(node: Node, names: Names, here: Value | None) -> Value | None:
    match node.type:
        case "string" | "number" | "value":
            return Known(node.value)
        case "name":
            return _field(here, node.value)
        case "variable":
            found = here if node.value == "" else names.get(node.value)
            return None if isinstance(found, Node) else found
        case "path":
            return _path(node, names, here)
        case "block":
            last: Value | None = None
            for each in node.expressions:
                last = _read(each, names, here)
            return last
        case "bind":
            bound = node.rhs if node.rhs.type == "lambda" else _read(node.rhs, names, here)
            if bound is not None:
                names.own[node.lhs.value] = bound
            return None if isinstance(bound, Node) else bound
        case "condition":
            _read(node.condition, names, here)
            then, otherwise = _read(node.then, names, here), _read(node.else_, names, here)
            return then or otherwise
        case "unary":
            return _unary(node, names, here)
        case "binary":
            return _binary(node, names, here)
        case "function" | "partial":
            return _call(node, node.arguments, names, here)
        case "apply":
            return _apply(node, names, here)
        case "lambda":
            return _read(node.body, names, here) if node.thunk else None
    return TEXT


def _path(node: Node, names: Names, here: Value | None) -> Value | None:
    value: Value | None = here
    for index, step in enumerate(node.steps):
        if step.type == "name":
            value = _field(value, step.value)
        elif step.type == "sort":
            for _, term in step.terms:
                _read(term, names, _one(value))
            continue
        elif index == 0 and step.type == "variable":
            value = _read(step, names, here)
        else:
            value = _read(step, names, _one(value))
        for stage in step.stages or ():
            if stage.type == "filter":
                value = _filtered(value, stage, names)
    return _grouped(node, names, value) if node.group is not None else value


def _field(value: Value | None, name: str) -> Value | None:
    if isinstance(value, Items) or (isinstance(value, Hole) and value.item is not None):
        found = part(element(value), name)  # a path maps over arrays
        return None if found is None else Items((found,))
    return part(value, name)


def _one(value: Value | None) -> Value | None:
    return element(value) if isinstance(value, Items) or (isinstance(value, Hole) and value.item is not None) else value


def _filtered(value: Value | None, stage: Node, names: Names) -> Value | None:
    test = stage.expression
    if test.type == "number":
        return element(value, int(test.value)) or value
    # One item alone would be no array any more: JSONata's sequences.
    one = element(value, 1) or element(value) or value
    if test.type in ("binary", "function", "path"):
        _want(test, names, one, True)
    return Items((one,)) if one is not None else None


def _grouped(node: Node, names: Names, value: Value | None) -> Value:
    for key, inner in node.group.pairs:
        expect(_read(key, names, _one(value)), "text")
        _read(inner, names, _one(value))
    return Record({})


def _unary(node: Node, names: Names, here: Value | None) -> Value:
    if node.value == "[":
        given = [_read(each, names, here) for each in node.expressions]
        return Items(tuple(each for each in given if each is not None))
    if node.value == "{":
        own: dict[str, Value] = {}
        for key, inner in node.pairs:
            name, value = _read(key, names, here), _read(inner, names, here)
            if isinstance(name, Known) and isinstance(name.value, str) and value is not None:
                own[name.value] = value
        return Record(own)
    expect(_read(node.expression, names, here), "number")
    return ONE


def _binary(node: Node, names: Names, here: Value | None) -> Value:
    left, right = _read(node.lhs, names, here), _read(node.rhs, names, here)
    if node.value in ("+", "-", "*", "/", "%", ".."):
        expect(left, "number")
        expect(right, "number")
        return Items((ONE,)) if node.value == ".." else ONE
    if node.value == "&":
        return TEXT
    if node.value in ("<", "<=", ">", ">="):
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Known) and isinstance(one.value, int | float):
                expect(other, "number")
    return TRUE


_NUMERIC = frozenset(("sum", "max", "min", "average"))
_OF_NUMBER = frozenset(
    ("range", "abs", "floor", "ceil", "round", "power", "sqrt", "formatNumber", "formatBase", "fromMillis")
)
_OF_TEXT = frozenset(
    (
        "length",
        "substring",
        "substringBefore",
        "substringAfter",
        "uppercase",
        "lowercase",
        "trim",
        "pad",
        "split",
        "contains",
        "match",
        "replace",
        "encodeUrlComponent",
        "encodeUrl",
        "decodeUrlComponent",
        "decodeUrl",
        "hash",
    )
)
_TO_NUMBER = frozenset(
    (*_NUMERIC, *_OF_NUMBER - {"range"}, "count", "length", "number", "millis", "toMillis", "random")
)
_TO_TRUE = frozenset(("boolean", "not", "exists", "contains"))
_TO_SAME = frozenset(("append", "sort", "reverse", "shuffle", "distinct", "filter"))


def _call(node: Node, arguments: list[Node], names: Names, here: Value | None) -> Value | None:
    procedure = node.procedure
    given = [None if each.type == "lambda" and not each.thunk else _read(each, names, here) for each in arguments]
    if not given and procedure.type == "variable" and here is not None:
        given = [here]
    first = given[0] if given else None
    if procedure.type == "lambda":
        return _apply_lambda(procedure, given, names)
    name = procedure.value if procedure.type == "variable" else ""
    if isinstance(defined := names.get(name), Node):
        return _apply_lambda(defined, given, names)
    if name in ("map", "filter", "single", "each", "sift", "reduce", "sort") and len(arguments) > 1:
        return _higher(name, arguments[1], first, names)
    _expected(name, first)
    if len(given) > 1 and name == "hash":
        settle(given[1], "SHA-256")
    elif len(given) > 1 and name in ("partition", "range", "power"):
        expect(given[1], "number")
    if name == "parse":
        return decoded(first, "json")
    if name == "base64decode":
        return decoded(first, "base64")
    if name == "lookup" and len(given) > 1:
        key = given[1]
        return _field(first, key.value) if isinstance(key, Known) and isinstance(key.value, str) else TEXT
    if name == "merge":
        return element(first) or first
    if name in _TO_SAME:
        return first
    if name in ("split", "keys", "range", "partition", "spread", "zip"):
        return Items((TEXT if name in ("split", "keys") else ONE,))
    return ONE if name in _TO_NUMBER else TRUE if name in _TO_TRUE else TEXT


def _expected(name: str, first: Value | None) -> None:
    kind: Kind | None = "number" if name in _OF_NUMBER else "text" if name in _OF_TEXT else None
    if name in _NUMERIC:
        expect(element(first), "number")
    elif name in ("toMillis",):
        expect(first, "time")
    elif name == "number" and isinstance(first, Hole) and first.is_open:
        first.constant = "1"
    elif name in ("count", "append", "join", "reverse", "distinct", "partition"):
        expect(first, "array")
    elif name in ("keys", "spread", "merge"):
        expect(first, "object")
    elif kind is not None:
        expect(first, kind)


def _higher(name: str, function: Node, array: Value | None, names: Names) -> Value | None:
    one = element(array) or array
    if function.type == "lambda":
        given: list[Value | None] = [ONE, one] if name == "reduce" else [one, ONE, array]
        if name == "sort":
            given = [one, one]
        if name in ("filter", "single"):
            _want(function.body, _bound(function, given, names), None, True)
            result = one
        else:
            result = _apply_lambda(function, given, names)
    else:
        result = TEXT
    if name in ("filter", "sort"):
        result = one
    if name in ("single", "reduce"):
        return result
    return None if result is None else Items((result,))


def _bound(function: Node, given: list[Value | None], names: Names) -> Names:
    own = dict(names.own)
    for parameter, value in zip(function.arguments, given, strict=False):
        # A function that calls itself finds nothing, and so ends.
        if value is not None:
            own[parameter.value] = value
    return Names(names.known, {name: value for name, value in own.items() if value is not function})


def _apply_lambda(function: Node, given: list[Value | None], names: Names) -> Value | None:
    return _read(function.body, _bound(function, given, names), None)


def _apply(node: Node, names: Names, here: Value | None) -> Value | None:
    if node.rhs.type == "function":
        return _call(node.rhs, [node.lhs, *node.rhs.arguments], names, here)
    left = _read(node.lhs, names, here)
    if node.rhs.type == "variable":
        return _call(Node("function", procedure=node.rhs), [node.lhs], names, here)
    return _apply_lambda(node.rhs, [left], names) if node.rhs.type == "lambda" else left


# -- conditions --------------------------------------------------------------------------------------------------------


def _want(node: Node, names: Names, here: Value | None, outcome: bool) -> None:
    if node.type == "block" and node.expressions:
        for each in node.expressions[:-1]:
            _read(each, names, here)
        _want(node.expressions[-1], names, here, outcome)
    elif node.type == "lambda" and node.thunk:
        _want(node.body, names, here, outcome)
    elif node.type == "binary":
        _want_comparison(node, names, here, outcome)
    elif node.type == "function" and node.procedure.type == "variable" and node.arguments:
        name = node.procedure.value
        if name == "not":
            _want(node.arguments[0], names, here, not outcome)
        elif name == "boolean":
            _want(node.arguments[0], names, here, outcome)
        elif name == "exists":
            argument = node.arguments[0]
            if outcome:
                _read(argument, names, here)
            elif argument.type == "path" and argument.steps[-1].type == "name":
                owner = Node("path", steps=argument.steps[:-1])
                leave_out(_read(owner, names, here), argument.steps[-1].value)
        else:
            _read(node, names, here)
    elif node.type in ("path", "variable", "name"):
        settle(_read(node, names, here), outcome)
    else:
        _read(node, names, here)


def _asks_presence(node: Node) -> bool:
    return bool(node.type == "function" and node.procedure.type == "variable" and node.procedure.value == "exists")


def _want_comparison(node: Node, names: Names, here: Value | None, outcome: bool) -> None:
    operator = node.value
    if operator in ("and", "or"):
        if (operator == "and") == outcome:
            _want(node.lhs, names, here, outcome)
            _want(node.rhs, names, here, outcome)
            return
        # One side is enough; what is only asked whether it exists had better exist.
        first, second = node.lhs, node.rhs
        if _asks_presence(first) and not outcome:
            first, second = second, first
        _want(first, names, here, outcome)
        _want(second, names, here, True) if _asks_presence(second) else _read(second, names, here)
        return
    left, right = _read(node.lhs, names, here), _read(node.rhs, names, here)
    if operator == "in":
        if isinstance(right, Items) and right.items and isinstance(right.items[0], Known):
            settle(left, right.items[0].value if outcome else "none of them")
        return
    if operator not in ("=", "!=", "<", "<=", ">", ">="):
        return
    for one, other, mirrored in ((left, right, False), (right, left, True)):
        if isinstance(other, Known):
            if operator in ("=", "!=") and (operator == "=") != outcome:
                differ(one, other.value)
            else:
                settle(one, _beside(operator, other.value, outcome, mirrored=mirrored))


def _beside(operator: str, value: Json, outcome: bool, *, mirrored: bool) -> Json:
    """What has to stand before the operator (behind it: `mirrored`) for it to come out so."""
    if operator in ("=", "!="):
        return value
    if ("=" in operator) == outcome:
        if "=" in operator:
            return value
    elif "=" not in operator and not outcome:
        return value
    down = ((operator[0] == "<") == outcome) != mirrored
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value - 1 if down else value + 1
    return "" if down else f"{value}z"
