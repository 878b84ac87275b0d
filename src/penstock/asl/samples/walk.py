"""A walk through a machine that notes what each state asks of the input and of the tasks' results.

Every transition is taken, a few times at most, so that each path of the definition finds its data. At a Choice one way goes
first and settles what it compares; what other ways would need of the same value gives way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from penstock.asl.model import (
    UNSET,
    AnyState,
    Catcher,
    Choice,
    ChoiceRule,
    Fail,
    ItemReader,
    Map,
    Number,
    Parallel,
    Pass,
    ResultWriter,
    StateMachine,
    Succeed,
    Task,
    Unset,
    Wait,
)
from penstock.asl.samples import expressions, graph
from penstock.asl.samples.datasets import Datasets
from penstock.asl.samples.paths import Frame, follow, result_at, template, want
from penstock.asl.samples.values import Hole, Items, Known, Record, Value, element, expect, part
from penstock.jsontools import Json

Way: TypeAlias = Literal["full", "end", "first", "default"]
"""Which way a Choice takes: the one that comes by most states before it ends well, without turning back; the one that ends
soonest; its first rule; none of its rules."""

MAX_VISITS: Final = 3
"""How often one state is walked through, each time with other data."""

MAX_STEPS: Final = 20_000
MAX_NESTING: Final = 20

_FAR: Final = 1_000_000
_ERROR: Final = Record({"Error": Known("Error"), "Cause": Known("cause")})


@dataclass(slots=True)
class Findings:
    """`results` by a task's state name; `datasets` what Maps read and write; `repeated` the tasks that may run more than
    once."""

    data: Hole = field(default_factory=lambda: Hole("input"))
    results: dict[str, Hole] = field(default_factory=dict)
    datasets: Datasets = field(default_factory=Datasets)
    repeated: set[str] = field(default_factory=set)


def walk(machine: StateMachine, *, way: Way = "full") -> Findings:
    """What the machine asks for, whatever is wrong with it."""
    findings = Findings()
    walker = _Walker(findings, way, machine)
    walker.machine(machine, findings.data, _context(findings.data), {}, 0, repeated=False)
    return findings


def _context(data: Hole) -> Record:
    execution: dict[str, Value] = {
        "Id": Known("arn:aws:states:us-east-1:123456789012:execution:machine:name"),
        "Input": data,
        "Name": Known("name"),
        "RoleArn": Known("arn:aws:iam::123456789012:role/role"),
        "StartTime": Known("2030-01-01T00:00:00Z"),
        "RedriveCount": Known(0),
    }
    state: dict[str, Value] = {
        "EnteredTime": Known("2030-01-01T00:00:00Z"),
        "Name": Known("state"),
        "RetryCount": Known(0),
    }
    machine: dict[str, Value] = {
        "Id": Known("arn:aws:states:us-east-1:123456789012:stateMachine:machine"),
        "Name": Known("machine"),
    }
    return Record(
        {
            "Execution": Record(execution),
            "State": Record(state),
            "StateMachine": Record(machine),
            "Task": Record({"Token": Known("token")}),
        }
    )


@dataclass(slots=True)
class _Place:
    """A state's data as it is walked through."""

    state: AnyState
    data: Value
    context: Value
    variables: dict[str, Value]
    jsonata: bool
    nesting: int
    repeated: bool

    def frame(self, data: Value | None = None) -> Frame:
        return Frame(self.data if data is None else data, self.context, self.variables)

    def names(self, result: Value | None = None) -> Mapping[str, Value]:
        states: dict[str, Value] = {"input": self.data, "context": self.context, "errorOutput": _ERROR}
        if result is not None:
            states["result"] = result
        return {**self.variables, "states": Record(states)}


class _Walker:
    def __init__(self, findings: Findings, way: Way, root: StateMachine) -> None:
        self.findings = findings
        self.way = way
        self.root = root
        self.steps = 0

    def machine(
        self,
        machine: StateMachine,
        data: Value,
        context: Value,
        variables: dict[str, Value],
        nesting: int,
        *,
        repeated: bool,
    ) -> Value:
        """Gives what the machine ends with, on the way that was taken first."""
        if nesting > MAX_NESTING or machine.start_at is UNSET:
            return data
        distances = graph.lengths(machine) if self.way == "full" else graph.distances(machine)
        cycles = graph.in_cycles(machine)
        visits: dict[str, int] = {}
        output: Value | None = None
        pending: list[tuple[str, Value, dict[str, Value]]] = [(machine.start_at, data, variables)]
        while pending and self.steps < MAX_STEPS:
            name, value, known = pending.pop()
            state = machine.states.get(name)
            if state is None or visits.get(name, 0) >= MAX_VISITS:
                continue
            visits[name] = visits.get(name, 0) + 1
            self.steps += 1
            place = _Place(
                state,
                value,
                context,
                dict(known),
                self._jsonata(machine, state),
                nesting,
                repeated or name in cycles,
            )
            following, end = self.state(place, distances)
            if end is not None and output is None:
                output = end
            pending.extend(reversed(following))
        return data if output is None else output

    def _jsonata(self, machine: StateMachine, state: AnyState) -> bool:
        languages = (state.query_language, machine.query_language, self.root.query_language)
        return next((each for each in languages if each is not UNSET), "JSONPath") == "JSONata"

    def state(
        self, place: _Place, distances: Mapping[str, int]
    ) -> tuple[list[tuple[str, Value, dict[str, Value]]], Value | None]:
        """Where it leads, first the way to be taken first; and what the machine ends with, if it ends here."""
        state = place.state
        if isinstance(state, Fail):
            for path in (state.error_path, state.cause_path):
                if isinstance(path, str):
                    expect(follow(path, place.frame()), "text")
            for field_ in (state.error, state.cause):
                if place.jsonata and not isinstance(field_, Unset):
                    expect(expressions.payload(field_, place.names()), "text")
            return [], None
        if isinstance(state, Choice):
            return self._choice(place, state, distances), None
        if isinstance(state, Wait):
            self._wait(place, state)
        raw = place.data
        shown = raw if place.jsonata or isinstance(state, Fail) else _through(state.input_path, place.frame())
        result, selected = self._result(place, shown)
        after = self._after(place, state, raw, result, selected)
        following: list[tuple[str, Value, dict[str, Value]]] = []
        end: Value | None = None
        if isinstance(state, Succeed) or (state.end is not UNSET and state.end):
            end = after
        elif isinstance(state.next, str):
            following.append((state.next, after, place.variables))
        if isinstance(state, Task | Parallel | Map) and not isinstance(state.catch, Unset):
            following.extend(_caught(place, each) for each in state.catch if isinstance(each.next, str))
        return following, end

    def _after(
        self,
        place: _Place,
        state: Pass | Task | Wait | Succeed | Parallel | Map,
        raw: Value,
        result: Value,
        shown: Value,
    ) -> Value:
        variables = place.variables
        if place.jsonata:
            with_result = isinstance(state, Task | Parallel | Map)
            names = place.names(result if with_result else None)
            after = result
            if not isinstance(state.output, Unset):
                after = expressions.payload(state.output, names)
            if not isinstance(state, Succeed) and not isinstance(state.assign, Unset):
                _assigned(variables, expressions.payload(state.assign, names))
            return after
        if not isinstance(state, Succeed) and not isinstance(state.assign, Unset):
            place_of = place.frame(shown)
            _assigned(variables, template(state.assign, place_of))
        after = shown
        if isinstance(state, Pass | Task | Parallel | Map):
            if state.result_path is None:
                after = raw
            elif not isinstance(state.result_path, Unset):
                after = result_at(state.result_path, raw, shown)
        return _through(state.output_path, place.frame(after))

    def _result(self, place: _Place, shown: Value) -> tuple[Value, Value]:
        """What the state's work gives, and that after ResultSelector."""
        state = place.state
        if isinstance(state, Wait | Succeed):
            return shown, shown
        if isinstance(state, Map):
            result = self._map(place, state, shown)
        else:
            sent = shown
            if isinstance(state, Pass | Task | Parallel) and not isinstance(state.parameters, Unset):
                sent = template(state.parameters, place.frame(shown))
            if isinstance(state, Task | Parallel) and not isinstance(state.arguments, Unset):
                sent = expressions.payload(state.arguments, place.names())
            if isinstance(state, Task):
                result = self._task(place, state)
            elif isinstance(state, Parallel):
                branches = () if isinstance(state.branches, Unset) else state.branches
                result = Items(tuple(self._inner(place, branch, sent, place.context) for branch in branches))
            else:
                assert isinstance(state, Pass)
                result = sent if isinstance(state.result, Unset) else Known(state.result)
        selector = state.result_selector if isinstance(state, Task | Parallel | Map) else UNSET
        return result, result if isinstance(selector, Unset) else template(selector, place.frame(result))

    def _inner(
        self, place: _Place, machine: StateMachine, data: Value, context: Value, *, repeated: bool = False
    ) -> Value:
        return self.machine(
            machine, data, context, dict(place.variables), place.nesting + 1, repeated=place.repeated or repeated
        )

    def _task(self, place: _Place, state: Task) -> Value:
        for path in (state.timeout_seconds_path, state.heartbeat_seconds_path):
            if isinstance(path, str):
                expect(follow(path, place.frame()), "number")
        self._numbers(place, state.timeout_seconds, state.heartbeat_seconds)
        if not isinstance(state.credentials, Unset):
            if place.jsonata:
                expressions.payload(state.credentials, place.names())
            else:
                template(state.credentials, place.frame())
        if place.repeated:
            self.findings.repeated.add(state.name)
        result = self.findings.results.get(state.name)
        if result is None:
            result = self.findings.results[state.name] = _result_of(str(state.resource))
        return result

    def _map(self, place: _Place, state: Map, shown: Value) -> Value:
        frame = place.frame(shown)
        names = place.names()
        items: Value | None = shown
        if not isinstance(state.item_reader, Unset):
            items = self._dataset(place, state.name, state.item_reader, frame)
            if isinstance(state.items_path, str):
                expect(follow(state.items_path, frame), "array")  # it has to be there all the same
        elif not isinstance(state.items, Unset):
            items = expressions.payload(state.items, names)
        elif isinstance(state.items_path, str):
            items = follow(state.items_path, frame)
        expect(items, "array")
        for path in (
            state.max_concurrency_path,
            state.tolerated_failure_count_path,
            state.tolerated_failure_percentage_path,
        ):
            if isinstance(path, str):
                expect(follow(path, frame), "number")
        self._numbers(place, state.max_concurrency, state.tolerated_failure_count, state.tolerated_failure_percentage)
        item = element(items) or (part(items, "Value") if isinstance(items, Record) else None) or Known("text")
        context = Record({"Map": Record({"Item": Record({"Index": Known(0), "Value": item})})}, place.context)
        place.context, before = context, place.context
        if not isinstance(state.selector, Unset):
            if place.jsonata:
                item = expressions.payload(state.selector, place.names())
            else:
                item = template(state.selector, place.frame(shown))
        place.context = before
        item = self._batched(place, state, shown, item)
        writer = state.result_writer
        if not isinstance(writer, Unset):
            self.findings.datasets.written.append(self._sent(writer, frame, names))
        output = item if state.processor is None else self._inner(place, state.processor, item, context, repeated=True)
        if not isinstance(writer, Unset) and not isinstance(writer.resource, Unset):
            details = Known({"Bucket": "bucket", "Key": "results/manifest.json"})
            run = Known("arn:aws:states:us-east-1:123456789012:mapRun:machine/map:id")
            return Record({"MapRunArn": run, "ResultWriterDetails": details})
        return Items((output,))

    def _dataset(self, place: _Place, name: str, reader: ItemReader, frame: Frame) -> Hole:
        config = reader.reader_config
        if not isinstance(config, Unset):
            if isinstance(config.max_items_path, str):
                expect(follow(config.max_items_path, frame), "number")
            self._numbers(place, config.max_items)
        known = self.findings.datasets.read.get(name)
        items = Hole("items") if known is None else known[2]
        given = self._sent(reader, frame, place.names())
        if known is None:
            self.findings.datasets.read[name] = reader, given, items
        return items

    def _sent(self, owner: ItemReader | ResultWriter, frame: Frame, names: Mapping[str, Value]) -> Value:
        if not isinstance(owner.arguments, Unset):
            return expressions.payload(owner.arguments, names)
        return Record({}) if isinstance(owner.parameters, Unset) else template(owner.parameters, frame)

    def _batched(self, place: _Place, state: Map, shown: Value, item: Value) -> Value:
        batcher = state.item_batcher
        if isinstance(batcher, Unset):
            return item
        own: dict[str, Value] = {"Items": Items((item,))}
        for path in (batcher.max_items_per_batch_path, batcher.max_input_bytes_per_batch_path):
            if isinstance(path, str):
                expect(follow(path, place.frame(shown)), "number")
        self._numbers(place, batcher.max_items_per_batch, batcher.max_input_bytes_per_batch)
        if not isinstance(batcher.batch_input, Unset):
            if place.jsonata:
                own["BatchInput"] = expressions.payload(batcher.batch_input, place.names())
            else:
                own["BatchInput"] = template(batcher.batch_input, place.frame(shown))
        return Record(own)

    def _numbers(self, place: _Place, *fields: Number | Unset) -> None:
        """Numbers that may be JSONata expressions."""
        for each in fields:
            if place.jsonata and isinstance(each, str):
                expect(expressions.payload(each, place.names()), "number")

    def _wait(self, place: _Place, state: Wait) -> None:
        data = place.data if place.jsonata else _through(state.input_path, place.frame())
        if isinstance(state.seconds_path, str):
            expect(follow(state.seconds_path, place.frame(data)), "number")
        if isinstance(state.timestamp_path, str):
            expect(follow(state.timestamp_path, place.frame(data)), "time")
        self._numbers(place, state.seconds)
        if place.jsonata and isinstance(state.timestamp, str):
            expect(expressions.payload(state.timestamp, place.names()), "time")

    def _choice(
        self, place: _Place, state: Choice, distances: Mapping[str, int]
    ) -> list[tuple[str, Value, dict[str, Value]]]:
        rules = () if isinstance(state.choices, Unset) else state.choices
        ways: list[ChoiceRule | None] = [*rules]
        if isinstance(state.default, str):
            ways.append(None)
        data = place.data if place.jsonata else _through(state.input_path, place.frame())
        frame = place.frame(data)
        taken = self._taken(ways, state, distances)
        for rule in rules:
            if rule is taken:
                _settle(rule, place, frame, True)
                break
        for rule in rules:
            if rule is taken:
                break
            _settle(rule, place, frame, False)
        following = []
        for way in sorted(ways, key=lambda each: each is not taken):
            target = state.default if way is None else way.next
            if isinstance(target, str):
                following.append(self._beyond(place, state, way, data, target))
        return following

    def _beyond(
        self, place: _Place, state: Choice, way: ChoiceRule | None, data: Value, target: str
    ) -> tuple[str, Value, dict[str, Value]]:
        variables = dict(place.variables)
        chosen: Choice | ChoiceRule = state if way is None else way
        output = data
        if place.jsonata:
            if not isinstance(chosen.assign, Unset):
                _assigned(variables, expressions.payload(chosen.assign, place.names()))
            if not isinstance(chosen.output, Unset):
                output = expressions.payload(chosen.output, place.names())
            return target, output, variables
        if not isinstance(chosen.assign, Unset):
            _assigned(variables, template(chosen.assign, place.frame(data)))
        return target, _through(state.output_path, place.frame(output)), variables

    def _taken(self, ways: list[ChoiceRule | None], state: Choice, distances: Mapping[str, int]) -> ChoiceRule | None:
        if self.way == "first" and ways:
            return ways[0]
        if (self.way == "default" and None in ways) or not ways:
            return None

        def far(way: ChoiceRule | None) -> int:
            target = state.default if way is None else way.next
            found = distances.get(target) if isinstance(target, str) else None
            if found is None:
                return _FAR
            if self.way != "full":
                return found
            # What is longer than the way from here comes by here again.
            return -found if found < distances.get(state.name, 0) else _FAR

        return min(ways, key=far)


def _settle(rule: ChoiceRule, place: _Place, frame: Frame, outcome: bool) -> None:
    if not isinstance(rule.test, Unset):
        want(rule.test, frame, outcome)
    elif not isinstance(rule.condition, Unset):
        expressions.want(rule.condition, place.names(), outcome)


def _through(path: Json | Unset, frame: Frame) -> Value:
    """The data after InputPath or OutputPath."""
    if isinstance(path, Unset):
        return frame.data
    if not isinstance(path, str):
        return Record({})
    return follow(path, frame) or frame.data


def _assigned(variables: dict[str, Value], values: Value) -> None:
    if isinstance(values, Record):
        variables.update(values.own)


def _caught(place: _Place, catcher: Catcher) -> tuple[str, Value, dict[str, Value]]:
    variables = dict(place.variables)
    after: Value = _ERROR
    if place.jsonata:
        if not isinstance(catcher.assign, Unset):
            _assigned(variables, expressions.payload(catcher.assign, place.names()))
        if not isinstance(catcher.output, Unset):
            after = expressions.payload(catcher.output, place.names())
    else:
        if not isinstance(catcher.assign, Unset):
            _assigned(variables, template(catcher.assign, place.frame(_ERROR)))
        if catcher.result_path is None:
            after = place.data
        elif not isinstance(catcher.result_path, Unset):
            after = result_at(catcher.result_path, place.data, _ERROR)
    assert isinstance(catcher.next, str)
    return catcher.next, after, variables


def _result_of(resource: str) -> Hole:
    """What is known of a service's answer without asking: only what makes it one."""
    result = Hole("result")
    if ":lambda:invoke" in resource and not resource.endswith(".waitForTaskToken"):
        result.fields["StatusCode"] = Hole("StatusCode", constant=200)
        result.fields["Payload"] = Hole("Payload", default={})
    elif resource.endswith(":states:startExecution.sync"):
        result.fields["Output"] = Hole("Output", encoded=Hole("Output", default={}))
    elif resource.endswith(":states:startExecution.sync:2"):
        result.fields["Output"] = Hole("Output", default={})
    else:
        result.default = {}
    return result
