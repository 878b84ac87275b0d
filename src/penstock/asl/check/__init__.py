"""Judging definitions as AWS's ValidateStateMachineDefinition does: its codes, its locations, its words.

`schema` and `shape`, one floor down in `asl`, judge one object at a time while reading; the modules here hold the rules
on more than one place, a family each: `names`, `resources`, `variables`, `graph`. `check` runs them in AWS's order.
"""

from penstock.asl.check.run import check, create_error, invalid_definition

__all__ = ["check", "create_error", "invalid_definition"]
