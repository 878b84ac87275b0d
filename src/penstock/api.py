"""The Python API: load a workflow, look at it, run it. `design/cli.md` ("The same from Python") is its contract.

Nothing here prints or exits; everything raised is a `penstock.errors.PenstockError`. A failed execution is a result.
"""

# ruff: noqa: A002 -- `type`, `input` and `format` are the contract's own words

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from penstock.asl.model import UNSET, Map, StateMachine, Task, Unset
from penstock.calls import Call
from penstock.config import Settings, load_settings, unqualified, with_aws
from penstock.diagnostics import Diagnostic, Severity, Span
from penstock.errors import InvalidDefinition, InvalidInput, UsageError
from penstock.jsontools import MAX_DEPTH, Json, depth_exceeds, dumps, loads, plain_copy
from penstock.local import Function, Log, Mocks, handlers_for, local_values
from penstock.options import MachineType, RunOptions, check_options
from penstock.results import RunResult
from penstock.targets import (
    LoadedMachine,
    Target,
    TargetLike,
    open_target,
    placeholders,
    spans_of,
    with_spans,
)

if TYPE_CHECKING:
    from penstock.clock import Clock, Entropy
    from penstock.engine.program import Program
    from penstock.engine.running import Running
    from penstock.engine.starting import NestedMachine
    from penstock.engine.tasks.handler import TaskHandler
    from penstock.handle import RunHandle
    from penstock.script import Project

AT_ONCE = 50
"""Ours: executions of `run_many` that go on side by side."""

MAX_INPUT_BYTES = 262_144
"""StartExecution's limit on `input` (Step Functions quotas)."""


class Machine:
    """One state machine that was loaded, healthy or not. Made by `load`."""

    def __init__(self, target: Target, loaded: LoadedMachine, parameters: Mapping[str, str] | None = None) -> None:
        self._target = target
        self.parameters: Mapping[str, str] = parameters or {}
        """What was given for a template's parameters."""
        self._loaded = loaded
        self._checked: dict[str, list[Diagnostic]] = {}
        self._programs: dict[tuple[tuple[str, str], ...], tuple[StateMachine, Program]] = {}
        self._others: dict[str, Machine] = {}

    def __repr__(self) -> str:
        return f"<Machine {self.name!r} of {self._target.name}>"

    @property
    def name(self) -> str:
        return self._loaded.name

    @property
    def origin(self) -> str:
        """The target as the user named it."""
        return self._target.name

    @property
    def address(self) -> str | None:
        """The target as it is found from any folder; None for a definition or an object that no file holds."""
        return self._target.address

    @property
    def kind(self) -> str:
        """What the target is: a script, a definition, a construct."""
        return self._target.kind

    @property
    def folder(self) -> Path:
        """Where the target's files and settings are."""
        return self._target.folder

    @property
    def project(self) -> Project | None:
        """The compiled script this machine comes from; None for a definition."""
        return self._target.project

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What reading or compiling the target found; of a template, what is wrong with this machine."""
        return list(self._loaded.diagnostics if self._target.kind == "template" else self._target.diagnostics)

    @property
    def type(self) -> MachineType:
        """What a template or a construct says of it; STANDARD elsewhere, where nothing does."""
        return self._loaded.type

    @property
    def definition(self) -> StateMachine:
        """The States Language model. Raises InvalidDefinition where the target is too broken to have one."""
        errors = [each for each in self._target.diagnostics if each.is_error]
        if self._loaded.definition is None or (self._target.kind in ("script", "construct") and errors):
            raise _invalid(self._target.name, self.diagnostics)
        return self._loaded.definition

    @cached_property
    def settings(self) -> Settings:
        """penstock.toml's, looked for beside the target. Raises InvalidInput for settings that cannot be used."""
        return load_settings(self._target.folder)

    def check(
        self, *, type: MachineType | None = None, severity: Severity | str = Severity.WARNING
    ) -> list[Diagnostic]:
        """Every problem: what compiling found, then what AWS's ValidateStateMachineDefinition would say.

        `severity` ERROR leaves warnings out.
        """
        kind = machine_type(type or self.type)
        found = self._checked.get(kind)
        if found is None:
            found = self._checked[kind] = self._named(self._check(kind))
        lowest = _severity(severity)
        return [each for each in found if each.is_error or lowest is Severity.WARNING]

    def _check(self, kind: MachineType) -> list[Diagnostic]:
        from penstock.asl.check import check

        target = self._target
        if target.kind in ("script", "construct"):
            if any(each.is_error for each in target.diagnostics) or self._loaded.definition is None:
                return list(target.diagnostics)
            return [*target.diagnostics, *check(self._loaded.definition, type=kind)]
        if target.kind == "template":
            reading = self._loaded.reading
            return self.diagnostics if reading is None else list(check(reading, type=kind))
        return list(check(target.reading if target.reading is not None else self._loaded.document or {}, type=kind))

    def _named(self, found: list[Diagnostic]) -> list[Diagnostic]:
        """Says which machine is meant of what has no place, where the target has several."""
        if len(self._target.machines) < 2:
            return found
        own = frozenset(self._target.diagnostics)
        return [
            each
            if each.span is not None or each in own
            else replace(each, message=f"{each.message} (state machine {self.name!r})")
            for each in found
        ]

    def to_dict(self) -> dict[str, Any]:
        """The States Language, as a dict of its own: changing it changes nothing here."""
        if self._loaded.document is not None:
            copy: dict[str, Any] = loads(dumps(self._loaded.document))  # type: ignore[assignment]  # an object stays one
            return copy
        from penstock.asl.write import to_document

        return to_document(self.definition)

    def to_json(self, *, indent: int | None = 2) -> str:
        """The States Language as text: byte-stable, fields in AWS's usual order, ends in a newline."""
        from penstock.asl.write import write

        return write(self.definition, indent=indent)

    def to_yaml(self) -> str:
        """The same as YAML."""
        from penstock.asl.write import write_yaml

        return write_yaml(self.definition)

    def graph(
        self,
        format: Literal["mermaid", "dot", "svg"] = "mermaid",
        *,
        history: Sequence[Mapping[str, Any]] | None = None,
    ) -> str:
        """The picture as text. `history`: GetExecutionHistory's events, which colour what that run did."""
        from penstock.asl.render import render_dot, render_mermaid, render_svg
        from penstock.asl.visits import Visits

        visits = Visits(history, self._loaded.definition) if history is not None else None
        if format == "svg":
            return render_svg(self.definition, visits=visits, title=self.name)
        if format == "dot":
            return render_dot(self.definition, visits=visits, title=self.name)
        if format == "mermaid":
            return render_mermaid(self.definition, visits=visits)
        raise UsageError(f"There is no picture format {format!r}; there are mermaid, dot and svg.")

    def source_map(self) -> dict[str, Any]:
        """For each state the place in the source that made it: {"file", "states": {name: {line, column, end_line,
        end_column}}}; states without a known place are left out."""
        self.definition  # noqa: B018 -- raises where there is none
        states = {
            name: {
                "line": span.line,
                "column": span.column,
                "end_line": span.end_line,
                "end_column": span.end_column,
            }
            for name, span in self._spans.items()
        }
        return {"file": self._target.name, "machine": self.name, "states": states}

    @cached_property
    def _spans(self) -> dict[str, Span]:
        if self._loaded.definition is None:
            return {}
        return spans_of(self._loaded.definition, self._loaded.reading or self._target.reading)

    def span_of(self, state: str) -> Span | None:
        """Where the user wrote the state of that name, if known."""
        return self._spans.get(state)

    def prepare(
        self,
        *,
        type: MachineType | None = None,
        substitutions: Mapping[str, str] | None = None,
        functions: Mapping[str, Any] | None = None,
    ) -> tuple[StateMachine, Program]:
        """The machine as it will run, `${K}` filled in, and its compiled program; kept for the next run.

        Raises InvalidDefinition, with `diagnostics`, for what AWS's CreateStateMachine would refuse.
        """
        self.definition  # noqa: B018 -- raises where there is none
        settings = self.settings
        kind = type or self.type
        given = {**self._loaded.substitutions, **(substitutions or {})}
        values = local_values(self._target, self._placeholders, settings, given, self.functions(functions))
        key = (("type", kind), *sorted(values.items()))
        known = self._programs.get(key)
        if known is None:
            known = self._programs[key] = self._compile(kind, values)
        return known

    def functions(self, given: Mapping[str, Function] | None = None) -> Mapping[str, Function]:
        """The functions that answer for Lambda functions: the construct's own, under those given."""
        own = self._loaded.functions
        return {**own, **given} if own and given else own or given or {}

    # Walking a definition takes longer than running it, so what every run asks of it is found once.

    @cached_property
    def _placeholders(self) -> list[str]:
        return _placeholders_of(self.definition)

    @cached_property
    def _has_tasks(self) -> bool:
        return any(isinstance(state, Task) for _, state in self.definition.walk())

    @cached_property
    def uses_objects(self) -> bool:
        """Whether a distributed Map in it reads from or writes to a bucket."""
        return any(
            isinstance(state, Map) and (state.item_reader is not UNSET or state.result_writer is not UNSET)
            for _, state in self.definition.walk()
        )

    def written(self, text: str) -> StateMachine:
        """A definition of this machine as it was written down, with the places of those states that are still there."""
        from penstock.asl.read import read

        reading = read(text, format="json")
        assert reading.machine is not None
        now = self._loaded.definition
        return reading.machine if now is None else with_spans(reading.machine, now)

    def substituted(self, values: Mapping[str, str]) -> Machine:
        """The machine with these `${K}` filled in."""
        changed = replace(self._loaded, definition=_substituted(self.definition, values), document=None)
        return Machine(self._target, changed)

    def nested(
        self,
        arn: str,
        *,
        substitutions: Mapping[str, str],
        functions: Mapping[str, Any],
        type: MachineType | None = None,
    ) -> tuple[StateMachine, NestedMachine] | None:
        """The machine of the target that has this ARN, for an execution that starts it; None where none has.

        `type`: what this machine itself runs as, where that is not its own. Raises what `prepare` does."""
        if self._target.kind == "template":
            arn = unqualified(arn)  # a version or an alias of it, which are the same here
        prefix, _, name = arn.rpartition(":")
        known = {self.settings.machine_arn(name)}
        if self._target.kind == "construct":  # objects know their ARNs before there are settings
            known.add(Settings().machine_arn(name))
        if f"{prefix}:{name}" not in known or name not in self._target.machines:
            return None
        if name == self.name:
            return self.as_nested(arn, substitutions=substitutions, functions=functions, type=type)
        other = self._others.get(name)
        if other is None:
            other = self._others[name] = Machine(self._target, self._target.machines[name])
            other.settings = self.settings
        return other.as_nested(arn, substitutions=substitutions, functions=functions)

    def as_nested(
        self,
        arn: str,
        *,
        substitutions: Mapping[str, str],
        functions: Mapping[str, Any],
        type: MachineType | None = None,
    ) -> tuple[StateMachine, NestedMachine]:
        """This machine under an ARN, for an execution that starts it."""
        from penstock.engine.starting import NestedMachine

        definition, program = self.prepare(type=type, substitutions=substitutions, functions=functions)
        return definition, NestedMachine(program, unqualified(arn), type or self.type)

    def handlers(
        self,
        definition: StateMachine,
        *,
        functions: Mapping[str, Function],
        mocks: Mocks | None,
        clock: Clock | None,
        entropy: Entropy | None,
        log: Log,
    ) -> list[TaskHandler]:
        """Who answers the tasks of `definition`, in order; the caller closes them."""
        if mocks is None and not self._has_tasks:
            return []
        return handlers_for(
            self._target,
            definition,
            name=self.name,
            settings=self.settings,
            functions=self.functions(functions),
            mocks=mocks,
            clock=clock,
            entropy=entropy,
            log=log,
        )

    def _compile(self, kind: MachineType, values: Mapping[str, str]) -> tuple[StateMachine, Program]:
        from penstock.engine.program import compile_program

        definition = self.definition
        if values:
            definition = _substituted(definition, values)
            from penstock.asl.check import check

            found = [*self.diagnostics, *self._named(check(definition, type=kind, severity=Severity.ERROR))]
        else:
            found = self.check(type=kind, severity=Severity.ERROR)
        if any(each.is_error for each in found):
            raise _invalid(self._target.name, found)
        return definition, compile_program(definition)


def load(
    target: TargetLike | Machine, machine: str | None = None, *, parameters: Mapping[str, str] | None = None
) -> Machine:
    """A machine of any TARGET: a path, `-`, or a definition as a dict.

    `machine` picks one of several; `main`, or the only one, is the default. `parameters` are those of a template. Raises
    InvalidDefinition for what cannot be read at all, TargetNotFound for what is not there, InvalidInput for parameters that
    the target does not have. What can be read loads, and `check` tells what is wrong with it.
    """
    if isinstance(target, Machine):
        return target
    opened = open_target(target, parameters=parameters)
    return Machine(opened, opened.machine(machine), parameters)


def run(machine: Machine | TargetLike, input: Json | Unset = UNSET, **options: Unpack[RunOptions]) -> RunResult:
    """Runs a machine to its end, here and now, and returns how it ended.

    `input` is a JSON value; without one it is `{}`, as for StartExecution. The further arguments are those of `RunOptions`:
    functions, mocks, time, type, name, substitutions, aws, settings, observer, clock, entropy, log, sync, machines,
    callbacks, handlers, objects, db.

    With `db`, a name that has run already is refused as StartExecution does it (UsageError), and one that was interrupted
    goes on where it stood.

    Raises InvalidDefinition, with every problem in `diagnostics`, for what AWS would not create, InvalidInput for
    arguments that cannot be used, and StoreError for a database file that cannot be.
    """
    return open_run(machine, input, options).run_here()


def start(machine: Machine | TargetLike, input: Json | Unset = UNSET, **options: Unpack[RunOptions]) -> RunHandle:
    """Begins an execution in a thread of its own and returns at once; the options are those of `run`, which it raises too.

    The handle stops and redrives it; close it, or use it in a `with`.
    """
    handle = open_run(machine, input, options)
    handle.begin()
    return handle


def open_run(machine: Machine | TargetLike, input: Json | Unset, options: RunOptions) -> RunHandle:
    """An execution that is ready to run; for whoever drives its loop."""
    value = check_input({} if isinstance(input, Unset) else input)
    name, observer, sync = options.get("name"), options.get("observer"), options.get("sync", False)
    if name is not None:
        check_execution_name(name)
    call, kind = open_call(machine, options)
    try:
        if sync and kind != "EXPRESS":
            raise UsageError(
                "Only an EXPRESS machine can be run by StartSyncExecution; leave `sync` out, or give type EXPRESS."
            )
        if call.journal is not None:
            from penstock.durable import start_in_file

            running = start_in_file(call, value, name=name, kind=kind, observer=observer, sync=sync)
        else:
            running = call.driver.start(
                call.program, value, name=name, type=kind, machine_arn=call.arn, observer=observer, sync=sync
            )
    except BaseException:
        call.close(torn=True)
        raise
    from penstock.handle import RunHandle

    return RunHandle(call, running)


def run_many(
    machine: Machine | TargetLike, inputs: Iterable[Json], *, at_once: int = AT_ONCE, **options: Unpack[RunOptions]
) -> Iterator[RunResult]:
    """One execution for each input, `at_once` of them side by side; results come in the order of the inputs.

    The options are those of `run`; the executions are called NAME-1, NAME-2, …. With `db`, those of an earlier call that
    was interrupted go on, and those that have ended are not run again.
    """
    name, observer, sync = options.get("name"), options.get("observer"), options.get("sync", False)
    if name is not None:
        check_execution_name(f"{name}-{MAX_INPUT_BYTES}")  # room for the number
    call, kind = open_call(machine, options)
    with call:
        if call.journal is not None:
            from penstock.durable import run_many_in_file

            yield from run_many_in_file(call, inputs, kind=kind, name=name, at_once=at_once)
            return
        going: deque[Running] = deque()
        for number, value in enumerate(inputs, 1):
            called = f"{name}-{number}" if name is not None else None
            going.append(
                call.driver.start(
                    call.program,
                    check_input(value),
                    name=called,
                    type=kind,
                    machine_arn=call.arn,
                    observer=observer,
                    sync=sync,
                )
            )
            if len(going) >= at_once:
                yield call.run(going.popleft())
        while going:
            yield call.run(going.popleft())


def open_call(machine: Machine | TargetLike, options: RunOptions) -> tuple[Call, MachineType]:
    """What runs executions of a machine, and the machine's type. The caller closes it."""
    check_options(options)
    loaded = with_settings(load(machine), options.get("settings"), options.get("aws"))
    functions = options.get("functions")
    _check_functions(functions)
    kind = machine_type(options.get("type") or loaded.type)
    definition, program = loaded.prepare(type=kind, substitutions=options.get("substitutions"), functions=functions)
    return Call(loaded, definition, program, options), kind


def with_settings(machine: Machine, settings: Settings | None, aws: Mapping[str, Any] | None) -> Machine:
    """The machine under the settings of one call; it shares what it has compiled."""
    if settings is None and aws is None:
        return machine
    found = copy(machine)
    found._others = {}
    found.settings = with_aws(settings if settings is not None else machine.settings, aws or {})
    return found


# -- arguments ----------------------------------------------------------------------------------------------------------


def machine_type(value: str) -> MachineType:
    """STANDARD or EXPRESS, in any case. Raises UsageError."""
    kind = value.upper() if isinstance(value, str) else value
    if kind == "STANDARD":
        return "STANDARD"
    if kind == "EXPRESS":
        return "EXPRESS"
    raise UsageError(f"A state machine's type is STANDARD or EXPRESS, not {value!r}.")


def check_input(value: Json, *, what: str = "The input") -> Json:
    """`value` as StartExecution would take it: a copy, so that what the caller does with it later changes nothing.

    Raises InvalidInput for what JSON cannot hold and for more than 262,144 bytes.
    """
    found = plain_copy(value)
    if found is None:
        found = _copy(value, what)
    copy, length = found
    if length > MAX_INPUT_BYTES:
        raise InvalidInput(
            f"{what} has {length:,} bytes of JSON; an execution takes at most {MAX_INPUT_BYTES:,}. Pass a reference to it."
        )
    return copy


def _copy(value: Json, what: str) -> tuple[Json, int]:
    """The same for every JSON value. Raises InvalidInput."""
    try:
        # First, since it notices a value that contains itself, which walking it level by level would not.
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        text = None
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{what} is not a JSON value: {error}.") from None
    if text is None or depth_exceeds(value, MAX_DEPTH):
        raise InvalidInput(f"{what} is nested deeper than {MAX_DEPTH} levels; flatten it.")
    copy: Json = json.loads(text)
    return copy, len(text.encode("utf-8", "surrogatepass"))


def _check_functions(functions: Mapping[str, Function] | None) -> None:
    if functions is None:
        return
    if not isinstance(functions, Mapping):
        raise InvalidInput(f"functions maps Lambda names to callables; {type(functions).__name__} is no mapping.")
    for name, function in functions.items():
        if not isinstance(name, str) or not callable(function):
            raise InvalidInput(f"functions maps Lambda names to callables (event, context); {name!r} has {function!r}.")


_FORBIDDEN_IN_NAMES = frozenset(' \t\n\r<>{}[]?*"#%\\^|~`$&,;:/')


def check_execution_name(name: str) -> None:
    """Raises InvalidInput for a name that StartExecution refuses (its API reference, parameter `name`)."""
    if not isinstance(name, str) or not 1 <= len(name) <= 80:
        raise InvalidInput(f"An execution's name has 1 to 80 characters; {name!r} has not.")
    bad = next((c for c in name if c in _FORBIDDEN_IN_NAMES or c < " " or "\x7f" <= c <= "\x9f"), None)
    if bad is not None:
        raise InvalidInput(f"An execution's name cannot contain {bad!r}; use letters, digits, - and _.")


def _severity(value: Severity | str) -> Severity:
    try:
        return Severity(value.upper())
    except (ValueError, AttributeError):
        raise UsageError(f"A severity is ERROR or WARNING, not {value!r}.") from None


def _invalid(name: str, diagnostics: Sequence[Diagnostic]) -> InvalidDefinition:
    errors = [each for each in diagnostics if each.is_error]
    if not errors:
        return InvalidDefinition(f"{name} holds no state machine that can be used.", diagnostics)
    first = errors[0]
    place = str(first.span) if first.span else name
    where = f" at {first.location}" if first.location and not first.span else ""
    more = f" There {'is' if len(errors) == 2 else 'are'} {len(errors) - 1} more." if len(errors) > 1 else ""
    return InvalidDefinition(f"{place}: {first.code}: {first.message.rstrip('.')}{where}.{more}", diagnostics)


def _placeholders_of(machine: StateMachine) -> list[str]:
    from penstock.asl.write import to_document

    return placeholders(to_document(machine))


def _substituted(machine: StateMachine, values: Mapping[str, str]) -> StateMachine:
    from penstock.asl.read import read_document
    from penstock.asl.write import to_document
    from penstock.engine.tasks.substitutions import substitute

    reading = read_document(substitute(to_document(machine), values))
    if reading.machine is None:
        raise _invalid("The definition with its substitutions", reading.diagnostics)
    return with_spans(reading.machine, machine)
