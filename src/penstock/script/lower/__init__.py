"""Stage 3, lower: a function's statements become states, joined by edges that are patched when their target is known."""

from penstock.script.lower.machine import Lowered, lower_machine

__all__ = ["Lowered", "lower_machine"]
