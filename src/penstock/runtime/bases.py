"""The classes that users' classes derive from."""

from __future__ import annotations

from typing import Any

from penstock.runtime.context import TaskContext


class TaskWorker:
    """The base of an `ecs:worker`'s class: `run` is called for each message, the other two once a process."""

    async def on_startup(self) -> None:
        """Makes what all messages share: clients, engines, pools."""

    async def on_cleanup(self) -> None:
        """Closes what `on_startup` made."""

    async def run(self, event: Any, context: TaskContext) -> Any:
        """Handles one message; what it returns (JSON) is the state's result."""
        raise NotImplementedError(f"{type(self).__name__} has no run method")


class EventProcessor:
    """The base of a processor of execution events: its `get_custom_tags_<type>(message, input_data, state_data_client)`
    return tags."""
