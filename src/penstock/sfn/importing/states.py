"""One state as the call that makes it, with the object that the call makes."""

from __future__ import annotations

import dataclasses
from typing import Any

from penstock.asl import model
from penstock.asl.graph import inner_machines
from penstock.asl.model import UNSET, And, AnyState, Comparison, Not, Or, Test
from penstock.asl.write import state_to_document
from penstock.errors import PenstockError
from penstock.sfn.build import Scope, _Shared
from penstock.sfn.conditions import Condition
from penstock.sfn.durations import Timeout, WaitTime
from penstock.sfn.importing.typed import typed_call
from penstock.sfn.importing.values import Made, call, literal, path, payload, seconds
from penstock.sfn.inputs import Result
from penstock.sfn.states.base import Catching, State
from penstock.sfn.states.choice import Choice
from penstock.sfn.states.maps import DistributedMap, Map
from penstock.sfn.states.parallel import Parallel
from penstock.sfn.states.simple import CustomState, Fail, Pass, Succeed, Wait
from penstock.sfn.states.task import Task
from penstock.sfn.tasks.lambda_ import SERVICE_ERRORS
from penstock.sfn.values import JSONATA, JSONPATH
from penstock.sfn.words import JitterType, QueryLanguage

_PATHS = ("input_path", "output_path", "result_path")
_TEMPLATES = ("result_selector", "assign")


def language_of(state: AnyState, machine: str) -> str:
    return str(state.query_language) if state.query_language is not UNSET else machine


def common(state: AnyState, machine: str) -> dict[str, Made]:
    """The arguments that states have in common."""
    found: dict[str, Made] = {}
    language = language_of(state, machine)
    if isinstance(state.comment, str):
        found["comment"] = literal(state.comment)
    if language != machine:
        member = QueryLanguage(language)
        found["query_language"] = Made(member, f"sf.QueryLanguage.{member.name}")
    for name in _PATHS:
        value = getattr(state, name, UNSET)
        if value is not UNSET:
            found[name] = path(value)
    for name in _TEMPLATES:
        value = getattr(state, name, UNSET)
        if value is not UNSET:
            found[name] = payload(value) if language == JSONPATH else literal(value)
    output = getattr(state, "output", UNSET)
    if output is not UNSET:
        found["outputs"] = literal(output)
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Written:
    """A state's class with its arguments, and the object that they make."""

    function: str
    arguments: dict[str, Made]
    object: State
    retries: bool = False
    """Whether the constructor itself adds the retrier that the definition begins with."""

    def code(self, variable: str) -> str:
        name = self.object.id
        parts = [(None, literal(name).code), *((key, made.code) for key, made in self.arguments.items())]
        return f"{variable} = {call(self.function, parts)}"


def write_state(state: AnyState, machine: str) -> Written:
    """The most telling way to write a state that comes back equal. Transitions, retriers, catchers and what stands inside
    are the program's."""
    expected = bare(state)
    for make in (_typed, _plain) if _is_plain_inside(state) else ():
        try:
            written = make(state, machine)
        except (PenstockError, TypeError, ValueError):
            continue
        if written is not None and _comes_back(written, expected, machine):
            return written
    return _custom(state, machine)


def _is_plain_inside(state: AnyState) -> bool:
    """Whether what stands inside says no more than objects can: a branch has no comment of its own there."""
    for machine in inner_machines(state):
        config = machine.processor_config
        if any(each is not UNSET for each in (machine.comment, machine.query_language, machine.version)):
            return False
        if machine.timeout_seconds is not UNSET:
            return False
        if config is not UNSET and (config.mode, config.execution_type) not in _CONFIGS:
            return False
        if config is not UNSET and isinstance(state, model.Map) and state.item_processor is UNSET:
            return False
    return True


_CONFIGS = (("INLINE", UNSET), ("DISTRIBUTED", "STANDARD"), ("DISTRIBUTED", "EXPRESS"))


def bare(state: AnyState) -> dict[str, Any]:
    """The state's document without what the program adds to it."""
    document = state_to_document(state)
    for key in ("Next", "End", "Retry", "Catch", "Choices", "Default", "Branches", "ItemProcessor", "Iterator"):
        document.pop(key, None)
    return document


def _comes_back(written: Written, expected: dict[str, Any], machine: str) -> bool:
    made = written.object
    scope = Scope(_Shared(), machine, "")
    if isinstance(made, (Choice, Parallel, Map, DistributedMap)):
        made = made.copy(made.id)
        _fill(made, made.language(scope))
    if isinstance(made, Catching):
        made = made.copy(made.id)
        made.retries = []
    found = bare(made.build(scope))
    return found == expected and not any(each.is_error for each in made.problems)


def _fill(state: State, language: str) -> None:
    """What a state cannot be built without; `bare` takes it away again."""
    inside = Pass("inside")
    if isinstance(state, Choice):
        state.when(Condition.jsonata("true") if language == JSONATA else Condition.is_present("$.x"), inside)
    elif isinstance(state, Parallel):
        state.branch(inside)
    elif isinstance(state, (Map, DistributedMap)):
        state.item_processor(inside)


def _typed(state: AnyState, machine: str) -> Written | None:
    if not isinstance(state, model.Task):
        return None
    found = typed_call(state, language_of(state, machine))
    if found is None:
        return None
    from penstock.sfn import tasks

    cls, own = found
    arguments = {**own, **_task_options(state), **common(state, machine)}
    retries = False
    if cls == "LambdaInvoke":
        retries = _has_default_retrier(state)
        if not retries:
            arguments["retry_on_service_exceptions"] = literal(False)
    values = {key: made.value for key, made in arguments.items()}
    return Written(f"tasks.{cls}", arguments, getattr(tasks, cls)(state.name, **values), retries)


def _has_default_retrier(state: model.Task) -> bool:
    if state.retry is UNSET or not state.retry:
        return False
    default = model.Retrier(error_equals=SERVICE_ERRORS, interval_seconds=2, max_attempts=6, backoff_rate=2)
    return state.retry[0] == default


def _task_options(state: model.Task) -> dict[str, Made]:
    found: dict[str, Made] = {}
    for name, dynamic, field in (
        ("timeout", "task_timeout", "timeout_seconds"),
        ("heartbeat", "heartbeat_timeout", "heartbeat_seconds"),
    ):
        value, behind = getattr(state, field), getattr(state, f"{field}_path")
        if isinstance(value, int):
            found[name] = seconds(value)
        elif isinstance(value, str):
            found[dynamic] = Made(Timeout.jsonata(value), f"sf.Timeout.jsonata({literal(value).code})")
        if isinstance(behind, str):
            found[dynamic] = Made(Timeout.at(behind), f"sf.Timeout.at({literal(behind).code})")
    if state.credentials is not UNSET:
        found["credentials"] = payload(state.credentials)
    return found


def _plain(state: AnyState, machine: str) -> Written | None:
    arguments = common(state, machine)
    language = language_of(state, machine)
    template = payload if language == JSONPATH else literal
    cls: type[State]
    if isinstance(state, model.Task):
        cls = Task
        arguments = {"resource": literal(state.resource), **_task_options(state), **arguments}  # type: ignore[arg-type]
        for name in ("parameters", "arguments"):
            if getattr(state, name) is not UNSET:
                arguments[name] = template(getattr(state, name))
    elif isinstance(state, model.Pass):
        cls = Pass
        if state.parameters is not UNSET:
            arguments["parameters"] = template(state.parameters)
        if state.result is not UNSET:
            value = literal(state.result)
            arguments["result"] = Made(Result(value.value), call("sf.Result", [(None, value.code)]))
    elif isinstance(state, model.Wait):
        cls = Wait
        arguments = {"time": _time(state), **arguments}
    elif isinstance(state, model.Succeed):
        cls = Succeed
    elif isinstance(state, model.Fail):
        cls = Fail
        for name in ("error", "cause", "error_path", "cause_path"):
            if isinstance(getattr(state, name), str):
                arguments[name] = literal(getattr(state, name))
    elif isinstance(state, model.Choice):
        cls = Choice
    elif isinstance(state, model.Parallel):
        cls = Parallel
        for name in ("parameters", "arguments"):
            if getattr(state, name) is not UNSET:
                arguments[name] = template(getattr(state, name))
    else:
        cls, own = _map(state, template)
        arguments = {**own, **arguments}
    values = {key: made.value for key, made in arguments.items()}
    return Written(f"sf.{cls.__name__}", arguments, cls(state.name, **values))


def _time(state: model.Wait) -> Made:
    if isinstance(state.seconds, int):
        made = seconds(state.seconds)
        return Made(WaitTime.duration(made.value), f"sf.WaitTime.duration({made.code})")
    for name in ("seconds", "timestamp", "seconds_path", "timestamp_path"):
        value = getattr(state, name)
        if isinstance(value, str):
            return Made(getattr(WaitTime, name)(value), f"sf.WaitTime.{name}({literal(value).code})")
    raise ValueError("a Wait that says nothing")


_MAP_FIELDS = (
    "items_path", "items", "max_concurrency", "max_concurrency_path", "label", "tolerated_failure_count",
    "tolerated_failure_count_path", "tolerated_failure_percentage", "tolerated_failure_percentage_path",
)  # fmt: skip


def _map(state: model.Map, template: Any) -> tuple[type[State], dict[str, Made]]:
    from penstock.sfn.importing.distributed import batcher, reader, writer

    found: dict[str, Made] = {}
    for name in _MAP_FIELDS:
        if getattr(state, name) is not UNSET:
            found[name] = literal(getattr(state, name))
    for name in ("item_selector", "parameters"):
        if getattr(state, name) is not UNSET:
            found[name] = template(getattr(state, name))
    processor = state.processor
    config = processor.processor_config if processor is not None else UNSET
    if not state.is_distributed or config is UNSET:
        return Map, found
    if config.execution_type == "EXPRESS":
        from penstock.sfn.words import StateMachineType

        found["map_execution_type"] = Made(StateMachineType.EXPRESS, "sf.StateMachineType.EXPRESS")
    if state.item_reader is not UNSET:
        found["item_reader"] = reader(state.item_reader, template)
    if state.item_batcher is not UNSET:
        found["item_batcher"] = batcher(state.item_batcher, template)
    if state.result_writer is not UNSET:
        found["result_writer"] = writer(state.result_writer, template)
    return DistributedMap, found


def _custom(state: AnyState, machine: str) -> Written:
    document = state_to_document(state)
    for key in ("Next", "End", "Retry", "Catch"):
        document.pop(key, None)
    json = literal(document)
    return Written("sf.CustomState", {"state_json": json}, CustomState(state.name, state_json=json.value))


# -- what the program adds ---------------------------------------------------------------------------------------------------


def condition(rule: model.ChoiceRule) -> str:
    if rule.test is not UNSET:
        return _test(rule.test)
    return f"Condition.jsonata({literal(rule.condition).code})"  # type: ignore[arg-type]


def _test(test: Test) -> str:
    if isinstance(test, Comparison):
        return _comparison(test)
    if isinstance(test, Not):
        return f"Condition.not_({_test(test.rule)})"
    name = "and_" if isinstance(test, And) else "or_"
    assert isinstance(test, (And, Or))
    return call(f"Condition.{name}", [(None, _test(rule)) for rule in test.rules])


_WORDS = {"Numeric": "number"}


def _comparison(test: Comparison) -> str:
    variable = literal(test.variable).code
    operator = test.operator
    if operator.startswith("Is"):
        word = operator[2:].lower()
        return f"Condition.is_{'' if test.operand else 'not_'}{word}({variable})"
    behind = operator.endswith("Path")
    base = operator.removesuffix("Path")
    kind = next(each for each in ("String", "Numeric", "Boolean", "Timestamp") if base.startswith(each))
    rest = base.removeprefix(kind)
    words = "_".join(each.lower() for each in _capitals(rest))
    name = f"{_WORDS.get(kind, kind.lower())}_{words}{'_json_path' if behind else ''}"
    return f"Condition.{name}({variable}, {literal(test.operand).code})"


def _capitals(text: str) -> list[str]:
    found: list[str] = []
    for char in text:
        if char.isupper():
            found.append(char)
        else:
            found[-1] += char
    return found


def retry(retrier: model.Retrier) -> str:
    parts: list[tuple[str | None, str]] = []
    if retrier.error_equals != ("States.ALL",):
        parts.append(("errors", literal(list(retrier.error_equals)).code))
    for name, to in (("interval_seconds", "interval"), ("max_delay_seconds", "max_delay")):
        value = getattr(retrier, name)
        if value is not UNSET:
            parts.append((to, seconds(value).code))
    for name in ("max_attempts", "backoff_rate", "comment"):
        value = getattr(retrier, name)
        if value is not UNSET:
            parts.append((name, literal(value).code))
    if retrier.jitter_strategy is not UNSET:
        parts.append(("jitter_strategy", f"sf.JitterType.{JitterType(retrier.jitter_strategy).name}"))
    return call(".add_retry", parts)


def catch(catcher: model.Catcher, target: str, language: str) -> str:
    parts: list[tuple[str | None, str]] = [(None, target)]
    if catcher.error_equals != ("States.ALL",):
        parts.append(("errors", literal(list(catcher.error_equals)).code))
    if catcher.result_path is not UNSET:
        parts.append(("result_path", path(catcher.result_path).code))
    if catcher.output is not UNSET:
        parts.append(("outputs", literal(catcher.output).code))
    if catcher.assign is not UNSET:
        parts.append(("assign", (literal if language == JSONATA else payload)(catcher.assign).code))
    if isinstance(catcher.comment, str):
        parts.append(("comment", literal(catcher.comment).code))
    return call(".add_catch", parts)
