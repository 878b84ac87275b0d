"""Diagnostics as text for people, and as JSON, SARIF and GitHub annotations for programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from penstock.diagnostics.model import Diagnostic, Severity, Span

DOCS_URL = "https://penstock.dev/reference/diagnostics/"


def render_text(diagnostic: Diagnostic) -> str:
    """`file:line:column: error[CODE]: message`, the user's own line with a caret, notes, and a help line."""
    place = f"{diagnostic.span}: " if diagnostic.span else ""
    where = f" at {diagnostic.location}" if diagnostic.location and not diagnostic.span else ""
    out = [f"{place}{diagnostic.severity.lower()}[{diagnostic.code}]: {diagnostic.message}{where}"]
    if diagnostic.span:
        out += _frame(diagnostic.span, diagnostic.label)
    for note in diagnostic.notes:
        out.append(f"  {note.span}: note: {note.label}")
        out += _frame(note.span, "")
    if diagnostic.help:
        out.append(f"   help: {diagnostic.help}")
    return "\n".join(out)


def _frame(span: Span, label: str) -> list[str]:
    text = span.source.line(span.line)
    if not text.strip():
        return []
    # A caret under a tab or a 5 MB line helps nobody: show a window, tabs as one blank.
    shown = text.replace("\t", " ").rstrip()
    end = span.end_column if span.end_line == span.line else len(shown) + 1
    start = span.column
    if len(shown) > 200:
        cut = max(0, start - 81)
        shown, start, end = shown[cut : cut + 160], start - cut, end - cut
    width = max(1, min(end, len(shown) + 1) - start)
    gutter = f"{span.line:>5}"
    caret = f"{' ' * len(gutter)} | {' ' * (start - 1)}{'^' * width}"
    return [f"{gutter} | {shown}", f"{caret} {label}".rstrip()]


def _position(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def render_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """The stable machine form: one object a problem, absent parts as null."""
    return [
        {
            "code": d.code,
            "severity": d.severity.value,
            "message": d.message,
            "location": d.location,
            "span": _position(d.span),
            "help": d.help,
            "notes": [{"span": _position(n.span), "label": n.label} for n in d.notes],
        }
        for d in diagnostics
    ]


def render_sarif(diagnostics: Iterable[Diagnostic], *, version: str) -> dict[str, Any]:
    """SARIF 2.1.0, for code scanning."""
    results = []
    rules: dict[str, dict[str, Any]] = {}
    for d in diagnostics:
        rules.setdefault(d.code, {"id": d.code, "helpUri": f"{DOCS_URL}#{d.code.lower()}"})
        result: dict[str, Any] = {
            "ruleId": d.code,
            "level": "error" if d.severity is Severity.ERROR else "warning",
            "message": {"text": d.message if not d.help else f"{d.message} Help: {d.help}"},
        }
        location: dict[str, Any] = {}
        if d.span:
            location["physicalLocation"] = {
                "artifactLocation": {"uri": d.span.source.name},
                "region": {
                    "startLine": d.span.line,
                    "startColumn": d.span.column,
                    "endLine": d.span.end_line,
                    "endColumn": d.span.end_column,
                },
            }
        if d.location:
            location["logicalLocations"] = [{"fullyQualifiedName": d.location}]
        if location:
            result["locations"] = [location]
        results.append(result)
    driver = {"name": "penstock", "version": version, "informationUri": DOCS_URL, "rules": list(rules.values())}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def render_github(diagnostic: Diagnostic) -> str:
    """A workflow command that GitHub shows on the changed line."""
    level = "error" if diagnostic.severity is Severity.ERROR else "warning"
    properties = [f"title={_escape(diagnostic.code, prop=True)}"]
    if span := diagnostic.span:
        properties = [
            f"file={_escape(span.source.name, prop=True)}",
            f"line={span.line}",
            f"endLine={span.end_line}",
            f"col={span.column}",
            f"endColumn={span.end_column}",
            *properties,
        ]
    text = diagnostic.message + (f"\nhelp: {diagnostic.help}" if diagnostic.help else "")
    return f"::{level} {','.join(properties)}::{_escape(text)}"


def _escape(text: str, *, prop: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if prop else text
