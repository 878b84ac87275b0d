"""Where values go: keys of `data`, workflow variables, the output; and the states that put them there."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any, TypeAlias

from penstock.asl import model
from penstock.script.lower.context import Context, Variable, valid_variable
from penstock.script.lower.expressions import later, path_key, step, value_of
from penstock.script.lower.graph import Edge, Exits, Node
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
    contains_either,
    field,
    kinds_of,
    template,
)

RESERVED = "__trace"


@dataclass(frozen=True, slots=True)
class Key:
    """A key of `data`: its path, and the path of the dict it stands in when that is not the document itself."""

    path: str
    parent: str | None
    shown: str


@dataclass(frozen=True, slots=True)
class Name:
    """A workflow variable of the current function."""

    name: str
    node: ast.AST


@dataclass(frozen=True, slots=True)
class Output:
    """The output of the machine."""


Target: TypeAlias = Key | Name | Output


def target_of(context: Context, node: ast.expr) -> Target:
    """The target of an assignment. Reports and raises Refused where nothing can be stored."""
    report, frame = context.report, context.frame
    if isinstance(node, ast.Name):
        return _variable_target(context, node)
    keys: list[ast.expr | str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Subscript | ast.Attribute):
        keys.append(inner.slice if isinstance(inner, ast.Subscript) else inner.attr)
        inner = inner.value
    if not keys:
        what = "several targets" if isinstance(node, ast.Tuple | ast.List) else f"`{ast.unparse(node)[:60]}`"
        report.refuse(
            "PS204",
            node,
            f"{what} cannot be assigned: the target must be a key on `data` or a variable",
            help='write data["key"] = ...',
        )
    if not isinstance(inner, ast.Name) or inner.id != frame.function.input_name:
        shown = ast.unparse(inner)[:60]
        if isinstance(inner, ast.Name) and inner.id in frame.variables:
            report.refuse(
                "PS204",
                node,
                f"a part of the variable `{shown}` cannot be set: the States Language sets a variable as a whole",
                help='keep the value in data: data["key"]["part"] = ...',
            )
        report.refuse(
            "PS204",
            node,
            f"nothing can be stored in `{shown}`: the target must be a key on `data`",
            help='write data["key"] = ...',
        )
    if not frame.base.startswith("$[") and not frame.base.startswith("$.") and frame.base != "$":
        report.refuse(
            "PS204",
            node,
            f"the input of `{frame.function.name}` is not a part of the caller's data here, so nothing can be stored in it",
            help=f'pass a part of data: {frame.function.name}(data["key"])',
        )
    keys.reverse()
    path = parent = frame.base
    for key in keys:
        where = key if isinstance(key, ast.expr) else node
        name = path_key(context, key) if isinstance(key, ast.expr) else key
        if not isinstance(name, str):
            later(context, where, "storing into an item of a list", "store the whole list")
        if name == RESERVED:
            report.refuse("PS206", report.spans.head(node), "the key `__trace` is reserved", help="choose another key")
        parent = path
        path += step(context, where, name) if isinstance(key, ast.expr) else f".{name}"
    return Key(path, parent if parent != "$" else None, context.report.spans.text(node) or path)


def _variable_target(context: Context, node: ast.Name) -> Target:
    name, frame = node.id, context.frame
    if name == frame.function.input_name:
        context.report.refuse(
            "PS203",
            node,
            f"this replaces the whole of `{name}`",
            label="the input is lost",
            help=f'write {name}["key"] = ...',
        )
    found = context.declarations
    if name in ("context", "States") or name in found.names():
        context.report.refuse(
            "PS204", node, f"`{name}` already means something else", help="choose another name for the variable"
        )
    if not valid_variable(name):
        context.report.refuse("PS204", node, f"`{name}` cannot name a workflow variable", help="choose a shorter name")
    return Name(name, node)


def declare_variable(context: Context, target: Name, kinds: frozenset[Kind]) -> str:
    """The States Language name of an assigned variable; remembers where it is set and what it may hold."""
    frame = context.frame
    if target.name in frame.bound:
        context.report.refuse(
            "PS204",
            target.node,
            f"`{target.name}` holds the error of this handler",
            help="choose another name for the variable",
        )
    variable = frame.variables.get(target.name)
    if variable is None:
        variable = frame.variables[target.name] = Variable(context.machine.variable(target.name))
    if variable.scopes and context.scope not in variable.scopes:
        context.report.refuse(
            "PS208",
            target.node,
            f"`{target.name}` is set inside a retried block and outside of it; the States Language keeps the two apart",
            help=f'keep it in data: data["{target.name}"] = ...',
        )
    if context.scope not in variable.scopes:
        variable.scopes.append(context.scope)
    variable.kinds.update(kinds)
    return variable.name


def written(context: Context, node: ast.AST, name: str, value: Value) -> dict[str, Any]:
    """`field`, reporting what a payload cannot say."""
    try:
        return field(name, value)
    except NotPayload as error:
        context.report.refuse("PS309", node, str(error), help="build the value in a task")


def settle(context: Context, value: Value, exits: Exits, node: ast.AST) -> tuple[Value, Exits]:
    """The value with every conditional part decided beforehand, in a variable of its own."""
    if not contains_either(value):
        return value, exits
    if isinstance(value, Either):
        name = context.machine.variable("value")
        arms: Exits = []
        choice = context.node(model.Choice, f"if {value.ways}", node, exits)
        choice.default = Edge()
        yes = Edge()
        choice.choices.append((value.test, yes))
        for edge, arm in ((yes, value.then), (choice.default, value.otherwise)):
            settled, inner = settle(context, arm, [edge], node)
            assign = context.node(model.Pass, f"{name} = …", node, inner, assign=written(context, node, name, settled))
            arms += _after(assign)
        return Ref(f"${name}", kinds_of(value)), arms
    if isinstance(value, Fields):
        items = []
        for key, item in value.items:
            item, exits = settle(context, item, exits, node)
            items.append((key, item))
        return Fields(tuple(items)), exits
    assert isinstance(value, Items)
    parts = []
    for item in value.items:
        item, exits = settle(context, item, exits, node)
        parts.append(item)
    return Items(tuple(parts)), exits


def temporary(context: Context, wanted: str, value: Value, exits: Exits, node: ast.AST) -> tuple[Ref, Exits]:
    """Keeps a value in a variable of the compiler's own."""
    name = context.machine.variable(wanted)
    made = context.node(model.Pass, f"{name} = …", node, exits, assign=written(context, node, name, value))
    return Ref(f"${name}", kinds_of(value)), _after(made)


def _after(node: Node) -> Exits:
    assert node.next is not None
    return [node.next]


def shown_target(target: Target) -> str:
    match target:
        case Key(shown=shown):
            return shown
        case Name(name=name):
            return name
    return "return"


def store(context: Context, target: Target, value: Value, exits: Exits, node: ast.AST) -> Exits:
    """The states that put a value where it belongs."""
    if isinstance(value, Either):
        choice = context.node(model.Choice, f"if {value.ways}", node, exits)
        yes, no = Edge(), Edge()
        choice.choices.append((value.test, yes))
        choice.default = no
        return store(context, target, value.then, [yes], node) + store(context, target, value.otherwise, [no], node)
    value, exits = settle(context, value, exits, node)
    label = f"{shown_target(target)} = …" if not isinstance(target, Output) else "return …"
    match target:
        case Name():
            name = declare_variable(context, target, kinds_of(value))
            return _after(context.node(model.Pass, label, node, exits, assign=written(context, node, name, value)))
        case Key():
            return _store_key(context, target, value, exits, node, label)
        case Output():
            return _store_output(context, value, exits, node, label)


def _store_key(context: Context, target: Key, value: Value, exits: Exits, node: ast.AST, label: str) -> Exits:
    if isinstance(value, Const):
        fields: dict[str, Any] = {"result": value.value, "result_path": target.path}
        if target.parent is not None:
            # ResultPath would make a missing dict; Python says KeyError. Selecting it first fails where it is missing.
            fields["input_path"] = target.parent
        return _after(context.node(model.Pass, label, node, exits, **fields))
    if target.parent is not None:
        check = context.node(
            model.Pass, f"{target.shown} can be set", node, exits, input_path=target.parent, result_path=None
        )
        exits = _after(check)
    if isinstance(value, Ref):
        return _after(context.node(model.Pass, label, node, exits, input_path=value.path, result_path=target.path))
    if isinstance(value, Fields):
        parameters = written(context, node, "value", value)["value"]
        return _after(context.node(model.Pass, label, node, exits, parameters=parameters, result_path=target.path))
    # A Pass has no ResultSelector: what is computed alone is wrapped first and unwrapped by the next state.
    first = context.node(
        model.Pass, label, node, exits, parameters=written(context, node, "value", value), result_path=target.path
    )
    return _after(
        context.node(model.Pass, label, node, _after(first), input_path=f"{target.path}.value", result_path=target.path)
    )


def _store_output(context: Context, value: Value, exits: Exits, node: ast.AST, label: str) -> Exits:
    match value:
        case Const(value=constant):
            return _after(context.node(model.Pass, label, node, exits, result=constant))
        case Ref(path=path):
            return _after(context.node(model.Pass, label, node, exits, input_path=path))
        case Fields():
            parameters = written(context, node, "value", value)["value"]
            return _after(context.node(model.Pass, label, node, exits, parameters=parameters))
        case Call() | Items():
            parameters = written(context, node, "value", value)
            return _after(context.node(model.Pass, label, node, exits, parameters=parameters, output_path="$.value"))
    raise AssertionError("settled before")


def update(context: Context, call: ast.Call, exits: Exits) -> Exits:
    """`data.update({...})`, `data["k"].update(a=1)`: a merge, key by key."""
    assert isinstance(call.func, ast.Attribute)
    report = context.report
    place = call.func.value
    if len(call.args) > 1 or (not call.args and not call.keywords):
        report.refuse("PS303", call, "`update` takes one dict", help='write data.update({"key": value})')
    base = value_of(context, place)
    if not isinstance(base, Ref) or (not base.path.startswith(("$[", "$.")) and base.path != "$"):
        report.refuse("PS204", place, "only `data` and its parts can be updated", help='write data["key"] = ...')
    items: list[tuple[str, Value]] = []
    if call.args:
        given = value_of(context, call.args[0])
        if isinstance(given, Const) and isinstance(given.value, dict):
            items += [(key, Const(item)) for key, item in given.value.items()]
        elif isinstance(given, Fields):
            items += given.items
        elif isinstance(given, Ref):
            if call.keywords:
                later(context, call, "`update` with a reference and keywords", "write two updates")
            return _merge(context, base.path, given, exits, call)
        else:
            report.refuse("PS305", call.args[0], "`update` takes a dict", help='write data.update({"key": value})')
    for keyword in call.keywords:
        if keyword.arg is None:
            later(context, keyword.value, "unpacking a dict", "name each key")
        items.append((keyword.arg, value_of(context, keyword.value)))
    merged = dict(items)
    if RESERVED in merged and base.path == "$":
        report.refuse("PS206", call, "the key `__trace` is reserved", help="choose another key")
    parent = base.path if base.path != "$" else None
    if not merged:
        return exits
    if len(merged) == 1:
        key, value = next(iter(merged.items()))
        shown = f"{report.spans.text(place)}.{key}"
        return store(context, Key(base.path + step(context, call, key), parent, shown), value, exits, call)
    settled, exits = settle(context, _together(merged), exits, call)
    return _merge(context, base.path, settled, exits, call)


def _together(items: dict[str, Value]) -> Value:
    constants: dict[str, Any] = {}
    for key, value in items.items():
        if not isinstance(value, Const):
            return Fields(tuple(items.items()))
        constants[key] = value.value
    return Const(constants)


def _merge(context: Context, base: str, value: Value, exits: Exits, call: ast.Call) -> Exits:
    label = f"{base.replace('$', context.frame.function.input_name, 1)} update"
    if isinstance(value, Fields):
        # The new values are computed before any of them is stored: a template first, then the merge.
        try:
            new = template(value)
        except NotPayload as error:
            context.report.refuse("PS309", call, str(error), help="build the value in a task")
        parameters = {"data.$": "$", "update": new}
        exits = _after(context.node(model.Pass, label, call, exits, parameters=parameters))
        outer, update_text = "$.data", "$.update"
        whole = "$.data" + base[1:]
    else:
        outer, whole = "$", base
        update_text = _argument(context, call, value)
    merge = f"States.JsonMerge({whole}, {update_text}, false)"
    if base == "$":
        return _after(
            context.node(model.Pass, label, call, exits, parameters={"merged.$": merge}, output_path="$.merged")
        )
    if outer == "$":
        first = context.node(model.Pass, label, call, exits, parameters={"merged.$": merge}, result_path=base)
    else:
        kept = {"merged.$": merge, "data.$": "$.data"}
        wrapped = context.node(model.Pass, label, call, exits, parameters=kept)
        inside = context.node(
            model.Pass, label, call, _after(wrapped), input_path="$.merged", result_path=whole, output_path="$.data"
        )
        return _after(inside)
    return _after(context.node(model.Pass, label, call, _after(first), input_path=f"{base}.merged", result_path=base))


def _argument(context: Context, node: ast.AST, value: Value) -> str:
    from penstock.script.lower.values import argument

    try:
        return argument(value)
    except NotPayload as error:
        context.report.refuse("PS309", node, str(error), help="build the value in a task")


def finish_step(context: Context, node: Node, target: Target | tuple[Target, ...] | None, call: ast.Call) -> Exits:
    """Puts the result of a Task, Map or Parallel where it belongs, and guards the state."""
    after: Exits = [node.next] if node.next else []
    context.guard(node)
    match target:
        case None:
            node.fields["result_path"] = None
        case Key(path=path):
            node.fields["result_path"] = path
        case Output():
            node.fields["result_path"] = "$"
        case Name():
            name = declare_variable(context, target, frozenset({None}))
            node.fields["result_path"] = None
            node.fields["assign"] = {f"{name}.$": "$"}
        case tuple():
            node.fields["result_path"] = None
            assign: dict[str, Any] = {}
            moves: list[tuple[Target, str]] = []
            for position, part in enumerate(target):
                if isinstance(part, Name):
                    name = declare_variable(context, part, frozenset({None}))
                else:
                    name = context.machine.variable("result")
                    moves.append((part, name))
                assign[f"{name}.$"] = f"$[{position}]"
            node.fields["assign"] = assign
            for part, name in moves:
                after = store(context, part, Ref(f"${name}"), after, call)
    if context.retry:
        node.fields["retry"] = (*node.fields.get("retry", ()), *context.retry)
    return after


def one_target(context: Context, target: Target | tuple[Target, ...] | None, call: ast.Call) -> Target | None:
    """The target of a call that has one result."""
    if isinstance(target, tuple):
        context.report.refuse(
            "PS204",
            call,
            "only the results of `parallel` come as several values",
            help="store the result under one key",
        )
    return target
