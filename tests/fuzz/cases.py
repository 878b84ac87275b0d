"""One case: a mutated machine is read, checked, written, drawn and run; what must hold for it whatever it is."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fuzz import mutations, seeds

import penstock
from penstock.asl.intrinsics import compile_intrinsic
from penstock.asl.jsonata import compile_jsonata
from penstock.asl.paths import compile_path
from penstock.asl.read import read
from penstock.asl.scope import EvaluationError, SyntaxProblem
from penstock.clock import Entropy, VirtualClock
from penstock.engine.driver import run
from penstock.engine.program import compile_program
from penstock.engine.tasks.handler import Cancel, Failed, Report, Reporter, Submitted, Succeeded, TaskRequest
from penstock.errors import PenstockError

SECONDS = 20.0
"""A case may take this long on a machine with other things to do. An execution of 25,000 events takes under a second, and
an evaluation about one."""

TERMINAL = {
    "SUCCEEDED": "ExecutionSucceeded",
    "FAILED": "ExecutionFailed",
    "TIMED_OUT": "ExecutionTimedOut",
    "ABORTED": "ExecutionAborted",
}


class TimeLimit(BaseException):
    """The case takes too long. Not an Exception, so that nothing on the way takes it for one of its own."""


class Broken(AssertionError):
    """A result that no execution can have."""


@dataclass(frozen=True)
class Case:
    """`text` is a definition as bytes, else `definition` is one; `expression` is a text of its own; `request` is what
    test_state is asked."""

    seed: str
    definition: Any = None
    text: bytes | None = None
    input: Any = None
    kind: Any = "STANDARD"
    expression: str | None = None
    request: Any = None


def case_of(seed: str) -> Case:
    """The case of that seed: the same one each time, as long as the material is."""
    random = Random(seed)
    definition, given = random.choice(seeds.definitions() + seeds.definitions()[:2] * 40)
    given = seeds.INPUT if given is None or random.random() < 0.3 else given
    if random.random() < 0.5:
        given = mutations.mutate(random, given) if random.random() < 0.8 else random.choice(seeds.VALUES)
    what = random.random()
    kind = "EXPRESS" if random.random() < 0.1 else "STANDARD"
    if what < 0.15:
        return Case(seed, expression=mutations.text_of(random), input=given)
    if what < 0.2:
        return Case(seed, request=mutations.request(random, random.choice(seeds.requests())))
    if what < 0.25:
        text = json.dumps(definition).encode()
        return Case(seed, text=mutations.garble(random, text), input=given, kind=kind)
    change = mutations.mutate if random.random() < 0.4 else mutations.exchange
    return Case(seed, definition=change(random, definition), input=given, kind=kind)


def perform(case: Case) -> str:
    """Does the case; says how it went. Raises whatever must not be: any exception that is not documented, Broken, TimeLimit."""
    with limited(SECONDS):
        if case.expression is not None:
            return _evaluate(case)
        if case.request is not None:
            return _test_state(case.request)
        if case.text is not None:
            return _run_definition(case, read(case.text).document)
        return _run_definition(case, case.definition)


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises TimeLimit in the main thread when the time is over; elsewhere there is no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(*_: object) -> None:
        raise TimeLimit(f"took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Scope:
    def __init__(self) -> None:
        self.context = {"Execution": {"Name": "x"}, "State": {"EnteredTime": "2024-01-01T00:00:00Z"}}
        self.variables = {"v": {"a": [1]}, "x": None}
        self.entropy = Entropy(1)
        self.states = {"result": 1}


def _evaluate(case: Case) -> str:
    text = case.expression or ""
    compilers: list[Callable[[], Any]] = [
        lambda: compile_path(text, field="a.$"),
        lambda: compile_intrinsic(text),
        lambda: compile_jsonata(text, field="Output"),
    ]
    done = "refused"
    for compiler in compilers:
        try:
            value = compiler()(case.input, _Scope())
        except SyntaxProblem:
            continue
        except EvaluationError:
            done = "failed"
        else:
            json.dumps(value, allow_nan=False)
            done = "evaluated"
    return done


def _test_state(request: dict[str, Any]) -> str:
    try:
        response = penstock.test_state(**request, entropy=Entropy(1))
    except PenstockError:
        return "refused"
    if response["status"] not in ("SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"):
        raise Broken(f"TestState gives the status {response['status']}")
    json.loads(response.get("output", "null"))
    return "tested"


class Whims:
    """Answers tasks as chance has it: with what they were given, something else, an error, or with a token that
    nobody brings back."""

    def __init__(self, seed: str) -> None:
        self.random = Random(seed)

    def handles(self, resource: str) -> bool:
        return True

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        for answer in self._answers(request):
            report(answer)
        return lambda: None

    def _answers(self, request: TaskRequest) -> list[Report]:
        value = self.random.choice([request.arguments, {"Payload": request.arguments}, None, [], "x" * 300_000, 1e308])
        end: Report = Succeeded(value)
        if self.random.random() < 0.4:
            errors = ["Custom", "Other", "States.Timeout", "States.Runtime", "States.ALL", "", "Lambda.Unknown"]
            end = Failed(self.random.choice(errors), self.random.choice([None, "", "why", "{", "x" * 50_000]))
        if (
            request.resource.endswith(".waitForTaskToken")
            and request.timeout is not None
            and self.random.random() < 0.2
        ):
            return [Submitted({"started": True})]
        if request.resource.endswith((".sync", ".sync:2", ".waitForTaskToken")):
            return [Submitted({"started": True}), end]
        return [end]

    def close(self) -> None:
        pass


def _run_definition(case: Case, definition: Any) -> str:
    try:
        machine = penstock.load(definition) if isinstance(definition, dict) else penstock.load({"States": definition})
        found = machine.check(type=case.kind)
        for each in found:
            if not each.code or not each.message:
                raise Broken(f"a diagnostic that says nothing: {each}")
        model = machine.definition
        machine.to_json(), machine.graph()
    except PenstockError:
        return "refused"
    if any(each.is_error for each in found):
        return "refused"
    with suppress(PenstockError):  # the input, or a task that nothing here answers; those are answered below
        penstock.run(machine, case.input, time="skip", type=case.kind)
    try:
        program = compile_program(model)
    except PenstockError:
        return "refused"
    try:
        given = penstock.api.check_input(case.input)
    except PenstockError:
        return "refused"
    result = run(
        program,
        given,
        handlers=[Whims(case.seed)],
        clock=VirtualClock(1_700_000_000.0),
        entropy=Entropy(1),
        skip_time=True,
        type=case.kind,
    )
    _hold(result)
    return result.status.lower()


def _hold(result: Any) -> None:
    history = result.history
    if history[-1]["type"] != TERMINAL.get(result.status):
        raise Broken(f"{result.status} ends with {history[-1]['type']}")
    if [event["id"] for event in history] != list(range(1, len(history) + 1)):
        raise Broken("event ids are not 1, 2, 3, …")
    for event in history:
        if not 0 <= event["previousEventId"] < event["id"]:
            raise Broken(f"event {event['id']} follows {event['previousEventId']}")
    if result.status == "SUCCEEDED":
        json.dumps(result.output, allow_nan=False)
