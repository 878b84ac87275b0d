"""Values twice: as the object that a state is given, and as the text that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from penstock.asl.syntax import path_fault
from penstock.jsontools import Json
from penstock.sfn.durations import Duration
from penstock.sfn.values import DISCARD, TextReference

WIDTH = 100
"""Where a call is broken over several lines."""


@dataclass(frozen=True, slots=True)
class Made:
    """A value, and the Python text of it."""

    value: Any
    code: str


def literal(value: Json) -> Made:
    """JSON as Python, broken over lines where it is long."""
    return Made(value, _code(value))


def payload(value: Json) -> Made:
    """A JSONPath template: `"id.$": "$.id"` becomes `"id": JsonPath.string_at("$.id")`."""
    return Made(_referring(value), _code(_referring(value)))


def path(value: str | None) -> Made:
    """A path field: null is DISCARD."""
    if value is None:
        return Made(DISCARD, "JsonPath.DISCARD")
    return literal(value)


def seconds(value: int) -> Made:
    for amount, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if value and value % amount == 0:
            return Made(Duration.seconds(value), f"sf.Duration.{unit}({value // amount})")
    return Made(Duration.seconds(value), f"sf.Duration.seconds({value!r})")


def reference(text: str) -> Made:
    return Made(TextReference(text), f"JsonPath.string_at({_text(text)})")


def named(text: str, code: str) -> Made:
    """A value whose text is not its own repr, such as a member of an enum."""
    return Made(text, code)


def call(function: str, arguments: list[tuple[str | None, str]]) -> str:
    """A call as text, one argument a line where it is long."""
    parts = [f"{name}={code}" if name else code for name, code in arguments]
    line = f"{function}({', '.join(parts)})"
    if len(line) <= WIDTH and "\n" not in line:
        return line
    inner = "".join(f"    {_indented(part)},\n" for part in parts)
    return f"{function}(\n{inner})"


def _indented(code: str) -> str:
    return code.replace("\n", "\n    ")


def _referring(value: Any) -> Any:
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, inner in value.items():
            plain = key[:-2]
            is_path = (
                key.endswith(".$") and isinstance(inner, str) and inner.startswith("$") and path_fault(inner) is None
            )
            if is_path and plain and plain not in value:
                found[plain] = TextReference(inner)
            else:
                found[key] = _referring(inner)
        return found
    if isinstance(value, list):
        return [_referring(each) for each in value]
    return value


def _code(value: Any) -> str:
    if isinstance(value, TextReference):
        return f"JsonPath.string_at({_text(value.text)})"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return _joined("{", [f"{_text(key)}: {_code(inner)}" for key, inner in value.items()], "}")
    if isinstance(value, list):
        return _joined("[", [_code(inner) for inner in value], "]")
    return repr(value)


def _joined(start: str, parts: list[str], end: str) -> str:
    line = f"{start}{', '.join(parts)}{end}"
    if len(line) <= WIDTH - 20 and "\n" not in line:
        return line
    return f"{start}\n{''.join(f'    {_indented(part)},{chr(10)}' for part in parts)}{end}"


def _text(value: str) -> str:
    """A Python text in double quotes, as formatters write it."""
    plain = repr(value)
    if plain[0] == '"' or '"' in value:
        return plain
    return f'"{plain[1:-1]}"'.replace("\\'", "'")
