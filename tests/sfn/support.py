"""Short words for tests of workflows composed from objects."""

from __future__ import annotations

from typing import Any

from penstock import sfn as sf
from penstock.diagnostics import Diagnostic


def states(*chain: sf.Chainable, **options: Any) -> dict[str, Any]:
    """The `States` of a machine that begins with the first of `chain`, each one followed by the next."""
    made = sf.Chain.start(chain[0])
    for each in chain[1:]:
        made = made.next(each)
    found: dict[str, Any] = sf.StateMachine("m", definition=made, **options).to_dict()["States"]
    return found


def state(one: sf.Chainable, **options: Any) -> dict[str, Any]:
    """The first state alone, without its End."""
    found = dict(next(iter(states(one, **options).values())))
    found.pop("End", None)
    return found


def problems(chain: sf.Chainable, **options: Any) -> list[Diagnostic]:
    return sf.StateMachine("m", definition=chain, **options).diagnostics


def codes(chain: sf.Chainable, **options: Any) -> list[str]:
    return [each.code for each in problems(chain, **options)]


def line_of(diagnostic: Diagnostic) -> str:
    """The text a diagnostic points at."""
    span = diagnostic.span
    assert span is not None
    last = span.end_column if span.line == span.end_line else None
    return span.source.line(span.line)[span.column - 1 : last and last - 1]
