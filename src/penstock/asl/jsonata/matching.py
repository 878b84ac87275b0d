"""Regular expressions: compiled once, matched by jsonatapy's Rust engine, which never backtracks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from penstock.asl.jsonata.delegate import delegate
from penstock.asl.jsonata.faults import InternalFault, JsonataFault
from penstock.asl.jsonata.values import UNDEFINED, Match, Regex


@lru_cache(maxsize=1024)
def compile_regex(source: str, flags: str) -> Regex:
    """`/source/flags` as a function value."""
    text = f"[$match($text, /{source}/{flags})]"

    def find_all(subject: str) -> list[Match]:
        try:
            found: Any = delegate(text, {"text": subject})
        except InternalFault:
            raise JsonataFault("S0303", value=f"/{source}/{flags}") from None
        if found is UNDEFINED:
            return []
        return [_match(item) for item in found]

    return Regex(source, flags, find_all)


def _match(found: dict[str, Any]) -> Match:
    groups = found.get("groups", [])
    return Match(found["match"], int(found["index"]), groups if isinstance(groups, list) else [groups])
