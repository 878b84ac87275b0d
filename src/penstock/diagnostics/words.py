"""Words for help lines: the nearest known one, and several as a sentence lists them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The nearest known word, or None when none is near."""
    names = sorted(set(known))
    folded = {name.lower(): name for name in names}
    if word.lower() in folded:
        return folded[word.lower()]
    near = difflib.get_close_matches(word[:80], names, n=1, cutoff=0.7)
    return near[0] if near else None


def listed(words: Iterable[str]) -> str:
    """`a, b or c`, in the order given."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} or {items[-1]}"
