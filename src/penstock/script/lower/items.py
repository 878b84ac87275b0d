"""What a map goes over, and what its function is given for each item.

Three protocols, told apart by what the script itself says:

* an item of a list: the function's `data` is the item;
* the documented envelope over a list, when the function reads `context_index` or `context_value`;
* the documented envelope over a state-data pointer (what `put_items` returns), when the items come from a task that calls
  `put_items`, when the function reads `items_result_...`, or when one of its tasks is a worker or calls
  `get_item_for_map_iteration`.
"""

from __future__ import annotations

import ast
from enum import Enum
from functools import lru_cache
from typing import Final

from penstock.script.lower.context import Context
from penstock.script.model import TaskClass
from penstock.script.resolve import MachineFunction

_POINTER_KEYS: Final = frozenset({"items_result_table_name", "items_result_partition_key", "items_result_key"})
_ITEM_KEYS: Final = frozenset({"context_index", "context_value"})
_READS: Final = frozenset({"get_item_for_map_iteration", "get_global_item_for_map_iteration"})
_WRITES: Final = frozenset({"put_items", "put_global_items"})


class Protocol(Enum):
    ITEM = "item"
    INDEXED = "indexed"
    POINTER = "pointer"


def protocol_of(context: Context, function: TaskClass | MachineFunction, items: ast.expr) -> Protocol:
    keys: set[str] = set()
    tasks: list[TaskClass] = []
    if isinstance(function, TaskClass):
        tasks.append(function)
    else:
        _collect(context, function, keys, tasks, set())
    if (
        keys & _POINTER_KEYS
        or any(t.service == "ecs:worker" or _attributes(t) & _READS for t in tasks)
        or _stored(context, items)
    ):
        return Protocol.POINTER
    return Protocol.INDEXED if keys & _ITEM_KEYS else Protocol.ITEM


def _collect(
    context: Context, function: MachineFunction, keys: set[str], tasks: list[TaskClass], seen: set[str]
) -> None:
    """The keys of its input that a function reads and the tasks it runs on this iteration's data, inner maps left out."""
    if function.name in seen:
        return
    seen.add(function.name)
    found = context.declarations
    todo: list[ast.AST] = [*function.node.body]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "map" and "map" not in found.names():
                todo.extend(node.args[:1])
                continue
            if node.func.id == "parallel" and "parallel" not in found.names():
                todo.extend(ast.Call(argument, [], []) for argument in node.args if isinstance(argument, ast.Name))
                continue
            if node.func.id in found.tasks:
                tasks.append(found.tasks[node.func.id])
            elif node.func.id in found.functions and not found.functions[node.func.id].exported:
                _collect(context, found.functions[node.func.id], keys, tasks, seen)
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id == function.input_name
        ):
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                keys.add(node.slice.value)
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == function.input_name
        ):
            keys.add(node.attr)
        todo.extend(ast.iter_child_nodes(node))


def _stored(context: Context, items: ast.expr) -> bool:
    """Whether the items come from a task of this function that stores them with `put_items`."""
    found = context.declarations
    names = context.frame.function.results.get(ast.dump(items), ())
    return any(name in found.tasks and _attributes(found.tasks[name]) & _WRITES for name in names)


def _attributes(task: TaskClass) -> frozenset[str]:
    return _attribute_names(task.run.source) if task.run else frozenset()


@lru_cache(maxsize=256)
def _attribute_names(source: str) -> frozenset[str]:
    """The attribute names in a run method's code, so that a comment or a text does not count."""
    return frozenset(node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute))
