"""Answers from a file, in AWS's MockConfigFile form: who answers is decided by the state's name.

    {"StateMachines": {NAME: {"TestCases": {CASE: {STATE: RESPONSE}}}},
     "MockedResponses": {RESPONSE: {"0": {"Return": …}, "1-2": {"Throw": {"Error": …, "Cause": …}}}}}

The numbers count a state's invocations over one execution, retries and loop turns alike, from 0. A state that the test
case does not name falls through to whoever else answers. Source: Developer Guide, "Configuration file for mocked service
integrations in Step Functions".
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.clock import Clock, Entropy, SystemClock
from penstock.engine.tasks.completion import completed, started
from penstock.engine.tasks.handler import Cancel, Failed, Reporter, Submitted, Succeeded, TaskRequest
from penstock.engine.tasks.shapes import sent_message
from penstock.errors import InvalidInput, JsonError
from penstock.jsontools import Json, loads


@dataclass(frozen=True, slots=True)
class _Step:
    """The answers to invocations `first` to `last`, both included."""

    first: int
    last: int
    answer: Succeeded | Failed


@dataclass(frozen=True, slots=True)
class MockCase:
    """One test case: for each mocked state the name of its response and its steps."""

    name: str
    states: Mapping[str, tuple[str, tuple[_Step, ...]]] = field(default_factory=dict)


class MockHandler:
    """Answers the states that a test case names; see the module."""

    def __init__(
        self,
        case: MockCase,
        *,
        others: Mapping[str, MockCase] | None = None,
        complete: bool = False,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
    ) -> None:
        """`others` are the cases of further machines of the file, by machine name, for child executions. With `complete`,
        what AWS adds to every answer is added to the mocked ones (see `completion`); else they are given as they stand, as
        Step Functions Local does."""
        self._case = case
        self._others = dict(others or {})
        self._complete = complete
        self._clock = clock or SystemClock()
        self._entropy = entropy or Entropy()
        self._lock = threading.Lock()
        self._invocations: defaultdict[tuple[str, str], int] = defaultdict(int)

    @classmethod
    def from_config(
        cls,
        config: Mapping[str, Any] | str | Path,
        machine_name: str | None,
        case: str,
        *,
        complete: bool = False,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
    ) -> MockHandler:
        """`config` is the file's content or its path; `machine_name` may be None where the file has one machine.

        Child executions of other machines are mocked by the test case of the same name, where the file has one. Raises
        InvalidInput, naming the place in the file, for anything that is not as AWS describes it.
        """
        where, document = _load(config)
        cases = _read(document, where)
        machine_name = _choose(machine_name, cases, where, case)
        if case not in cases[machine_name]:
            raise InvalidInput(
                f"{where}: the state machine {machine_name!r} has no test case {case!r}; "
                f"it has {_listed(cases[machine_name])}."
            )
        others = {name: of[case] for name, of in cases.items() if name != machine_name and case in of}
        return cls(cases[machine_name][case], others=others, complete=complete, clock=clock, entropy=entropy)

    def handles(self, resource: str) -> bool:
        return True

    def answers(self, request: TaskRequest) -> bool:
        return request.state_name in self._case_of(request).states

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        name, steps = self._case_of(request).states[request.state_name]
        key = request.execution_arn, request.state_name
        with self._lock:
            number = self._invocations[key]
            self._invocations[key] += 1
        step = next((step for step in steps if step.first <= number <= step.last), None)
        if step is None:
            # States.Runtime, so that no Retry or Catch on States.ALL hides what the file lacks.
            report(Failed("States.Runtime", f"The mocked response {name!r} has no answer for invocation {number}."))
            return _nothing
        answer = step.answer
        if isinstance(answer, Succeeded):
            if request.resource.endswith((".sync", ".sync:2", ".waitForTaskToken")):
                report(Submitted(self._started(request, answer.output), working=True))
            elif ":lambda:" in request.resource and ":states:::" not in request.resource:
                answer = Succeeded(_payload_of(answer.output))
            if self._complete:
                answer = Succeeded(completed(request, answer.output, clock=self._clock, entropy=self._entropy))
        report(answer)
        return _nothing

    def close(self) -> None:
        return None

    def _started(self, request: TaskRequest, output: Json) -> Json:
        # The file has only the task's end; where the answer of the starting call is known without it, it is recorded.
        if ":sqs:sendMessage." in request.resource:
            return sent_message(request, clock=self._clock, entropy=self._entropy)
        return started(request, output, clock=self._clock, entropy=self._entropy) if self._complete else {}

    def _case_of(self, request: TaskRequest) -> MockCase:
        return self._others.get(request.machine_name, self._case)


def _nothing() -> None:
    return None


def _payload_of(output: Json) -> Json:
    # The same mocked response serves `lambda:invoke` and a function's own ARN; the latter has no envelope.
    if isinstance(output, dict) and "Payload" in output and "StatusCode" in output:
        payload: Json = output["Payload"]
        return payload
    return output


def _load(config: Mapping[str, Any] | str | Path) -> tuple[str, Mapping[str, Any]]:
    if isinstance(config, Mapping):
        return "The mock configuration", config
    path = Path(config)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"The mock file {path} cannot be read: {error.strerror or error}.") from None
    try:
        document = loads(content, what=str(path))
    except JsonError as error:
        raise InvalidInput(str(error)) from None
    return str(path), _object(document, str(path), "the file")


def _read(document: Mapping[str, Any], where: str) -> dict[str, dict[str, MockCase]]:
    for key in document:
        if key not in ("StateMachines", "MockedResponses"):
            raise InvalidInput(f"{where}: {key!r} is not a field; there are StateMachines and MockedResponses.")
    responses = {
        name: _response(value, where, f"MockedResponses.{name}")
        for name, value in _object(document.get("MockedResponses", {}), where, "MockedResponses").items()
    }
    machines = _object(document.get("StateMachines"), where, "StateMachines")
    return {name: _cases(value, responses, where, f"StateMachines.{name}") for name, value in machines.items()}


def _cases(value: Any, responses: Mapping[str, tuple[_Step, ...]], where: str, place: str) -> dict[str, MockCase]:
    cases: dict[str, MockCase] = {}
    _only(_object(value, where, place), ("TestCases",), where, place)
    for name, states in _object(value.get("TestCases"), where, f"{place}.TestCases").items():
        here = f"{place}.TestCases.{name}"
        found: dict[str, tuple[str, tuple[_Step, ...]]] = {}
        for state, response in _object(states, where, here).items():
            if not isinstance(response, str):
                raise InvalidInput(f"{where}: {here}.{state} must be the name of a mocked response.")
            if response not in responses:
                raise InvalidInput(
                    f"{where}: {here}.{state} names the response {response!r}, which MockedResponses does not have; "
                    f"it has {_listed(responses)}."
                )
            found[state] = response, responses[response]
        cases[name] = MockCase(name, found)
    return cases


def _response(value: Any, where: str, place: str) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    for numbers, answer in _object(value, where, place).items():
        first, last = _numbers(numbers, where, place)
        for other in steps:
            if first <= other.last and other.first <= last:
                raise InvalidInput(f"{where}: {place}.{numbers} overlaps {other.first}-{other.last}.")
        steps.append(_Step(first, last, _answer(answer, where, f"{place}.{numbers}")))
    if not steps:
        raise InvalidInput(f'{where}: {place} is empty; it needs at least the answer "0".')
    return tuple(sorted(steps, key=lambda step: step.first))


def _numbers(text: str, where: str, place: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if _is_number(first) and (not dash or (_is_number(last) and int(first) <= int(last))):
        return int(first), int(last) if dash else int(first)
    raise InvalidInput(f'{where}: {place}.{text} must be the number of an invocation ("0") or a range ("1-2").')


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _answer(value: Any, where: str, place: str) -> Succeeded | Failed:
    answer = _object(value, where, place)
    if set(answer) == {"Return"}:
        return Succeeded(answer["Return"])
    if set(answer) == {"Throw"}:
        thrown = _object(answer["Throw"], where, f"{place}.Throw")
        _only(thrown, ("Error", "Cause"), where, f"{place}.Throw")
        error, cause = thrown.get("Error"), thrown.get("Cause")
        if not isinstance(error, str) or not isinstance(cause, str | None):
            raise InvalidInput(f"{where}: {place}.Throw must have Error and may have Cause, both texts.")
        return Failed(error, cause)
    raise InvalidInput(f"{where}: {place} must have either Return or Throw, and nothing else.")


def _choose(machine_name: str | None, cases: Mapping[str, Mapping[str, MockCase]], where: str, case: str) -> str:
    if machine_name is not None and machine_name in cases:
        return machine_name
    if machine_name is None:
        having = [name for name, of in cases.items() if case in of]
        if len(having) == 1 or (not having and len(cases) == 1):
            return (having or list(cases))[0]
        raise InvalidInput(f"{where}: say which state machine is meant; the file has {_listed(cases)}.")
    raise InvalidInput(f"{where}: no state machine {machine_name!r} in the file; it has {_listed(cases)}.")


def _object(value: Any, where: str, place: str) -> Mapping[str, Any]:
    if value is None:
        raise InvalidInput(f"{where}: {place} is missing.")
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where}: {place} must be a JSON object.")
    for key in value:
        if not isinstance(key, str):
            raise InvalidInput(f"{where}: {place}: the key {key!r} must be a text.")
    return value


def _only(value: Mapping[str, Any], keys: tuple[str, ...], where: str, place: str) -> None:
    for key in value:
        if key not in keys:
            raise InvalidInput(f"{where}: {place}.{key} is not a field; there is {' and '.join(keys)}.")


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(map(repr, names)) or "none"
