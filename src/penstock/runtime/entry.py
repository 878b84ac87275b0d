"""Finding and running a deployed task's code: `run(event, context)` of the module that the build put beside this package."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any

TASK_VARIABLE = "PENSTOCK_TASK"
TASK_DEFAULT = "task:run"
NAME_VARIABLE = "PENSTOCK_TASK_NAME"


def load(variable: str = TASK_VARIABLE, default: str | None = TASK_DEFAULT) -> Any:
    """The object that the environment's `variable` names as `module:name`."""
    target = os.environ.get(variable) or default
    if target is None:
        raise RuntimeError(f"{variable} is not set; it names what to run as module:name")
    module, _, name = target.partition(":")
    if not module or not name:
        raise RuntimeError(f"{variable} is {target!r}; it must be module:name")
    return getattr(importlib.import_module(module), name)


class Loop:
    """One event loop for the process's life: what one call opened works in the next."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def call(self, run: Callable[..., Any], *arguments: Any) -> Any:
        """`run(*arguments)`, awaited if it is a coroutine."""
        result = run(*arguments)
        if not hasattr(result, "__await__"):
            return result
        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(_whole(result))

    def close(self) -> None:
        if self._loop is not None and not self._loop.is_running():
            self._loop.close()

    def __del__(self) -> None:
        self.close()


async def _whole(awaitable: Any) -> Any:
    return await awaitable


def unwrap(payload: Any) -> tuple[Any, Mapping[str, Any]]:
    """Event and metadata of a payload: the envelope `{"meta", "data"}` that compiled scripts send, or a bare event."""
    if isinstance(payload, dict) and payload.keys() == {"meta", "data"} and isinstance(payload["meta"], dict):
        return payload["data"], payload["meta"]
    return payload, {}
