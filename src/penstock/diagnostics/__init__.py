"""Problems in what a user wrote, and where they are."""

from penstock.diagnostics.model import Diagnostic, Note, Severity, Source, Span
from penstock.diagnostics.render import render_github, render_json, render_sarif, render_text

__all__ = [
    "Diagnostic",
    "Note",
    "Severity",
    "Source",
    "Span",
    "render_github",
    "render_json",
    "render_sarif",
    "render_text",
]
