"""Traps: workflows that the States Language accepts and that do not do what they look like. One module a family.

`overwritten` follows the data through the model; `ends` looks at where the objects lead.
"""

from __future__ import annotations

from penstock.diagnostics import Diagnostic
from penstock.sfn.build import Built
from penstock.sfn.states.base import State
from penstock.sfn.traps import ends, overwritten


def find_traps(built: Built, start: State) -> list[Diagnostic]:
    """Every trap of a machine that is otherwise sound."""
    return [*overwritten.find(built.machine), *ends.find(start, built.states)]
