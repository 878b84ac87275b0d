"""Definitions out: the model → JSON or YAML, in one order of fields, so that the same machine is the same bytes."""

from __future__ import annotations

import json
import re
from typing import Any

from penstock.asl import model
from penstock.asl.model import UNSET, And, AnyState, ChoiceRule, Comparison, Not, Or, StateMachine, Test, asl_names
from penstock.jsontools import Json

_FIELDS: dict[type, tuple[tuple[str, str], ...]] = {
    cls: tuple(asl_names(cls).items())
    for cls in (
        model.Retrier,
        model.Catcher,
        model.ChoiceRule,
        model.ReaderConfig,
        model.ItemReader,
        model.ItemBatcher,
        model.WriterConfig,
        model.ResultWriter,
        model.ProcessorConfig,
        model.StateMachine,
        *model.STATE_TYPES.values(),
    )
}

_NESTED = (
    model.ReaderConfig,
    model.ItemReader,
    model.ItemBatcher,
    model.WriterConfig,
    model.ResultWriter,
    model.ProcessorConfig,
)

# Fields whose value is payload: kept as it stands, even if it were a tuple's worth of model objects by type.
_LISTS = frozenset({"ErrorEquals", "CSVHeaders"})


def to_document(machine: StateMachine) -> dict[str, Any]:
    """The machine as a JSON object. Payloads are shared with the model, not copied."""
    return _object(machine)


def state_to_document(state: AnyState) -> dict[str, Any]:
    """One state as it stands in `States`."""
    return _object(state)


def rule_to_document(rule: ChoiceRule) -> dict[str, Any]:
    """One entry of `Choices`."""
    return _object(rule)


def write(machine: StateMachine, *, indent: int | None = 2) -> str:
    """JSON text that ends in a newline; equal machines whose payloads have their keys in one order give equal bytes."""
    document = to_document(machine)
    text = json.dumps(document, indent=indent, ensure_ascii=False, allow_nan=False)
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        # Half a surrogate pair cannot be encoded, but it can be escaped.
        text = json.dumps(document, indent=indent, allow_nan=False)
    return text + "\n"


def _object(value: Any) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if isinstance(value, model.State):
        document["Type"] = value.type
    elif isinstance(value, ChoiceRule) and value.test is not UNSET:
        document.update(_test(value.test))
    for attribute, name in _FIELDS[type(value)]:
        part = getattr(value, attribute)
        if part is UNSET:
            continue
        if name == "States":
            part = {key: _object(state) for key, state in part.items()}
        elif name in _LISTS:
            part = list(part)
        elif name in ("Retry", "Catch", "Choices", "Branches"):
            part = [_object(one) for one in part]
        elif isinstance(part, (StateMachine, *_NESTED)):
            part = _object(part)
        document[name] = part
    return document


def _test(test: Test) -> dict[str, Any]:
    if isinstance(test, Comparison):
        return {"Variable": test.variable, test.operator: test.operand}
    if isinstance(test, Not):
        return {"Not": _test(test.rule)}
    if isinstance(test, And):
        return {"And": [_test(rule) for rule in test.rules]}
    assert isinstance(test, Or)
    return {"Or": [_test(rule) for rule in test.rules]}


# ---- YAML


_PLAIN = re.compile(r"[A-Za-z$/][A-Za-z0-9_$/.()-]*(?: [A-Za-z0-9_$/.(-][A-Za-z0-9_$/.()-]*)*", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]')


def write_yaml(machine: StateMachine) -> str:
    """YAML text in block style. Every string that any YAML version would take for something else is in quotes."""
    lines: list[str] = []
    _block(to_document(machine), "", lines)
    return "\n".join(lines) + "\n"


def _block(value: dict[str, Any] | list[Any], indent: str, lines: list[str], first: str | None = None) -> None:
    """`first` is what the first line starts with instead of the indent (`  - ` of a list's entry)."""
    start = indent if first is None else first
    if isinstance(value, dict):
        for key, inner in value.items():
            _entry(f"{start}{_scalar(key)}:", inner, indent, lines)
            start = indent
    else:
        for inner in value:
            if isinstance(inner, (dict, list)) and inner:
                _block(inner, indent + "  ", lines, first=f"{start}- ")
            else:
                lines.append(f"{start}- {_scalar(inner)}")
            start = indent


def _entry(head: str, inner: Json, indent: str, lines: list[str]) -> None:
    if isinstance(inner, (dict, list)) and inner:
        lines.append(head)
        _block(inner, indent + "  ", lines)
    else:
        lines.append(f"{head} {_scalar(inner)}")


def _scalar(value: Json) -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        return '"' + _ESCAPED.sub(_escape, value) + '"'
    return json.dumps(value, allow_nan=False)


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if char in '"\\':
        return "\\" + char
    if char == "\n":
        return "\\n"
    if char == "\t":
        return "\\t"
    return f"\\u{ord(char):04x}"
