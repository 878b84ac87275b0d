"""The arguments of calls that are states: keywords, constants, keys, time limits."""

from __future__ import annotations

import ast
from typing import Any

from penstock.script.lower.context import Context
from penstock.script.lower.expressions import constants, later, value_of
from penstock.script.lower.values import Const, Ref, Value
from penstock.script.report import did_you_mean, listed
from penstock.script.resolve.constants import NotConstant, fold
from penstock.script.resolve.tasks import MAX_SECONDS


def keywords(context: Context, call: ast.Call, what: str, known: tuple[str, ...]) -> dict[str, ast.expr]:
    """The keyword arguments by name."""
    result: dict[str, ast.expr] = {}
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg not in known:
            near = did_you_mean(keyword.arg or "", known)
            context.report.refuse(
                "PS304",
                context.report.spans.head(call) if keyword.arg is None else keyword,
                f"{what} has no keyword argument `{keyword.arg or '**'}`",
                help=f"did you mean `{near}`?"
                if near
                else f"it knows {listed(known)}"
                if known
                else "give the input without a name",
            )
        result[keyword.arg] = keyword.value
    return result


def constant(context: Context, node: ast.expr, what: str) -> Any:
    try:
        return fold(node, constants(context))
    except NotConstant as error:
        context.report.refuse(
            "PS305", error.node, f"{what} must be a constant: {error.message}", help="write the value out"
        )


def key_of(context: Context, given: dict[str, ast.expr]) -> str | None:
    """The `key=` of a call."""
    if "key" not in given:
        return None
    node = given["key"]
    key = constant(context, node, "`key`")
    if not isinstance(key, str):
        context.report.refuse("PS305", node, "`key` must be a text", help=f'write key="{key}"')
    if not 1 <= len(key) <= 80 or not key.isprintable():
        context.report.refuse(
            "PS602",
            node,
            f"a state's name has 1 to 80 printable characters; this key has {len(key)}",
            help="give a shorter text"
            if len(key) > 80
            else "give a text on one line"
            if key
            else "leave `key` out, or name the state",
        )
    return key


def timeout_seconds(context: Context, node: ast.expr | Value) -> dict[str, Any]:
    """TimeoutSeconds or its path."""
    value = value_of(context, node) if isinstance(node, ast.expr) else node
    if isinstance(value, Ref):
        return {"timeout_seconds_path": value.path}
    if (
        isinstance(value, Const)
        and isinstance(value.value, int)
        and not isinstance(value.value, bool)
        and 1 <= value.value <= MAX_SECONDS
    ):
        return {"timeout_seconds": value.value}
    where = node if isinstance(node, ast.expr) else context.frame.function.node
    context.report.refuse(
        "PS305",
        where,
        f"`timeout` must be a whole number of seconds from 1 to {MAX_SECONDS:,}",
        help="write timeout=60",
    )


def timeout_of(context: Context, given: dict[str, ast.expr], default: int | None) -> dict[str, Any]:
    """The time limit of a call: its own `timeout=`, the block's around it, or the task's."""
    if "timeout" in given:
        call = timeout_seconds(context, given["timeout"])
        if context.timeout is None:
            return call
        block = timeout_seconds(context, context.timeout)
        if "timeout_seconds" in call and "timeout_seconds" in block:
            return {"timeout_seconds": min(call["timeout_seconds"], block["timeout_seconds"])}
        later(context, given["timeout"], "a timeout inside a timeout, one of them computed", "keep one of the two")
    if context.timeout is not None:
        return timeout_seconds(context, context.timeout)
    return {} if default is None else {"timeout_seconds": default}
