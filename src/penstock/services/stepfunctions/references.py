"""`variableReferences` of DescribeStateMachine: which variables each state reads."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from penstock.asl.jsonata.faults import JsonataFault
from penstock.asl.jsonata.parser import parse
from penstock.asl.jsonata.references import variables_used
from penstock.jsontools import Json, loads

_LITERAL: Final = re.compile(r"'(?:[^'\\]|\\.)*'")
_NAME: Final = re.compile(r"(?<!\$)\$([^\W\d]\w*)")
_MACHINES: Final = ("Branches", "ItemProcessor", "Iterator")


@lru_cache(maxsize=1024)
def variable_references(definition: str) -> dict[str, list[str]]:
    """State → names, sorted (recorded); states that read none are left out. The definition is a valid one."""
    found: dict[str, list[str]] = {}
    document = loads(definition)
    pending: list[Any] = [document]
    while pending:
        machine = pending.pop()
        for name, raw in machine.get("States", {}).items():
            names = _names(raw)
            if names:
                found[name] = sorted(names)
            pending += raw.get("Branches", [])
            pending += [raw[key] for key in ("ItemProcessor", "Iterator") if key in raw]
    return found


def _names(raw: dict[str, Json]) -> set[str]:
    names: set[str] = set()
    stack: list[tuple[str, Any]] = [(key, value) for key, value in raw.items() if key not in _MACHINES]
    while stack:
        key, value = stack.pop()
        if isinstance(value, dict):
            stack += value.items()
        elif isinstance(value, list):
            stack += [(key, each) for each in value]
        elif isinstance(value, str):
            if value.startswith("{%") and value.endswith("%}"):
                names |= _of_expression(value[2:-2].strip())
            elif key.endswith((".$", "Path")) or key == "Variable":
                names.update(_NAME.findall(_LITERAL.sub("''", value)))
    return names


def _of_expression(text: str) -> frozenset[str]:
    from penstock.asl.jsonata.library import LIBRARY

    try:
        return frozenset(name for name in variables_used(parse(text)) if name not in LIBRARY)
    except JsonataFault:
        return frozenset()
