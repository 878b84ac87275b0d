"""Regular expressions for `=~`, matched in time linear in the text.

Python's `re` backtracks, so a pattern such as `(a+)+$` could hold up every execution of this process. This is the
textbook alternative (Thompson): the pattern becomes a small automaton, and the text is read once with the set of states
it can be in. There are no backreferences and no look-around, which have no linear-time form.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from penstock.asl.scope import SyntaxProblem

MAX_STATES: Final = 2_000
"""Largest automaton; `{m,n}` is written out, so a bound of 1,000 on a long group would explode."""

MAX_NESTING: Final = 50

Accepts: TypeAlias = Callable[[str], bool]
"""Whether one character fits."""


class Regex:
    """A compiled pattern. `size` is the number of states: matching costs at most `size` steps a character."""

    def __init__(
        self, accepts: list[Accepts | None], forks: list[tuple[int, ...]], start: int, anchors: set[int]
    ) -> None:
        self._accepts = accepts
        self._forks = forks
        self._anchors = anchors
        self._start = start
        self.size = len(accepts)

    def fullmatch(self, text: str) -> bool:
        """Whether the whole text fits (Jayway asks for that, not for a find)."""
        current = self._closure([self._start], at_start=True, at_end=not text)
        last = len(text) - 1
        for position, char in enumerate(text):
            moved: list[int] = []
            for state in current:
                accepts = self._accepts[state]
                if accepts is not None and accepts(char):
                    moved.extend(self._forks[state])
            if not moved:
                return False
            current = self._closure(moved, at_start=False, at_end=position == last)
        return 0 in current

    def _closure(self, states: list[int], *, at_start: bool, at_end: bool) -> list[int]:
        seen: set[int] = set()
        reached: list[int] = []
        pending = list(states)
        while pending:
            state = pending.pop()
            if state in seen:
                continue
            seen.add(state)
            if self._accepts[state] is not None or state == 0:
                reached.append(state)
            elif (
                state not in self._anchors
                or (at_start and -state in self._anchors)
                or (at_end and -state not in self._anchors)
            ):
                pending.extend(self._forks[state])
        return reached


def compile_regex(source: str, flags: str = "") -> Regex:
    """Raises SyntaxProblem for what is no pattern, or needs backtracking."""
    for flag in flags:
        if flag not in "isuxdm":
            raise SyntaxProblem(f"The pattern flag {flag!r} is not known.")
    return _Compiler(source, ignore_case="i" in flags, dot_all="s" in flags).compile()


_WORD: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_DIGITS: Final = frozenset("0123456789")
_SPACE: Final = frozenset(" \t\n\r\x0b\f")
_SETS: Final = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b", "0": "\0"}


class _Compiler:
    """Builds the automaton from its end backwards: each rule is given the state that follows and returns where it begins.

    State 0 is the final one.
    """

    def __init__(self, source: str, *, ignore_case: bool, dot_all: bool) -> None:
        self.source = source
        self.ignore_case = ignore_case
        self.dot_all = dot_all
        self.position = 0
        self.nesting = 0
        self.accepts: list[Accepts | None] = [None]
        self.forks: list[tuple[int, ...]] = [()]
        self.anchors: set[int] = set()

    def compile(self) -> Regex:
        tree = self.alternatives()
        if self.position != len(self.source):
            raise self.problem("Unexpected ')'")
        start = tree(0)
        return Regex(self.accepts, self.forks, start, self.anchors)

    def problem(self, message: str) -> SyntaxProblem:
        return SyntaxProblem(f"{message} in the pattern /{self.source}/.", self.position)

    def peek(self) -> str:
        return self.source[self.position] if self.position < len(self.source) else ""

    def take(self, char: str) -> bool:
        if self.peek() == char:
            self.position += 1
            return True
        return False

    def state(self, accepts: Accepts | None, forks: tuple[int, ...]) -> int:
        if len(self.accepts) >= MAX_STATES:
            raise self.problem(f"There are more than {MAX_STATES} states")
        self.accepts.append(accepts)
        self.forks.append(forks)
        return len(self.accepts) - 1

    # Parsing gives builders, so that `{m,n}` can build its operand several times.

    def alternatives(self) -> _Build:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.problem("Groups are nested too deeply")
        branches = [self.sequence()]
        while self.take("|"):
            branches.append(self.sequence())
        self.nesting -= 1
        if len(branches) == 1:
            return branches[0]
        return lambda after: self.state(None, tuple(branch(after) for branch in branches))

    def sequence(self) -> _Build:
        parts: list[_Build] = []
        while self.peek() and self.peek() not in "|)":
            parts.append(self.repeated())

        def build(after: int) -> int:
            for part in reversed(parts):
                after = part(after)
            return after

        return build

    def repeated(self) -> _Build:
        atom = self.atom()
        while self.peek() and self.peek() in "*+?{":
            low, high = self.bounds()
            self.take("?") or self.take("+")  # lazy and possessive match the same whole texts, or fewer
            atom = self.repeat(atom, low, high)
        return atom

    def bounds(self) -> tuple[int, int | None]:
        if self.take("*"):
            return 0, None
        if self.take("+"):
            return 1, None
        if self.take("?"):
            return 0, 1
        self.position += 1
        low = self.number()
        high: int | None = low
        if self.take(","):
            high = None if self.peek() == "}" else self.number()
        if not self.take("}") or (high is not None and high < low):
            raise self.problem("A repetition is {m}, {m,} or {m,n}")
        return low, high

    def number(self) -> int:
        start = self.position
        while self.peek() and self.peek() in _DIGITS:
            self.position += 1
        if not 0 < self.position - start <= 4:
            raise self.problem("A repetition needs a number of at most four digits")
        return int(self.source[start : self.position])

    def repeat(self, atom: _Build, low: int, high: int | None) -> _Build:
        def build(after: int) -> int:
            if high is None:
                loop = self.state(None, ())
                self.forks[loop] = (atom(loop), after)
                after = loop
            else:
                end = after
                for _ in range(high - low):
                    after = self.state(None, (atom(after), end))
            for _ in range(low):
                # An operand that takes no character adds no state, so the count itself has to be bounded.
                after = self.state(None, (atom(after),))
            return after

        return build

    def atom(self) -> _Build:
        char = self.peek()
        if char in "*+?{":
            raise self.problem("There is nothing to repeat")
        self.position += 1
        if char == "(":
            if self.take("?") and not self.take(":"):
                raise self.problem("Look-around and named groups are not supported")
            inner = self.alternatives()
            if not self.take(")"):
                raise self.problem("A group is not closed")
            return inner
        if char in "^$":
            return self.anchor(at_start=char == "^")
        if char == "[":
            return self.accepting(self.bracket())
        if char == ".":
            return self.accepting((lambda c: True) if self.dot_all else (lambda c: c not in "\n\r\x85\u2028\u2029"))
        if char == "\\":
            return self.accepting(self.escaped())
        return self.accepting(self.one(char))

    def anchor(self, *, at_start: bool) -> _Build:
        def build(after: int) -> int:
            state = self.state(None, (after,))
            self.anchors.update((state, -state) if at_start else (state,))
            return state

        return build

    def accepting(self, accepts: Accepts) -> _Build:
        return lambda after: self.state(accepts, (after,))

    def one(self, char: str) -> Accepts:
        if self.ignore_case:
            folded = char.casefold()
            return lambda c: c.casefold() == folded
        return lambda c: c == char

    def escaped(self) -> Accepts:
        char = self.peek()
        self.position += 1
        if not char:
            raise self.problem("A '\\' stands at the end")
        if char.lower() in _SETS:
            members = _SETS[char.lower()]
            return (lambda c: c in members) if char.islower() else (lambda c: c not in members)
        return self.one(self.character(char))

    def character(self, char: str) -> str:
        """What `\\char` stands for."""
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in "ux":
            width = 4 if char == "u" else 2
            digits = self.source[self.position : self.position + width]
            if len(digits) != width or not all(d in "0123456789abcdefABCDEF" for d in digits):
                raise self.problem(f"\\{char} needs {width} hexadecimal digits")
            self.position += width
            return chr(int(digits, 16))
        if char.isalnum():
            raise self.problem(f"'\\{char}' is not supported")
        return char

    def bracket(self) -> Accepts:
        negated = self.take("^")
        tests: list[Accepts] = []
        first = True
        while first or self.peek() != "]":
            if not self.peek():
                raise self.problem("A '[' is not closed")
            first = False
            tests.append(self.member())
        self.position += 1
        if negated:
            return lambda c: not any(test(c) for test in tests)
        return lambda c: any(test(c) for test in tests)

    def member(self) -> Accepts:
        low = self.peek()
        self.position += 1
        if low == "\\":
            if self.peek() and self.peek().lower() in _SETS:
                return self.escaped()
            low = self.single()
        if self.peek() != "-" or self.source[self.position + 1 : self.position + 2] in ("]", ""):
            return self.one(low)
        self.position += 1
        high = self.peek()
        self.position += 1
        if high == "\\":
            high = self.single()
        if high < low:
            raise self.problem(f"The range {low}-{high} runs backwards")
        if self.ignore_case:
            return lambda c: low <= c <= high or low <= c.lower() <= high or low <= c.upper() <= high
        return lambda c: low <= c <= high

    def single(self) -> str:
        char = self.peek()
        if not char:
            raise self.problem("A '\\' stands at the end")
        self.position += 1
        return self.character(char)


_Build: TypeAlias = Callable[[int], int]
