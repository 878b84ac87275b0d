"""The second half of parsing: paths, predicates, groupings, parents (`%`) and tail calls."""

from __future__ import annotations

from penstock.asl.jsonata.faults import JsonataFault
from penstock.asl.jsonata.syntax import Node


class Processor:
    """Turns a raw tree into the tree that is evaluated."""

    def __init__(self) -> None:
        self.ancestry: list[Node] = []

    def process(self, node: Node) -> Node:
        """The processed form of a raw node. Raises JsonataFault."""
        handler = getattr(self, f"_{node.type}", None)
        if handler is None:
            return node
        result: Node = handler(node)
        if node.keep_array:
            result.keep_array = True
        return result

    # -- single nodes ------------------------------------------------------------------------------------------------

    def _name(self, node: Node) -> Node:
        step = Node("name", value=node.value, keep_array=node.keep_array, position=node.position)
        return Node("path", steps=[step], position=node.position, keep_singleton=True if node.keep_array else None)

    def _parent(self, node: Node) -> Node:
        slot = Node("slot", label=f"!{len(self.ancestry)}", level=1, index=len(self.ancestry))
        result = Node("parent", slot=slot, position=node.position)
        self.ancestry.append(result)
        return result

    def _operator(self, node: Node) -> Node:
        if node.value == "?":
            return Node("operator", value="?", position=node.position)
        raise JsonataFault("S0201", position=node.position, token=node.value)

    def _unary(self, node: Node) -> Node:
        if node.value == "[":
            result = Node("unary", value="[", position=node.position)
            result.expressions = [self._adopted(result, item) for item in node.expressions]
            return result
        if node.value == "{":
            result = Node("unary", value="{", position=node.position)
            result.pairs = [(self._adopted(result, key), self._adopted(result, value)) for key, value in node.pairs]
            return result
        inner = self.process(node.expression)
        if inner.type == "number" and not inner.predicate:
            return Node("number", value=-inner.value, position=node.position)
        result = Node("unary", value="-", expression=inner, position=node.position)
        self._push_ancestry(result, inner)
        return result

    def _adopted(self, owner: Node, raw: Node) -> Node:
        processed = self.process(raw)
        self._push_ancestry(owner, processed)
        return processed

    def _function(self, node: Node) -> Node:
        result = Node(node.type, value=node.value, position=node.position)
        result.arguments = [self._adopted(result, argument) for argument in node.arguments]
        result.procedure = self.process(node.procedure)
        return result

    _partial = _function

    def _lambda(self, node: Node) -> Node:
        body = tail_calls(self.process(node.body))
        return Node(
            "lambda", arguments=node.arguments, signature=node.signature, body=body, thunk=False, position=node.position
        )

    def _condition(self, node: Node) -> Node:
        result = Node("condition", position=node.position)
        result.condition = self._adopted(result, node.condition)
        result.then = self._adopted(result, node.then)
        if node.else_ is not None:
            result.else_ = self._adopted(result, node.else_)
        return result

    def _transform(self, node: Node) -> Node:
        return Node(
            "transform",
            pattern=self.process(node.pattern),
            update=self.process(node.update),
            delete=self.process(node.delete) if node.delete is not None else None,
            position=node.position,
        )

    def _block(self, node: Node) -> Node:
        result = Node("block", position=node.position)
        result.expressions = []
        for raw in node.expressions:
            part = self._adopted(result, raw)
            if part.consarray or (part.type == "path" and part.steps[0].consarray):
                result.consarray = True
            result.expressions.append(part)
        return result

    # -- binary operators --------------------------------------------------------------------------------------------

    def _binary(self, node: Node) -> Node:
        handler = {
            ".": self._dot,
            "[": self._predicate,
            "{": self._group,
            "^": self._order,
            ":=": self._bind,
            "@": self._focus,
            "#": self._index,
            "~>": self._apply,
        }.get(node.value)
        if handler is not None:
            return handler(node)
        result = Node("binary", value=node.value, position=node.position)
        result.lhs = self._adopted(result, node.lhs)
        result.rhs = self._adopted(result, node.rhs)
        return result

    def _dot(self, node: Node) -> Node:
        left = self.process(node.lhs)
        if left.type == "path":
            result = left
        else:
            result = Node("path", steps=[left], position=node.position)
        if left.type == "parent":
            result.seeking = [left.slot]
        right = self.process(node.rhs)
        if right.type == "path":
            result.steps = [*result.steps, *right.steps]
        else:
            if right.predicate is not None:
                right.stages = right.predicate
                right.predicate = None
            result.steps = [*result.steps, right]
        for position, step in enumerate(result.steps):
            if step.type in ("number", "value"):
                raise JsonataFault("S0213", position=step.position, value=step.value)
            if step.type == "string":
                name = Node("name", value=step.value, position=step.position)
                name.stages, name.predicate, name.keep_array = step.stages, step.predicate, step.keep_array
                result.steps[position] = name
        if any(step.keep_array for step in result.steps):
            result.keep_singleton = True
        for end in (result.steps[0], result.steps[-1]):
            if end.type == "unary" and end.value == "[":
                end.consarray = True
        self._resolve_ancestry(result)
        return result

    def _predicate(self, node: Node) -> Node:
        result = self.process(node.lhs)
        step = result.steps[-1] if result.type == "path" else result
        if step.group is not None or result.group is not None:
            raise JsonataFault("S0209", position=node.position)
        predicate = self.process(node.rhs)
        if predicate.seeking is not None:
            for slot in predicate.seeking:
                if slot.level == 1:
                    self._seek_parent(step, slot)
                else:
                    slot.level -= 1
            self._push_ancestry(step, predicate)
        entry = Node("filter", expression=predicate, position=node.position)
        if result.type == "path":
            step.stages = [*(step.stages or ()), entry]
        else:
            step.predicate = [*(step.predicate or ()), entry]
        return result

    def _group(self, node: Node) -> Node:
        result = self.process(node.lhs)
        if result.group is not None:
            raise JsonataFault("S0210", position=node.position)
        result.group = Node(
            "group",
            pairs=[(self.process(key), self.process(value)) for key, value in node.pairs],
            position=node.position,
        )
        return result

    def _order(self, node: Node) -> Node:
        result = self.process(node.lhs)
        if result.type != "path":
            result = Node("path", steps=[result], position=node.position)
        step = Node("sort", position=node.position)
        step.terms = [(descending, self._adopted(step, term)) for descending, term in node.terms]
        result.steps = [*result.steps, step]
        self._resolve_ancestry(result)
        return result

    def _bind(self, node: Node) -> Node:
        result = Node("bind", value=node.value, position=node.position)
        result.lhs = self.process(node.lhs)
        result.rhs = self._adopted(result, node.rhs)
        return result

    def _focus(self, node: Node) -> Node:
        result = self.process(node.lhs)
        step = result.steps[-1] if result.type == "path" else result
        if step.stages is not None or step.predicate is not None:
            raise JsonataFault("S0215", position=node.position)
        if step.type == "sort":
            raise JsonataFault("S0216", position=node.position)
        if node.keep_array:
            step.keep_array = True
        step.focus = node.rhs.value
        step.tuple = True
        return result

    def _index(self, node: Node) -> Node:
        result = self.process(node.lhs)
        if result.type == "path":
            step = result.steps[-1]
        else:
            step = result
            result = Node("path", steps=[step], position=node.position)
            if step.predicate is not None:
                step.stages = step.predicate
                step.predicate = None
        if step.stages is None:
            step.index = node.rhs.value
        else:
            step.stages = [*step.stages, Node("index", value=node.rhs.value, position=node.position)]
        step.tuple = True
        return result

    def _apply(self, node: Node) -> Node:
        left, right = self.process(node.lhs), self.process(node.rhs)
        keep = True if left.keep_array or right.keep_array else None
        return Node("apply", value="~>", lhs=left, rhs=right, keep_array=keep, position=node.position)

    # -- parents -----------------------------------------------------------------------------------------------------

    def _push_ancestry(self, owner: Node, value: Node) -> None:
        if value.seeking is None and value.type != "parent":
            return
        slots = list(value.seeking or ())
        if value.type == "parent":
            slots.append(value.slot)
        owner.seeking = [*(owner.seeking or ()), *slots]

    def _seek_parent(self, node: Node, slot: Node) -> Node:
        if node.type in ("name", "wildcard"):
            slot.level -= 1
            if slot.level == 0:
                if node.ancestor is not None:
                    # Two `%` that mean the same place share its label.
                    self.ancestry[slot.index].slot.label = node.ancestor.label
                node.ancestor = slot
                node.tuple = True
        elif node.type == "parent":
            slot.level += 1
        elif node.type == "block":
            if node.expressions:
                node.tuple = True
                slot = self._seek_parent(node.expressions[-1], slot)
        elif node.type == "path":
            node.tuple = True
            index = len(node.steps) - 1
            slot = self._seek_parent(node.steps[index], slot)
            index -= 1
            while slot.level > 0 and index >= 0:
                slot = self._seek_parent(node.steps[index], slot)
                index -= 1
        else:
            raise JsonataFault("S0217", position=node.position, token=node.type)
        return slot

    def _resolve_ancestry(self, path: Node) -> None:
        last = path.steps[-1]
        slots = list(last.seeking or ())
        if last.type == "parent":
            slots.append(last.slot)
        for slot in slots:
            index = len(path.steps) - 2
            while slot.level > 0:
                if index < 0:
                    path.seeking = [*(path.seeking or ()), slot]
                    break
                step = path.steps[index]
                index -= 1
                # Several steps in a row that bind the focus all stand on the same object.
                while index >= 0 and step.focus is not None and path.steps[index].focus is not None:
                    step = path.steps[index]
                    index -= 1
                slot = self._seek_parent(step, slot)


def tail_calls(node: Node) -> Node:
    """A function body whose last act is a call returns that call for its caller to make: recursion without a stack."""
    if node.type == "function" and node.predicate is None:
        return Node("lambda", thunk=True, arguments=[], body=node, position=node.position)
    if node.type == "condition":
        node.then = tail_calls(node.then)
        if node.else_ is not None:
            node.else_ = tail_calls(node.else_)
    elif node.type == "block" and node.expressions:
        node.expressions[-1] = tail_calls(node.expressions[-1])
    return node
