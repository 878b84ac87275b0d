"""Calling functions: arguments checked, tail calls made one after the other, depth kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from penstock.asl.jsonata.faults import InternalFault, JsonataFault
from penstock.asl.jsonata.values import (
    CALL_STEPS,
    UNDEFINED,
    Frame,
    Function,
    Lambda,
    Match,
    Native,
    Regex,
    Runtime,
    Thunk,
)

if TYPE_CHECKING:
    from collections.abc import Sequence as Items


_UNFORESEEN: Final = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError)
"""What a built-in raises where it was not made for an argument that its signature lets through; AWS says "an internal
error" in such places, and an execution has to fail, not the process."""


class Call:
    """What a built-in is told about the call it serves: the context value, the name it was called by."""

    __slots__ = ("input", "name", "runtime")

    def __init__(self, runtime: Runtime, input_: Any, name: str) -> None:
        self.runtime = runtime
        self.input = input_
        self.name = name

    def apply(self, function: Any, arguments: list[Any]) -> Any:
        """Calls a function that was given as an argument."""
        return apply(function, arguments, None, self.runtime, "")

    def apply_to_item(self, function: Any, item: Any, index: Any, whole: Any) -> Any:
        """Calls a function with as many of (item, index, whole) as it takes."""
        arity = function.arity
        if arity >= 3:
            return apply(function, [item, index, whole], None, self.runtime, "")
        return apply(function, [item, index] if arity == 2 else [item], None, self.runtime, "")


def apply(function: Any, arguments: list[Any], input_: Any, runtime: Runtime, name: str) -> Any:
    """The result of a call. Raises JsonataFault."""
    depth = runtime.depth
    result = _apply(function, arguments, input_, runtime, name)
    while type(result) is Thunk:
        context = result.input
        function, arguments, name = result.node(context, result.frame)
        runtime.depth = depth  # evaluating the arguments may have made calls of its own
        result = _apply(function, arguments, context, runtime, name)
    runtime.depth = depth
    return result


def _apply(function: Any, arguments: list[Any], input_: Any, runtime: Runtime, name: str) -> Any:
    runtime.spend(CALL_STEPS)
    if type(function) is Lambda:
        if function.signature is not None:
            arguments = function.signature.validate(arguments, input_, name)
        depth = runtime.depth
        frame = Frame(function.frame, runtime, depth)
        given = len(arguments)
        for position, parameter in enumerate(function.parameters):
            frame.variables[parameter] = arguments[position] if position < given else UNDEFINED
        return function.body.run(depth, runtime.limits.depth)(function.input, frame)
    if type(function) is Native:
        if function.signature is not None:
            arguments = function.signature.validate(arguments, input_, name)
        try:
            return function.apply(Call(runtime, input_, name), *arguments)
        except _UNFORESEEN as error:
            raise InternalFault(f"${function.name}: {error}") from error
    if type(function) is Regex:
        return (
            _next_match(function.find_all(arguments[0]), 0)
            if arguments and isinstance(arguments[0], str)
            else UNDEFINED
        )
    raise JsonataFault("T1006", token=name)


def _next_match(matches: Items[Match], position: int) -> Any:
    """A match as the language shows it: an object, whose `next` gives the one after."""
    if position >= len(matches):
        return UNDEFINED
    match = matches[position]
    following = Native("next", lambda call: _next_match(matches, position + 1), None, 0)
    return {
        "match": match.text,
        "start": match.start,
        "end": match.end,
        "groups": match.groups,
        "next": following,
    }


def partial_apply(function: Function, values: list[Any], holes: list[bool], frame: Frame) -> Function:
    """The function with some arguments given; `holes` says which are still open."""
    if isinstance(function, Lambda):
        bound = Frame(function.frame, frame.runtime, frame.base)
        open_: list[str] = []
        for position, parameter in enumerate(function.parameters):
            if position >= len(values) or holes[position]:
                open_.append(parameter)
            else:
                bound.variables[parameter] = values[position]
        return Lambda(tuple(open_), function.body, bound, function.input, None)

    def filled(call: Call, *rest: Any) -> Any:
        more = iter(rest)
        arguments = [next(more, UNDEFINED) if hole else value for value, hole in zip(values, holes, strict=True)]
        return call.apply(function, [*arguments, *more])

    return Native("", filled, None, sum(holes))
