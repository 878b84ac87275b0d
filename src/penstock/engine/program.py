"""StateMachine → Program: every state a small object whose paths, rules and templates are already compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

from penstock.asl import model
from penstock.asl.choice import compile_test
from penstock.asl.model import UNSET, StateMachine, Unset
from penstock.asl.paths import compile_path, compile_result_path
from penstock.asl.scope import Compute, SyntaxProblem
from penstock.asl.templates import compile_template, compile_value
from penstock.asl.timestamps import to_seconds
from penstock.diagnostics import Diagnostic, Severity
from penstock.engine.brief import is_brief
from penstock.engine.resources import parse_resource
from penstock.engine.retry import Catcher, Recovery, Retrier
from penstock.engine.states.base import RecoveringState, State, Update
from penstock.engine.states.choosing import Choice, Rule
from penstock.engine.states.distributed import Batcher, DistributedMap, Reader, Writer
from penstock.engine.states.ending import Beyond, Fail, Succeed
from penstock.engine.states.mapping import Figure, Map
from penstock.engine.states.parallel import Parallel
from penstock.engine.states.passing import Pass
from penstock.engine.states.tasking import Seconds, Task
from penstock.engine.states.waiting import Wait, WaitSeconds, WaitTimestamp
from penstock.errors import InvalidDefinition
from penstock.jsontools import Json

T = TypeVar("T")
S = TypeVar("S", bound=State)
R = TypeVar("R", bound=RecoveringState)


class Program:
    """A compiled machine, or a compiled branch or processor of one. Shared by all its executions, never changed."""

    __slots__ = ("brief", "name", "source", "start", "states", "timeout_seconds")

    def __init__(self, name: str) -> None:
        self.name = name
        """The Map whose processor it is; empty for a whole machine."""
        self.source: str | None = None
        """The definition as JSON text, where whoever compiled it wants executions of it written down."""
        self.states: dict[str, State] = {}
        """Every state by name, those of branches and processors too: names are unique over a machine."""
        self.start: State
        self.timeout_seconds: float | None = None
        self.brief = False
        """Whether it is known to be over, or waiting, within moments (`engine.brief`)."""


def compile_program(machine: StateMachine) -> Program:
    """Compiles a machine. Raises InvalidDefinition, with a Diagnostic for the first thing that does not compile.

    It refuses what cannot run; what AWS would refuse besides is `asl.check`'s affair.
    """
    return _Compiler().program(machine, "", "/States")


def compile_text(text: str) -> Program:
    """The program of a definition that was checked before, as JSON text; a journal finds the text in its `source`."""
    from penstock.asl.read import read

    machine = read(text, format="json").machine
    assert machine is not None
    program = compile_program(machine)
    program.source = text
    program.brief = is_brief(machine, text)
    return program


def compile_state(state: model.State, language: str = "JSONPath") -> Program:
    """Compiles one state alone, in a machine of that query language; the states that it leads to are `Beyond`.

    Raises InvalidDefinition as `compile_program` does.
    """
    machine = StateMachine(query_language=language, start_at=state.name, states={state.name: cast(Any, state)})
    return _Compiler(alone=state).program(machine, "", "/States")


class _Compiler:
    def __init__(self, alone: model.State | None = None) -> None:
        self.alone = alone
        """The state that is compiled without those around it."""
        self.states: dict[str, State] = {}
        self.where = ""
        self.state: model.State | None = None
        self.language = "JSONPath"
        """The machine's; inner machines have it too, whatever the state around them says (floci-io/floci#2968)."""

    # ---- machines

    def program(self, machine: StateMachine, name: str, location: str) -> Program:
        """A machine, and all in it. Inner machines are taken one after another, so nesting costs no stack."""
        if machine.query_language is not UNSET:
            self.language = machine.query_language
        program = Program(name)
        pending: list[tuple[StateMachine, Callable[[State], None], str]] = []

        def started(state: State) -> None:
            program.start = state

        pending.append((machine, started, location))
        while pending:
            inner, use, at = pending.pop()
            use(self.machine(inner, at, pending))
        program.states = self.states
        if machine.timeout_seconds is not UNSET:
            program.timeout_seconds = float(machine.timeout_seconds)
        return program

    def machine(
        self, machine: StateMachine, location: str, pending: list[tuple[StateMachine, Callable[[State], None], str]]
    ) -> State:
        """The states of one machine, linked; its first. What they hold goes to `pending`."""
        own: dict[str, State] = {}
        self.state = None
        self.where = location.removesuffix("/States") or "/"
        for name, state in machine.states.items():
            self.state, self.where = state, f"{location}/{name}"
            if name in self.states:
                self.refuse(f"there are two states named {name!r}; rename one", code="DUPLICATE_STATE_NAME")
            own[name] = self.states[name] = self.create(state, pending)
        for name, state in machine.states.items():
            self.state, self.where = state, f"{location}/{name}"
            self.link(state, own)
        self.state, self.where = None, location.removesuffix("/States") or "/"
        return self.target(machine.start_at, own, "StartAt")

    def create(self, state: model.State, pending: list[tuple[StateMachine, Callable[[State], None], str]]) -> State:
        match state:
            case model.Pass():
                return self.passing(state)
            case model.Choice():
                return self.choice(state)
            case model.Succeed():
                return self.shape(Succeed(state.name), state)
            case model.Fail():
                return self.fail(state)
            case model.Wait():
                return self.wait(state)
            case model.Task():
                return self.task(state)
            case model.Parallel():
                return self.parallel(state, pending)
            case model.Map():
                return self.map(state, pending)
        self.refuse(f"a state of type {state.type} cannot be run")

    def link(self, state: model.State, own: dict[str, State]) -> None:
        """Next, Default, Catch: names into states."""
        compiled = own[state.name]
        if isinstance(state, model.Choice):
            assert isinstance(compiled, Choice)
            rules = () if state.choices is UNSET else state.choices
            for rule, source in zip(compiled.rules, rules, strict=True):
                rule.next = self.target(source.next, own, "Next")
            if state.default is not UNSET:
                compiled.default = self.target(state.default, own, "Default")
            return
        if isinstance(state, model.Succeed | model.Fail):
            return
        if isinstance(state, model.Task | model.Parallel | model.Map):
            assert isinstance(compiled, RecoveringState)
            catchers = () if state.catch is UNSET else state.catch
            for catcher, cause in zip(compiled.recovery.catchers, catchers, strict=True):
                catcher.next = self.target(cause.next, own, "Next of a catcher")
        assert isinstance(state, model.Task | model.Pass | model.Wait | model.Parallel | model.Map)
        if state.next is not UNSET:
            compiled.next = self.target(state.next, own, "Next")
        elif state.end is not True:
            self.refuse("it has neither Next nor End; add one")

    def target(self, name: str | Unset, own: dict[str, State], field: str) -> State:
        if name is UNSET:
            self.refuse(f"{field} is missing; name a state")
        if self.alone is not None and self.state is self.alone and name not in own:
            return Beyond(name)
        if name not in own:
            self.refuse(f"{field} names {name!r}, which is no state here", code="MISSING_TRANSITION_TARGET")
        return own[name]

    # ---- states

    def passing(self, state: model.Pass) -> Pass:
        compiled = self.shape(Pass(state.name), state)
        compiled.parameters = self.template(state.parameters, "Parameters")
        if state.result is not UNSET:
            compiled.has_result = True
            compiled.result = state.result
        compiled.result_path = self.result_path(state.result_path)
        compiled.plain = not (
            compiled.has_result
            or compiled.output
            or compiled.parameters
            or compiled.result_path
            or compiled.input_path
            or compiled.output_path
            or compiled.assign
        )
        return compiled

    def choice(self, state: model.Choice) -> Choice:
        compiled = self.shape(Choice(state.name), state)
        rules: list[Rule] = []
        for rule in () if state.choices is UNSET else state.choices:
            where = f"Choices[{len(rules)}]"
            test: Any
            if self.jsonata:
                if rule.condition is UNSET:
                    self.refuse("a choice rule has no Condition")
                test = self.query(rule.condition, f"{where}/Condition", "boolean")
            else:
                if rule.test is UNSET:
                    self.refuse("a choice rule has no comparison")
                test = self.attempt("Choices", compile_test, rule.test)
            output = self.query(rule.output, f"{where}/Output")
            rules.append(Rule(test, None, self.assign(rule.assign, f"{where}/Assign"), output))
        compiled.rules = tuple(rules)
        return compiled

    def fail(self, state: model.Fail) -> Fail:
        compiled = Fail(state.name)
        if self.jsonata:
            compiled.jsonata = True
            compiled.error_path = self.query(state.error, "Error", "string")
            compiled.cause_path = self.query(state.cause, "Cause", "string")
            return compiled
        compiled.error = None if state.error is UNSET else state.error
        compiled.cause = None if state.cause is UNSET else state.cause
        if state.error_path is not UNSET:
            compiled.error_path = self.value(state.error_path, "ErrorPath")
        if state.cause_path is not UNSET:
            compiled.cause_path = self.value(state.cause_path, "CausePath")
        return compiled

    def wait(self, state: model.Wait) -> Wait:
        compiled: Wait
        if state.seconds is not UNSET or state.seconds_path is not UNSET:
            compiled = WaitSeconds(state.name)
            text = state.seconds_path
            if isinstance(state.seconds, str) and self.jsonata:
                compiled.path = self.query(state.seconds, "Seconds", "number")
            elif state.seconds is not UNSET:
                compiled.seconds = self.number(state.seconds, "Seconds")
        elif state.timestamp is not UNSET or state.timestamp_path is not UNSET:
            compiled = WaitTimestamp(state.name)
            text = state.timestamp_path
            if self.jsonata:
                compiled.path = self.query(state.timestamp, "Timestamp", "string")
            elif state.timestamp is not UNSET:
                compiled.timestamp = to_seconds(state.timestamp)
                if compiled.timestamp is None:
                    self.refuse(f"the Timestamp {state.timestamp!r} does not match RFC 3339")
        else:
            self.refuse("it needs one of Seconds, SecondsPath, Timestamp, TimestampPath")
        if text is not UNSET:
            compiled.path_text = text
            field = "SecondsPath" if isinstance(compiled, WaitSeconds) else "TimestampPath"
            compiled.path = self.path(text, field) or _whole
        return self.shape(compiled, state)

    def task(self, state: model.Task) -> Task:
        if state.resource is UNSET:
            self.refuse("Resource is missing; give the ARN of what is to run")
        compiled = self.recovering(Task(state.name, parse_resource(state.resource)), state)
        if self.jsonata:
            compiled.parameters = self.query(state.arguments, "Arguments")
            compiled.credentials = self.query(state.credentials, "Credentials")
        else:
            compiled.parameters = self.template(state.parameters, "Parameters")
            compiled.credentials = self.template(state.credentials, "Credentials")
        compiled.timeout = self.seconds(state.timeout_seconds, state.timeout_seconds_path, "TimeoutSeconds")
        compiled.heartbeat = self.seconds(state.heartbeat_seconds, state.heartbeat_seconds_path, "HeartbeatSeconds")
        return compiled

    def parallel(
        self, state: model.Parallel, pending: list[tuple[StateMachine, Callable[[State], None], str]]
    ) -> Parallel:
        compiled = self.recovering(Parallel(state.name), state)
        if self.jsonata:
            compiled.parameters = self.query(state.arguments, "Arguments")
        else:
            compiled.parameters = self.template(state.parameters, "Parameters")
        branches = () if state.branches is UNSET else state.branches
        if not branches:
            self.refuse("it has no Branches")
        starts: list[State | None] = [None] * len(branches)

        def started(index: int) -> Callable[[State], None]:
            def use(start: State) -> None:
                starts[index] = start
                compiled.branches = tuple(s for s in starts if s is not None)

            return use

        for index, branch in enumerate(branches):
            pending.append((branch, started(index), f"{self.where}/Branches[{index}]/States"))
        return compiled

    def map(self, state: model.Map, pending: list[tuple[StateMachine, Callable[[State], None], str]]) -> Map:
        machine = state.processor
        if machine is None:
            self.refuse("it has no ItemProcessor")
        if not state.is_distributed:
            for name in ("item_reader", "item_batcher", "result_writer"):
                if getattr(state, name) is not UNSET:
                    field = "".join(part.title() for part in name.split("_"))
                    self.refuse(f"{field} needs the Mode DISTRIBUTED in ProcessorConfig")
        processor = Program(state.name)
        processor.states = self.states
        distributed = state.is_distributed
        compiled = self.recovering(
            DistributedMap(state.name, processor) if distributed else Map(state.name, processor), state
        )
        if self.jsonata:
            compiled.select = self.query(state.selector, "ItemSelector")
            compiled.items_path = self.query(state.items, "Items", "array|object" if distributed else "array")
        else:
            compiled.select = self.template(state.selector, "ItemSelector")
        if state.items_path is not UNSET:
            compiled.items_path_text = state.items_path
            compiled.items_path = self.path(state.items_path, "ItemsPath")
        compiled.concurrency = self.figure(state.max_concurrency, state.max_concurrency_path, "MaxConcurrency")
        if isinstance(compiled, DistributedMap):
            compiled.label = state.name if state.label is UNSET else state.label
            config = machine.processor_config
            if config is not UNSET and config.execution_type is not UNSET:
                compiled.execution_type = config.execution_type
            compiled.reader = self.reader(state.item_reader)
            compiled.batcher = self.batcher(state.item_batcher)
            compiled.writer = self.writer(state.result_writer)
            compiled.tolerated_count = self.figure(
                state.tolerated_failure_count, state.tolerated_failure_count_path, "ToleratedFailureCount"
            )
            compiled.tolerated_percentage = self.figure(
                state.tolerated_failure_percentage,
                state.tolerated_failure_percentage_path,
                "ToleratedFailurePercentage",
                fractions=True,
            )

        def started(start: State) -> None:
            processor.start = start

        pending.append((machine, started, f"{self.where}/ItemProcessor/States"))
        return compiled

    def reader(self, reader: model.ItemReader | Unset) -> Reader | None:
        if reader is UNSET:
            return None
        action = "" if reader.resource is UNSET else reader.resource.rpartition(":")[2]
        if action not in ("getObject", "listObjectsV2"):
            self.refuse("ItemReader has a Resource that ends in s3:getObject or s3:listObjectsV2")
        config = model.ReaderConfig() if reader.reader_config is UNSET else reader.reader_config
        options: dict[str, Any] = {
            "input_type": config.input_type,
            "header_location": config.csv_header_location,
            "headers": config.csv_headers,
            "delimiter": config.csv_delimiter,
            "pointer": config.items_pointer,
            "manifest_type": config.manifest_type,
        }
        options = {name: value for name, value in options.items() if value is not UNSET}
        options["flatten"] = config.transformation == "LOAD_AND_FLATTEN"
        arguments = self.arguments(reader, "ItemReader")
        return Reader(action, arguments, self.figure(config.max_items, config.max_items_path, "MaxItems"), options)

    def batcher(self, batcher: model.ItemBatcher | Unset) -> Batcher | None:
        if batcher is UNSET:
            return None
        field = "ItemBatcher/BatchInput"
        given = batcher.batch_input
        batch_input = self.query(given, field) if self.jsonata else self.template(given, field)
        items = self.figure(batcher.max_items_per_batch, batcher.max_items_per_batch_path, "MaxItemsPerBatch")
        size = self.figure(
            batcher.max_input_bytes_per_batch, batcher.max_input_bytes_per_batch_path, "MaxInputBytesPerBatch"
        )
        return Batcher(batch_input, items, size)

    def writer(self, writer: model.ResultWriter | Unset) -> Writer | None:
        if writer is UNSET:
            return None
        arguments = self.arguments(writer, "ResultWriter")
        config = writer.writer_config
        if config is UNSET:
            return Writer(arguments, None, "JSON")
        transformation = None if config.transformation is UNSET else config.transformation
        return Writer(arguments, transformation, "JSON" if config.output_type is UNSET else config.output_type)

    def arguments(self, source: model.ItemReader | model.ResultWriter, field: str) -> Compute | None:
        if self.jsonata:
            return self.query(source.arguments, f"{field}/Arguments")
        return self.template(source.parameters, f"{field}/Parameters")

    # ---- what several have

    def shape(self, compiled: S, state: Any) -> S:
        """InputPath, OutputPath, Assign; or Assign and Output."""
        compiled.jsonata = self.jsonata
        compiled.output = self.query(getattr(state, "output", UNSET), "Output")
        compiled.input_path = self.path(state.input_path, "InputPath")
        compiled.output_path = self.path(state.output_path, "OutputPath")
        compiled.assign = self.assign(getattr(state, "assign", UNSET))
        return compiled

    def recovering(self, compiled: R, state: model.Task | model.Parallel | model.Map) -> R:
        """What Task, Parallel and Map have besides."""
        self.shape(compiled, state)
        compiled.selector = self.template(state.result_selector, "ResultSelector")
        compiled.result_path = self.result_path(state.result_path)
        retriers = () if state.retry is UNSET else state.retry
        catchers = () if state.catch is UNSET else state.catch
        compiled.recovery = Recovery(
            tuple(self.retrier(r) for r in retriers),
            tuple(self.catcher(c, f"Catch[{index}]") for index, c in enumerate(catchers)),
        )
        return compiled

    def catcher(self, catcher: model.Catcher, where: str) -> Catcher:
        return Catcher(
            catcher.error_equals,
            None,
            self.result_path(catcher.result_path),
            self.assign(catcher.assign, f"{where}/Assign"),
            self.query(catcher.output, f"{where}/Output"),
        )

    def retrier(self, retrier: model.Retrier) -> Retrier:
        def given(value: int | float | Unset, default: float) -> float:
            return default if value is UNSET else value

        return Retrier(
            retrier.error_equals,
            given(retrier.interval_seconds, 1),
            int(given(retrier.max_attempts, 3)),
            given(retrier.backoff_rate, 2.0),
            None if retrier.max_delay_seconds is UNSET else retrier.max_delay_seconds,
            retrier.jitter_strategy == "FULL",
        )

    # ---- fields

    def path(self, text: str | Unset | None, field: str) -> Compute | None:
        if text is UNSET or text == "$":
            return None
        if text is None:
            return lambda data, scope: {}
        return self.attempt(field, lambda t: compile_path(t, field=field), text)

    def value(self, text: str, field: str) -> Compute:
        return self.attempt(field, lambda t: compile_value(t, field=field), text)

    def template(self, template: Json | Unset, field: str) -> Compute | None:
        if template is UNSET:
            return None
        return self.attempt(field, lambda t: compile_template(t, field=field), template)

    @property
    def jsonata(self) -> bool:
        """Whether the state being compiled is in JSONata."""
        assert self.state is not None
        own = self.state.query_language
        return (self.language if own is UNSET else own) != "JSONPath"

    def query(self, value: Json | Unset, field: str, expect: str | None = None) -> Compute | None:
        """A payload with JSONata expressions; None where it is absent, or the state is in JSONPath."""
        if value is UNSET or not self.jsonata:
            return None
        from penstock.asl.jsonata import compile_jsonata  # not for machines that have none: it takes a while to load

        return self.attempt(field, lambda v: compile_jsonata(v, field=field, expect=expect), value)

    def assign(self, template: Json | Unset, field: str = "Assign") -> Compute | None:
        if template is UNSET:
            return None
        if not isinstance(template, dict):
            self.refuse("Assign must be an object of variable names and values")
        return self.query(template, field) if self.jsonata else self.template(template, field)

    def result_path(self, text: str | Unset | None) -> Update | None:
        if text is UNSET or text == "$":
            return None
        return self.attempt("ResultPath", compile_result_path, text)

    def number(self, value: int | float | str, field: str) -> float:
        if isinstance(value, str):
            self.refuse(f"{field} must be a number")
        return value

    def seconds(self, value: int | float | str | Unset, path: str | Unset, field: str) -> Seconds:
        if isinstance(value, str) and self.jsonata:
            seconds = Seconds(field, None, self.query(value, field, "number"))
            seconds.jsonata = True
            return seconds
        if path is not UNSET:
            return Seconds(f"{field}Path", None, self.path(path, f"{field}Path") or _whole, path)
        return Seconds(f"{field}Path", None if value is UNSET else self.number(value, field))

    def figure(
        self, value: int | float | str | Unset, path: str | Unset, field: str, *, fractions: bool = False
    ) -> Figure:
        if isinstance(value, str) and self.jsonata:
            figure = Figure(field, fractions=fractions)
            figure.jsonata = True
            figure.path = self.query(value, field, "number")
            return figure
        figure = Figure(field, 0 if value is UNSET else self.number(value, field), fractions=fractions)
        if path is not UNSET:
            figure.path_text = path
            figure.path = self.path(path, f"{field}Path") or _whole
        return figure

    def attempt(self, field: str, make: Callable[[Any], T], value: Any) -> T:
        try:
            return make(value)
        except SyntaxProblem as problem:
            self.refuse(f"{field}: {problem.message}")

    def refuse(self, reason: str, *, code: str = "SCHEMA_VALIDATION_FAILED") -> NoReturn:
        span = None if self.state is None else self.state.span
        subject = f"The state {self.state.name!r}" if self.state is not None else "The machine"
        message = f"{subject} cannot be compiled: {reason.rstrip('.')}."
        diagnostic = Diagnostic(code=code, message=message, severity=Severity.ERROR, location=self.where, span=span)
        raise InvalidDefinition(message, [diagnostic])


def _whole(data: Json, scope: Any) -> Json:
    return data
