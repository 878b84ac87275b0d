"""`with retry(...)` and `with timeout(...)`: on a task itself, or a retry on a Parallel around a block."""

from __future__ import annotations

import ast
from typing import Any, Final

from penstock.asl import model
from penstock.script.lower.arguments import constant, keywords, timeout_seconds
from penstock.script.lower.calls import is_started
from penstock.script.lower.context import Context, close
from penstock.script.lower.errors import error_names
from penstock.script.lower.expressions import value_of
from penstock.script.lower.graph import Exits, Scope
from penstock.script.lower.values import Value
from penstock.script.report import Refused
from penstock.script.resolve.exceptions import ALL

_RETRY: Final = ("on_exceptions", "interval", "max_attempts", "backoff_rate", "max_delay", "jitter")
_LIMIT: Final = 99_999_999


def lower_with(context: Context, node: ast.With, exits: Exits) -> Exits:
    try:
        return _with(context, node, exits)
    except Refused:
        # The block is still looked at, so that all problems are told at once.
        return context.lower(context, node.body, exits)


def _with(context: Context, node: ast.With, exits: Exits) -> Exits:
    managers: list[tuple[str, ast.Call]] = []
    body: list[ast.stmt] = [node]
    while len(body) == 1 and isinstance(body[0], ast.With):
        inner = body[0]
        managers += [_manager(context, item) for item in inner.items]
        body = inner.body
    direct = _single_step(context, body)
    timeout: Value | None = None
    if managers[-1][0] == "timeout":
        _, call = managers.pop()
        seconds = _seconds(context, call)
        if direct not in ("task", "start"):
            context.report.refuse(
                "PS506",
                call,
                "`with timeout` takes one task: the States Language has no time limit for a block",
                help="give each task its own `timeout=`, or move the block into a function and start it",
            )
        timeout = seconds
    for name, call in managers:
        if name == "timeout":
            context.report.refuse(
                "PS506",
                call,
                "a time limit around a retry would cover all attempts, which the States Language cannot say",
                help="put `with timeout` inside `with retry`: it then limits each attempt",
            )
    return _retries(
        context, node, [_retrier(context, call) for _, call in managers], body, exits, direct is not None, timeout
    )


def _retries(
    context: Context,
    node: ast.With,
    retriers: list[model.Retrier],
    body: list[ast.stmt],
    exits: Exits,
    direct: bool,
    timeout: Value | None,
) -> Exits:
    """The innermost retrier goes on the one task where there is one, and so do those around it while no two take the same
    error; every other on a Parallel around what it repeats."""
    if direct and _apart(retriers):
        inner = context.but(retry=tuple(reversed(retriers)), timeout=timeout)
        return inner.lower(inner, body, exits)
    scope = context.inner(node)
    inside = context.but(scope=scope, guards=(), retry=(), timeout=None)
    label = f"retry {ast.unparse(body[0]).splitlines()[0]}"
    parallel = context.node(model.Parallel, label, node, exits)
    parallel.branches.append(scope)
    if len(retriers) > 1:
        ends = _retries(inside, node, retriers[1:], body, [scope.start], direct, timeout)
    else:
        errors = context.report.errors
        ends = inside.lower(inside, body, [scope.start])
        if not _can_fail(scope) and context.report.errors == errors:
            context.report.refuse(
                "PS505",
                node.items[0].context_expr,
                "nothing in this block can fail, so nothing is retried",
                help="remove `with retry`",
            )
    close(inside, ends, node)
    # The branch's output is the document after the block; it takes the place of the one before.
    parallel.fields.update(retry=(retriers[0],), output_path="$[0]")
    context.guard(parallel)
    return [parallel.next] if parallel.next and ends else []


def _apart(retriers: list[model.Retrier]) -> bool:
    """Whether no error is taken by two of them: one state takes the first retrier that fits, where Python would go on to
    the one around."""
    seen: set[str] = set()
    for retrier in retriers:
        # A timeout has two names, and States.ALL and States.TaskFailed take what others name.
        names = {"States.Timeout" if name == "States.HeartbeatTimeout" else name for name in retrier.error_equals}
        if len(retriers) > 1 and (names & seen or names & {ALL, "States.TaskFailed"}):
            return False
        seen |= names
    return True


def _can_fail(scope: Scope) -> bool:
    return any(node.kind in (model.Task, model.Map, model.Parallel, model.Fail) for node in scope.nodes)


def _single_step(context: Context, body: list[ast.stmt]) -> str | None:
    """`task`, `start` or `fan-out` when the block is one statement with one state that can be retried."""
    if len(body) != 1:
        return None
    statement = body[0]
    if not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return):
        return None
    call = statement.value
    if not isinstance(call, ast.Call):
        return None
    found, frame = context.declarations, context.frame
    function = call.func
    if isinstance(function, ast.Attribute):
        root = function.value
        return (
            "start" if isinstance(root, ast.Name) and root.id in found.functions and function.attr == "start" else None
        )
    if not isinstance(function, ast.Name) or function.id in frame.variables:
        return None
    if function.id in found.tasks:
        return "task"
    if function.id in found.functions:
        used = not isinstance(statement, ast.Expr)
        return "start" if is_started(call, found.functions[function.id], used=used) else None
    return "fan-out" if function.id in ("map", "parallel") else None


def _manager(context: Context, item: ast.withitem) -> tuple[str, ast.Call]:
    report = context.report
    expression = item.context_expr
    function = expression.func if isinstance(expression, ast.Call) else expression
    name = function.id if isinstance(function, ast.Name) else ""
    if name not in ("retry", "timeout") or name in context.declarations.names():
        report.refuse(
            "PS507",
            report.spans.of(expression),
            f"`with {ast.unparse(expression)[:60]}` is no context manager of a machine",
            help="a machine knows `with retry(...)` and `with timeout(seconds=...)`",
        )
    if not isinstance(expression, ast.Call):
        report.refuse("PS507", expression, f"`{name}` is not called", help=f"write `with {name}():`")
    if item.optional_vars is not None:
        report.refuse("PS507", item.optional_vars, f"`{name}` gives no value", help="remove the `as` part")
    return name, expression


def _seconds(context: Context, call: ast.Call) -> Value:
    given = keywords(context, call, "`timeout`", ("seconds",))
    if len(call.args) + len(given) != 1:
        context.report.refuse(
            "PS303", call, "`timeout` takes a number of seconds", help="write with timeout(seconds=60)"
        )
    seconds = given["seconds"] if given else call.args[0]
    timeout_seconds(context, seconds)  # refuses, here where it stands, what is no time
    return value_of(context, seconds)


def _retrier(context: Context, call: ast.Call) -> model.Retrier:
    report = context.report
    if call.args:
        report.refuse("PS303", call.args[0], "`retry` takes keyword arguments only", help="write retry(max_attempts=5)")
    given = keywords(context, call, "`retry`", _RETRY)
    names: tuple[str, ...] = (ALL,)
    if "on_exceptions" in given:
        node = given["on_exceptions"]
        if not isinstance(node, ast.List | ast.Tuple):
            report.refuse(
                "PS305",
                node,
                "`on_exceptions` is a list of exception classes",
                help=f"write on_exceptions=[{ast.unparse(node)[:40]}]",
            )
        names = context.declarations.hierarchy.names(error_names(context, node))
    fields: dict[str, Any] = {"interval_seconds": 1, "max_attempts": 3, "backoff_rate": 2.0}
    for keyword, name, low, whole in (
        ("interval", "interval_seconds", 1, True),
        ("max_attempts", "max_attempts", 0, True),
        ("backoff_rate", "backoff_rate", 1, False),
        ("max_delay", "max_delay_seconds", 1, True),
    ):
        if keyword not in given:
            continue
        value = constant(context, given[keyword], f"`{keyword}`")
        high = 31_622_399 if keyword == "max_delay" else _LIMIT
        fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not fits or not low <= value <= high:
            kind = "a whole number" if whole else "a number"
            report.refuse(
                "PS305",
                given[keyword],
                f"`{keyword}` must be {kind} from {low} to {high:,}",
                help=f"write {keyword}={max(low, 1)}",
            )
        fields[name] = value
    if "jitter" in given:
        jitter = constant(context, given["jitter"], "`jitter`")
        if not isinstance(jitter, bool) and jitter not in ("FULL", "NONE"):
            report.refuse("PS305", given["jitter"], "`jitter` is True or False", help="write jitter=True")
        fields["jitter_strategy"] = "FULL" if jitter in (True, "FULL") else "NONE"
    return model.Retrier(error_equals=names, **fields)
