"""A length of time as people say it."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """`3 ms`, `1.2 s`, `2 min 5 s`, `3 h 4 min`, `12 d 3 h`."""
    if seconds < 0.9995:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for large, word, small, unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= large:
            rest = whole % large // small
            return f"{whole // large} {word} {rest} {unit}" if rest else f"{whole // large} {word}"
    return f"{whole} s"
