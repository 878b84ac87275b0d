"""Texts that UTF-8 does not have: JSON may hold lone surrogates (`"\\ud800"`), and SQLite refuses them.

Such a text is written as the bytes that `surrogatepass` makes of it, and read back as the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def bound(values: Iterable[Any]) -> tuple[Any, ...]:
    """Values for a statement's parameters."""
    return tuple([_bound(value) if isinstance(value, str) and not value.isascii() else value for value in values])


def _bound(text: str) -> str | bytes:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def text_of(value: Any) -> Any:
    """The text of a column that holds texts; None for NULL."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value
