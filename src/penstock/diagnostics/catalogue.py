"""What an entry of a front end's catalogue of codes says; `penstock explain` and the documentation are made of them."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.diagnostics.model import Severity


@dataclass(frozen=True, slots=True)
class Code:
    """`title` is a short noun phrase; `explanation` says why it is reported; `example` is a program, or the part of one, that
    gets this code; `remedy` says what to write instead."""

    code: str
    title: str
    explanation: str
    example: str
    remedy: str
    severity: Severity = Severity.ERROR
