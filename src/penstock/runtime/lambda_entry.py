"""The Lambda handler of a task: `penstock.runtime.lambda_entry.handler`.

The task is `task:run`, or what PENSTOCK_TASK names; PENSTOCK_STATE_DATA_TABLE is the table for state data.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from penstock.runtime.aws import Aws
from penstock.runtime.context import Metadata
from penstock.runtime.entry import NAME_VARIABLE, Loop, load, unwrap


def make_handler(run: Callable[[Any, Any], Any], *, aws: Aws | None = None) -> Callable[[Any, Any], Any]:
    """A Lambda handler around `run(event, context)`, which may be async. Exceptions pass, so Lambda tells them."""
    aws = aws or Aws()
    loop = Loop()

    def handle(payload: Any, lambda_context: Any) -> Any:
        event, meta = unwrap(payload)
        name = os.environ.get(NAME_VARIABLE) or str(getattr(lambda_context, "function_name", ""))
        context = aws.context(Metadata.from_meta(meta), task_name=name, lambda_context=lambda_context)
        return loop.call(run, event, context)

    return handle


_handler: Callable[[Any, Any], Any] | None = None


def handler(payload: Any, lambda_context: Any) -> Any:
    """What Lambda calls."""
    global _handler
    if _handler is None:
        _handler = make_handler(load())
    return _handler(payload, lambda_context)
