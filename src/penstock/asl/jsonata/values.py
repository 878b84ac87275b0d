"""Values while an expression is evaluated: JSON, and what JSON does not have (undefined, functions, sequences)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from penstock.asl.jsonata.faults import LimitFault, memory_fault

if TYPE_CHECKING:
    from penstock.asl.jsonata.signatures import Signature
    from penstock.clock import Entropy


class Undefined:
    """No value at all, which is not null."""

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()

MAX_BYTES: Final = 10 * 1024 * 1024
"""Measured: [1..873782] passes, one more does not, and a text passes at 2^22 characters and not at 2^23. Both fit 10 MiB
at 12 bytes a number and 2 bytes a character."""

NUMBER_BYTES: Final = 12
ITEM_BYTES: Final = 48
"""What an element made by a function seems to cost: 200,000 mapped numbers are refused (measured)."""


class Sequence(list[Any]):
    """An array that a path or a function has gathered: one element stands for itself, none for undefined."""

    __slots__ = ("keep_singleton", "outer", "tuples")

    def __init__(self, items: Any = ()) -> None:
        super().__init__(items)
        self.keep_singleton = False
        self.outer = False
        self.tuples = False


def whole_input(value: list[Any]) -> Sequence:
    """An array as the input of an expression: one item, whatever it holds."""
    outer = Sequence([value])
    outer.outer = True
    return outer


class Constructed(list[Any]):
    """An array written as `[…]` at the start or end of a path: it stays one item."""

    __slots__ = ("keep_singleton",)

    def __init__(self, items: Any = ()) -> None:
        super().__init__(items)
        self.keep_singleton = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Where an evaluation is stopped.

    `depth`: nested evaluations (measured: 100). `bytes`: the largest array. `steps`: items looked at, a function call
    counting as CALL_STEPS of them, before an expression counts as endless: about a second. AWS's own limit is one of
    time, unknown.
    """

    depth: int = 100
    bytes: int = MAX_BYTES
    steps: int = 2_000_000


AWS_LIMITS: Final = Limits()

CALL_STEPS: Final = 6


class Runtime:
    """What one evaluation has used up, and where its randomness and time come from."""

    __slots__ = ("depth", "entropy", "limits", "now", "steps")

    def __init__(self, entropy: Callable[[], Entropy], now: Callable[[], float], limits: Limits = AWS_LIMITS) -> None:
        self.depth = 0
        self.steps = 0
        self.entropy = entropy
        self.now = now
        self.limits = limits

    def spend(self, amount: int) -> None:
        self.steps += amount
        if self.steps > self.limits.steps:
            raise LimitFault(None, "Expression evaluation time limit exceeded")


def check_text(length: int) -> None:
    if length * 2 > MAX_BYTES:
        raise memory_fault()


def check_items(count: int, source: int = 0) -> None:
    """`count` elements made from `source` numbers or references."""
    if count * ITEM_BYTES + source * NUMBER_BYTES > MAX_BYTES:
        raise memory_fault()


class Frame:
    """The variables of a block or a function call, within those around it."""

    __slots__ = ("base", "parent", "runtime", "variables")

    def __init__(self, parent: Frame | None, runtime: Runtime, base: int) -> None:
        self.variables: Any = {}
        self.parent = parent
        self.runtime = runtime
        self.base = base

    def lookup(self, name: str) -> Any:
        frame: Frame | None = self
        while frame is not None:
            if name in frame.variables:
                return frame.variables[name]
            frame = frame.parent
        return UNDEFINED


class Function:
    """Anything that can be called."""

    __slots__ = ()

    arity: int
    signature: Signature | None


class Native(Function):
    """A built-in. `apply(call, *arguments)` is given the Call it serves."""

    __slots__ = ("apply", "arity", "name", "signature")

    def __init__(self, name: str, apply: Callable[..., Any], signature: Signature | None, arity: int) -> None:
        self.name = name
        self.apply = apply
        self.signature = signature
        self.arity = arity


class Regex(Function):
    """A regular expression, which is a function from a text to a match."""

    __slots__ = ("arity", "find_all", "flags", "signature", "source")

    def __init__(self, source: str, flags: str, find_all: Callable[[str], list[Match]]) -> None:
        self.source = source
        self.flags = flags
        self.find_all = find_all
        self.signature = None
        self.arity = 1


class Match:
    """One match: its text, where it starts and ends (in characters), and its groups (None: not taken part)."""

    __slots__ = ("end", "groups", "start", "text")

    def __init__(self, text: str, start: int, groups: list[Any]) -> None:
        self.text = text
        self.start = start
        self.end = start + len(text)
        self.groups = groups


class Lambda(Function):
    """A function written in the expression."""

    __slots__ = ("arity", "body", "frame", "input", "parameters", "signature")

    def __init__(
        self, parameters: tuple[str, ...], body: Any, frame: Frame, input_: Any, signature: Signature | None
    ) -> None:
        self.parameters = parameters
        self.body = body
        self.frame = frame
        self.input = input_
        self.signature = signature
        self.arity = len(parameters)


class Thunk:
    """A tail call that its caller is to make."""

    __slots__ = ("frame", "input", "node")

    def __init__(self, node: Any, input_: Any, frame: Frame) -> None:
        self.node = node
        self.input = input_
        self.frame = frame


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(is_number(item) for item in value)


def is_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def normal(number: float) -> int | float:
    """A number as JSON has it: whole numbers without a fraction, exact as far as a double is."""
    if number.is_integer() and -(2**53) <= number <= 2**53:
        return int(number)
    return number


def whole(value: Any) -> int | None:
    """The integer a number is, if it is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return None


def boolean(value: Any) -> Any:
    """`$boolean`: what counts as true; UNDEFINED of undefined."""
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, list):
        if len(value) == 1:
            return truth(value[0])
        return any(truth(item) for item in value)
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, dict)):
        return len(value) > 0
    if isinstance(value, (int, float)):
        return value != 0 and value == value
    return False


def truth(value: Any) -> bool:
    """`boolean`, where undefined is false."""
    return boolean(value) is True


def append(first: Any, second: Any) -> Any:
    """`$append`: two values as one array, which stays one whatever its length; what is undefined adds nothing."""
    if first is UNDEFINED:
        return second
    if second is UNDEFINED:
        return first
    a = first if isinstance(first, list) else [first]
    b = second if isinstance(second, list) else [second]
    return [*a, *b]
