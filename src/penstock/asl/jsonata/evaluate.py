"""One expression, compiled once, evaluated with an input and variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from penstock.asl.jsonata.compile import Body
from penstock.asl.jsonata.faults import stack_fault
from penstock.asl.jsonata.library import LIBRARY
from penstock.asl.jsonata.parser import parse
from penstock.asl.jsonata.syntax import Node
from penstock.asl.jsonata.values import AWS_LIMITS, UNDEFINED, Frame, Limits, Runtime, Sequence, whole_input
from penstock.clock import Entropy

_NO_VARIABLES: Final[dict[str, Any]] = {}


class Expression:
    """A compiled expression. `tree` is its syntax."""

    __slots__ = ("_body", "text", "tree")

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree: Node = parse(text)
        self._body = Body(self.tree)

    def evaluate(
        self,
        input_: Any,
        variables: dict[str, Any],
        *,
        outer: Mapping[str, Any] = _NO_VARIABLES,
        entropy: Callable[[], Entropy],
        now: Callable[[], float],
        limits: Limits = AWS_LIMITS,
    ) -> Any:
        """The value: JSON, UNDEFINED, or a function. Raises JsonataFault and InternalFault.

        `variables` become the expression's own, which it may set; `outer` are those around it, never written. `now`
        gives seconds since the epoch, and is only asked by $now and $millis; `entropy` only by what is random.
        """
        runtime = Runtime(entropy, now, limits)
        library = Frame(None, runtime, 0)
        library.variables = LIBRARY
        around = Frame(library, runtime, 0)
        around.variables = outer
        frame = Frame(around, runtime, 0)
        variables["$"] = input_
        frame.variables = variables
        if isinstance(input_, list):
            input_ = whole_input(input_)
        try:
            result = self._body.run(0, limits.depth)(input_, frame)
        except RecursionError:
            raise stack_fault() from None
        if type(result) is Sequence and not result and not result.keep_singleton:
            return UNDEFINED
        return result


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """Raises JsonataFault with an S… code."""
    return Expression(text)
