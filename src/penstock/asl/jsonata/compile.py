"""From a syntax tree to a function of (input, frame).

Every node becomes a closure once. AWS stops at 100 nested evaluations (measured: 100 terms of a sum pass, 101 do not);
how deep a node lies within its function is known here, so a body is compiled in two forms: a plain one, run where its
deepest node cannot pass the limit, and one that checks at every node.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from penstock.asl.equality import equal
from penstock.asl.jsonata import paths
from penstock.asl.jsonata.calls import apply, partial_apply
from penstock.asl.jsonata.faults import JsonataFault, memory_fault, stack_fault
from penstock.asl.jsonata.functions.text import to_string
from penstock.asl.jsonata.matching import compile_regex
from penstock.asl.jsonata.syntax import Node
from penstock.asl.jsonata.values import (
    NUMBER_BYTES,
    UNDEFINED,
    Constructed,
    Frame,
    Function,
    Lambda,
    Native,
    Sequence,
    Thunk,
    check_text,
    is_number,
    normal,
    truth,
    whole,
)

Run: TypeAlias = Callable[[Any, Frame], Any]


class Body:
    """A function's body (or a whole expression) in its two forms."""

    __slots__ = ("_checked", "_plain", "deepest", "node")

    def __init__(self, node: Node) -> None:
        self.node = node
        self._plain: Run | None = None
        self._checked: Run | None = None
        self.deepest = 0

    def run(self, base: int, limit: int) -> Run:
        """The form to run when `base` evaluations of at most `limit` are open already."""
        if self._plain is None:
            compiler = Compiler(checked=False)
            self._plain = compiler.compile(self.node, 1)
            self.deepest = compiler.deepest
        if base + self.deepest <= limit:
            return self._plain
        if self._checked is None:
            self._checked = Compiler(checked=True).compile(self.node, 1)
        return self._checked


class Compiler:
    """One walk over a tree. `depth` is how many evaluations are open inside this body, the node's own included."""

    def __init__(self, *, checked: bool) -> None:
        self.checked = checked
        self.deepest = 0

    def compile(self, node: Node, depth: int) -> Run:
        self.deepest = max(self.deepest, depth)
        handler: Callable[[Node, int], Run] = getattr(self, f"_{node.type}")
        run = handler(node, depth)
        if node.predicate is not None:
            run = self._with_predicates(run, node, depth)
        if node.group is not None and node.type != "path":
            run = self._with_group(run, node, depth)
        if node.type not in _SCALAR or node.predicate is not None:
            run = _collapsing(run, keep=bool(node.keep_array))
        return _depth_checked(run, depth) if self.checked else run

    # -- leaves ------------------------------------------------------------------------------------------------------

    def _string(self, node: Node, depth: int) -> Run:
        value = node.value
        return lambda input_, frame: value

    _number = _value = _string

    def _name(self, node: Node, depth: int) -> Run:
        name = node.value
        return lambda input_, frame: paths.lookup(input_, name)

    def _variable(self, node: Node, depth: int) -> Run:
        name = node.value
        if name == "":
            return lambda input_, frame: input_[0] if isinstance(input_, Sequence) and input_.outer else input_
        if name == "$":
            return lambda input_, frame: frame.lookup("$")
        return lambda input_, frame: frame.lookup(name)

    def _wildcard(self, node: Node, depth: int) -> Run:
        return lambda input_, frame: paths.wildcard(input_)

    def _descendant(self, node: Node, depth: int) -> Run:
        return lambda input_, frame: paths.descendants(input_, frame.runtime)

    def _parent(self, node: Node, depth: int) -> Run:
        slot = node.slot
        return lambda input_, frame: frame.lookup(slot.label)

    def _regex(self, node: Node, depth: int) -> Run:
        regex = compile_regex(node.value, node.flags)
        return lambda input_, frame: regex

    def _operator(self, node: Node, depth: int) -> Run:
        raise JsonataFault("S0201", position=node.position or 0, token=node.value)

    # -- constructors ------------------------------------------------------------------------------------------------

    def _unary(self, node: Node, depth: int) -> Run:
        if node.value == "[":
            return self._array(node, depth)
        if node.value == "{":
            pairs = [(self.compile(key, depth + 1), self.compile(value, depth + 1)) for key, value in node.pairs]
            if all(key.type == "string" for key, _ in node.pairs) and not self.checked:
                names = [key.value for key, _ in node.pairs]
                if len(set(names)) == len(names):
                    return _plain_object(names, [value for _, value in pairs], pairs)
            return lambda input_, frame: paths.group(pairs, input_, frame)
        inner = self.compile(node.expression, depth + 1)

        def negate(input_: Any, frame: Frame) -> Any:
            value = inner(input_, frame)
            if value is UNDEFINED:
                return UNDEFINED
            if is_number(value):
                return -value
            raise JsonataFault("D1002", token="-", value=value)

        return negate

    def _array(self, node: Node, depth: int) -> Run:
        items = [
            (self.compile(item, depth + 1), item.type == "unary" and item.value == "[") for item in node.expressions
        ]
        make: type[list[Any]] = Constructed if node.consarray else list

        def build(input_: Any, frame: Frame) -> Any:
            result: list[Any] = []
            for item, is_array in items:
                value = item(input_, frame)
                if value is UNDEFINED:
                    continue
                if is_array or not isinstance(value, list):
                    result.append(value)
                elif not result:
                    result = list(value)
                else:
                    result.extend(value)
            return make(result) if make is not list else result

        return build

    # -- operators ---------------------------------------------------------------------------------------------------

    def _binary(self, node: Node, depth: int) -> Run:
        operator = node.value
        left, right = self.compile(node.lhs, depth + 1), self.compile(node.rhs, depth + 1)
        if operator == "and":
            return lambda input_, frame: truth(left(input_, frame)) and truth(right(input_, frame))
        if operator == "or":
            return lambda input_, frame: truth(left(input_, frame)) or truth(right(input_, frame))
        if operator in _ARITHMETIC:
            return _arithmetic(operator, left, right)
        if operator in ("=", "!="):
            return _equality(left, right, wanted=operator == "=")
        if operator in _ORDER:
            return _comparison(operator, left, right)
        if operator == "&":
            return _concatenation(left, right)
        if operator == "..":
            return _range(left, right)
        assert operator == "in"
        return _membership(left, right)

    def _condition(self, node: Node, depth: int) -> Run:
        test, then = self.compile(node.condition, depth + 1), self.compile(node.then, depth + 1)
        if node.else_ is None:
            return lambda input_, frame: then(input_, frame) if truth(test(input_, frame)) else UNDEFINED
        else_ = self.compile(node.else_, depth + 1)
        return lambda input_, frame: then(input_, frame) if truth(test(input_, frame)) else else_(input_, frame)

    def _block(self, node: Node, depth: int) -> Run:
        parts = [self.compile(part, depth + 1) for part in node.expressions]
        if len(parts) == 1 and not _binds(node.expressions[0]):
            return parts[0]  # no variable to keep inside

        def block(input_: Any, frame: Frame) -> Any:
            inner = Frame(frame, frame.runtime, frame.base)
            result: Any = UNDEFINED
            for part in parts:
                result = part(input_, inner)
            return result

        return block

    def _bind(self, node: Node, depth: int) -> Run:
        name = node.lhs.value
        value_of = self.compile(node.rhs, depth + 1)

        def bind(input_: Any, frame: Frame) -> Any:
            value = value_of(input_, frame)
            frame.variables[name] = value
            return value

        return bind

    # -- functions ---------------------------------------------------------------------------------------------------

    def _lambda(self, node: Node, depth: int) -> Run:
        if node.thunk:
            call = self._thunk(node.body, depth)
            return lambda input_, frame: Thunk(call, input_, frame)
        names = tuple(argument.value for argument in node.arguments)
        body = Body(node.body)
        signature = node.signature
        return lambda input_, frame: Lambda(names, body, frame, input_, signature)

    def _thunk(self, node: Node, depth: int) -> Callable[[Any, Frame], tuple[Any, list[Any], str]]:
        """What a trampoline needs: the function and its arguments, evaluated in the caller's place."""
        procedure = self.compile(node.procedure, depth + 1)
        arguments = [self.compile(argument, depth + 1) for argument in node.arguments]
        name = _name_of(node.procedure)
        return lambda input_, frame: (procedure(input_, frame), [a(input_, frame) for a in arguments], name)

    def _function(self, node: Node, depth: int) -> Run:
        return self._call(node, depth, None)

    def _call(self, node: Node, depth: int, first: Run | None) -> Run:
        procedure = self.compile(node.procedure, depth + 1)
        arguments = [self.compile(argument, depth + 1) for argument in node.arguments]
        if first is not None:
            arguments.insert(0, first)
        name = _name_of(node.procedure)
        bare = node.procedure.steps[0].value if node.procedure.type == "path" else None

        def call(input_: Any, frame: Frame) -> Any:
            function = procedure(input_, frame)
            if function is UNDEFINED and bare is not None and frame.lookup(bare) is not UNDEFINED:
                raise JsonataFault("T1005", raw=bare, token=bare)
            values = [argument(input_, frame) for argument in arguments]
            runtime = frame.runtime
            runtime.depth = frame.base + depth
            return apply(function, values, input_, runtime, name)

        return call

    def _partial(self, node: Node, depth: int) -> Run:
        procedure = self.compile(node.procedure, depth + 1)
        arguments = [
            None if argument.type == "operator" else self.compile(argument, depth + 1) for argument in node.arguments
        ]
        bare = node.procedure.steps[0].value if node.procedure.type == "path" else None

        def partial(input_: Any, frame: Frame) -> Any:
            values = [UNDEFINED if a is None else a(input_, frame) for a in arguments]
            function = procedure(input_, frame)
            if function is UNDEFINED and bare is not None and frame.lookup(bare) is not UNDEFINED:
                raise JsonataFault("T1007", raw=bare, token=bare)
            if not isinstance(function, Function):
                raise JsonataFault("T1008", token=_name_of(node.procedure))
            return partial_apply(function, values, [a is None for a in arguments], frame)

        return partial

    def _apply(self, node: Node, depth: int) -> Run:
        left = self.compile(node.lhs, depth + 1)
        if node.rhs.type == "function":
            run = self._call(node.rhs, depth, left)
            if node.rhs.predicate is not None:
                run = self._with_predicates(run, node.rhs, depth)
            return run
        right = self.compile(node.rhs, depth + 1)

        def chain(input_: Any, frame: Frame) -> Any:
            value, function = left(input_, frame), right(input_, frame)
            if not isinstance(function, Function):
                raise JsonataFault("T2006", value=function)
            runtime = frame.runtime
            runtime.depth = frame.base + depth
            if isinstance(value, Function):
                return _composed(value, function)
            return apply(function, [value], None, runtime, "")

        return chain

    def _transform(self, node: Node, depth: int) -> Run:
        pattern, update = Body(node.pattern), Body(node.update)
        delete = Body(node.delete) if node.delete is not None else None

        def make(input_: Any, frame: Frame) -> Any:
            def transform(call: Any, value: Any) -> Any:
                base = call.runtime.depth

                def run(body: Body, on: Any) -> Any:
                    inner = Frame(frame, frame.runtime, base)
                    return body.run(base, inner.runtime.limits.depth)(on, inner)

                return paths.transform(
                    value,
                    find=lambda on: run(pattern, on),
                    update=lambda on: run(update, on),
                    delete=None if delete is None else lambda on: run(delete, on),
                )

            return Native("transform", transform, paths.TRANSFORM_SIGNATURE, 1)

        return make

    # -- paths -------------------------------------------------------------------------------------------------------

    def _path(self, node: Node, depth: int) -> Run:
        steps = [self._step(step, depth + 1) for step in node.steps]
        group = self._pairs(node.group, depth) if node.group is not None else None
        return paths.compile_path(node, steps, group)

    def _step(self, node: Node, depth: int) -> paths.Step:
        stages = [self._stage(stage, depth) for stage in node.stages or ()]
        if node.type == "sort":
            terms = [(descending, self.compile(term, depth)) for descending, term in node.terms]
            return paths.Step(node, None, stages, terms)
        return paths.Step(node, self.compile(node, depth), stages, None)

    def _stage(self, stage: Node, depth: int) -> paths.Stage:
        if stage.type == "index":
            return paths.Stage(None, None, stage.value)
        return self._filter(stage.expression, depth)

    def _filter(self, expression: Node, depth: int) -> paths.Stage:
        if expression.type == "number" and expression.predicate is None:
            return paths.Stage(None, math.floor(expression.value), None)
        return paths.Stage(self.compile(expression, depth + 1), None, None)

    def _sort(self, node: Node, depth: int) -> Run:
        raise JsonataFault("S0201", position=node.position or 0, token="^")

    def _pairs(self, group: Node, depth: int) -> list[tuple[Run, Run]]:
        return [(self.compile(key, depth + 1), self.compile(value, depth + 1)) for key, value in group.pairs]

    def _with_predicates(self, run: Run, node: Node, depth: int) -> Run:
        stages = [self._filter(entry.expression, depth) for entry in node.predicate]

        def filtered(input_: Any, frame: Frame) -> Any:
            value = run(input_, frame)
            for stage in stages:
                value = stage.apply(value, frame)
            return value

        return filtered

    def _with_group(self, run: Run, node: Node, depth: int) -> Run:
        pairs = self._pairs(node.group, depth)
        return lambda input_, frame: paths.group(pairs, run(input_, frame), frame)


_SCALAR: Final = frozenset(("string", "number", "value", "regex", "lambda", "transform", "bind", "partial", "unary"))
"""Nodes that never give a sequence of their own making."""

_ARITHMETIC: Final = frozenset("+-*/%")
_ORDER: Final = frozenset(("<", "<=", ">", ">="))


def _binds(node: Node) -> bool:
    """Whether evaluating the node can set a variable in the frame it runs in."""
    pending = [node]
    while pending:
        part = pending.pop()
        if part.type == "bind":
            return True
        if part.type in ("lambda", "block"):
            continue  # they have a frame of their own
        for name in ("lhs", "rhs", "expression", "condition", "then", "else_", "procedure", "group"):
            child = getattr(part, name)
            if isinstance(child, Node):
                pending.append(child)
        for name in ("steps", "expressions", "arguments", "predicate", "stages"):
            pending.extend(getattr(part, name) or ())
        for first, second in part.pairs or ():
            pending.extend((first, second))
        pending.extend(term for _, term in part.terms or ())
    return False


def _depth_checked(run: Run, depth: int) -> Run:
    def checked(input_: Any, frame: Frame) -> Any:
        if frame.base + depth > frame.runtime.limits.depth:
            raise stack_fault()
        return run(input_, frame)

    return checked


def _collapsing(run: Run, *, keep: bool) -> Run:
    def collapse(input_: Any, frame: Frame) -> Any:
        value = run(input_, frame)
        if type(value) is Sequence and not value.tuples:
            if keep:
                value.keep_singleton = True
            if not value:
                return UNDEFINED
            if len(value) == 1:
                return value if value.keep_singleton else value[0]
        return value

    return collapse


def _plain_object(names: list[str], values: list[Run], pairs: list[tuple[Run, Run]]) -> Run:
    """An object whose keys are texts written in the expression: nothing can group, unless the input is an array."""
    items = list(zip(names, values, strict=True))

    def build(input_: Any, frame: Frame) -> Any:
        if isinstance(input_, list):
            return paths.group(pairs, input_, frame)
        result: dict[str, Any] = {}
        for name, value_of in items:
            value = value_of(input_, frame)
            if value is not UNDEFINED:
                result[name] = value
        return result

    return build


def _name_of(procedure: Node) -> str:
    value = procedure.steps[0].value if procedure.type == "path" else procedure.value
    return value if isinstance(value, str) else ""


def _composed(first: Any, second: Any) -> Native:
    def both(call: Any, value: Any) -> Any:
        return call.apply(second, [call.apply(first, [value])])

    return Native("", both, None, 1)


def _divide(a: Any, b: Any) -> float:
    try:
        return float(a / b)
    except ZeroDivisionError:
        if a == 0 or a != a:
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _modulo(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int) and b != 0:
        return int(math.fmod(a, b)) if abs(a) <= 2**53 and abs(b) <= 2**53 else a - b * int(a / b)
    try:
        return math.fmod(a, b)
    except ValueError:
        return math.nan


_COMPUTE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "%": _modulo,
}


def _arithmetic(operator: str, left: Run, right: Run) -> Run:
    compute = _COMPUTE[operator]

    def run(input_: Any, frame: Frame) -> Any:
        a, b = left(input_, frame), right(input_, frame)
        if a is not UNDEFINED and not is_number(a):
            raise JsonataFault("T2001", token=operator, value=a)
        if b is not UNDEFINED and not is_number(b):
            raise JsonataFault("T2002", token=operator, value=b)
        if a is UNDEFINED or b is UNDEFINED:
            return UNDEFINED
        try:
            result = compute(a, b)
        except OverflowError:
            result = math.inf
        if type(result) is int:
            return result if -(2**53) <= result <= 2**53 else normal(float(result))
        return normal(result)

    return run


def _equality(left: Run, right: Run, *, wanted: bool) -> Run:
    def run(input_: Any, frame: Frame) -> Any:
        a, b = left(input_, frame), right(input_, frame)
        if a is UNDEFINED or b is UNDEFINED:
            return False
        return equal(a, b) is wanted

    return run


def _comparison(operator: str, left: Run, right: Run) -> Run:
    holds: Callable[[Any, Any], bool] = {
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
    }[operator]

    def run(input_: Any, frame: Frame) -> Any:
        a, b = left(input_, frame), right(input_, frame)
        if is_number(a) and is_number(b):
            return holds(a, b)
        for value in (a, b):
            if value is not UNDEFINED and not isinstance(value, str) and not is_number(value):
                raise JsonataFault("T2010", token=operator, value=value)
        if a is UNDEFINED or b is UNDEFINED:
            return UNDEFINED
        if type(a) is not type(b):
            raise JsonataFault("T2009", token=operator, value=a, value2=b)
        return holds(a, b)

    return run


def _concatenation(left: Run, right: Run) -> Run:
    def run(input_: Any, frame: Frame) -> Any:
        a, b = left(input_, frame), right(input_, frame)
        first = a if type(a) is str else "" if a is UNDEFINED else to_string(a)
        second = b if type(b) is str else "" if b is UNDEFINED else to_string(b)
        check_text(len(first) + len(second))
        return first + second

    return run


def _range(left: Run, right: Run) -> Run:
    def run(input_: Any, frame: Frame) -> Any:
        a, b = left(input_, frame), right(input_, frame)
        first, last = whole(a), whole(b)
        if a is not UNDEFINED and first is None:
            raise JsonataFault("T2003", value=a)
        if b is not UNDEFINED and last is None:
            raise JsonataFault("T2004", value=b)
        if first is None or last is None or first > last:
            return UNDEFINED
        size = last - first + 1
        if size > 10_000_000:
            raise JsonataFault("D2014", value=size)
        if size * NUMBER_BYTES + 376 > frame.runtime.limits.bytes:
            raise memory_fault()
        return Sequence(range(first, last + 1))

    return run


def _membership(left: Run, right: Run) -> Run:
    def run(input_: Any, frame: Frame) -> Any:
        a, b = left(input_, frame), right(input_, frame)
        if a is UNDEFINED or b is UNDEFINED:
            return False
        items = b if isinstance(b, list) else [b]
        frame.runtime.spend(len(items))
        return any(equal(item, a) for item in items)

    return run
