"""Whether a text in a definition is a path or an intrinsic call, remembered: definitions repeat their paths."""

from __future__ import annotations

from functools import lru_cache

from penstock.asl.intrinsics import check_intrinsic
from penstock.asl.paths import check_path
from penstock.asl.scope import SyntaxProblem


@lru_cache(maxsize=8192)
def path_fault(text: str) -> str | None:
    """Why `text` is no JSONPath, or None."""
    try:
        check_path(text)
    except SyntaxProblem as problem:
        return problem.message
    return None


@lru_cache(maxsize=8192)
def reference_fault(text: str) -> str | None:
    """Why `text` is no Reference Path, or None."""
    if text[:1] != "$":
        return "Reference path didn't start with '$'"
    try:
        check_path(text, reference=True)
    except SyntaxProblem as problem:
        return problem.message
    return None


@lru_cache(maxsize=8192)
def value_fault(text: str) -> str | None:
    """Why `text` is neither a JSONPath nor an intrinsic call, or None."""
    try:
        if text[:1] == "$":
            check_path(text)
        else:
            check_intrinsic(text)
    except SyntaxProblem as problem:
        return problem.message
    return None
