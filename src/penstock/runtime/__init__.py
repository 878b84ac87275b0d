"""What runs in Lambda, ECS and workers beside the user's code: standard library, and boto3 where AWS is called.

Imports nothing else of Penstock, so that it ships alone.
"""

from penstock.runtime.bases import EventProcessor, TaskWorker
from penstock.runtime.context import LambdaContext, TaskContext
from penstock.runtime.state_data import InvalidItem, ItemNotFound, ItemTooLarge, StateDataClient, StateDataError

__all__ = [
    "EventProcessor",
    "InvalidItem",
    "ItemNotFound",
    "ItemTooLarge",
    "LambdaContext",
    "StateDataClient",
    "StateDataError",
    "TaskContext",
    "TaskWorker",
]
