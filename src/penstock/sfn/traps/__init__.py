"""Traps: workflows that the States Language accepts and that do not do what they look like. One module a family."""

from __future__ import annotations

from penstock.diagnostics import Diagnostic
from penstock.sfn.build import Built
from penstock.sfn.states.base import State


def find_traps(built: Built, start: State) -> list[Diagnostic]:
    """Every trap of a machine that is otherwise sound."""
    return []
