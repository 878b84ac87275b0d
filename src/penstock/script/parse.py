"""Stage 1, parse: a text becomes a syntax tree, or one diagnostic that says why it does not."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from penstock.diagnostics import Diagnostic, Source, Span

MAX_CHARACTERS = 1_000_000
MAX_NESTING = 100
# PEP 263: a comment on one of the first two lines, the first of which is then a comment or blank.
_COOKIE = re.compile(r"(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))?[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)")
_UTF8 = ("utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii")
_LINE_END = re.compile("\\r\\n|\\r|\\n")


@dataclass(frozen=True)
class Parsed:
    """`tree` is None when the text is not Python; `diagnostics` then says why."""

    source: Source
    tree: ast.Module | None
    diagnostics: tuple[Diagnostic, ...] = ()


def parse(text: str | bytes, *, name: str) -> Parsed:
    """Never raises, whatever the text holds."""
    encoded = isinstance(text, bytes)
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"the file is not UTF-8 text (byte {error.start})"
            return _broken(Source(name, ""), "PS001", message, "save it as UTF-8, or name the script's own file")
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        message = f"the file has {len(text):,} characters; a script may have {MAX_CHARACTERS:,}"
        return _broken(
            Source(name, ""), "PS003", message, "move task code into a package and import it in the run methods"
        )
    source = Source(name, text)
    cookie = _COOKIE.match(text) if encoded else None
    if cookie is not None and cookie[1].lower().replace("_", "-") not in _UTF8:
        line = text.count("\n", 0, cookie.start(1)) + 1
        return _broken(
            source,
            "PS001",
            f"the file says that its encoding is {cookie[1][:40]}; a script is UTF-8",
            "save the file as UTF-8 and remove the comment",
            _point(source, line, 1),
        )
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        column = nul - (text.rfind("\n", 0, nul) + 1) + 1
        return _broken(source, "PS002", "the file holds a null character", span=_point(source, line, column))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in a run method is the user's own affair
            tree = ast.parse(text, filename=name)
    except SyntaxError as error:
        return _syntax_error(source, error)
    except (RecursionError, MemoryError):
        return _broken(source, "PS004", "the code is nested too deeply to be read", "name the inner parts")
    except ValueError as error:  # a lone surrogate, an integer of more than 4,300 digits
        return _broken(source, "PS005", f"the file is not valid Python: {error}")
    deep = _too_deep(tree)
    if deep is not None:
        span = Spans(source).of(deep)
        return _broken(
            source, "PS004", f"the code is nested deeper than {MAX_NESTING} levels here", "name the inner parts", span
        )
    return Parsed(source, tree)


def refused_by_python(parsed: Parsed) -> Diagnostic | None:
    """What Python itself refuses only after parsing: a keyword given twice, a `return` at module level. Nothing is run."""
    assert parsed.tree is not None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(parsed.tree, parsed.source.name, "exec", dont_inherit=True)
    except SyntaxError as error:
        return _syntax_error(parsed.source, error).diagnostics[0]
    except (RecursionError, MemoryError, ValueError):
        return None  # code inside a run method that is too much for this Python is no matter of the machine
    return None


def _broken(source: Source, code: str, message: str, help: str | None = None, span: Span | None = None) -> Parsed:  # noqa: A002
    return Parsed(source, None, (Diagnostic(code, message, span=span or _point(source, 1, 1), help=help),))


def _point(source: Source, line: int, column: int) -> Span:
    return Span(source, line, column, line, column + 1)


def _syntax_error(source: Source, error: SyntaxError) -> Parsed:
    message = error.msg or "invalid syntax"
    if "too many nested parentheses" in message or "too many levels of indentation" in message:
        return _broken(
            source, "PS004", f"the code is nested too deeply: {message}", span=_point(source, error.lineno or 1, 1)
        )
    line = max(1, error.lineno or 1)
    column = max(1, error.offset or 1)
    end_line = error.end_lineno if error.end_lineno and error.end_lineno >= line else line
    end_column = error.end_offset or column + 1
    if end_line == line and end_column <= column:
        end_column = column + 1
    span = Span(source, line, column, end_line, end_column)
    return _broken(source, "PS005", f"the file is not valid Python: {message}", span=span)


def _too_deep(tree: ast.Module) -> ast.AST | None:
    """The first node below MAX_NESTING. What a run method holds is never compiled, so it does not count; nor does the chain
    of an `elif`, which the compiler walks in a loop."""
    level: list[ast.AST] = list(tree.body)
    depth = 0
    while level:
        depth += 1
        deeper: list[ast.AST] = []
        for node in level:
            if isinstance(node, ast.AsyncFunctionDef):
                continue
            while isinstance(node, ast.If):
                deeper.append(node.test)
                deeper.extend(node.body)
                if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
                    node = node.orelse[0]
                else:
                    deeper.extend(node.orelse)
                    break
            else:
                deeper.extend(ast.iter_child_nodes(node))
        if depth > MAX_NESTING:
            for node in level:
                if hasattr(node, "lineno"):
                    return node
        level = deeper
    return None


class Spans:
    """Spans of syntax nodes. `ast` counts columns in UTF-8 bytes from 0, a Span in characters from 1."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def of(self, node: Any) -> Span:
        """The stretch of a node that has a position (statement, expression, keyword, handler, argument, pattern)."""
        line: int = getattr(node, "lineno", 1)
        end_line: int = getattr(node, "end_lineno", None) or line
        column = self._column(line, getattr(node, "col_offset", 0))
        end_column = self._column(end_line, getattr(node, "end_col_offset", None) or getattr(node, "col_offset", 0) + 1)
        return Span(self.source, line, column, end_line, end_column)

    def head(self, node: Any) -> Span:
        """The first line of a statement that has a body."""
        span = self.of(node)
        if span.end_line == span.line:
            return span
        return Span(self.source, span.line, span.column, span.line, len(self._line(span.line).rstrip()) + 1)

    @cached_property
    def _lines(self) -> list[str]:
        # As Python counts lines. str.splitlines, which Source uses, also cuts at form feeds and their like.
        return _LINE_END.split(self.source.text)

    def _line(self, number: int) -> str:
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def _column(self, line: int, offset: int) -> int:
        text = self._line(line)
        if text.isascii():
            return offset + 1
        return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore")) + 1

    def text(self, node: ast.AST) -> str:
        """The user's own text of a node that has a position."""
        span = self.of(node)
        if span.line == span.end_line:
            return self._line(span.line)[span.column - 1 : span.end_column - 1]
        inner = self._lines[span.line : span.end_line - 1]
        first, last = self._line(span.line)[span.column - 1 :], self._line(span.end_line)[: span.end_column - 1]
        return "\n".join([first, *inner, last])
