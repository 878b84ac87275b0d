"""Invoke: a call that waits for the function, one that does not, and one that only looks whether it could."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from penstock.engine.tasks.handler import Cancel
from penstock.engine.tasks.lambdas import not_json_words
from penstock.errors import ServiceError
from penstock.jsontools import Json
from penstock.services.lambda_.environments import Invocation, Outcome, Unavailable
from penstock.services.lambda_.events import Queue
from penstock.services.lambda_.state import LATEST, NOT_FOUND, Answer, Parameters, Resolved, State

LIMITS: Final = {"RequestResponse": 6_291_456, "Event": 1_048_576}
"""Bytes of an invocation's payload ("Lambda quotas" in the Developer Guide, written down from memory)."""


def invoke(state: State, queue: Queue, given: Parameters) -> Answer:
    """Waits for the function unless it is an `Event` or a `DryRun`."""
    kind = given.get("InvocationType", "RequestResponse")
    resolved = called(state, given)
    event = given.get("Payload") or b"{}"
    context = _client_context(given.get("ClientContext"))
    if kind == "Event":
        _accepted(state, queue, resolved, event, context)
        return {"StatusCode": 202}
    event = _checked(event, kind)
    if kind == "DryRun":
        return {"StatusCode": 204, "ExecutedVersion": resolved.executed}
    _refuse_problem(resolved)
    future: Future[Outcome | ServiceError] = Future()
    state.waiting.add(future)
    try:
        start(state, Invocation(resolved, event, state.entropy.uuid4(), context), future.set_result)
        outcome = future.result()
    finally:
        state.waiting.discard(future)
    if isinstance(outcome, ServiceError):
        raise outcome
    answer: Answer = {"StatusCode": 200, "ExecutedVersion": outcome.executed, "Payload": outcome.payload}
    if outcome.failure is not None:
        answer["FunctionError"] = "Unhandled"
    if given.get("LogType") == "Tail":
        answer["LogResult"] = base64.b64encode(outcome.log).decode("ascii")
    return answer


def invoke_async(state: State, queue: Queue, given: Parameters) -> Answer:
    """The operation that `Event` has replaced."""
    resolved = called(state, given)
    _accepted(state, queue, resolved, given.get("InvokeArgs") or b"{}", None)
    return {"Status": 202}


def submit(
    state: State,
    queue: Queue,
    resolved: Resolved,
    event: bytes,
    client_context: Json,
    told: Callable[[ServiceError | None], None],
) -> None:
    """Takes in an asynchronous call; `told` is called when it is accepted, which with a Database is when it is written down, or
    with why it is not. Raises ServiceError for one that cannot be made."""
    event = _checked(event, "Event")
    _refuse_problem(resolved)
    queue.submit(resolved, event, state.entropy.uuid4(), client_context, told)


def _accepted(state: State, queue: Queue, resolved: Resolved, event: bytes, client_context: Json) -> None:
    """`submit` for those who wait. Raises ServiceError."""
    future: Future[ServiceError | None] = Future()
    submit(state, queue, resolved, event, client_context, future.set_result)
    refused = future.result()
    if refused is not None:
        raise refused


def called(state: State, given: Parameters) -> Resolved:
    """What an invocation calls. Raises ServiceError ResourceNotFoundException, in Invoke's words."""
    try:
        return state.resolve(given)
    except ServiceError as error:
        _, asked = state.reference(given)
        if error.code != NOT_FOUND or asked is not None:
            raise
        # Invoke names the version that it looked for, as public logs of real calls have it; the other operations do not. There
        # is no recording of it in the conformance data.
        raise ServiceError(f"{error}:{LATEST}", code=NOT_FOUND) from None


def start(
    state: State,
    invocation: Invocation,
    done: Callable[[Outcome | ServiceError], None],
    *,
    timeout: float | None = None,
) -> Cancel:
    """Begins a call. Raises ServiceError for one that does not begin: too many at once, code that cannot run here."""
    _refuse_problem(invocation.resolved)
    leave = state.enter(invocation.resolved.function)

    def end(outcome: Outcome | Unavailable) -> None:
        leave()
        if isinstance(outcome, Unavailable):
            done(ServiceError(f"No worker process can be started: {outcome}.", code="ServiceException"))
        else:
            done(outcome)

    cancel = state.environments.start(invocation, end, timeout=timeout)

    def stop() -> None:
        cancel()
        leave()

    return stop


def _checked(payload: bytes, kind: str) -> bytes:
    """The payload, if it is JSON and not too long. Raises ServiceError."""
    most = LIMITS.get(kind, LIMITS["RequestResponse"])
    if len(payload) > most:
        raise ServiceError(
            f"{len(payload)} byte payload is too large for the {kind} invocation type (limit {most} bytes)",
            code="RequestEntityTooLargeException",
        )
    try:
        text = payload.decode("utf-8-sig")
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ServiceError(
            not_json_words(payload.decode(errors="replace")), code="InvalidRequestContentException"
        ) from None
    return text.encode()


def _refuse(name: str) -> None:
    raise ValueError(name)


def _refuse_problem(resolved: Resolved) -> None:
    problem = resolved.revision.code.problem
    if problem is not None:
        raise ServiceError(problem, code="InvalidRuntimeException")


def _client_context(text: str | None) -> Json:
    if text is None:
        return None
    try:
        found: Json = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ServiceError(
            "Client context must be a valid Base64-encoded JSON object.", code="InvalidRequestContentException"
        )
    return found
