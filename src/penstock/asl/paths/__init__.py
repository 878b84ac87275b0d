"""JSONPath: text → `syntax` (Path) → `evaluate` (function over a document) → `compile` (function of data and scope)."""

from penstock.asl.paths.compile import (
    MISSING,
    check_path,
    compile_lookup,
    compile_path,
    read_path,
)
from penstock.asl.paths.result import compile_result_path
from penstock.asl.paths.syntax import Path

__all__ = [
    "MISSING",
    "Path",
    "check_path",
    "compile_lookup",
    "compile_path",
    "compile_result_path",
    "read_path",
]
