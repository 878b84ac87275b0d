"""From an expression's text to its syntax tree.

A top-down operator-precedence parser (Pratt) builds a raw tree; `process` then turns chains of `.` into paths, attaches
predicates and groupings to steps, finds what each `%` refers to, and marks tail calls. This follows the language as the
reference implementation defines it (jsonata.org, 2.x), with its error codes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from penstock.asl.jsonata.faults import JsonataFault
from penstock.asl.jsonata.process import Processor
from penstock.asl.jsonata.signatures import Signature
from penstock.asl.jsonata.syntax import Lexer, Node, Token

POWER: Final[dict[str, int]] = {
    ".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "?": 20, "+": 50, "-": 50, "*": 60, "/": 60, "%": 60, "=": 40,
    "<": 40, ">": 40, "^": 40, ":=": 10, "!=": 40, "<=": 40, ">=": 40, "~>": 40, "and": 30, "or": 25, "in": 40, "&": 50,
    "??": 40, "?:": 40,
}  # fmt: skip
"""How strongly each infix operator binds."""

_TERMINALS: Final = frozenset((":", ";", ",", ")", "]", "}", ".."))
_BINARY: Final = frozenset(("+", "-", "*", "/", "%", "=", "<", ">", "!=", "<=", ">=", "~>", "and", "or", "in", "&"))

MAX_NESTING: Final = 150
"""Evaluation stops at 100 levels, so nothing deeper can ever run; parsing recurses, so it has to stop too."""

MAX_CHAIN: Final = 200
"""The same for operators one after the other: each puts all before it one level deeper."""


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """The processed tree, which nobody changes any more. Raises JsonataFault with an S… code."""
    try:
        tree = Processor().process(_Parser(text).whole())
    except RecursionError:
        raise JsonataFault("S0500") from None
    if tree.type == "parent" or tree.seeking is not None:
        raise JsonataFault("S0217", position=tree.position or 0, token=tree.type)
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self.lexer = Lexer(text)
        self.length = len(text)
        self.depth = 0
        self.token: Token | None = None
        self.advance()

    def whole(self) -> Node:
        tree = self.expression(0)
        if self.token is not None:
            raise JsonataFault("S0201", position=self.token.position, token=self.token.value)
        return tree

    # -- tokens ------------------------------------------------------------------------------------------------------

    def advance(self, expected: str | None = None, *, infix: bool = False) -> None:
        if expected is not None:
            self.require(expected)
        self.token = self.lexer.next(infix=infix)

    def require(self, expected: str) -> None:
        token = self.token
        if token is None:
            raise JsonataFault("S0203", position=self.length, value=expected)
        if token.kind != "operator" or token.value != expected:
            shown = token.value[0] if token.kind == "regex" else token.value
            raise JsonataFault("S0202", position=token.position, value=expected, token=shown)

    def at(self, operator: str) -> bool:
        return self.token is not None and self.token.kind == "operator" and self.token.value == operator

    # -- expressions -------------------------------------------------------------------------------------------------

    def expression(self, power: int) -> Node:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise JsonataFault("S0500", position=self.token.position if self.token else self.length)
        token = self.token
        if token is None:
            raise JsonataFault("S0207", position=self.length)
        self.advance(infix=True)
        left = self.prefix(token)
        chain = 0
        while (token := self.token) is not None and power < self.binding(token):
            chain += 1
            if chain > MAX_CHAIN:
                raise JsonataFault("S0500", position=token.position)
            self.advance()
            left = self.infix(token, left)
        self.depth -= 1
        return left

    def binding(self, token: Token) -> int:
        return POWER.get(token.value, 0) if token.kind == "operator" else 0

    def prefix(self, token: Token) -> Node:
        kind, value, position = token.kind, token.value, token.position
        if kind in ("name", "variable", "string", "number", "value"):
            return Node(kind, value=value, position=position)
        if kind == "regex":
            return Node("regex", value=value[0], flags=value[1], position=position)
        if value in ("and", "or", "in"):
            return Node("name", value=value, position=position)
        reader: Callable[[Token], Node] | None = {
            "-": self.negation,
            "(": self.block,
            "[": self.array,
            "{": self.object,
            "|": self.transform,
        }.get(value)
        if reader is not None:
            return reader(token)
        if value == "*":
            return Node("wildcard", value=value, position=position)
        if value == "**":
            return Node("descendant", value=value, position=position)
        if value == "%":
            return Node("parent", value=value, position=position)
        if value == "?":
            return Node("operator", value=value, position=position)
        raise JsonataFault("S0211", position=position, token=value)

    def negation(self, token: Token) -> Node:
        return Node("unary", value="-", expression=self.expression(70), position=token.position)

    def block(self, token: Token) -> Node:
        expressions: list[Node] = []
        while not self.at(")"):
            expressions.append(self.expression(0))
            if not self.at(";"):
                break
            self.advance(";")
        self.advance(")", infix=True)
        return Node("block", expressions=expressions, position=token.position)

    def array(self, token: Token) -> Node:
        expressions: list[Node] = []
        if not self.at("]"):
            while True:
                item = self.expression(0)
                if self.at(".."):
                    position = self.token.position if self.token else 0
                    self.advance("..")
                    item = Node("binary", value="..", position=position, lhs=item, rhs=self.expression(0))
                expressions.append(item)
                if not self.at(","):
                    break
                self.advance(",")
        self.advance("]", infix=True)
        return Node("unary", value="[", expressions=expressions, position=token.position)

    def pairs(self) -> list[tuple[Node, Node]]:
        pairs: list[tuple[Node, Node]] = []
        if not self.at("}"):
            while True:
                key = self.expression(0)
                self.advance(":")
                pairs.append((key, self.expression(0)))
                if not self.at(","):
                    break
                self.advance(",")
        self.advance("}", infix=True)
        return pairs

    def object(self, token: Token) -> Node:
        return Node("unary", value="{", pairs=self.pairs(), position=token.position)

    def transform(self, token: Token) -> Node:
        pattern = self.expression(0)
        self.advance("|")
        update = self.expression(0)
        delete = None
        if self.at(","):
            self.advance(",")
            delete = self.expression(0)
        self.advance("|", infix=True)
        return Node("transform", pattern=pattern, update=update, delete=delete, position=token.position)

    # -- what follows an expression ----------------------------------------------------------------------------------

    def infix(self, token: Token, left: Node) -> Node:
        value, position = token.value, token.position
        if value == "." or value in _BINARY:
            return Node("binary", value=value, position=position, lhs=left, rhs=self.expression(POWER[value]))
        reader: Callable[[Token, Node], Node] = {
            "(": self.call,
            "[": self.predicate,
            "{": self.grouping,
            "^": self.ordering,
            ":=": self.assignment,
            "@": self.binder,
            "#": self.binder,
            "?": self.ternary,
            "?:": self.elvis,
            "??": self.coalescing,
        }[value]
        return reader(token, left)

    def call(self, token: Token, left: Node) -> Node:
        arguments: list[Node] = []
        partial = False
        if not self.at(")"):
            while True:
                if self.at("?"):
                    partial = True
                    arguments.append(Node("operator", value="?", position=self.token.position if self.token else 0))
                    self.advance("?")
                else:
                    arguments.append(self.expression(0))
                if not self.at(","):
                    break
                self.advance(",")
        self.advance(")", infix=True)
        if left.type == "name" and left.value in ("function", "λ"):
            return self.lambda_(token, arguments)
        kind = "partial" if partial else "function"
        return Node(kind, value="(", procedure=left, arguments=arguments, position=token.position)

    def lambda_(self, token: Token, arguments: list[Node]) -> Node:
        for argument in arguments:
            if argument.type != "variable":
                raise JsonataFault("S0208", position=argument.position, token=argument.value, value=argument.value)
        signature = None
        if self.at("<"):
            signature = Signature(self.signature_text())
        self.advance("{")
        body = self.expression(0)
        self.advance("}", infix=True)
        return Node("lambda", arguments=arguments, signature=signature, body=body, position=token.position)

    def signature_text(self) -> str:
        depth = 1
        text = "<"
        while depth > 0 and not self.at("{") and self.token is not None:
            self.advance()
            token: Any = self.token
            if token is None:
                break
            if token.kind == "operator" and token.value == ">":
                depth -= 1
            elif token.kind == "operator" and token.value == "<":
                depth += 1
            text += str(token.value)
        self.advance(">")
        return text

    def predicate(self, token: Token, left: Node) -> Node:
        if self.at("]"):
            step = left
            while step.type == "binary" and step.value == "[":
                step = step.lhs
            step.keep_array = True
            self.advance("]", infix=True)
            return left
        right = self.expression(0)
        self.advance("]", infix=True)
        return Node("binary", value="[", lhs=left, rhs=right, position=token.position)

    def grouping(self, token: Token, left: Node) -> Node:
        return Node("binary", value="{", lhs=left, pairs=self.pairs(), position=token.position)

    def ordering(self, token: Token, left: Node) -> Node:
        self.advance("(")
        terms: list[tuple[bool, Node]] = []
        while True:
            descending = False
            if self.at("<"):
                self.advance("<")
            elif self.at(">"):
                descending = True
                self.advance(">")
            terms.append((descending, self.expression(0)))
            if not self.at(","):
                break
            self.advance(",")
        self.advance(")", infix=True)
        return Node("binary", value="^", lhs=left, terms=terms, position=token.position)

    def assignment(self, token: Token, left: Node) -> Node:
        if left.type != "variable":
            raise JsonataFault("S0212", position=left.position or 0, token=left.value)
        right = self.expression(POWER[":="] - 1)
        return Node("binary", value=":=", lhs=left, rhs=right, position=token.position)

    def binder(self, token: Token, left: Node) -> Node:
        right = self.expression(80)
        if right.type != "variable":
            raise JsonataFault("S0214", position=right.position or 0, token=token.value)
        return Node("binary", value=token.value, lhs=left, rhs=right, position=token.position)

    def ternary(self, token: Token, left: Node) -> Node:
        then = self.expression(0)
        else_ = None
        if self.at(":"):
            self.advance(":")
            else_ = self.expression(0)
        return Node("condition", condition=left, then=then, else_=else_, position=token.position)

    def elvis(self, token: Token, left: Node) -> Node:
        else_ = self.expression(0)
        return Node("condition", condition=left, then=left, else_=else_, position=token.position)

    def coalescing(self, token: Token, left: Node) -> Node:
        exists = Node(
            "function",
            value="(",
            procedure=Node("variable", value="exists", position=token.position),
            arguments=[left],
            position=token.position,
        )
        else_ = self.expression(0)
        return Node("condition", condition=exists, then=left, else_=else_, position=token.position)
