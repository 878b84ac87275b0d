"""When two JSON values are the same: in filters, intrinsic functions and JSONata."""

from __future__ import annotations

from typing import Any


def equal(a: Any, b: Any) -> bool:
    """Deep equality: key order does not count, 1 is 1.0, true is not 1. Walks without recursing, however deep the values."""
    pending: list[tuple[Any, Any]] = [(a, b)]
    while pending:
        x, y = pending.pop()
        if x is y:
            if isinstance(x, float) and x != x:
                return False
        elif isinstance(x, dict):
            if not isinstance(y, dict) or len(x) != len(y):
                return False
            for key, value in x.items():
                if key not in y:
                    return False
                pending.append((value, y[key]))
        elif isinstance(x, list):
            if not isinstance(y, list) or len(x) != len(y):
                return False
            pending.extend(zip(x, y, strict=True))
        elif isinstance(x, bool) or isinstance(y, bool) or x != y:
            return False
    return True
