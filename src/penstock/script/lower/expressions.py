"""Expressions: syntax nodes to values. What JSONPath and the intrinsics cannot say exactly is refused here."""

from __future__ import annotations

import ast
import builtins
from typing import Any, Final, NoReturn

from penstock.asl import model
from penstock.script.lower.conditions import is_test, presence, test_of
from penstock.script.lower.context import Context
from penstock.script.lower.values import (
    Call,
    Const,
    Either,
    Fields,
    Items,
    Kind,
    NotPayload,
    Ref,
    Value,
    argument,
    contains_either,
    format_template,
    kinds_of,
    subscript,
)
from penstock.script.report import did_you_mean, listed
from penstock.script.resolve.constants import NotConstant, fold

_TEXT: Final = frozenset[Kind]({"str"})
_NUMBER: Final = frozenset[Kind]({"int"})
_ANY: Final = frozenset[Kind]({None})
_MAX_INDEX: Final = 262_144  # the States Language's limit on a payload, in bytes (facts §7)
_PLAIN: Final = frozenset[Kind]({"str", "int", "float", "bool", "null"})
ERROR_FIELDS: Final = ("Error", "Cause")

# The context object (facts §8): the script's name, AWS's name, the type.
CONTEXT: Final[dict[str, dict[str, tuple[str, frozenset[Kind]]]]] = {
    "execution": {
        "id": ("Id", _TEXT),
        "input": ("Input", _ANY),
        "name": ("Name", _TEXT),
        "role_arn": ("RoleArn", _TEXT),
        "start_time": ("StartTime", _TEXT),
        "redrive_count": ("RedriveCount", _NUMBER),
        "redrive_time": ("RedriveTime", _TEXT),
    },
    "state": {"entered_time": ("EnteredTime", _TEXT), "name": ("Name", _TEXT), "retry_count": ("RetryCount", _NUMBER)},
    "state_machine": {"id": ("Id", _TEXT), "name": ("Name", _TEXT)},
    "task": {"token": ("Token", _TEXT)},
    "map": {"item": ("Item", _ANY)},
}
_ITEM: Final = {
    "index": ("Index", _NUMBER),
    "value": ("Value", _ANY),
    "key": ("Key", _TEXT),
    "source": ("Source", _TEXT),
}
_ROOTS: Final = {
    "execution": "Execution",
    "state": "State",
    "state_machine": "StateMachine",
    "task": "Task",
    "map": "Map",
}

_LATER: Final[dict[type[ast.expr], str]] = {
    ast.ListComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.GeneratorExp: "a generator expression",
    ast.BinOp: "arithmetic",
    ast.UnaryOp: "arithmetic",
}
_LATER_CALLS: Final = frozenset(
    [
        "len",
        "str",
        "int",
        "float",
        "bool",
        "min",
        "max",
        "sum",
        "sorted",
        "range",
        "abs",
        "round",
        "list",
        "dict",
        "tuple",
        "set",
        "any",
        "all",
        "zip",
        "enumerate",
        "reversed",
        "hash_of",
    ]
)
BUILTIN_STEPS: Final = ("map", "parallel", "wait", "retry", "timeout")


def later(context: Context, node: ast.AST, what: str, instead: str) -> NoReturn:
    """Refuses what a coming version compiles."""
    context.report.refuse(
        "PS202", node, f"{what} is not compiled in this version; it comes with loops and JSONata", help=instead
    )


def constants(context: Context) -> dict[str, Any]:
    """The constants that the function sees: its own variables, input and handler names hide module names."""
    frame = context.frame
    known = context.declarations.constants
    hidden = known.keys() & {frame.function.input_name, *frame.variables, *frame.bound}
    return {name: value for name, value in known.items() if name not in hidden} if hidden else known


def value_of(context: Context, node: ast.expr) -> Value:
    """The value of an expression. Reports and raises Refused where there is none."""
    try:
        return Const(fold(node, constants(context)))
    except NotConstant as error:
        if error.json:
            context.report.refuse(
                "PS308", error.node, error.message, help="write a JSON value: text, number, bool, None, list, dict"
            )
    match node:
        case ast.Name(id=name):
            return _name(context, node, name)
        case ast.Subscript():
            return _subscript(context, node)
        case ast.Attribute():
            return _attribute(context, node)
        case ast.Dict(keys=keys, values=values):
            # As in Python, the last of two equal keys counts.
            items = dict(_field(context, node, key, value) for key, value in zip(keys, values, strict=True))
            return Fields(tuple(items.items()))
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return Items(tuple(_element(context, element) for element in elements))
        case ast.JoinedStr(values=parts):
            return _format(context, node, parts)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return Either(
                test_of(context, test),
                value_of(context, body),
                value_of(context, orelse),
                context.report.spans.text(test),
            )
        case ast.Call():
            return _call(context, node)
        case ast.BinOp():
            return _binary(context, node)
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()) if is_test(context, node):
            return Either(test_of(context, node), Const(True), Const(False), context.report.spans.text(node))
        case ast.BoolOp():
            later(context, node, "`and`/`or` between values", "write `a if ... else b` with a comparison")
        case ast.NamedExpr(target=target):
            context.report.refuse(
                "PS201",
                node,
                "an assignment inside an expression is no state",
                help=f"assign in a statement of its own: {target.id} = ...",
            )
    if type(node) in _LATER:
        later(context, node, _LATER[type(node)], "compute it in a task")
    context.report.refuse(
        "PS302",
        node,
        f"a machine cannot compute `{_short(node)}`",
        help="compute it in a task, or write it as a constant",
    )


def _short(node: ast.AST) -> str:
    text = ast.unparse(node).replace("\n", " ")
    return text if len(text) <= 60 else text[:59] + "…"


def _name(context: Context, node: ast.AST, name: str) -> Value:
    frame, found = context.frame, context.declarations
    if name in frame.bound:
        return frame.bound[name]
    if name in frame.variables:
        variable = frame.variables[name]
        if not any(context.scope.within(scope) for scope in variable.scopes):
            context.report.refuse(
                "PS208",
                node,
                f"`{name}` is set inside a retried block and does not exist outside of it",
                help=f'store it in data inside the block: data["{name}"] = ...',
            )
        return Ref(f"${variable.name}", frozenset(variable.kinds))
    if name == frame.function.input_name:
        return Ref(frame.base, frozenset({None if frame.plain_item else "dict"}))
    if name in found.tasks or name in found.functions:
        context.report.refuse("PS302", node, f"`{name}` is not called", help=f"write `{name}()`")
    if name in found.processors or name in found.exceptions:
        context.report.refuse(
            "PS302", node, f"the class `{name}` is not a value", help="give a value that JSON can hold"
        )
    if name in found.opaque:
        context.report.refuse(
            "PS117", node, f"`{name}` {found.opaque[name]}", help="write the value out, or pass it in the input"
        )
    if name in ("context", "States", *BUILTIN_STEPS) or hasattr(builtins, name):
        context.report.refuse(
            "PS302",
            node,
            f"`{name}` is not a value that a machine can hold",
            help="read a part of it: context.execution.name" if name == "context" else "compute it in a task",
        )
    given = frame.function.input_name
    near = did_you_mean(name, [*frame.variables, *frame.bound, given, "context", *found.names()])
    if name == "data":
        advice = f"the input of `{frame.function.name}` is called `{given}`"
    else:
        advice = f"did you mean `{near}`?" if near else f"define `{name}`, or read it from `{given}`"
    context.report.refuse("PS301", node, f"unknown name `{name}`", help=advice)


def path_key(context: Context, node: ast.expr) -> str | int:
    """The constant inside `[...]`."""
    if isinstance(node, ast.Slice):
        later(context, node, "a slice", "cut the list in a task")
    try:
        key = fold(node, constants(context))
    except NotConstant as error:
        if error.json:
            context.report.refuse("PS308", error.node, error.message, help="a key is a text or a whole number")
        if isinstance(error.node, ast.Name) and error.node.id not in (*context.frame.variables, *context.frame.bound):
            _name(context, error.node, error.node.id)
        later(context, node, "a computed key", "use a constant key, or pick the value in a task")
    if isinstance(key, bool) or not isinstance(key, str | int):
        context.report.refuse("PS302", node, f"`{_short(node)}` is not a key", help="a key is a text or a whole number")
    if isinstance(key, int) and key > _MAX_INDEX:
        context.report.refuse("PS302", node, "no list has that many items", help="count the items from 0")
    if isinstance(key, int) and key < 0:
        later(context, node, "a negative index", "count from the start, or pick the item in a task")
    return key


def step(context: Context, node: ast.AST, key: str | int) -> str:
    try:
        return subscript(key)
    except NotPayload as error:
        context.report.refuse(
            "PS309", node, str(error), help="rename the key: a path cannot escape this backslash or line break"
        )


def _subscript(context: Context, node: ast.Subscript) -> Value:
    root = _context_path(context, node)
    if root is not None:
        return root
    value = value_of(context, node.value)
    if isinstance(value, Ref):
        key = path_key(context, node.slice)
        kinds = _part_kinds(context, node.value, node.slice, value, key)
        return Ref(value.path + step(context, node.slice, key), kinds)
    later(context, node, "taking an item of a computed value", "store the value first, then read the item")


def _attribute(context: Context, node: ast.Attribute) -> Value:
    root = _context_path(context, node)
    if root is not None:
        return root
    if isinstance(node.value, ast.Name) and node.value.id not in (*context.frame.variables, *context.frame.bound):
        name = node.value.id
        if name != context.frame.function.input_name:
            _name(context, node.value, name)
    value = value_of(context, node.value)
    if isinstance(value, Ref):
        kinds = _part_kinds(context, node.value, node, value, node.attr)
        return Ref(f"{value.path}.{node.attr}" if node.attr.isascii() else value.path + subscript(node.attr), kinds)
    context.report.refuse("PS302", node, f"`{_short(node)}` has no value here", help="read a key of data: data[...]")


def _part_kinds(context: Context, whole: ast.expr, where: ast.AST, value: Ref, key: str | int) -> frozenset[Kind]:
    """What may stand under `key` of a value. Refuses parts that the value cannot have: an error has two, a text none."""
    if _is_error(context, whole):
        if key not in ERROR_FIELDS:
            name = _short(whole)
            context.report.refuse(
                "PS302",
                where,
                f"the error `{name}` has no `{key}`: a machine knows an error's name and its cause, both text",
                help=f'write {name}["Error"] or {name}["Cause"]',
            )
        return _TEXT
    if value.kinds <= _PLAIN:
        kind = "a text" if "str" in value.kinds else f"a value that is {listed(sorted(map(str, value.kinds)))}"
        later(context, where, f"taking a part of {kind}", "take it in a task")
    return _ANY


def _is_error(context: Context, node: ast.expr) -> bool:
    """Whether this is the name that a handler gave to its error."""
    return isinstance(node, ast.Name) and node.id in context.frame.bound


def _context_path(context: Context, node: ast.expr) -> Ref | None:
    """`context.execution.name` as `$$.Execution.Name`; also with AWS's own names: `context["Execution"]["Name"]`."""
    words: list[tuple[ast.AST, str | int]] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        words.append((node, node.attr if isinstance(node, ast.Attribute) else path_key_or_none(context, node.slice)))
        node = node.value
    if not isinstance(node, ast.Name) or node.id != "context" or not _is_context(context):
        return None
    words.reverse()
    where, root = words[0]
    word = _plain(root)
    if word not in CONTEXT:
        _no_context(context, where, root, CONTEXT)
    path, known = f"$$.{_ROOTS[word]}", CONTEXT[word]
    kinds: frozenset[Kind] = _ANY
    for depth, (where, key) in enumerate(words[1:]):
        if not known:
            path, kinds = path + step(context, where, key), _ANY
            continue
        word = _plain(key)
        if word not in known:
            _no_context(context, where, key, known)
        name, kinds = known[word]
        path += f".{name}"
        known = _ITEM if name == "Item" and depth == 0 else {}
    return Ref(path, kinds)


def _is_context(context: Context) -> bool:
    frame = context.frame
    return "context" not in frame.variables and "context" not in frame.bound and frame.function.input_name != "context"


def path_key_or_none(context: Context, node: ast.expr) -> str | int:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int):
        return node.value
    return ""


def _plain(word: str | int) -> str:
    """`StartTime`, `startTime` and `start_time` are one name."""
    text = str(word)
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in text).removeprefix("_")


def _no_context(context: Context, where: ast.AST, word: str | int, known: dict[str, Any]) -> NoReturn:
    near = did_you_mean(_plain(word), known)
    context.report.refuse(
        "PS307",
        where,
        f"the context has no `{word or '...'}` here",
        help=f"did you mean `{near}`?" if near else f"it has {listed(known)}",
    )


def _field(context: Context, node: ast.Dict, key: ast.expr | None, value: ast.expr) -> tuple[str, Value]:
    if key is None:
        later(context, value, "unpacking a dict", "name each key")
    try:
        name = fold(key, constants(context))
    except NotConstant as error:
        if error.json:
            context.report.refuse("PS308", error.node, error.message, help="JSON has only text as keys")
        later(context, key, "a computed key", "use a constant key")
    if not isinstance(name, str):
        context.report.refuse("PS308", key, "JSON has only text as keys", help=f'write "{name}"')
    if name.endswith(".$"):
        context.report.refuse(
            "PS309",
            key,
            f"the key {name!r} ends in `.$`, which marks computed fields in the States Language",
            help="rename the key",
        )
    return name, value_of(context, value)


def _element(context: Context, node: ast.expr) -> Value:
    if isinstance(node, ast.Starred):
        later(context, node, "unpacking a list", "name each item")
    return value_of(context, node)


def _format(context: Context, node: ast.JoinedStr, parts: list[ast.expr]) -> Value:
    pieces: list[str | Value] = []
    for part in parts:
        if isinstance(part, ast.Constant):
            pieces.append(str(part.value))
            continue
        assert isinstance(part, ast.FormattedValue)
        if part.conversion != -1 or part.format_spec is not None:
            later(context, part, "a format specification", "write `{value}` alone, or format it in a task")
        inner = part.value
        if (
            isinstance(inner, ast.Call)
            and isinstance(inner.func, ast.Name)
            and inner.func.id == "str"
            and len(inner.args) == 1
        ):
            inner = inner.args[0]
        _no_error_text(context, inner)
        value = value_of(context, inner)
        if isinstance(value, Const):
            if isinstance(value.value, list | dict):
                later(context, part, "a list or dict as text", "format it in a task")
            pieces.append(str(value.value))
            continue
        # States.Format writes true, null and 1.0 as JSON does, not as Python does; what is known to differ is refused.
        wrong = kinds_of(value) & {"bool", "null", "float", "list", "dict"}
        if wrong:
            later(context, part, f"a {sorted(map(str, wrong))[0]} inside a text", "format it in a task")
        pieces.append(value)
    if any(not isinstance(piece, str) and contains_either(piece) for piece in pieces):
        later(context, node, "a conditional value inside a text", "store the value in a variable first")
    return Call(format_template(pieces), "str")


def _no_error_text(context: Context, node: ast.expr) -> None:
    """Refuses `str(error)`: in Python it is the message, and what a machine has is the name and the cause."""
    if _is_error(context, node):
        name = _short(node)
        context.report.refuse(
            "PS302",
            node,
            f"a machine does not know the text of the error `{name}`, only its name and its cause",
            help=f'write {name}["Cause"]',
        )


def is_get(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get"


def get_parts(context: Context, node: ast.Call) -> tuple[Ref, Ref, Value]:
    """`X.get(key, default)`: the place, the place of X, the default."""
    assert isinstance(node.func, ast.Attribute)
    parent = value_of(context, node.func.value)
    if not isinstance(parent, Ref):
        later(context, node, "`get` on a computed value", "store the value first")
    if not 1 <= len(node.args) <= 2 or node.keywords:
        context.report.refuse("PS303", node, "`get` takes a key and a default", help='write data.get("key", default)')
    key = path_key(context, node.args[0])
    default = value_of(context, node.args[1]) if len(node.args) == 2 else Const(None)
    return Ref(parent.path + step(context, node.args[0], key)), parent, default


def _call(context: Context, node: ast.Call) -> Value:
    function = node.func
    if is_get(node):
        place, parent, default = get_parts(context, node)
        return Either(presence(place, parent), place, default, context.report.spans.text(node))
    if isinstance(function, ast.Attribute):
        if isinstance(function.value, ast.Name):
            root = function.value.id
            known = {*context.frame.variables, *context.frame.bound, context.frame.function.input_name}
            if root not in known and root in context.declarations.functions:
                context.report.refuse(
                    "PS302",
                    node,
                    f"`{_short(node)}` starts an execution: it is a step, not a part of a value",
                    help=f'store its result first: data["result"] = {_short(node)}',
                )
            names = [*known, "context", *context.declarations.names()]
            if root not in names and root != "json" and did_you_mean(root, names) is None:
                _foreign_call(context, node, f"{root}.{function.attr}")
            if root not in known and root != "json":
                _name(context, function.value, root)
        later(context, node, f"the method `{function.attr}`", "do it in a task")
    if not isinstance(function, ast.Name):
        context.report.refuse(
            "PS302", node, f"`{_short(node)}` cannot be called here", help="call a task, a function or a built-in"
        )
    name, found = function.id, context.declarations
    if name in found.tasks or name in found.functions or (name in BUILTIN_STEPS and name not in found.names()):
        context.report.refuse(
            "PS302",
            node,
            f"`{name}(...)` is a step of the machine, not a part of a value",
            help=f'store its result first: data["result"] = {_short(node)}',
        )
    if name == "uuid" and not node.args and not node.keywords:
        return Call("States.UUID()", "str")
    if name == "bool" and is_test(context, node):
        return Either(test_of(context, node), Const(True), Const(False), context.report.spans.text(node))
    if name in ("str", "repr") and len(node.args) == 1:
        _no_error_text(context, node.args[0])
    if name in _LATER_CALLS:
        later(context, node, f"`{name}(...)` as a value", "compute it in a task")
    if name in found.opaque or name in context.frame.variables or name in context.frame.bound:
        context.report.refuse(
            "PS302", node, f"`{name}` is no function of this file, so a machine cannot call it", help="do it in a task"
        )
    near = "wait" if name == "sleep" else did_you_mean(name, [*found.names(), *BUILTIN_STEPS, "uuid"])
    if hasattr(builtins, name) and name not in BUILTIN_STEPS:
        context.report.refuse(
            "PS302", node, f"`{name}(...)` is nothing that a machine can do", help="do it in a task's run method"
        )
    context.report.refuse(
        "PS301",
        function,
        f"unknown name `{name}`",
        help=f"did you mean `{near}`?" if near else f"define `class {name}(Task):` or `def {name}(data):` in this file",
    )


def _foreign_call(context: Context, node: ast.Call, name: str) -> NoReturn:
    """Refuses a call of what Python would import."""
    context.report.refuse(
        "PS302",
        node,
        f"a machine cannot call `{name}`",
        help="write wait(seconds=...)" if name.endswith("sleep") else "call it in a task's run method",
    )


def _binary(context: Context, node: ast.BinOp) -> Value:
    """Only whole numbers added to whole numbers: States.MathAdd rounds everything else (facts §6)."""
    if isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
        later(context, node, "formatting a text with `%`", "write an f-string: f\"...{data['name']}\"")
    if isinstance(node.op, ast.Add | ast.Sub):
        left, right = value_of(context, node.left), value_of(context, node.right)
        if (
            kinds_of(left) == _NUMBER
            and kinds_of(right) == _NUMBER
            and not contains_either(left)
            and not contains_either(right)
        ):
            if isinstance(node.op, ast.Add):
                return Call(f"States.MathAdd({argument(left)}, {argument(right)})", "int")
            if isinstance(right, Const):
                return Call(f"States.MathAdd({argument(left)}, {argument(Const(-right.value))})", "int")  # type: ignore[operator]
        if kinds_of(left) | kinds_of(right) <= {"str", None} and "str" in kinds_of(left) | kinds_of(right):
            later(context, node, "joining texts with `+`", "write an f-string: f\"...{data['name']}\"")
    later(context, node, "arithmetic on values that are not known to be whole numbers", "compute it in a task")


def place_of(context: Context, node: ast.expr) -> Ref | None:
    """The path of a plain reference, None for anything else."""
    value = value_of(context, node)
    return value if isinstance(value, Ref) else None


def equals_none(place: str) -> model.Test:
    return model.Comparison(variable=place, operator="IsNull", operand=True)
