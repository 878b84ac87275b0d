"""How the stages tell what is wrong: a Reporter collects diagnostics, Refused abandons one construct after reporting it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any, NoReturn

from penstock.diagnostics import Diagnostic, Note, Span
from penstock.diagnostics.words import did_you_mean, listed
from penstock.script.codes import CATALOGUE
from penstock.script.parse import Spans

__all__ = ["Refused", "Reporter", "TooLarge", "did_you_mean", "listed"]


class Refused(Exception):
    """A construct was reported; the nearest statement goes on after it."""


class TooLarge(Exception):
    """A machine grew past every limit, and was reported: nothing more of it is compiled."""


class Reporter:
    """Collects diagnostics once each: a function compiled into several machines tells its problems once.

    `work` is how many statements may still be compiled: functions put in place of their calls multiply, and a short script
    could keep the compiler busy for ever.
    """

    def __init__(self, spans: Spans) -> None:
        self.spans = spans
        self.work = 20_000 + 10 * spans.source.text.count("\n")
        self.errors = 0
        """How many errors were met, those included that were told before."""
        self._seen: dict[tuple[str, str, int, int], Diagnostic] = {}

    def tell(
        self,
        code: str,
        where: ast.AST | Span,
        message: str,
        *,
        help: str | None = None,  # noqa: A002
        label: str = "",
        notes: Iterable[Note] = (),
    ) -> None:
        """Records one problem; its severity is the catalogue's."""
        span = where if isinstance(where, Span) else self.spans.of(where)
        found = Diagnostic(
            code, message, severity=CATALOGUE[code].severity, span=span, label=label, help=help, notes=tuple(notes)
        )
        self.errors += found.is_error
        self._seen.setdefault((code, message, span.line, span.column), found)

    def refuse(self, code: str, where: ast.AST | Span, message: str, **rest: Any) -> NoReturn:
        """Records the problem and abandons the construct."""
        self.tell(code, where, message, **rest)
        raise Refused

    def told(self, code: str) -> bool:
        """Whether a problem of this kind was recorded."""
        return any(found.code == code for found in self._seen.values())

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """In source order."""
        return tuple(
            sorted(self._seen.values(), key=lambda d: (d.span.line, d.span.column, d.code) if d.span else (0, 0, ""))
        )
