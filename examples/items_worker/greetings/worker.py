"""What one worker does with one message."""

from __future__ import annotations

import logging
from typing import Any

from penstock.runtime import TaskContext, TaskWorker

logger = logging.getLogger(__name__)


class Greeter(TaskWorker):
    """Writes a greeting for every item. The greetings that exist are made once, when the worker starts."""

    async def on_startup(self) -> None:
        await super().on_startup()
        self.openings = ["Hello", "Good morning", "Welcome"]

    async def run(self, event: dict[str, Any], context: TaskContext) -> None:
        item = context.state_data_client.get_item_for_map_iteration(event)
        index = event["context_index"]
        text = f"{self.openings[index % len(self.openings)]}, {item['name']}!"
        context.state_data_client.put_item("greetings", {"text": text}, index=index)
        logger.info("greeted %s", item["name"])
