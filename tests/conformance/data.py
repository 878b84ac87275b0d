"""Where the shared recordings are, and reading them. They are never copied into this repository."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

Case: TypeAlias = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]


def folder() -> Path:
    """`$PENSTOCK_CONFORMANCE`, else ../shared/conformance beside the repository."""
    return Path(os.environ.get("PENSTOCK_CONFORMANCE", ROOT.parent / "shared" / "conformance"))


def why_absent() -> str | None:
    """The reason there is nothing to hold the project against, or None where the data is there."""
    return None if folder().is_dir() else f"no conformance data at {folder()} (PENSTOCK_CONFORMANCE names its folder)"


@cache
def read(path: str) -> Any:
    return json.loads((folder() / path).read_text(encoding="utf-8"))


@cache
def recorded() -> list[Case]:
    """All cases of states-language, by file and then in their order."""
    files = sorted((folder() / "states-language" / "cases").glob("*.json"))
    return [case for file in files for case in json.loads(file.read_text(encoding="utf-8"))]


def behaviours() -> dict[str, dict[str, Any]]:
    result: dict[str, dict[str, Any]] = read("states-language/lambda_behaviours.json")["behaviours"]
    return result
