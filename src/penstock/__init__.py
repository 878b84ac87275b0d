"""Penstock: the Python toolkit for AWS workflows."""

from typing import TYPE_CHECKING

from penstock._version import __version__

if TYPE_CHECKING:
    from penstock import errors
    from penstock.api import Machine, load, run, start
    from penstock.client import Client
    from penstock.diagnostics import Diagnostic, Severity, Span
    from penstock.durable import redrive, resume
    from penstock.engine.callbacks import Callbacks
    from penstock.handle import RunHandle
    from penstock.one_state import test_state
    from penstock.results import RunResult

__all__ = [
    "Callbacks",
    "Client",
    "Diagnostic",
    "Machine",
    "RunHandle",
    "RunResult",
    "Severity",
    "Span",
    "__version__",
    "errors",
    "load",
    "redrive",
    "resume",
    "run",
    "start",
    "test_state",
]

_HOMES = {
    "Callbacks": "penstock.engine.callbacks",
    "Client": "penstock.client",
    "Diagnostic": "penstock.diagnostics",
    "Machine": "penstock.api",
    "RunHandle": "penstock.handle",
    "RunResult": "penstock.results",
    "Severity": "penstock.diagnostics",
    "Span": "penstock.diagnostics",
    "errors": "penstock.errors",
    "load": "penstock.api",
    "redrive": "penstock.durable",
    "resume": "penstock.durable",
    "run": "penstock.api",
    "start": "penstock.api",
    "test_state": "penstock.one_state",
}


def __getattr__(name: str) -> object:
    # PEP 562: `import penstock` costs nothing until a name is used, which keeps the command's start short.
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'penstock' has no attribute {name!r}")
    from importlib import import_module

    module = import_module(home)
    value: object = module if name == "errors" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
