"""ResultPath: the raw input with a result put in its place. A new value that shares all but the path's spine."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

from penstock.asl.errors import RESULT_PATH_MATCH_FAILURE
from penstock.asl.paths.syntax import Indexes, Path, Property, parse
from penstock.asl.scope import EvaluationError, SyntaxProblem
from penstock.jsontools import Json, dumps_text


class Place(Protocol):
    def __call__(self, raw: Json, result: Json, /) -> Json:
        """`raw` with `result` in it. Raises EvaluationError (States.ResultPathMatchFailure)."""


@lru_cache(maxsize=4096)
def compile_result_path(text: str | None) -> Place:
    """A ResultPath as a function of raw input and result; None (null) discards the result.

    Raises SyntaxProblem for what is no Reference Path into the input.
    """
    if text is None:
        return lambda raw, result, /: raw
    path = parse(text)
    if path.root != "$":
        raise SyntaxProblem("A ResultPath begins with '$': it can only write into the state's own data.")
    if not path.is_reference:
        raise SyntaxProblem("A ResultPath must be a Reference Path: it can only name one place.")
    keys: list[str | int] = []
    for step in path.steps:
        if isinstance(step, Property):
            keys.append(step.names[0])
        elif isinstance(step, Indexes):
            keys.append(step.indexes[0])
    if not keys:
        return lambda raw, result, /: result
    if len(keys) == 1 and isinstance(keys[0], str):
        return _top_level(path, keys[0])
    if len(keys) == 2 and isinstance(keys[0], str) and isinstance(keys[1], str):
        return _second_level(path, keys[0], keys[1])
    return _nested(path, keys)


def _failure(path: Path, raw: Json) -> EvaluationError:
    return EvaluationError(
        RESULT_PATH_MATCH_FAILURE, f"Unable to apply ReferencePath {path.text} to input {dumps_text(raw)}"
    )


def _top_level(path: Path, key: str) -> Place:
    def place(raw: Json, result: Json, /) -> Json:
        if type(raw) is dict:
            return {**raw, key: result}
        raise _failure(path, raw)

    return place


def _second_level(path: Path, outer: str, inner: str) -> Place:
    def place(raw: Json, result: Json, /) -> Json:
        if type(raw) is dict:
            below = raw.get(outer, _NOTHING)
            if below is _NOTHING:
                return {**raw, outer: {inner: result}}
            if type(below) is dict:
                return {**raw, outer: {**below, inner: result}}
        raise _failure(path, raw)

    return place


def _nested(path: Path, keys: list[str | int]) -> Place:
    def place(raw: Json, result: Json, /) -> Json:
        spine: list[Any] = []
        value: Any = raw
        for key in keys:
            spine.append(value)
            if value is _NOTHING:
                if isinstance(key, int):
                    raise _failure(path, raw)
            elif isinstance(key, str):
                if not isinstance(value, dict):
                    raise _failure(path, raw)
                value = value.get(key, _NOTHING)
            else:
                if not isinstance(value, list) or key >= len(value):
                    raise _failure(path, raw)
                value = value[key]
        updated: Any = result
        for container, key in zip(reversed(spine), reversed(keys), strict=True):
            if isinstance(key, int):
                updated = [*container[:key], updated, *container[key + 1 :]]
            else:
                updated = {key: updated} if container is _NOTHING else {**container, key: updated}
        placed: Json = updated
        return placed

    return place


_NOTHING: Any = object()
