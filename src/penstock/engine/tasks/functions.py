"""Lambda functions that are Python callables of this process, for callers whose closures share state with the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import orjson

from penstock.clock import Clock, Entropy, SystemClock
from penstock.engine.tasks import lambdas
from penstock.engine.tasks.handler import Cancel, Report, Reporter, Stopped, Submitted, Succeeded, TaskRequest
from penstock.engine.tasks.statedata import StateDataFolder
from penstock.engine.tasks.threads import Threads, run_in_loop
from penstock.jsontools import Json, plain_copy
from penstock.runtime._faults import error_name, message_of, stack_of
from penstock.runtime._waiting import monotonic
from penstock.runtime.context import LambdaContext, Metadata, TaskContext
from penstock.runtime.state_data import StateDataClient

T = TypeVar("T")

MOST_FOUND: Final = 1000
"""Ours: names whose function is kept in mind."""


class Registry(Generic[T]):
    """Things by a function's name, partial or full ARN, found by any of these; the most exact match wins."""

    def __init__(self, things: Mapping[str, T]) -> None:
        self._things = dict(things)
        self._found: dict[str, T | None] = {}
        """What was found before: a machine asks for the same few again and again."""
        for key, thing in things.items():
            for shorter in lambdas.candidates(key):
                self._things.setdefault(shorter, thing)

    def find(self, text: str) -> T | None:
        if text in self._found:
            return self._found[text]
        found = next((self._things[key] for key in lambdas.candidates(text) if key in self._things), None)
        if len(self._found) < MOST_FOUND:
            self._found[text] = found
        return found


class FunctionHandler:
    """Answers a function's own ARN and `lambda:invoke` by calling `functions[…](event, context)` in a thread.

    A callable may be `async`. It gets its own copy of the event, and what it returns is copied too, through JSON as in
    Lambda. It cannot be stopped from outside: a cancelled call runs on, unheard, in a daemon thread. A SystemExit is a
    runtime that exited; `os._exit` ends the whole process (worker processes are for such code).
    """

    def __init__(
        self,
        functions: Mapping[str, Callable[[Any, Any], Any]],
        *,
        only_known: bool = False,
        state_data: StateDataFolder | None = None,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
    ) -> None:
        """With `only_known`, a request for another function is left to the next handler; else it fails as at AWS."""
        self._functions = Registry(functions)
        self._only_known = only_known
        self._own_state_data = state_data is None
        self.state_data = state_data or StateDataFolder()
        self.clock = clock or SystemClock()
        self.entropy = entropy or Entropy()
        self.threads = Threads()

    def handles(self, resource: str) -> bool:
        return resource in (lambdas.INVOKE, lambdas.INVOKE_WITH_TOKEN) or lambdas.is_function_arn(resource)

    def answers(self, request: TaskRequest) -> bool:
        if not self._only_known:
            return True
        name = lambdas.invoked(request)
        return name is not None and self._functions.find(name) is not None

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        name = lambdas.invoked(request)
        if name is None:
            report(lambdas.no_function_name(self.entropy))
            return _nothing
        function = self._functions.find(name)
        if function is None:
            report(lambdas.not_found(request, name, self.entropy))
            return _nothing
        try:
            event = _copy(lambdas.event_of(request))
        except lambdas.Unparsable as error:
            report(lambdas.not_json(str(error), self.entropy))
            return _nothing
        call = _Call(self, request, report, name, function, event)
        self.threads.submit(call.run)
        return call.cancel

    def close(self) -> None:
        self.threads.close()
        if self._own_state_data:
            self.state_data.close()


class _Call:
    __slots__ = ("_cancelled", "_event", "_function", "_report", "handler", "name", "request", "stopped")

    def __init__(
        self,
        handler: FunctionHandler,
        request: TaskRequest,
        report: Reporter,
        name: str,
        function: Callable[[Any, Any], Any],
        event: Json,
    ) -> None:
        self.handler = handler
        self.request = request
        self.name = name
        self.stopped: Stopped | None = None
        self._report = report
        self._function = function
        self._event = event
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True

    def run(self) -> None:
        if self._cancelled:
            return
        request_id = self.handler.entropy.uuid4()
        outcome: Report
        try:
            result = self._function(self._event, _Context(self, request_id))
            if hasattr(result, "__await__"):
                result = run_in_loop(result)
            outcome = self._result(result, request_id)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
            outcome = lambdas.exited(code & 0xFF, request_id)
        except BaseException as error:
            outcome = lambdas.raised(error_name(error), message_of(error), request_id, stack_of(error))
        if not self._cancelled:
            self.handler.threads.last(self._report, self.stopped or outcome)

    def _result(self, result: Any, request_id: str) -> Report:
        # At a tenth of the time, where nothing is asked but the value: not its length as the marshaller would count it.
        plain = None if self.request.resource.startswith(lambdas.INVOKE) else plain_copy(result)
        if plain is not None and plain[1] < lambdas.RESPONSE_BYTES // 2:
            return Succeeded(plain[0])
        try:
            text = _ENCODER.encode(result)
            length = len(text.encode())
            payload: Json = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            return lambdas.marshal_error(str(error), request_id)
        if length > lambdas.RESPONSE_BYTES:
            return lambdas.too_large(length)
        return answer(self.request, payload, length, self.name, clock=self.handler.clock, entropy=self.handler.entropy)


class _Context(TaskContext):
    """What a call's function gets. Its parts are made when they are asked for: most functions ask for none of them.

    mypy takes a cached_property for read-only, which what it stands in for is by agreement."""

    def __init__(self, call: _Call, request_id: str) -> None:
        self._call = call
        self._request_id = request_id
        self._began = monotonic()

    @cached_property
    def _metadata(self) -> Metadata:  # type: ignore[override]
        request = self._call.request
        return Metadata(
            execution_name=request.execution_name,
            execution_arn=request.execution_arn,
            state_name=request.state_name,
            state_machine_name=request.machine_name,
            trace_id=request.execution_arn,
        )

    @cached_property
    def _lambda_context(self) -> LambdaContext:
        call = self._call
        return LambdaContext(
            function_name=self.task_name,
            invoked_function_arn=lambdas.full_arn(call.request, call.name),
            aws_request_id=self._request_id,
            timeout=call.request.timeout,
            _started=self._began,
        )

    @cached_property
    def task_name(self) -> str:  # type: ignore[override]
        return lambdas.function_name(self._call.name)

    def _state_data_client(self) -> StateDataClient:
        return self._call.handler.state_data.client(self._call.request.execution_arn)

    def _stop(self, error: str | None, cause: str | None) -> None:
        self._call.stopped = Stopped(error, cause)


def answer(
    request: TaskRequest, payload: Json, length: int, name: str, *, clock: Clock, entropy: Entropy
) -> Succeeded | Submitted:
    """A function's result as its integration gives it: bare, in the envelope, or as the answer of a started callback."""
    if not request.resource.startswith(lambdas.INVOKE):
        return Succeeded(payload)
    # An alias stands for a version that only AWS knows.
    executed = lambdas.qualifier(name) if lambdas.qualifier(name).isdigit() else "$LATEST"
    output = lambdas.envelope(payload, length, executed, clock=clock, entropy=entropy)
    return Submitted(output) if request.resource == lambdas.INVOKE_WITH_TOKEN else Succeeded(output)


def _copy(value: Json) -> Json:
    try:
        copied: Json = orjson.loads(orjson.dumps(value))
    except (TypeError, ValueError):  # integers over 64 bits, lone surrogates
        copied = json.loads(json.dumps(value))
    return copied


def _plain(value: Any) -> Any:
    # The one thing that Lambda's marshaller takes beyond JSON (awslambdaric, lambda_runtime_marshaller).
    import decimal

    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain)


def _nothing() -> None:
    return None
