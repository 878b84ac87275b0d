"""Gets at the user's code in a worker process: a script's `run` method, a function of a module, a worker class."""

from __future__ import annotations

import ast
import importlib
import linecache
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Loaded:
    """`never_waits`: the coroutine has no await, so it needs no event loop. `module_names`: what the script's module
    level defines and the run method cannot see."""

    run: Callable[[Any, Any], Any]
    file_name: str = ""
    never_waits: bool = False
    module_names: frozenset[str] = frozenset()
    on_startup: Callable[[], Any] | None = None
    on_cleanup: Callable[[], Any] | None = None


@dataclass(eq=False)
class LoadError(Exception):
    """The code cannot be loaded; `type` is Lambda's name for it."""

    type: str
    message: str
    stack: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.message


def load(target: dict[str, Any]) -> Loaded:
    kind = target["kind"]
    if kind == "script":
        return _script(target["text"], target["file"], target["class"])
    if kind == "callable":
        return _callable(target["target"])
    if kind == "handler":
        return _handler(target["target"])
    return _worker_class(target["target"])


def _script(text: str, file_name: str, class_name: str) -> Loaded:
    # Tracebacks show the user's lines even where the script was read from stdin.
    linecache.cache[file_name] = (len(text), None, text.splitlines(keepends=True), file_name)
    try:
        module = ast.parse(text, file_name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise LoadError("Runtime.UserCodeSyntaxError", f"Syntax error in {file_name}: {error}") from None
    run: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    constants: dict[str, Any] = {}
    names: set[str] = set()
    for statement in module.body:
        if isinstance(statement, ast.ClassDef):
            names.add(statement.name)
            if statement.name == class_name:
                for member in statement.body:
                    if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)) and member.name == "run":
                        run = member
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(statement.name)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name).partition(".")[0] for alias in statement.names)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for name in (each.id for each in targets if isinstance(each, ast.Name)):
                try:
                    constants[name] = ast.literal_eval(statement.value)
                except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                    names.add(name)
    if run is None:
        raise LoadError("Runtime.HandlerNotFound", f"Handler 'run' missing on task '{class_name}' of {file_name}")
    run.decorator_list = [each for each in run.decorator_list if not _is_static(each)]
    namespace: dict[str, Any] = {"__name__": class_name, "__file__": file_name, **constants}
    # Annotations stay text: `event: Dict` must not ask for an import that the module level has.
    code = compile(ast.Module(body=[run], type_ignores=[]), file_name, "exec", flags=_ANNOTATIONS, dont_inherit=True)
    exec(code, namespace)  # noqa: S102  the user's own task, in a process of its own
    never_waits = not any(isinstance(node, _WAITING) or _is_asyncio(node) for node in ast.walk(run))
    return Loaded(namespace["run"], file_name, never_waits, frozenset(names - constants.keys()))


_ANNOTATIONS = 0x1000000  # __future__.annotations.compiler_flag
_WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield)


def _is_static(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Name) and decorator.id == "staticmethod"


def _is_asyncio(node: ast.AST) -> bool:
    if isinstance(node, ast.comprehension):
        return bool(node.is_async)
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] == "asyncio" for alias in node.names)
    return isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "asyncio"


def _callable(target: str) -> Loaded:
    module, name = _module(target)
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise LoadError("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module.__name__}'")
    return Loaded(found, getattr(module, "__file__", None) or "")


def _handler(text: str) -> Loaded:
    """`module.function` or `folder/module.function`, with the words of Lambda's runtime (awslambdaric, bootstrap.py)."""
    module_name, dot, name = text.rpartition(".")
    if not dot:
        raise LoadError(
            "Runtime.MalformedHandlerName", f"Bad handler '{text}': not enough values to unpack (expected 2, got 1)"
        )
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise LoadError(
            "Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module"
        )
    module = _imported(module_name.replace("/", "."), module_name)
    found = getattr(module, name, None)
    if not callable(found):
        raise LoadError("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'")
    return Loaded(found, getattr(module, "__file__", None) or "")


def _worker_class(spec: str) -> Loaded:
    module, name = _module(spec)
    cls = getattr(module, name, None)
    if not isinstance(cls, type) or not callable(getattr(cls, "run", None)):
        raise LoadError("Runtime.HandlerNotFound", f"The spec '{spec}' is not a class with a run method")
    instance: Any = cls()
    return Loaded(
        instance.run,
        getattr(module, "__file__", None) or "",
        on_startup=getattr(instance, "on_startup", None),
        on_cleanup=getattr(instance, "on_cleanup", None),
    )


def _module(target: str) -> tuple[Any, str]:
    module_name, _, name = target.partition(":")
    if not module_name or not name:
        raise LoadError("Runtime.MalformedHandlerName", f"Bad handler '{target}': write it as module:callable")
    return _imported(module_name, module_name), name


def _imported(module_name: str, called: str) -> Any:
    try:
        importlib.invalidate_caches()
        return importlib.import_module(module_name)
    except SyntaxError as error:
        where = f" ({error.filename}, line {error.lineno})" if error.filename else ""
        raise LoadError(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{called}': {error.msg}{where}"
        ) from None
    except ImportError as error:
        if error.name and error.name.partition(".")[0] == "ns_sfn_task_entry_points":
            print("Write `from penstock.runtime import TaskContext, TaskWorker` instead.", file=sys.stderr)
        raise LoadError("Runtime.ImportModuleError", f"Unable to import module '{called}': {error}") from None
