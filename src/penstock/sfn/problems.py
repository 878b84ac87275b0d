"""What is wrong with a workflow of objects, gathered while it is composed and built, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penstock.diagnostics import Diagnostic, Note
from penstock.errors import InvalidDefinition
from penstock.sfn.codes import CATALOGUE
from penstock.sfn.origin import Origin


def problem(
    code: str,
    where: Origin | None,
    message: str,
    *,
    help: str | None = None,  # noqa: A002 -- the diagnostics' word
    label: str = "",
    notes: Iterable[tuple[Origin | None, str]] = (),
) -> Diagnostic:
    """A Diagnostic of that code, with the catalogue's severity; notes whose place is not known are left out."""
    found = []
    for origin, text in notes:
        span = origin.span if origin is not None else None
        if span is not None:
            found.append(Note(span, text))
    return Diagnostic(
        code,
        message,
        severity=CATALOGUE[code].severity,
        span=where.span if where is not None else None,
        label=label,
        help=help,
        notes=tuple(found),
    )


class Wrong(Exception):
    """A value that cannot be used, met while something is rendered; whoever knows the state reports it."""

    def __init__(self, code: str, message: str, *, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help

    def at(self, where: Origin | None) -> Diagnostic:
        return problem(self.code, where, self.message, help=self.help)


def refuse(diagnostics: Sequence[Diagnostic]) -> InvalidDefinition:
    """The exception for these problems: its message is the first, and how many more there are."""
    errors = [each for each in diagnostics if each.is_error]
    first = errors[0]
    place = f"{first.span}: " if first.span else ""
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    help_ = f" {first.help[:1].upper()}{first.help[1:].rstrip('.')}." if first.help else ""
    return InvalidDefinition(f"{place}{first.code}: {first.message.rstrip('.')}.{help_}{more}", diagnostics)
