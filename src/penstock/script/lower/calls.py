"""Calls that are states: tasks, maps, parallels, waits, machines put in place or started."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from penstock.asl import model
from penstock.asl.timestamps import parse_timestamp
from penstock.script.lower.arguments import constant, key_of, keywords, timeout_of
from penstock.script.lower.context import Context, Frame
from penstock.script.lower.expressions import later, value_of
from penstock.script.lower.functions import lower_function, plain_task_scope
from penstock.script.lower.graph import Exits
from penstock.script.lower.items import Protocol, protocol_of
from penstock.script.lower.services import LAMBDA_RETRY, is_lambda, substitutions, task_fields
from penstock.script.lower.store import Key, Name, Output, Target, finish_step, one_target, settle, temporary, written
from penstock.script.lower.values import Const, NotPayload, Ref, Value
from penstock.script.model import TaskClass
from penstock.script.report import did_you_mean, listed
from penstock.script.resolve import MachineFunction
from penstock.script.resolve.tasks import MAX_SECONDS

Step = Callable[[Context, ast.Call, "Target | tuple[Target, ...] | None", Exits], Exits]

_TASK_KEYWORDS: Final = ("key", "timeout", "env", "build_arg_vars")


def step_of(context: Context, node: ast.expr | None) -> Step | None:
    """What lowers a call that is a step; None when the expression is none."""
    if not isinstance(node, ast.Call):
        return None
    found, frame = context.declarations, context.frame
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        name = function.value.id
        if name in found.functions and name not in frame.variables and function.attr == "start":
            return lambda context, call, target, exits: start(context, call, found.functions[name], target, exits)
        return None
    if not isinstance(function, ast.Name) or function.id in frame.variables or function.id in frame.bound:
        return None
    name = function.id
    if name in found.tasks:
        return lambda context, call, target, exits: run_task(context, call, found.tasks[name], target, exits)
    if name in found.functions:
        machine = found.functions[name]

        def call_machine(
            context: Context, call: ast.Call, target: Target | tuple[Target, ...] | None, exits: Exits
        ) -> Exits:
            lower = start if is_started(call, machine, used=target is not None) else inline
            return lower(context, call, machine, target, exits)

        return call_machine
    if name in found.names():
        return None
    return {"map": run_map, "parallel": run_parallel, "wait": run_wait}.get(name)


def is_started(call: ast.Call, function: MachineFunction, *, used: bool) -> bool:
    """Whether a plain call of a machine function is an execution of its own: it is exported, or the call names the one state
    that it is to be, or its result is used and it returns none, so that its output is what counts."""
    if function.exported or any(keyword.arg in ("key", "timeout") for keyword in call.keywords):
        return True
    return used and not any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function.node))


def run_task(
    context: Context, call: ast.Call, task: TaskClass, target: Target | tuple[Target, ...] | None, exits: Exits
) -> Exits:
    """`Foo(...)`: a Task state."""
    report = context.report
    target = one_target(context, target, call)
    given = keywords(context, call, f"the task `{task.name}`", _TASK_KEYWORDS)
    if len(call.args) > 1:
        report.refuse(
            "PS303",
            call.args[1],
            f"a task takes one input, `{task.name}` is given {len(call.args)}",
            help="put them in one dict: " + f"{task.name}({{...}})",
        )
    if call.args and isinstance(call.args[0], ast.Starred):
        later(context, call.args[0], "unpacking a list", "give one input")
    for name in ("env", "build_arg_vars"):
        if name in given and task.service != "codebuild":
            report.refuse(
                "PS304",
                given[name],
                f"`{name}` is for codebuild tasks; `{task.name}` runs on {task.service}",
                help="pass it as input",
            )
    if task.service == "codebuild" and call.args:
        report.refuse(
            "PS303",
            call.args[0],
            "a codebuild task has no input",
            help='pass values as environment: env={"NAME": data["key"]}',
        )
    key = key_of(context, given)
    timeout = timeout_of(context, given, task.timeout)
    value: Value = value_of(context, call.args[0]) if call.args else Ref(context.frame.base)
    env = _environment(context, given.get("env"))
    build_args = _build_args(context, given.get("build_arg_vars"))
    value, exits = settle(context, value, exits, call)
    if env:
        for name, item in env.items():
            env[name], exits = settle(context, item, exits, call)
    try:
        fields = task_fields(task, value, in_map=context.frame.envelope, env=env, build_args=build_args)
    except NotPayload as error:
        report.refuse("PS309", call, str(error), help='store the value first, then pass it: data["input"] = ...')
    retry = {"retry": (LAMBDA_RETRY,)} if is_lambda(task) else {}
    node = context.node(model.Task, task.name, call, exits, key=key, **fields, input_path="$", **timeout, **retry)
    context.machine.tasks[task.name] = None
    context.machine.substitutions.update(dict.fromkeys(substitutions(task)))
    return finish_step(context, node, target, call)


def _environment(context: Context, node: ast.expr | None) -> dict[str, Value] | None:
    if node is None:
        return None
    if not isinstance(node, ast.Dict):
        context.report.refuse(
            "PS305", node, "`env` must be a dict of names and values", help='write env={"NAME": "value"}'
        )
    result: dict[str, Value] = {}
    for key, item in zip(node.keys, node.values, strict=True):
        name = constant(context, key, "a name in `env`") if key is not None else None
        if not isinstance(name, str):
            context.report.refuse(
                "PS305", key or item, "a name in `env` must be a text", help='write env={"NAME": "value"}'
            )
        value = value_of(context, item)
        if isinstance(value, Const) and not isinstance(value.value, str):
            context.report.refuse(
                "PS305", item, f"the value of `{name}` in `env` must be a text", help=f'write "{value.value}"'
            )
        result[name] = value
    return result


def _build_args(context: Context, node: ast.expr | None) -> dict[str, Any] | None:
    if node is None:
        return None
    value = constant(context, node, "`build_arg_vars`")
    if not isinstance(value, dict):
        context.report.refuse(
            "PS305", node, "`build_arg_vars` must be a dict of constants", help='write build_arg_vars={"A": "b"}'
        )
    return value


def run_wait(context: Context, call: ast.Call, target: Target | tuple[Target, ...] | None, exits: Exits) -> Exits:
    """`wait(seconds=...)` or `wait(timestamp=...)`: a Wait state."""
    report = context.report
    given = keywords(context, call, "`wait`", ("seconds", "timestamp", "until", "key"))
    if target is not None:
        report.refuse("PS302", call, "`wait` has no result", help="write it as a statement of its own")
    if call.args:
        report.refuse("PS303", call.args[0], "`wait` takes keyword arguments only", help="write wait(seconds=10)")
    forms = [name for name in ("seconds", "timestamp", "until") if name in given]
    if len(forms) != 1:
        report.refuse(
            "PS303",
            call,
            "`wait` takes one of `seconds`, `timestamp` and `until`",
            help='write wait(seconds=10) or wait(timestamp="...")',
        )
    form, node = forms[0], given[forms[0]]
    key = key_of(context, given)
    if (
        (
            form != "seconds"
            and isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "timestamp"
        )
        and len(node.args) == 1
        and not node.keywords
    ):
        node = node.args[0]
    value, exits = settle(context, value_of(context, node), exits, call)
    shown = report.spans.text(node)
    if form == "seconds":
        fields = _wait_seconds(context, node, value)
        label = f"wait {shown} s"
    else:
        fields = _wait_until(context, node, value)
        label = f"wait until {shown}"
    waiting = context.node(model.Wait, label, call, exits, key=key, **fields)
    return [waiting.next] if waiting.next else []


def _wait_seconds(context: Context, node: ast.expr, value: Value) -> dict[str, Any]:
    if isinstance(value, Ref):
        return {"seconds_path": value.path}
    seconds = value.value if isinstance(value, Const) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= MAX_SECONDS:
        context.report.refuse(
            "PS305",
            node,
            f"`seconds` must be a whole number from 0 to {MAX_SECONDS:,}, or a reference",
            help="write wait(seconds=10)",
        )
    return {"seconds": seconds}


def _wait_until(context: Context, node: ast.expr, value: Value) -> dict[str, Any]:
    if isinstance(value, Ref):
        return {"timestamp_path": value.path}
    text = value.value if isinstance(value, Const) else None
    if not isinstance(text, str) or parse_timestamp(text) is None:
        context.report.refuse(
            "PS305",
            node,
            "this is not a timestamp the States Language takes (RFC 3339, with an upper-case T and a zone)",
            help='write wait(timestamp="2030-01-31T12:00:00Z"), or give a reference',
        )
    return {"timestamp": text}


def _is_function(context: Context, node: ast.expr) -> bool:
    found = context.declarations
    return isinstance(node, ast.Name) and (node.id in found.functions or node.id in found.tasks)


def _function(context: Context, node: ast.expr, what: str) -> TaskClass | MachineFunction:
    found = context.declarations
    if isinstance(node, ast.Name) and node.id not in context.frame.variables:
        if node.id in found.functions:
            return found.functions[node.id]
        if node.id in found.tasks:
            return found.tasks[node.id]
    name = ast.unparse(node)[:60]
    near = did_you_mean(name, [*found.functions, *found.tasks])
    known = listed(sorted([*found.functions, *found.tasks])[:10])
    context.report.refuse(
        "PS301" if isinstance(node, ast.Name) else "PS305",
        node,
        f"{what} must be a function or a task of this file, not `{name}`",
        help=f"did you mean `{near}`?"
        if near
        else f"it may be {known}"
        if known
        else "define it with `def ...(data):`",
    )


def run_map(context: Context, call: ast.Call, target: Target | tuple[Target, ...] | None, exits: Exits) -> Exits:
    """`map(items, function)`: a Map state."""
    report = context.report
    given = keywords(
        context, call, "`map`", ("max_concurrency", "key", "mode", "reader", "batch", "writer", "tolerate")
    )
    for name in ("mode", "reader", "batch", "writer", "tolerate"):
        if name in given:
            later(
                context,
                given[name],
                "a distributed map",
                "leave the keyword out: the items are mapped in this execution",
            )
    target = one_target(context, target, call)
    if len(call.args) != 2:
        report.refuse(
            "PS303",
            call,
            "`map` requires two arguments: the items and the iterator function",
            help='write map(data["items"], function)',
        )
    if _is_function(context, call.args[0]) and not _is_function(context, call.args[1]):
        first, second = (report.spans.text(argument) for argument in call.args)
        report.refuse("PS305", call, "the items come before the function", help=f"write map({second}, {first})")
    function = _function(context, call.args[1], "what `map` runs for each item")
    key = key_of(context, given)
    fields: dict[str, Any] = {}
    limit: dict[str, Any] = {"max_concurrency": 0}
    if "max_concurrency" in given:
        limit = _concurrency(context, given["max_concurrency"])
    items = value_of(context, call.args[0])
    if not isinstance(items, Ref):
        if isinstance(items, Const) and not isinstance(items.value, list):
            report.refuse("PS305", call.args[0], "`map` goes over a list", help='write map(data["items"], function)')
        items, exits = settle(context, items, exits, call)
        if not isinstance(items, Ref):
            items, exits = temporary(context, "items", items, exits, call)
    protocol = protocol_of(context, function, call.args[0])
    if protocol is not Protocol.ITEM:
        fields["parameters"] = _envelope(items.path, protocol)
    fields["items_path"] = f"{items.path}.items" if protocol is Protocol.POINTER else items.path
    node = context.node(model.Map, f"map {function.name}", call, exits, key=key, **fields, **limit)
    if isinstance(function, MachineFunction):
        context.machine.uses[(function.name, "iterator")] = None
        node.iterator = lower_function(
            context, function, call, plain_item=protocol is Protocol.ITEM, envelope=protocol is not Protocol.ITEM
        )
    else:
        node.iterator = plain_task_scope(context, function, call, run_task)
    return finish_step(context, node, target, call)


def _concurrency(context: Context, node: ast.expr) -> dict[str, Any]:
    value = value_of(context, node)
    if isinstance(value, Ref):
        return {"max_concurrency_path": value.path}
    if (
        not isinstance(value, Const)
        or isinstance(value.value, bool)
        or not isinstance(value.value, int)
        or value.value < 0
    ):
        context.report.refuse(
            "PS305", node, "`max_concurrency` must be a whole number, 0 for no limit", help="write max_concurrency=3"
        )
    return {"max_concurrency": value.value}


def _envelope(items: str, protocol: Protocol) -> dict[str, Any]:
    pointer = {
        "items_result_table_name.$": f"{items}.table_name",
        "items_result_partition_key.$": f"{items}.partition_key",
        "items_result_key.$": f"{items}.key",
    }
    item = {"context_index.$": "$$.Map.Item.Index", "context_value.$": "$$.Map.Item.Value"}
    return {**pointer, **item} if protocol is Protocol.POINTER else item


def run_parallel(context: Context, call: ast.Call, target: Target | tuple[Target, ...] | None, exits: Exits) -> Exits:
    """`parallel(f, g, Task)`: a Parallel state."""
    report = context.report
    given = keywords(context, call, "`parallel`", ("key",))
    if not call.args:
        report.refuse(
            "PS303", call, "`parallel` needs at least one function or task", help="write parallel(first, second)"
        )
    if len(call.args) == 1 and isinstance(call.args[0], ast.List | ast.Tuple):
        branches = ", ".join(report.spans.text(item) for item in call.args[0].elts)
        report.refuse(
            "PS305", call.args[0], "the branches of `parallel` are not a list", help=f"write parallel({branches})"
        )
    functions = [_function(context, argument, "a branch of `parallel`") for argument in call.args]
    if isinstance(target, tuple) and len(target) != len(functions):
        report.refuse(
            "PS204",
            call,
            f"{len(functions)} results are stored in {len(target)} targets",
            help="give each branch one target",
        )
    key = key_of(context, given)
    frame = context.frame
    label = f"parallel {' '.join(f.name for f in functions)}"
    # Every branch gets the function's own `data`, which is a part of the document where the function stands in a call.
    whole = frame.base == "$"
    part = {} if whole else {"input_path": frame.base}
    node = context.node(model.Parallel, label, call, exits, key=key, **part)
    for function in functions:
        if isinstance(function, MachineFunction):
            context.machine.uses[(function.name, "branch")] = None
            plain, envelope = whole and frame.plain_item, whole and frame.envelope
            node.branches.append(lower_function(context, function, call, plain_item=plain, envelope=envelope))
        else:
            node.branches.append(plain_task_scope(context, function, call, run_task))
    return finish_step(context, node, target, call)


def _input(context: Context, call: ast.Call, function: MachineFunction, exits: Exits) -> tuple[Value, Exits]:
    if len(call.args) > 1 and len(function.node.args.args) <= 1:  # else the definition is told already
        context.report.refuse(
            "PS303",
            call.args[1],
            f"a machine takes one input, `{function.name}` is given {len(call.args)}",
            help="put them in one dict",
        )
    if not call.args:
        return Ref(context.frame.base), exits
    return settle(context, value_of(context, call.args[0]), exits, call)


def start(
    context: Context,
    call: ast.Call,
    function: MachineFunction,
    target: Target | tuple[Target, ...] | None,
    exits: Exits,
) -> Exits:
    """`helper.start(...)`, or a call of an exported machine: an execution of its own, waited for."""
    target = one_target(context, target, call)
    given = keywords(context, call, f"`{function.name}`", ("key", "timeout"))
    key = key_of(context, given)
    timeout = timeout_of(context, given, None)
    value, exits = _input(context, call, function, exits)
    parameters = {"StateMachineArn": f"${{StateMachine{function.name}}}", **written(context, call, "Input", value)}
    node = context.node(
        model.Task,
        function.name,
        call,
        exits,
        key=key,
        resource="arn:aws:states:::states:startExecution.sync:2",
        parameters=parameters,
        input_path="$",
        **timeout,
    )
    context.machine.starts[function.name] = None
    context.machine.uses[(function.name, "started")] = None
    context.machine.substitutions[f"StateMachine{function.name}"] = None
    # The integration answers with the child's description; the child's own output is its field Output.
    match target:
        case None:
            return finish_step(context, node, None, call)
        case Name():
            after = finish_step(context, node, target, call)
            node.fields["assign"] = dict.fromkeys(node.fields["assign"], "$.Output")
            return after
        case Key(path=path, shown=shown):
            node.fields["result_selector"] = {"value.$": "$.Output"}
            after = finish_step(context, node, target, call)
            unwrap = context.node(model.Pass, f"{shown} = …", call, after, input_path=f"{path}.value", result_path=path)
            return [unwrap.next] if unwrap.next else []
        case Output():
            node.fields["result_selector"] = {"value.$": "$.Output"}
            node.fields["output_path"] = "$.value"
            return finish_step(context, node, target, call)


def inline(
    context: Context,
    call: ast.Call,
    function: MachineFunction,
    target: Target | tuple[Target, ...] | None,
    exits: Exits,
) -> Exits:
    """`helper(data["x"])`: the statements of `helper` in place of the call, its input being that part of `data`."""
    report = context.report
    target = one_target(context, target, call)
    keywords(context, call, f"`{function.name}`", ())
    if function.name in context.stack:
        report.refuse(
            "PS603",
            call,
            f"`{function.name}` contains itself",
            help=f"start it as an execution of its own: {function.name}.start(...)",
        )
    value, exits = _input(context, call, function, exits)
    if not isinstance(value, Ref):
        value, exits = temporary(context, "input", value, exits, call)
    context.machine.uses[(function.name, "inlined")] = None
    frame = Frame(
        function,
        context.scope,
        base=value.path,
        outermost=False,
        target=target,
        caller=context,
        floor=len(context.guards),
        envelope=context.frame.envelope,
        plain_item=context.frame.plain_item and value.path == "$",
    )
    inner = context.but(frame=frame, stack=(*context.stack, function.name))
    exits = inner.lower(inner, function.node.body, exits)
    if exits and target is not None:
        report.refuse(
            "PS209",
            call,
            f"the result of `{function.name}` is used, but some way through it returns nothing",
            help="end every way through it with `return value`",
        )
    return [*exits, *frame.returns]
