"""How readers fail."""

from __future__ import annotations


class ReadFailed(Exception):
    """The items cannot be read: the cause of States.ItemReaderFailed."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause
