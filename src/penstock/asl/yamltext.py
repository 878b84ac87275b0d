"""Parsing a definition's YAML 1.2 into JSON values, with the place of every part.

ruamel.yaml gives the node graph; values are built here, so that nothing but JSON can come out: the core schema alone
(`on` and `2020-01-01` are strings), no tags but the core's own, string keys, and a cap on what aliases expand to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from penstock.asl.problems import SCHEMA, Focus
from penstock.diagnostics import Diagnostic, Source, Span
from penstock.jsontools import MAX_DEPTH, Json

SYNTAX = "INVALID_JSON_DESCRIPTION"

MAX_NODES = 500_000
"""What one definition may expand to: 1 MiB of YAML without aliases cannot hold more."""

_TAG = "tag:yaml.org,2002:"
_CORE = frozenset({"null", "bool", "int", "float"})
_TEXT = frozenset({"str", "timestamp", "merge", "value"})  # the last three are ruamel.yaml's own notions: text here
_QUOTED = frozenset({'"', "'", "|", ">"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,4000}")
_BASED = re.compile(r"0o([0-7]{1,4000})|0x([0-9a-fA-F]{1,4000})")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_JSON = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


Tagged: TypeAlias = Callable[[str, Json], Json]
"""What a value with a tag of its own (`!Name`) stands for. Raises KeyError for a tag that means nothing."""


def parse(source: Source, *, tagged: Tagged | None = None) -> tuple[Json, list[Diagnostic], YamlPositions | None]:
    """The value, what is wrong with the text, and the places; the value is None where there is none to be had.

    Without `tagged`, no tag but the core schema's own is taken.
    """
    if not source.text.strip():
        return None, [Diagnostic(SCHEMA, "Definition must be a valid JSON object")], None
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        root: Any = YAML(typ="safe", pure=True).compose(source.text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # The library adds its advice on settings to some problems, on lines of their own.
        words = " ".join(part for part in (error.context, error.problem) if part).split("\n")[0]
        span = None
        if mark is not None:
            span = Span(source, mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2)
        return None, [Diagnostic(SYNTAX, f"The definition is not YAML: {words}", span=span)], None
    except YAMLError as error:
        return None, [Diagnostic(SYNTAX, f"The definition is not YAML: {str(error).split(chr(10))[0]}")], None
    except RecursionError:
        return None, [_too_deep()], None
    except (ValueError, IndexError, KeyError, AttributeError, TypeError, AssertionError) as error:
        # ruamel.yaml lets these out for some malformed directives, escapes and anchors.
        return None, [Diagnostic(SYNTAX, f"The definition is not YAML: {type(error).__name__}: {error}")], None
    if root is None:  # nothing but comments
        return None, [Diagnostic(SCHEMA, "Definition must be a valid JSON object")], None
    builder = _Builder(source, tagged)
    try:
        value = builder.value(root, 0)
    except _TooMuch:
        message = f"The definition's aliases expand to more than {MAX_NODES:,} values; write fewer of them."
        return None, [Diagnostic(SYNTAX, message)], None
    except RecursionError:
        return None, [_too_deep()], None
    problems = builder.problems
    return (None if problems else value), problems, YamlPositions(source, root)


def _too_deep() -> Diagnostic:
    return Diagnostic(SYNTAX, f"The definition is nested deeper than {MAX_DEPTH} levels; flatten it.")


class _TooMuch(Exception):
    pass


class _Builder:
    def __init__(self, source: Source, tagged: Tagged | None) -> None:
        self._source = source
        self._tagged = tagged
        self._count = 0
        self.problems: list[Diagnostic] = []

    def _refuse(self, node: Any, message: str) -> None:
        self.problems.append(Diagnostic(SYNTAX, message, span=_span(self._source, node)))

    def value(self, node: Any, depth: int) -> Json:
        self._count += 1
        if self._count > MAX_NODES:
            raise _TooMuch
        if depth > MAX_DEPTH:
            raise RecursionError
        kind = node.id
        tag = _tag_of(node)
        if self._tagged is not None and tag.startswith("!"):
            return self._special(node, tag, depth)
        if kind == "mapping":
            if tag != "map":
                self._refuse(node, _tag_message(node))
            return self._mapping(node, depth)
        if kind == "sequence":
            if tag != "seq":
                self._refuse(node, _tag_message(node))
            return [self.value(item, depth + 1) for item in node.value]
        return self._scalar(node, tag)

    def _special(self, node: Any, tag: str, depth: int) -> Json:
        assert self._tagged is not None
        inner: Json
        if node.id == "mapping":
            inner = self._mapping(node, depth)
        elif node.id == "sequence":
            inner = [self.value(item, depth + 1) for item in node.value]
        else:
            inner = node.value
        try:
            return self._tagged(tag, inner)
        except KeyError:
            self._refuse(node, _tag_message(node))
            return inner

    def _mapping(self, node: Any, depth: int) -> dict[str, Json]:
        result: dict[str, Json] = {}
        merged: dict[str, Json] = {}
        for key_node, value_node in node.value:
            if _is_merge(key_node):
                self._merge(value_node, merged, depth)
                continue
            key = self._scalar(key_node, _tag_of(key_node)) if key_node.id == "scalar" else None
            if not isinstance(key, str):
                self._refuse(key_node, "A key must be a string; put it in quotes.")
                key = str(key_node.value) if key_node.id == "scalar" else ""
            elif key in result:
                self._refuse(key_node, f"Duplicate field '{key}'")
            result[key] = self.value(value_node, depth + 1)
        for key, value in merged.items():
            result.setdefault(key, value)
        return result

    def _merge(self, node: Any, into: dict[str, Json], depth: int) -> None:
        sources = node.value if node.id == "sequence" else [node]
        for source in sources:
            if source.id != "mapping":
                self._refuse(source, "A merge key (<<) takes an object or a list of objects.")
                continue
            for key, value in self._mapping(source, depth + 1).items():
                into.setdefault(key, value)

    def _scalar(self, node: Any, tag: str) -> Json:
        text: str = node.value
        if tag in _TEXT:
            return text
        if tag not in _CORE:
            self._refuse(node, _tag_message(node))
            return text
        value = self._plain(node, text)
        if node.style in _QUOTED and type(value) is str:  # `!!int "x"`: the tag was written by hand, and is wrong
            self._refuse(node, f"The text {text!r} is not a YAML !!{tag}.")
        return value

    def _plain(self, node: Any, text: str) -> Json:
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if _INT.fullmatch(text):
            return int(text)
        if match := _BASED.fullmatch(text):
            return int(match[1], 8) if match[1] else int(match[2], 16)
        if _FLOAT.fullmatch(text):
            value = float(text)
            if value in (float("inf"), float("-inf")):
                self._refuse(node, f"Numeric value ({text[:20]}) out of range")
            return value
        if _NOT_JSON.fullmatch(text):
            self._refuse(node, f"Non-standard token '{text}': JSON has no such number")
        return text


def _tag_of(node: Any) -> str:
    """The core schema's short name of a node's tag (for a plain scalar, what its text resolves to), or the tag whole."""
    return str(node.tag).removeprefix(_TAG)


def _is_merge(node: Any) -> bool:
    return node.id == "scalar" and node.value == "<<" and node.style in (None, "")


def _tag_message(node: Any) -> str:
    tag = str(node.tag)
    return f"The tag {tag if tag.startswith('!') else '!!' + tag.removeprefix(_TAG)} means nothing in a definition; write the value itself."


def _span(source: Source, node: Any) -> Span:
    start, end = node.start_mark, node.end_mark
    if node.id != "scalar" or end.line != start.line:
        return Span(source, start.line + 1, start.column + 1, start.line + 1, start.column + 2)
    return Span(source, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


class YamlPositions:
    """Positions in a YAML text."""

    def __init__(self, source: Source, root: Any) -> None:
        self._source = source
        self._root = root

    def span(self, keys: tuple[str | int, ...], focus: Focus) -> Span | None:
        """The place, or the nearest one above it that the text has."""
        node = key_node = self._root
        for key in keys:
            found = None
            if node.id == "mapping" and isinstance(key, str):
                found = next(((k, v) for k, v in node.value if k.id == "scalar" and k.value == key), None)
            elif node.id == "sequence" and isinstance(key, int) and key < len(node.value):
                found = (node.value[key], node.value[key])
            if found is None:
                return _span(self._source, key_node)
            key_node, node = found
        return _span(self._source, key_node if focus == "key" or node.id != "scalar" else node)
