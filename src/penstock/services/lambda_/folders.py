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
import re
from pathlib import Path
from typing import Final

from penstock.errors import InvalidInput
from penstock.services.lambda_.records import Registration

MODULES: Final = ("lambda_function", "app", "handler", "index", "main", "__init__")
"""Where a subfolder's handler is looked for, in this order."""
HANDLERS: Final = ("lambda_handler", "handler")

TIMEOUT: Final = 900
MEMORY: Final = 1024
"""What a function has that says nothing itself: Lambda's longest, and enough for most libraries."""


def functions_in(folder: Path) -> list[Registration]:
    """The functions of a folder, by their names. Raises InvalidInput for a folder that has none, and for a bad name."""
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}; name one that holds a Python file for each function.")
    found: list[Registration] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir():
            handler = _handler_in(path)
            if handler is not None:
                found.append(_registration(path.name, handler, path))
        elif path.suffix == ".py":
            name = _handler(path)
            if name is not None:
                found.append(_registration(path.stem, f"{path.stem}.{name}", folder))
    if not found:
        raise InvalidInput(
            f"{folder} holds no function: a file with `def lambda_handler(event, context)` (or `handler`), or a folder with "
            "such a file named app.py or lambda_function.py."
        )
    return found


def _registration(name: str, handler: str, root: Path) -> Registration:
    if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) is None:
        raise InvalidInput(f"{root / name}: a function's name has up to 64 letters, digits, - and _.")
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
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}.") from None
    names: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(statement.name)
        elif isinstance(statement, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in statement.names)
        elif isinstance(statement, ast.Assign):
            names.update(target.id for target in statement.targets if isinstance(target, ast.Name))
    return next((name for name in HANDLERS if name in names), None)
