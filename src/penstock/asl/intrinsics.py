"""Intrinsic functions: `States.Format('{} of {}', $.a, $.b)`, parsed and bound once.

Outcomes follow what was recorded and measured on AWS where that differs from the specification (appendix B): MathAdd
rounds as Java's Math.round, StringSplit takes a set of characters, Format prints objects as Java's Map.toString.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from penstock.asl.errors import INTRINSIC_FAILURE, RUNTIME
from penstock.asl.intrinsic_functions import FUNCTIONS, IntrinsicProblem, format_pieces, placeholder_problem
from penstock.asl.javatext import to_string
from penstock.asl.paths.compile import compile_find
from penstock.asl.paths.syntax import MAX_TEXT, Path, parse_prefix
from penstock.asl.scope import MOST_BYTES, Compute, EvaluationError, Scope, SyntaxProblem, TooLarge
from penstock.jsontools import Json, dumps_text

MAX_NESTING: Final = 10
"""Calls inside calls (Developer Guide, "Intrinsic functions")."""


@dataclass(frozen=True, slots=True)
class Text:
    """A 'quoted' argument, with its escapes still in it: Format needs to tell `\\{` from `{`."""

    raw: str


@dataclass(frozen=True, slots=True)
class Constant:
    value: int | float | bool | None


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Argument, ...]


Argument: TypeAlias = Text | Constant | Path | Call


def is_intrinsic(text: str) -> bool:
    """Whether a `.$` value means a function call, not a path."""
    return text.startswith("States.")


def check_intrinsic(text: str) -> None:
    """Raises SyntaxProblem if `text` is no call of a known function."""
    read_intrinsic(text)


@lru_cache(maxsize=4096)
def read_intrinsic(text: str) -> Call:
    """The parsed call. Raises SyntaxProblem."""
    if len(text) > MAX_TEXT:
        raise SyntaxProblem(f"The intrinsic function call is longer than {MAX_TEXT} characters.")
    reader = _Reader(text)
    call = reader.call(1)
    if reader.position != len(text):
        raise reader.problem("Unexpected text after the call")
    return call


@lru_cache(maxsize=4096)
def compile_intrinsic(text: str) -> Compute:
    """A call as a function of data and scope. Raises SyntaxProblem.

    The function raises EvaluationError: States.Runtime where a path argument leads nowhere, States.IntrinsicFailure
    where a function refuses its arguments; the cause quotes the whole outer call (measured).
    """
    run = _compile_call(read_intrinsic(text))
    prefix = f"The function '{text}' had the following error: "

    def compute(data: Json, scope: Scope) -> Json:
        try:
            return run(data, scope)
        except _NoArgument as problem:
            reason = problem.reason
            error = RUNTIME
        except IntrinsicProblem as problem:
            reason = str(problem)
            error = INTRINSIC_FAILURE
        raise EvaluationError(error, prefix + reason)

    return compute


# -- reading -------------------------------------------------------------------------------------------------------


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def problem(self, message: str) -> SyntaxProblem:
        return SyntaxProblem(f"{message} at position {self.position + 1} of {self.text!r}.", self.position)

    def peek(self) -> str:
        return self.text[self.position] if self.position < len(self.text) else ""

    def skip_blanks(self) -> None:
        while self.peek() and self.peek() in " \t\r\n":
            self.position += 1

    def call(self, depth: int) -> Call:
        if depth > MAX_NESTING:
            raise self.problem(f"Intrinsic functions nest at most {MAX_NESTING} deep")
        start = self.position
        while self.peek().isalnum() or self.peek() in (".", "_"):
            self.position += 1
        name = self.text[start : self.position]
        function = FUNCTIONS.get(name)
        if function is None:
            self.position = start
            raise self.problem(f"There is no intrinsic function {name!r}")
        if self.peek() != "(":
            raise self.problem(f"'(' must follow {name}")
        self.position += 1
        arguments = self.arguments(depth)
        if not function.least <= len(arguments) <= function.most:
            takes = str(function.least) if function.least == function.most else f"at least {function.least}"
            if function.least < function.most < 1_000:
                takes = f"{function.least} to {function.most}"
            raise self.problem(f"{name} takes {takes} argument{'' if takes == '1' else 's'}, not {len(arguments)}")
        return Call(name, arguments)

    def arguments(self, depth: int) -> tuple[Argument, ...]:
        arguments: list[Argument] = []
        self.skip_blanks()
        if self.peek() == ")":
            self.position += 1
            return ()
        while True:
            self.skip_blanks()
            arguments.append(self.argument(depth))
            self.skip_blanks()
            separator = self.peek()
            if separator not in (",", ")"):
                raise self.problem("Expected ',' or ')'")
            self.position += 1
            if separator == ")":
                return tuple(arguments)

    def argument(self, depth: int) -> Argument:
        char = self.peek()
        if char == "'":
            return self.quoted()
        if char == "$":
            path, self.position = parse_prefix(self.text, self.position, stop=",)")
            return path
        if self.text.startswith("States.", self.position):
            return self.call(depth + 1)
        return self.constant()

    def quoted(self) -> Text:
        self.position += 1
        start = self.position
        while (char := self.peek()) != "'":
            if not char:
                raise self.problem("A quote is not closed")
            self.position += 2 if char == "\\" else 1
        self.position += 1
        return Text(self.text[start : self.position - 1])

    def constant(self) -> Constant:
        start = self.position
        while self.peek().isalnum() or self.peek() in ("+", "-", "."):
            self.position += 1
        word = self.text[start : self.position]
        named: dict[str, bool | None] = {"null": None, "true": True, "false": False}
        if word in named:
            return Constant(named[word])
        if len(word) <= 400 and word.isascii():
            for kind in (int, float):
                try:
                    number = kind(word)
                except ValueError:
                    continue
                if abs(number) != float("inf") and number == number:
                    return Constant(number)
        self.position = start
        raise self.problem("Expected a 'string', a number, null, a path or a function call")


def unescape(raw: str) -> str:
    """The value of a quoted argument. Any other backslash stands for itself."""
    if "\\" not in raw:
        return raw
    parts: list[str] = []
    position = 0
    while position < len(raw):
        if raw[position] == "\\" and raw[position + 1 : position + 2] in ("'", "{", "}", "\\"):
            position += 1
        parts.append(raw[position])
        position += 1
    return "".join(parts)


# -- compiling -----------------------------------------------------------------------------------------------------


class _NoArgument(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _compile_call(call: Call) -> Compute:
    function = FUNCTIONS[call.name]
    if function.needs_entropy:
        return _with_entropy(function.apply, [_compile_argument(a) for a in call.arguments])
    arguments = list(call.arguments)
    if call.name == "States.Format" and isinstance(arguments[0], Text):
        # Only in a literal can `\{` mean a brace; Format splits it itself.
        return _format(format_pieces(arguments[0].raw), [_compile_argument(a) for a in arguments[1:]])
    if len(arguments) == 2 and isinstance(arguments[1], Constant):
        return _with_constant(function.apply, _compile_argument(arguments[0]), arguments[1].value)
    return _spread(function.apply, [_compile_argument(a) for a in arguments])


def _format(pieces: list[str], arguments: list[Compute]) -> Compute:
    first = pieces[0]
    pairs = list(zip(arguments, pieces[1:], strict=False))
    if len(arguments) != len(pieces) - 1:

        def mismatch(data: Json, scope: Scope) -> Json:
            for argument in arguments:
                argument(data, scope)
            raise placeholder_problem(len(pieces) - 1, len(arguments))

        return mismatch

    def run(data: Json, scope: Scope) -> Json:
        parts = [first]
        length = 0
        for argument, piece in pairs:
            value = argument(data, scope)
            text = value if type(value) is str else to_string(value)
            length += len(text)
            if length > MOST_BYTES:
                raise TooLarge
            parts.append(text)
            parts.append(piece)
        return "".join(parts)

    return run


def _with_constant(apply: Callable[..., Any], first: Compute, second: Any) -> Compute:
    return lambda data, scope: apply(first(data, scope), second)


def _with_entropy(apply: Callable[..., Any], arguments: list[Compute]) -> Compute:
    return lambda data, scope: apply(scope.entropy, *[argument(data, scope) for argument in arguments])


def _spread(apply: Callable[..., Any], arguments: list[Compute]) -> Compute:
    match arguments:
        case [a]:
            return lambda data, scope: apply(a(data, scope))
        case [a, b]:
            return lambda data, scope: apply(a(data, scope), b(data, scope))
        case _:
            return lambda data, scope: apply(*[argument(data, scope) for argument in arguments])


def _compile_argument(argument: Argument) -> Compute:
    if isinstance(argument, Text):
        text = unescape(argument.raw)
        return lambda data, scope: text
    if isinstance(argument, Constant):
        value = argument.value
        return lambda data, scope: value
    if isinstance(argument, Call):
        return _compile_call(argument)
    return _compile_path(argument)


def _compile_path(path: Path) -> Compute:
    text = path.jayway_text

    def miss(data: Json, scope: Scope, reason: str | None) -> Any:
        if reason is not None and reason.startswith("Filter: "):
            raise _NoArgument(reason)  # measured: Jayway's own sentence comes through
        raise _NoArgument(
            f"The JsonPath argument for the field '{text}' could not be found in the input '{dumps_text(data)}'"
        )

    return compile_find(path, miss)
