"""Results that take the place of the data, and states that read what was there before.

Followed key by key through a JSONPath machine. What is told is certain in one direction: on no way to the reading state is
the key still there. Where ways come together, a key that is there on one of them counts as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.asl import model
from penstock.asl.graph import transitions
from penstock.asl.model import UNSET, And, AnyState, Comparison, Not, Or, StateMachine, Test
from penstock.diagnostics import Diagnostic, Note
from penstock.sfn.codes import CATALOGUE
from penstock.sfn.values import JSONPATH

_PATH = re.compile(r"(?<![$\w])\$(?:\.([A-Za-z_][\w-]*)|\['([^']+)'\])")
"""The first key of a path into the data; `$$.…` and variables are none."""

_METADATA = ("SdkHttpMetadata", "SdkResponseMetadata")

ANSWERS: Mapping[str, frozenset[str]] = {
    "lambda:invoke": frozenset({"Payload", "StatusCode", "ExecutedVersion", "LogResult", "FunctionError", *_METADATA}),
    "sqs:sendMessage": frozenset(
        {"MessageId", "SequenceNumber", "MD5OfMessageBody", "MD5OfMessageAttributes", *_METADATA}
        | {"Md5OfMessageBody", "Md5OfMessageAttributes", "MD5OfMessageSystemAttributes"}
    ),
    "sns:publish": frozenset({"MessageId", "SequenceNumber", *_METADATA}),
    "states:startExecution": frozenset({"ExecutionArn", "StartDate", *_METADATA}),
    "events:putEvents": frozenset({"Entries", "FailedEntryCount", *_METADATA}),
    "dynamodb:putItem": frozenset({"Attributes", "ConsumedCapacity", "ItemCollectionMetrics", *_METADATA}),
    "dynamodb:updateItem": frozenset({"Attributes", "ConsumedCapacity", "ItemCollectionMetrics", *_METADATA}),
    "dynamodb:deleteItem": frozenset({"Attributes", "ConsumedCapacity", "ItemCollectionMetrics", *_METADATA}),
    "dynamodb:getItem": frozenset({"Item", "ConsumedCapacity", *_METADATA}),
}
"""All keys of the answers of optimised integrations (Developer Guide's pages of the services; services.json)."""


@dataclass(slots=True)
class Data:
    """What is known of `$`: keys that are there, whether there may be others, and keys that a result has displaced."""

    keys: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    """Those of `keys` that the machine itself put there."""
    open: bool = True
    lost: dict[str, AnyState] = field(default_factory=dict)
    by: AnyState | None = None
    """Whose result `$` is, where it is somebody's."""

    def copy(self) -> Data:
        return Data(set(self.keys), set(self.made), self.open, dict(self.lost), self.by)

    def join(self, other: Data) -> bool:
        """Takes in what is known on another way; whether anything changed."""
        before = (len(self.keys), len(self.made), self.open, len(self.lost))
        self.keys |= other.keys
        self.made |= other.made
        self.open = self.open or other.open
        self.lost = {k: v for k, v in self.lost.items() if k in other.lost and k not in self.keys}
        return before != (len(self.keys), len(self.made), self.open, len(self.lost))


def find(machine: StateMachine) -> list[Diagnostic]:
    """PS740 and PS741, in the order of the states."""
    if machine.query_language not in (UNSET, JSONPATH):
        return []
    found: dict[tuple[int, str], Diagnostic] = {}
    _Walk(found).machine(machine, Data())
    return list(found.values())


class _Walk:
    def __init__(self, found: dict[tuple[int, str], Diagnostic]) -> None:
        self.found = found

    def machine(self, machine: StateMachine, start: Data) -> None:
        if not isinstance(machine.start_at, str):
            return
        at: dict[str, Data] = {machine.start_at: start.copy()}
        waiting = [machine.start_at]
        rounds = 0
        # Two passes: first what arrives where, until nothing changes; then what is read there.
        while waiting and rounds < 20 * len(machine.states) + 100:
            rounds += 1
            name = waiting.pop()
            state = machine.states.get(name)
            if state is None:
                continue
            for target, data in _leaving(state, at[name]):
                known = at.get(target)
                if known is None:
                    at[target] = data.copy()
                    waiting.append(target)
                elif known.join(data):
                    waiting.append(target)
        for name, state in machine.states.items():
            if name in at:
                self.reads(state, at[name])

    def reads(self, state: AnyState, data: Data) -> None:
        if state.query_language not in (UNSET, JSONPATH):
            return
        for field_name, key in _read_keys(state):
            if key in data.keys:
                continue
            if key in data.lost:
                self.tell(state, field_name, key, data.lost[key], sure=not data.open)
            elif not data.open and data.by is not None:
                self.tell(state, field_name, key, data.by, sure=True)
        for inner, inside in _inside(state, data):
            self.machine(inner, inside)

    def tell(self, state: AnyState, field_name: str, key: str, by: AnyState, *, sure: bool) -> None:
        code = "PS740" if sure else "PS741"
        will = "its result has taken the place of the data" if sure else "its result takes the place of the data"
        span, notes = state.span, ()
        if span is not None and by.span is not None and by.span != span:
            notes = (Note(by.span, f"{by.name!r} has no result_path, so {will}"),)  # type: ignore[assignment]
        message = (
            f"{state.name!r} reads $.{key}, and it is gone: {by.name!r} has no result_path, so {will}"
            if sure
            else f"{state.name!r} reads $.{key}, which may be gone: {by.name!r} has no result_path, so {will}"
        )
        self.found.setdefault(
            (id(state), key),
            Diagnostic(
                code,
                message,
                severity=CATALOGUE[code].severity,
                location=f"/States/{state.name}/{field_name}",
                span=span,
                help=f"give {by.name!r} a place for its result: result_path='$.{_word(by.name)}', or JsonPath.DISCARD",
                notes=notes,
            ),
        )


def _word(name: str) -> str:
    words: list[str] = re.findall(r"[A-Za-z0-9]+", name) or ["result"]
    first, *rest = words
    return first.lower() + "".join(each.capitalize() for each in rest)


# -- what a state does to the data ---------------------------------------------------------------------------------------------


def _leaving(state: AnyState, data: Data) -> Iterator[tuple[str, Data]]:
    """(the next state, what it finds)."""
    if state.query_language not in (UNSET, JSONPATH):
        unknown = Data(set(data.keys), set(), True)
        for _, target, _ in transitions(state):
            yield target, unknown
        return
    seen = data.copy()
    if seen.open:
        # What a state reads of an unknown input is taken to be there.
        seen.keys |= {key for _, key in _read_keys(state) if key not in seen.lost}
    if isinstance(state, model.Choice):
        seen.keys |= set(_asked(state))
        for key in _asked(state):
            seen.lost.pop(key, None)
        seen = _selected(seen, state.input_path, state.output_path)
        for _, target, _ in transitions(state):
            yield target, seen
        return
    following = getattr(state, "next", UNSET)
    if isinstance(following, str):
        yield following, _after(state, seen)
    catchers = getattr(state, "catch", UNSET)
    if isinstance(catchers, tuple):
        for catcher in catchers:
            if isinstance(catcher.next, str):
                yield catcher.next, _caught(catcher, seen)


def _caught(catcher: model.Catcher, data: Data) -> Data:
    if catcher.result_path is None:
        return data
    if isinstance(catcher.result_path, str) and catcher.result_path != "$":
        return _with(data, catcher.result_path)
    # The error takes the place of the data, which is what most handlers want: nothing is told of it.
    return Data(open=True)


def _after(state: AnyState, data: Data) -> Data:
    result = _result(state)
    path = getattr(state, "result_path", UNSET)
    input_path = getattr(state, "input_path", UNSET)
    output_path = getattr(state, "output_path", UNSET)
    if result is None:  # Wait, a Pass that only passes on
        return _selected(data, input_path, output_path)
    if path is None:
        return _selected(data, UNSET, output_path)
    if isinstance(path, str) and path != "$":
        return _selected(_with(data, path), UNSET, output_path)
    keys, is_open = result
    designed = isinstance(output_path, str) and output_path != "$"
    if is_open or designed:
        # Who selects what leaves the state has thought about it; what the machine itself had put there is gone all the same.
        gone = data.made if designed or _designs(state) else data.keys
        return Data(set(keys) if not designed else set(), set(), True, dict.fromkeys(gone - set(keys), state), state)
    return Data(set(keys), set(keys), False, dict.fromkeys(data.keys - keys, state), state)


def _designs(state: AnyState) -> bool:
    return getattr(state, "result_selector", UNSET) is not UNSET


def _with(data: Data, path: str) -> Data:
    match = _PATH.match(path)
    made = data.copy()
    key = (match[1] or match[2]) if match else None
    if key is not None:
        made.keys.add(key)
        made.made.add(key)
        made.lost.pop(key, None)
    return made


def _selected(data: Data, input_path: Any, output_path: Any) -> Data:
    for path in (input_path, output_path):
        if path is None or (isinstance(path, str) and path != "$"):
            return Data(open=True)
    return data


def _result(state: AnyState) -> tuple[frozenset[str], bool] | None:
    """The keys of the result, and whether it may have others; None where there is no result."""
    selector = getattr(state, "result_selector", UNSET)
    if isinstance(selector, dict):
        return _keys(selector), False
    if isinstance(state, model.Pass):
        given = state.result if state.result is not UNSET else state.parameters
        if given is UNSET:
            return None
        return (_keys(given), False) if isinstance(given, dict) else (frozenset(), True)
    if isinstance(state, (model.Parallel, model.Map)):
        # A list: nothing of it has a key. (A Map with a writer gives an object.)
        writes = isinstance(state, model.Map) and state.result_writer is not UNSET
        return frozenset(), writes
    if isinstance(state, model.Task):
        answer = ANSWERS.get(str(state.resource).removeprefix("arn:aws:states:::"))
        return (answer, False) if answer is not None else (frozenset(), True)
    return None


def _keys(template: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(key.removesuffix(".$") for key in template)


def _inside(state: AnyState, data: Data) -> Iterator[tuple[StateMachine, Data]]:
    """The machines in a state, each with what it begins with."""
    parameters = getattr(state, "parameters", UNSET)
    if isinstance(state, model.Parallel) and state.branches is not UNSET:
        start = data
        if isinstance(parameters, dict):
            start = Data(set(_keys(parameters)), set(), False, {}, state)
        elif isinstance(state.input_path, str) and state.input_path != "$":
            start = Data()
        for branch in state.branches:
            yield branch, start
    elif isinstance(state, model.Map) and state.processor is not None:
        yield state.processor, Data()


# -- what a state reads ----------------------------------------------------------------------------------------------------------


def _read_keys(state: AnyState) -> Iterator[tuple[str, str]]:
    """(field, key) for every path into the state's input."""
    input_path = getattr(state, "input_path", UNSET)
    if isinstance(input_path, str) and input_path != "$":
        yield from (("InputPath", key) for key in _keys_of(input_path))
        return  # the other paths are read in what it selects
    for attribute, name in _SINGLE:
        value = getattr(state, attribute, UNSET)
        if isinstance(value, str):
            yield from ((name, key) for key in _keys_of(value))
    for attribute, name in _TEMPLATES:
        template = getattr(state, attribute, UNSET)
        if template is not UNSET:
            yield from ((name, key) for key in _keys_in(template))
    if isinstance(state, model.Choice) and state.choices is not UNSET:
        asked = set(_asked(state))
        for number, rule in enumerate(state.choices):
            if rule.test is not UNSET:
                for key in _keys_tested(rule.test):
                    if key not in asked:
                        yield f"Choices[{number}]", key


_SINGLE = (
    ("items_path", "ItemsPath"),
    ("seconds_path", "SecondsPath"),
    ("timestamp_path", "TimestampPath"),
    ("timeout_seconds_path", "TimeoutSecondsPath"),
    ("heartbeat_seconds_path", "HeartbeatSecondsPath"),
    ("max_concurrency_path", "MaxConcurrencyPath"),
    ("error_path", "ErrorPath"),
    ("cause_path", "CausePath"),
)
_TEMPLATES = (("parameters", "Parameters"), ("item_selector", "ItemSelector"), ("credentials", "Credentials"))


def _keys_of(text: str) -> Iterator[str]:
    for match in _PATH.finditer(text):
        yield match[1] or match[2]


def _keys_in(template: Any) -> Iterator[str]:
    stack = [template]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            for key, value in each.items():
                if key.endswith(".$") and isinstance(value, str):
                    yield from _keys_of(value)
                elif isinstance(value, (dict, list)):
                    stack.append(value)
        elif isinstance(each, list):
            stack.extend(each)


def _tests(test: Test) -> Iterator[Comparison]:
    stack = [test]
    while stack:
        each = stack.pop()
        if isinstance(each, Comparison):
            yield each
        elif isinstance(each, Not):
            stack.append(each.rule)
        elif isinstance(each, (And, Or)):
            stack.extend(each.rules)


def _keys_tested(test: Test) -> Iterator[str]:
    for each in _tests(test):
        yield from _keys_of(each.variable)
        if each.operator.endswith("Path") and isinstance(each.operand, str):
            yield from _keys_of(each.operand)


def _asked(choice: model.Choice) -> Iterator[str]:
    """Keys whose presence is asked for: after the question, whoever reads them knows what he does."""
    if choice.choices is UNSET:
        return
    for rule in choice.choices:
        if rule.test is not UNSET:
            for each in _tests(rule.test):
                if each.operator == "IsPresent":
                    yield from _keys_of(each.variable)
