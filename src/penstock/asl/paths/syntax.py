"""The grammar of JSONPath as Step Functions takes it: a path text becomes a `Path` of steps.

AWS evaluates paths with Jayway's JsonPath over Jackson trees, so where the States Language is silent, Jayway's rules
hold: dot names run to the next `.`, `[`, `(` or blank, brackets hold quoted names, indexes, a slice, `*` or a filter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from penstock.asl.scope import SyntaxProblem

MAX_TEXT: Final = 32_768
"""Longest path text that is parsed; a definition is at most 1 MiB and no path in the wild is a hundredth of this."""

MAX_NESTING: Final = 32
"""How deep filters may nest (parentheses, paths inside filters inside paths)."""


@dataclass(frozen=True, slots=True)
class Property:
    """`.a`, `['a']`, or `['a','b']`."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Indexes:
    """`[0]`, `[-1]`, `[0,2]`."""

    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """`[a:b]`, either end open."""

    start: int | None
    stop: int | None


@dataclass(frozen=True, slots=True)
class LengthIndex:
    """`[(@.length-1)]`: an index counted from the array's length."""

    offset: int


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`.*` or `[*]`."""


@dataclass(frozen=True, slots=True)
class Scan:
    """`..`: the next step applies to every container below and including this one."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`[?(…)]`."""

    test: Test
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """`.length()` and its kin. An argument is a Path or a JSON value."""

    name: str
    arguments: tuple[Operand, ...]


Step: TypeAlias = Property | Indexes | Slice | LengthIndex | Wildcard | Scan | Filter | Call


@dataclass(frozen=True, slots=True)
class Path:
    """`root` is `$`, `$$`, `@` (inside a filter) or a variable's name without the `$`."""

    root: str
    steps: tuple[Step, ...]
    text: str

    @property
    def definite(self) -> bool:
        """Whether it gives at most one value; the others give an array."""
        if any(isinstance(step, Call) for step in self.steps):
            return True  # a function takes all that is before it: `$..a.length()` counts the matches
        last = len(self.steps) - 1
        for position, step in enumerate(self.steps):
            if isinstance(step, Property):
                # Jayway: several names in the last step are merged into one object.
                if len(step.names) > 1 and position != last:
                    return False
            elif isinstance(step, Indexes):
                if len(step.indexes) != 1:
                    return False
            elif not isinstance(step, LengthIndex):
                return False
        return True

    @property
    def is_reference(self) -> bool:
        """Whether it is a Reference Path: it can only name one place (States Language spec, "Reference Paths")."""
        return all(
            (isinstance(step, Property) and len(step.names) == 1)
            or (isinstance(step, Indexes) and len(step.indexes) == 1 and step.indexes[0] >= 0)
            for step in self.steps
        )

    @property
    def jayway_text(self) -> str:
        """The text as AWS's own evaluator sees it: the context object is another document, whose root is `$`."""
        return self.text[1:] if self.root == "$$" else self.text


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Pattern:
    """`/source/flags` on the right of `=~`."""

    source: str
    flags: str


Operand: TypeAlias = Path | Literal | Pattern


@dataclass(frozen=True, slots=True)
class Exists:
    path: Path


@dataclass(frozen=True, slots=True)
class Compare:
    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class AllOf:
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class NotOf:
    test: Test


Test: TypeAlias = Exists | Compare | AllOf | AnyOf | NotOf

FUNCTIONS: Final = frozenset(
    ("length", "size", "min", "max", "avg", "sum", "stddev", "keys", "concat", "append", "first", "last", "index")
)

_SYMBOLS: Final = ("===", "!==", "==", "!=", "<=", ">=", "=~", "<", ">")
_WORDS: Final = ("in", "nin", "subsetof", "anyof", "noneof", "size", "empty", "contains", "all")
_BLANKS: Final = " \t\r\n"
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def parse(text: str) -> Path:
    """A whole text as one path. Raises SyntaxProblem."""
    if len(text) > MAX_TEXT:
        raise SyntaxProblem(f"The path is longer than {MAX_TEXT} characters.")
    reader = Reader(text)
    path = reader.path(stop="")
    if reader.position != len(text):
        raise reader.problem(f"Unexpected {text[reader.position]!r}")
    return path


def parse_prefix(text: str, position: int, *, stop: str) -> tuple[Path, int]:
    """The path that begins at `position`, ending before any of the characters `stop`. Gives the path and its end."""
    reader = Reader(text, position)
    path = reader.path(stop=stop)
    return path, reader.position


class Reader:
    """A position in a text, and the grammar's rules as methods; each leaves the position behind what it has read."""

    def __init__(self, text: str, position: int = 0) -> None:
        self.text = text
        self.position = position
        self.nesting = 0

    def problem(self, message: str) -> SyntaxProblem:
        return SyntaxProblem(f"{message} at position {self.position + 1} of {self.text!r}.", self.position)

    def peek(self) -> str:
        return self.text[self.position] if self.position < len(self.text) else ""

    def skip_blanks(self) -> None:
        while self.peek() and self.peek() in _BLANKS:
            self.position += 1

    def take(self, token: str) -> bool:
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.take(token):
            found = repr(self.peek()) if self.peek() else "the end"
            raise self.problem(f"Expected {token!r}, found {found}")

    # -- paths ---------------------------------------------------------------------------------------------------

    def path(self, *, stop: str) -> Path:
        start = self.position
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.problem("The path is nested too deeply")
        root = self.root()
        steps: list[Step] = []
        while True:
            char = self.peek()
            if char == ".":
                self.dotted(steps, stop)
            elif char == "[":
                steps.append(self.bracket())
            else:
                break
        self.nesting -= 1
        return Path(root, tuple(steps), self.text[start : self.position])

    def root(self) -> str:
        if self.take("@"):
            return "@"
        if not self.take("$"):
            raise self.problem("A path begins with '$'")
        if self.take("$"):
            return "$$"
        start = self.position
        while self.position < len(self.text) and self.text[start : self.position + 1].isidentifier():
            self.position += 1
        return self.text[start : self.position] or "$"

    def dotted(self, steps: list[Step], stop: str) -> None:
        if self.take(".."):
            steps.append(Scan())
        else:
            self.expect(".")
        if self.peek() == "[":  # `$.[0]` is `$[0]` (AWS's own samples write it)
            return
        if self.take("*"):
            steps.append(Wildcard())
            return
        name = self.name(stop)
        if self.peek() == "(":
            steps.append(self.call(name))
        else:
            steps.append(Property((name,)))

    def name(self, stop: str) -> str:
        start = self.position
        while (char := self.peek()) and char not in ".[(" and char not in _BLANKS and char not in stop:
            if char in "'\"*?@)]":
                raise self.problem(f"A name cannot hold {char!r}; write it in brackets: ['…']")
            self.position += 1
        if self.position == start:
            raise self.problem("A name is missing")
        return self.text[start : self.position]

    def call(self, name: str) -> Call:
        if name not in FUNCTIONS:
            raise self.problem(f"There is no function {name!r}")
        self.expect("(")
        arguments: list[Operand] = []
        self.skip_blanks()
        while not self.take(")"):
            if arguments:
                self.expect(",")
            self.skip_blanks()
            arguments.append(self.operand())
            self.skip_blanks()
        return Call(name, tuple(arguments))

    def bracket(self) -> Step:
        self.expect("[")
        self.skip_blanks()
        step = self.inside()
        self.skip_blanks()
        self.expect("]")
        return step

    def inside(self) -> Step:
        char = self.peek()
        if char == "*":
            self.position += 1
            return Wildcard()
        if char in ("'", '"') and char:
            names = [self.quoted()]
            while self.comma():
                names.append(self.quoted())
            return Property(tuple(names))
        if char == "?":
            return self.filter()
        if char == "(":
            return self.length_index()
        return self.indexes()

    def comma(self) -> bool:
        self.skip_blanks()
        if self.take(","):
            self.skip_blanks()
            return True
        return False

    def quoted(self) -> str:
        """A name in a bracket. Only the quote itself is escaped: every other backslash is part of the name (recorded:
        `$['Test\\""Name"']` finds the key `Test\\""Name"`)."""
        quote = self.opening()
        parts: list[str] = []
        while (char := self.next_inside()) != quote:
            if char == "\\":
                char = self.next_inside()
                parts.append("\\" if char != quote else "")
            parts.append(char)
        return "".join(parts)

    def string(self) -> str:
        """A text in a filter, with the usual escapes."""
        quote = self.opening()
        parts: list[str] = []
        while (char := self.next_inside()) != quote:
            parts.append(self.escape() if char == "\\" else char)
        return "".join(parts)

    def opening(self) -> str:
        quote = self.peek()
        if not quote or quote not in "'\"":
            raise self.problem("Expected a quoted name")
        self.position += 1
        return quote

    def next_inside(self) -> str:
        char = self.peek()
        if not char:
            raise self.problem("A quote is not closed")
        self.position += 1
        return char

    def escape(self) -> str:
        char = self.next_inside()
        if char == "u":
            digits = self.text[self.position : self.position + 4]
            if len(digits) == 4 and all(d in "0123456789abcdefABCDEF" for d in digits):
                self.position += 4
                return chr(int(digits, 16))
            raise self.problem("\\u needs four hexadecimal digits")
        return _ESCAPES.get(char, char)

    def integer(self) -> int | None:
        start = self.position
        self.take("-")
        digits = self.position
        while self.peek().isascii() and self.peek().isdigit():
            self.position += 1
        if self.position == digits:
            self.position = start
            return None
        if self.position - digits > 18:
            raise self.problem("An index is too long")
        return int(self.text[start : self.position])

    def indexes(self) -> Step:
        first = self.integer()
        self.skip_blanks()
        if self.take(":"):
            self.skip_blanks()
            stop = self.integer()
            if first is None and stop is None:
                raise self.problem("A slice needs a start or an end")
            return Slice(first, stop)
        if first is None:
            raise self.problem("Expected a quoted name, an index, a slice, '*' or '?(…)' in brackets")
        indexes = [first]
        while self.comma():
            more = self.integer()
            if more is None:
                raise self.problem("Expected an index")
            indexes.append(more)
        return Indexes(tuple(indexes))

    def length_index(self) -> LengthIndex:
        self.expect("(")
        self.skip_blanks()
        self.expect("@.length")
        self.take("()")
        self.skip_blanks()
        self.expect("-")
        self.skip_blanks()
        offset = self.integer()
        if offset is None or offset < 0:
            raise self.problem("Expected a number")
        self.skip_blanks()
        self.expect(")")
        return LengthIndex(-offset)

    # -- filters -------------------------------------------------------------------------------------------------

    def filter(self) -> Filter:
        start = self.position
        self.expect("?")
        self.skip_blanks()
        self.expect("(")
        test = self.any_of()
        self.skip_blanks()
        self.expect(")")
        return Filter(test, self.text[start : self.position])

    def any_of(self) -> Test:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.problem("The filter is nested too deeply")
        tests = [self.all_of()]
        while self.sign("||"):
            tests.append(self.all_of())
        self.nesting -= 1
        return tests[0] if len(tests) == 1 else AnyOf(tuple(tests))

    def all_of(self) -> Test:
        tests = [self.unary()]
        while self.sign("&&"):
            tests.append(self.unary())
        return tests[0] if len(tests) == 1 else AllOf(tuple(tests))

    def sign(self, token: str) -> bool:
        self.skip_blanks()
        return self.take(token)

    def unary(self) -> Test:
        negated = False
        while self.sign("!"):
            negated = not negated
        self.skip_blanks()
        test = self.group() if self.peek() == "(" else self.relation()
        return NotOf(test) if negated else test

    def group(self) -> Test:
        self.expect("(")
        test = self.any_of()
        self.skip_blanks()
        self.expect(")")
        return test

    def relation(self) -> Test:
        left = self.operand()
        self.skip_blanks()
        operator = self.operator()
        if operator is None:
            if isinstance(left, Path):
                return Exists(left)
            raise self.problem("Expected an operator")
        self.skip_blanks()
        right = self.operand()
        if (operator == "=~") != (isinstance(right, Pattern) or isinstance(left, Pattern)):
            raise self.problem("'=~' compares with a /pattern/, and nothing else does")
        return Compare(operator, left, right)

    def operator(self) -> str | None:
        for symbol in _SYMBOLS:
            if self.take(symbol):
                return symbol
        start = self.position
        while self.peek().isalpha():
            self.position += 1
        word = self.text[start : self.position].lower()
        if word in _WORDS:
            return word
        self.position = start
        return None

    def operand(self) -> Operand:
        char = self.peek()
        if char in ("@", "$") and char:
            return self.path(stop=" \t\r\n)=!<>~&|,]")
        if char == "/":
            return self.pattern()
        return Literal(self.literal())

    def pattern(self) -> Pattern:
        self.expect("/")
        start = self.position
        while (char := self.peek()) != "/":
            if not char:
                raise self.problem("A /pattern/ is not closed")
            self.position += 2 if char == "\\" else 1
        source = self.text[start : self.position]
        self.position += 1
        flags = self.position
        while self.peek().isalpha():
            self.position += 1
        return Pattern(source, self.text[flags : self.position])

    def literal(self) -> Any:
        """A JSON value; strings may stand in single quotes."""
        char = self.peek()
        if char in ("'", '"') and char:
            return self.string()
        if char == "[":
            return self.array()
        if char == "{":
            return self.object()
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self.take(word):
                return value
        return self.bare_word() if char.isalpha() else self.number()

    def bare_word(self) -> str:
        """A string without quotes: `[?(@.Name==Receipt)]`, as deployed samples of AWS have it."""
        start = self.position
        while (char := self.peek()).isalnum() or char in ("_", "-"):
            self.position += 1
        return self.text[start : self.position]

    def array(self) -> list[Any]:
        self.enter("[")
        items: list[Any] = []
        while not self.take("]"):
            if items:
                self.expect(",")
                self.skip_blanks()
            items.append(self.literal())
            self.skip_blanks()
        self.nesting -= 1
        return items

    def object(self) -> dict[str, Any]:
        self.enter("{")
        items: dict[str, Any] = {}
        while not self.take("}"):
            if items:
                self.expect(",")
                self.skip_blanks()
            key = self.string()
            self.skip_blanks()
            self.expect(":")
            self.skip_blanks()
            items[key] = self.literal()
            self.skip_blanks()
        self.nesting -= 1
        return items

    def enter(self, opening: str) -> None:
        self.expect(opening)
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.problem("The value is nested too deeply")
        self.skip_blanks()

    def number(self) -> int | float:
        start = self.position
        while (char := self.peek()) and char in "+-.0123456789eE":
            self.position += 1
        word = self.text[start : self.position]
        if len(word) <= 400:
            for kind in (int, float):
                try:
                    return kind(word)
                except ValueError:
                    continue
        self.position = start
        raise self.problem("Expected a value")
