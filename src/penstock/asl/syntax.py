"""Whether a text in a definition is a path, an intrinsic call or a placeholder. What the first two are is remembered: definitions
repeat their paths."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from penstock.asl.intrinsics import check_intrinsic
from penstock.asl.paths import check_path
from penstock.asl.scope import SyntaxProblem

MAX_REMEMBERED: Final = 500
"""Characters. Longer texts are looked at anew each time, so that a memory of thousands of texts stays small."""

_SUBSTITUTION = re.compile(r"\$\{[^${}]+\}")


def has_substitution(text: str) -> bool:
    """Whether a `${Name}` stands in the text, for CloudFormation or a template tool to fill in."""
    return "${" in text and _SUBSTITUTION.search(text) is not None


def path_fault(text: str) -> str | None:
    """Why `text` is no JSONPath, or None."""
    return _path_fault(text) if len(text) <= MAX_REMEMBERED else _path_fault.__wrapped__(text)


def reference_fault(text: str) -> str | None:
    """Why `text` is no Reference Path, or None."""
    return _reference_fault(text) if len(text) <= MAX_REMEMBERED else _reference_fault.__wrapped__(text)


def value_fault(text: str) -> str | None:
    """Why `text` is neither a JSONPath nor an intrinsic call, or None."""
    return _value_fault(text) if len(text) <= MAX_REMEMBERED else _value_fault.__wrapped__(text)


@lru_cache(maxsize=8192)
def _path_fault(text: str) -> str | None:
    try:
        check_path(text)
    except SyntaxProblem as problem:
        return problem.message
    return None


@lru_cache(maxsize=8192)
def _reference_fault(text: str) -> str | None:
    if text[:1] != "$":
        return "Reference path didn't start with '$'"
    try:
        check_path(text, reference=True)
    except SyntaxProblem as problem:
        return problem.message
    return None


@lru_cache(maxsize=8192)
def _value_fault(text: str) -> str | None:
    try:
        if text[:1] == "$":
            check_path(text)
        else:
            check_intrinsic(text)
    except SyntaxProblem as problem:
        return problem.message
    return None
