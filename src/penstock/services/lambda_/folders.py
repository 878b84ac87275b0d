"""Functions from a folder: one for each Python file, and for each subfolder with a handler in it.

    functions/
    ├── notify.py            the function `notify`
    └── orders/              the function `orders`
        ├── app.py           def lambda_handler(event, context)
        └── prices.py

No code is run to find them: files are parsed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from penstock.errors import InvalidInput
from penstock.services.lambda_.records import Registration, is_function_name

MODULES: Final = ("lambda_function", "app", "handler", "index", "main", "__init__")
"""Where a subfolder's handler is looked for, in this order."""
HANDLERS: Final = ("lambda_handler", "handler")

TIMEOUT: Final = 900
MEMORY: Final = 1024
"""What a function has that says nothing itself: Lambda's longest, and enough for most libraries."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The functions of a folder by their names, and a sentence for each file or subfolder that could not be one."""

    functions: tuple[Registration, ...]
    left_out: tuple[str, ...] = ()


class _LeftOut(Exception):
    """Its sentence says which file it is, why, and what to do."""


def functions_in(folder: Path) -> Folder:
    """What a folder holds. One file that cannot be a function is no reason to be without the others. Raises InvalidInput for a
    folder that has no function."""
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}; name one that holds a Python file for each function.")
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise InvalidInput(f"The folder {folder} cannot be read: {error.strerror or error}.") from None
    found: list[Registration] = []
    left_out: list[str] = []
    for path in paths:
        if path.name.startswith((".", "_")):
            continue
        try:
            function = _function(path)
        except _LeftOut as error:
            left_out.append(str(error))
        else:
            found += [] if function is None else [function]
    if not found:
        raise InvalidInput(
            " ".join(left_out)
            or f"{folder} holds no function: a file with `def lambda_handler(event, context)` (or `handler`), or a folder with "
            "such a file named app.py or lambda_function.py."
        )
    return Folder(tuple(found), tuple(left_out))


def _function(path: Path) -> Registration | None:
    """What a file or subfolder is, None for one without a handler. Raises _LeftOut."""
    if path.is_dir():
        handler = _handler_in(path)
        return None if handler is None else _registration(path, path.name, handler, path)
    if path.suffix != ".py":
        return None
    name = _handler(path)
    return None if name is None else _registration(path, path.stem, f"{path.stem}.{name}", path.parent)


def _registration(path: Path, name: str, handler: str, root: Path) -> Registration:
    if not is_function_name(name):
        raise _LeftOut(
            f"{path} is left out: a function's name has up to 64 letters, digits, - and _, and this has not. Rename it, or give "
            "it a name that begins with _ if it is no function."
        )
    return Registration(name=name, handler=handler, root=root, timeout=TIMEOUT, memory=MEMORY)


def _handler_in(folder: Path) -> str | None:
    for module in MODULES:
        path = folder / f"{module}.py"
        name = _handler(path) if path.is_file() else None
        if name is not None:
            return f"{module}.{name}"
    return None


def _handler(path: Path) -> str | None:
    """The name of the function that a file defines, or imports, as its handler."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return HANDLERS[0]  # called, it fails with Lambda's words for such a file
    except OSError as error:
        raise _LeftOut(
            f"{path} is left out: it cannot be read ({error.strerror or error}). Make it readable, or take it away."
        ) from None
    names: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(statement.name)
        elif isinstance(statement, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in statement.names)
        elif isinstance(statement, ast.Assign):
            names.update(target.id for target in statement.targets if isinstance(target, ast.Name))
    return next((name for name in HANDLERS if name in names), None)
