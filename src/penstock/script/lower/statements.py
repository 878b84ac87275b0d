"""Statements, one after the other: what each connects to, and which are refused."""

from __future__ import annotations

import ast
from typing import Final

from penstock.asl import model
from penstock.script.lower.blocks import lower_with
from penstock.script.lower.calls import step_of
from penstock.script.lower.conditions import Operand, compare, test_of
from penstock.script.lower.context import Context, Guard, Variable
from penstock.script.lower.errors import lower_raise, lower_try, raise_error
from penstock.script.lower.expressions import constants, is_get, value_of
from penstock.script.lower.graph import Edge, Exits
from penstock.script.lower.store import Key, Name, Output, Target, settle, store, target_of, temporary, update
from penstock.script.lower.values import Const, Ref, Value
from penstock.script.report import Refused, did_you_mean
from penstock.script.resolve.constants import NotConstant, fold

_NO_STATE: Final[dict[type[ast.stmt], tuple[str, str]]] = {
    ast.FunctionDef: ("a function inside a machine", "define it at module level"),
    ast.AsyncFunctionDef: ("a function inside a machine", "define it at module level"),
    ast.ClassDef: ("a class inside a machine", "define it at module level"),
    ast.Import: ("an import inside a machine", "import inside a task's run method"),
    ast.ImportFrom: ("an import inside a machine", "import inside a task's run method"),
    ast.Global: ("`global`", "keep the value in `data` or in a variable"),
    ast.Nonlocal: ("`nonlocal`", "keep the value in `data` or in a variable"),
    ast.AsyncWith: ("`async with`", "write `with`"),
    ast.AsyncFor: ("`async for`", "use `map` over a function"),
}
_LATER: Final[dict[type[ast.stmt], tuple[str, str]]] = {
    ast.For: ("a `for` loop", 'use map(data["items"], function): it runs the function for each item'),
    ast.While: ("a `while` loop", "use a retried task, or start the machine again from its end"),
    ast.Break: ("`break`", "it belongs to loops"),
    ast.Continue: ("`continue`", "it belongs to loops"),
    ast.Delete: ("`del`", "set the key to None, or remove it in a task"),
}


def lower_block(context: Context, statements: list[ast.stmt], exits: Exits) -> Exits:
    """Lowers statements after `exits`; gives the loose ends after them. A statement that was refused is left out."""
    for statement in statements:
        if not exits:
            context.report.tell(
                "PS205",
                context.report.spans.head(statement),
                "this is never reached, and is left out",
                help="remove it, or move it before the statement that ends the machine",
            )
            break
        context.report.work -= 1
        if context.report.work < 0:
            context.too_large(statement)
        try:
            exits = _statement(context, statement, exits)
        except Refused:
            _known_from_now(context, statement)
    return exits


def _known_from_now(context: Context, refused: ast.stmt) -> None:
    """Declares what a refused statement assigns, so that reading it is not told as a second problem."""
    frame = context.frame
    taken = {frame.function.input_name, "context", "States", *frame.bound, *context.declarations.names()}
    for node in ast.walk(refused):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in taken:
            if node.id not in frame.variables:
                frame.variables[node.id] = Variable(context.machine.variable(node.id))
            frame.variables[node.id].scopes.append(context.scope)
            frame.variables[node.id].kinds.add(None)


def _statement(context: Context, node: ast.stmt, exits: Exits) -> Exits:
    match node:
        case ast.Expr(value=value):
            return _expression(context, value, exits)
        case ast.Assign(targets=[target], value=value):
            return _assign(context, node, target, value, exits)
        case ast.Assign(targets=targets):
            context.report.refuse(
                "PS204",
                targets[1],
                "a value can only be assigned to one target",
                help="write one assignment for each target",
            )
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return _assign(context, node, target, value, exits)
        case ast.AnnAssign() | ast.Pass():
            return exits
        case ast.AugAssign():
            return _augmented(context, node, exits)
        case ast.If():
            return _if(context, node, exits)
        case ast.Match():
            return _match(context, node, exits)
        case ast.Try():
            return lower_try(context, node, exits)
        case ast.TryStar():
            context.report.refuse(
                "PS201",
                context.report.spans.head(node),
                "`except*` takes groups of errors, and a state fails with one",
                help="write `except`",
            )
        case ast.With():
            return lower_with(context, node, exits)
        case ast.Raise():
            return lower_raise(context, node, exits)
        case ast.Return():
            return _return(context, node, exits)
        case ast.Assert():
            return _assert(context, node, exits)
    head = context.report.spans.head(node)
    if type(node) in _LATER:
        what, instead = _LATER[type(node)]
        context.report.refuse(
            "PS202", head, f"{what} is not compiled in this version; it comes with loops and JSONata", help=instead
        )
    what, instead = _NO_STATE.get(type(node), ("this statement", "do it in a task"))
    context.report.refuse("PS201", head, f"{what} has no meaning in a state machine", help=instead)


def _expression(context: Context, node: ast.expr, exits: Exits) -> Exits:
    report = context.report
    step = step_of(context, node)
    if step is not None:
        assert isinstance(node, ast.Call)
        return step(context, node, None, exits)
    match node:
        case ast.Constant():
            return exits  # a docstring
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yes, no = _branch(context, node, test, exits)
            return _expression(context, body, yes) + _expression(context, orelse, no)
        case ast.Call(func=ast.Attribute(attr="update")):
            return update(context, node, exits)
        case ast.Call(func=ast.Attribute(value=owner, attr=method)) if _is_data(context, owner):
            near = did_you_mean(method, ("update", "get"))
            report.refuse(
                "PS306",
                node,
                f"the only supported method call is `update()`, not `{method}()`",
                help=f"did you mean `{near}`?"
                if near == "update"
                else 'write data.update({"key": value}), or do it in a task',
            )
        case ast.Await():
            report.refuse(
                "PS201",
                node,
                "a machine runs its steps by itself: nothing is awaited",
                help=f"write {ast.unparse(node.value)[:60]}",
            )
        case ast.Yield() | ast.YieldFrom():
            report.refuse("PS201", node, "`yield` has no meaning in a state machine", help="do it in a task")
    value = value_of(context, node) if not isinstance(node, ast.Name | ast.Attribute) else None
    name = node.id if isinstance(node, ast.Name) else ""
    found = context.declarations
    known = name in found.tasks or name in found.functions
    if isinstance(node, ast.Name) and not known:
        value_of(context, node)
    del value
    report.refuse(
        "PS207",
        node,
        f"`{ast.unparse(node)[:60]}` does nothing here",
        help=f"call it: `{name}()`" if known else 'store the value: data["key"] = ...',
    )


def _is_data(context: Context, node: ast.expr) -> bool:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id == context.frame.function.input_name


def _assign(context: Context, node: ast.stmt, target: ast.expr, value: ast.expr, exits: Exits) -> Exits:
    report = context.report
    if isinstance(target, ast.Tuple | ast.List):
        step = step_of(context, value)
        if step is None or not isinstance(value, ast.Call):
            report.refuse(
                "PS204",
                report.spans.of(target),
                "only the results of `parallel` are stored in several targets; otherwise the target must be one key on `data`",
                help="write one assignment for each target",
            )
        targets = tuple(target_of(context, element) for element in target.elts)
        return step(context, value, targets, exits)
    return assign(context, node, target_of(context, target), value, exits)


def assign(context: Context, node: ast.AST, target: Target, value: ast.expr, exits: Exits) -> Exits:
    """`target = value`, where the value may be a step or choose between steps."""
    step = step_of(context, value)
    if step is not None:
        assert isinstance(value, ast.Call)
        return step(context, value, target, exits)
    if isinstance(value, ast.IfExp):
        yes, no = _branch(context, value, value.test, exits)
        return assign(context, node, target, value.body, yes) + assign(context, node, target, value.orelse, no)
    return store(context, target, value_of(context, value), exits, node)


def _branch(context: Context, node: ast.expr, test: ast.expr, exits: Exits) -> tuple[Exits, Exits]:
    rule = test_of(context, test)
    choice = context.node(model.Choice, f"if {context.report.spans.text(test)}", node, exits)
    yes, no = Edge(), Edge()
    choice.choices.append((rule, yes))
    choice.default = no
    return [yes], [no]


def _augmented(context: Context, node: ast.AugAssign, exits: Exits) -> Exits:
    target = target_of(context, node.target)
    read = ast.copy_location(_as_load(node.target), node.target)
    value = ast.copy_location(ast.BinOp(left=read, op=node.op, right=node.value), node)
    return store(context, target, value_of(context, value), exits, node)


def _as_load(node: ast.expr) -> ast.expr:
    match node:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(id=name, ctx=ast.Load()), node)
        case ast.Subscript(value=value, slice=index):
            return ast.copy_location(ast.Subscript(value=value, slice=index, ctx=ast.Load()), node)
        case ast.Attribute(value=value, attr=attr):
            return ast.copy_location(ast.Attribute(value=value, attr=attr, ctx=ast.Load()), node)
    return node


def _if(context: Context, node: ast.If, exits: Exits) -> Exits:
    """One Choice for a whole `if`/`elif`/`else` chain."""
    arms: list[tuple[model.Test, list[ast.stmt]]] = []
    current, _refused = node, False
    otherwise: list[ast.stmt] = []
    while True:
        try:
            arms.append((test_of(context, current.test), current.body))
        except Refused:
            # The arms are still looked at, so that all problems are told at once.
            arms.append((model.Comparison(variable="$", operator="IsPresent", operand=True), current.body))
        otherwise = current.orelse
        if len(otherwise) != 1 or not isinstance(otherwise[0], ast.If):
            break
        current = otherwise[0]
    choice = context.node(model.Choice, f"if {context.report.spans.text(node.test)}", node, exits)
    edges = [Edge() for _ in arms]
    choice.choices = [(test, edge) for (test, _), edge in zip(arms, edges, strict=True)]
    choice.default = Edge()
    ends: Exits = []
    for (_, body), edge in zip(arms, edges, strict=True):
        ends += context.lower(context, body, [edge])
    ends += context.lower(context, otherwise, [choice.default]) if otherwise else [choice.default]
    return ends


def _match(context: Context, node: ast.Match, exits: Exits) -> Exits:
    report = context.report
    subject: Value = value_of(context, node.subject)
    subject, exits = settle(context, subject, exits, node)
    if isinstance(subject, Const):
        report.refuse("PS405", node.subject, "what is matched is always the same", help="match a part of `data`")
    if not isinstance(subject, Ref):
        subject, exits = temporary(context, "subject", subject, exits, node)
    side = Operand(node.subject, subject)
    rules: list[tuple[model.Test, list[ast.stmt]]] = []
    default: list[ast.stmt] | None = None
    for case in node.cases:
        if default is not None:
            report.tell(
                "PS205", report.spans.of(case.pattern), "this case is never reached", help="move it before `case _`"
            )
            break
        tests = _pattern(context, case.pattern, side)
        if tests is None and case.guard is None:
            default = case.body
            continue
        test = tests[0] if tests and len(tests) == 1 else model.Or(rules=tuple(tests)) if tests else None
        if case.guard is not None:
            guard = test_of(context, case.guard)
            test = guard if test is None else model.And(rules=(test, guard))
        assert test is not None
        rules.append((test, case.body))
    if not rules:
        return context.lower(context, default or [], exits)
    choice = context.node(model.Choice, f"match {report.spans.text(node.subject)}", node, exits)
    edges = [Edge() for _ in rules]
    choice.choices = [(test, edge) for (test, _), edge in zip(rules, edges, strict=True)]
    choice.default = Edge()
    ends: Exits = []
    for (_, body), edge in zip(rules, edges, strict=True):
        ends += context.lower(context, body, [edge])
    return ends + (context.lower(context, default, [choice.default]) if default is not None else [choice.default])


def _pattern(context: Context, pattern: ast.pattern, side: Operand) -> list[model.Test] | None:
    """The tests of a pattern, any of which suffices; None for one that always matches."""
    report = context.report
    match pattern:
        case ast.MatchValue(value=value):
            try:
                constant = fold(value, constants(context))
            except NotConstant as error:
                report.refuse(
                    "PS406", error.node, "a pattern compares with constants", help="write the value out, or use `if`"
                )
            return [compare(context, value, side, ast.Eq, Operand(value, Const(constant)))]
        case ast.MatchSingleton(value=value):
            constant_node = ast.copy_location(ast.Constant(value), pattern)
            return [compare(context, constant_node, side, ast.Eq, Operand(constant_node, Const(value)))]
        case ast.MatchOr(patterns=patterns):
            found = [_pattern(context, inner, side) for inner in patterns]
            if any(tests is None for tests in found):
                return None
            return [test for tests in found if tests for test in tests]
        case ast.MatchAs(pattern=None, name=None):
            return None
        case ast.MatchAs(name=name):
            report.refuse(
                "PS406",
                pattern,
                f"the pattern `{name}` would capture the value, not compare with it",
                help=f"use `if`, or write `case _`{' and read the subject again' if name else ''}",
            )
    report.refuse(
        "PS406", pattern, "a machine matches constants, alternatives and `_`", help="use `if` with comparisons"
    )


def _return(context: Context, node: ast.Return, exits: Exits) -> Exits:
    frame, report = context.frame, context.report
    if context.scope is not frame.scope:
        report.refuse(
            "PS209",
            node,
            "a `return` cannot leave a retried block: the block is a branch of its own",
            help="put the `return` after the `with retry` block",
        )
    value = node.value
    if isinstance(value, ast.Constant) and value.value is None:
        value = None
    if frame.outermost and isinstance(value, ast.Name) and value.id == frame.function.input_name:
        value = None  # the output is the document as it is when every `finally` has run
    guards = context.guards[frame.floor :]
    final = [guard for guard in guards if guard.final is not None]
    if frame.outermost:
        return _leave_machine(context, node, value, exits, final)
    assert frame.caller is not None
    target = frame.target
    if value is None:
        if target is not None:
            report.refuse(
                "PS209",
                node,
                f"the result of `{frame.function.name}` is used, and this returns nothing",
                help="write `return value`",
            )
        exits = _finally(context, final, exits)
    else:
        exits = _return_value(context, node, value, exits, final)
    frame.returns += exits
    return []


def _return_value(context: Context, node: ast.Return, value: ast.expr, exits: Exits, final: list[Guard]) -> Exits:
    """The value of a function that stands in place of a call goes to the caller's target, after every `finally`."""
    frame = context.frame
    caller = frame.caller
    assert caller is not None
    target = frame.target
    assert target is None or isinstance(target, Key | Name | Output)
    step = step_of(context, value)
    if target is None:
        exits = step(context, value, None, exits) if step and isinstance(value, ast.Call) else exits
        if step is None:
            value_of(context, value)
        return _finally(context, final, exits)
    result, exits = _result(context, node, value, exits)
    exits = _finally(context, final, exits)
    if not exits:
        return []  # a `finally` that raises: the value goes nowhere
    # Stored as the caller, but guarded as the callee: nothing in storing can fail.
    return store(caller.but(scope=context.scope), target, result, exits, node)


def _result(context: Context, node: ast.Return, value: ast.expr, exits: Exits) -> tuple[Value, Exits]:
    """A returned value that later states cannot change any more."""
    step = step_of(context, value)
    if step is not None:
        assert isinstance(value, ast.Call)
        holder = Name(context.machine.variable("result"), node)
        exits = step(context, value, holder, exits)
        variable = context.frame.variables[holder.name]
        return Ref(f"${variable.name}", frozenset(variable.kinds)), exits
    result, exits = settle(context, value_of(context, value), exits, node)
    if isinstance(result, Const):
        return result, exits
    if isinstance(result, Ref) and not context.guards[context.frame.floor :]:
        return result, exits
    return temporary(context, "result", result, exits, node)


def _leave_machine(
    context: Context, node: ast.Return, value: ast.expr | None, exits: Exits, final: list[Guard]
) -> Exits:
    frame = context.frame
    if value is not None and final:
        result, exits = _result(context, node, value, exits)
        exits = _finally(context, final, exits)
        if exits:
            exits = store(context, Output(), result, exits, node)
    elif value is not None:
        if step_of(context, value) is None and not isinstance(value, ast.IfExp) and not is_get(value):
            result, exits = settle(context, value_of(context, value), exits, node)
            if isinstance(result, Ref):
                label = f"return {context.report.spans.text(value)}"
                context.node(model.Succeed, label, node, exits, output_path=result.path)
                return []
            exits = store(context, Output(), result, exits, node)
        else:
            exits = assign(context, node, Output(), value, exits)
    else:
        exits = _finally(context, final, exits)
    if not exits:
        return []
    if frame.scope.succeed is None:
        frame.scope.succeed = context.node(model.Succeed, "return", node, exits)
    else:
        for edge in exits:
            edge.target = frame.scope.succeed
    return []


def _finally(context: Context, final: list[Guard], exits: Exits) -> Exits:
    """The `finally` bodies that a return passes, the innermost first; each is guarded by what stands around its own `try`."""
    for guard in reversed(final):
        assert guard.final is not None
        outside = context.guards[: context.guards.index(guard)]
        around = context.but(guards=outside)
        exits = around.lower(around, guard.final, exits)
        if not exits:
            break
    return exits


def _assert(context: Context, node: ast.Assert, exits: Exits) -> Exits:
    rule = test_of(context, node.test)
    choice = context.node(model.Choice, f"assert {context.report.spans.text(node.test)}", node, exits)
    yes, no = Edge(), Edge()
    choice.choices.append((rule, yes))
    choice.default = no
    # Python's own assert without a message has an empty one.
    cause: Value = Const("") if node.msg is None else value_of(context, node.msg)
    raise_error(context, "AssertionError", cause, [no], node)
    return [yes]
