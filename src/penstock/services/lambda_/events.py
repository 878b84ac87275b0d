"""Asynchronous calls: a queue that retries after one and two minutes, and what becomes of calls that have ended.

Source: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation", "Capturing records of
Lambda asynchronous invocations".
"""

from __future__ import annotations

import heapq
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from penstock.clock import VirtualClock, iso8601
from penstock.errors import ServiceError
from penstock.jsontools import Json
from penstock.services.lambda_.destinations import deliver
from penstock.services.lambda_.environments import Invocation, Outcome
from penstock.services.lambda_.state import LATEST, Resolved, State

DELAYS: Final = (60.0, 120.0)
"""Seconds before the first retry and before the second."""
RETRIES: Final = 2
AGE: Final = 21_600
"""Where PutFunctionEventInvokeConfig says nothing else: MaximumRetryAttempts, and MaximumEventAgeInSeconds."""
THROTTLED: Final = (1.0, 300.0)
"""Seconds before a call that could not begin is tried again: at first, doubling up to at most."""

_log = logging.getLogger("penstock.lambda")


@dataclass(slots=True)
class _Event:
    resolved: Resolved
    payload: bytes
    request_id: str
    client_context: Json
    accepted: float
    attempts: int = 0
    throttles: int = 0


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    event: _Event = field(compare=False)


class Queue:
    """One thread starts the calls that are due; how they end is told by the pool's. In virtual time it jumps to the next."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._due: list[_Due] = []
        self._numbers = count()
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, resolved: Resolved, payload: bytes, request_id: str, client_context: Json) -> None:
        now = self._state.clock.now()
        self._put(_Event(resolved, payload, request_id, client_context, now), now)

    def close(self) -> None:
        """Calls that wait are dropped."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _put(self, event: _Event, at: float) -> None:
        with self._condition:
            if self._closed:
                return
            heapq.heappush(self._due, _Due(at, next(self._numbers), event))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="penstock-lambda-events", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def _serve(self) -> None:
        clock = self._state.clock
        while True:
            with self._condition:
                while not self._closed and (not self._due or self._due[0].at > clock.now()):
                    if not self._due:
                        self._condition.wait()
                    elif isinstance(clock, VirtualClock):
                        clock.advance_to(self._due[0].at)
                    else:
                        self._condition.wait(self._due[0].at - clock.now())
                if self._closed:
                    return
                event = heapq.heappop(self._due).event
            try:
                self._attempt(event)
            except Exception:  # one event's fault is not the others'
                _log.exception("The asynchronous call %s came to a fault.", event.request_id)

    def _attempt(self, event: _Event) -> None:
        from penstock.services.lambda_.invoking import start

        state = self._state
        resolved = event.resolved
        if event.attempts + event.throttles:
            try:  # it may have been updated, or deleted
                name, qualifier = resolved.function.name, resolved.arn[len(resolved.function.arn) + 1 :]
                given = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
                resolved = event.resolved = state.resolve(given)
            except ServiceError as error:
                _log.warning("The asynchronous call %s is dropped: %s", event.request_id, error)
                return

        def done(outcome: Outcome | ServiceError) -> None:
            if isinstance(outcome, ServiceError):
                self._throttled(event, outcome)
            else:
                event.attempts += 1
                self._ended(event, outcome)

        try:
            start(state, Invocation(resolved, event.payload, event.request_id, event.client_context), done)
        except ServiceError as error:
            self._throttled(event, error)

    def _throttled(self, event: _Event, error: ServiceError) -> None:
        first, most = THROTTLED
        pause = min(most, first * 2**event.throttles)
        event.throttles += 1
        if self._expires(event, pause):
            self._finish(event, "EventAgeExceeded", None, str(error))
        else:
            self._put(event, self._state.clock.now() + pause)

    def _ended(self, event: _Event, outcome: Outcome) -> None:
        if outcome.failure is None:
            self._finish(event, "Success", outcome, None)
            return
        config = self._config(event)
        retries = RETRIES if config is None or config.retries is None else config.retries
        if event.attempts > retries:
            self._finish(event, "RetriesExhausted", outcome, None)
            return
        pause = DELAYS[min(event.attempts, len(DELAYS)) - 1]
        if self._expires(event, pause):
            self._finish(event, "EventAgeExceeded", outcome, None)
        else:
            self._put(event, self._state.clock.now() + pause)

    def _expires(self, event: _Event, pause: float) -> bool:
        config = self._config(event)
        age = AGE if config is None or config.age is None else config.age
        return self._state.clock.now() + pause - event.accepted > age

    def _config(self, event: _Event) -> Any:
        resolved = event.resolved
        arn = resolved.arn if resolved.arn != resolved.function.arn else f"{resolved.arn}:{LATEST}"
        return self._state.repository.event_configs.get(arn)

    def _finish(self, event: _Event, condition: str, outcome: Outcome | None, error: str | None) -> None:
        config = self._config(event)
        destinations: Mapping[str, Any] = {} if config is None else config.destinations
        succeeded = condition == "Success"
        arn = destinations.get("OnSuccess" if succeeded else "OnFailure", {}).get("Destination")
        dead = event.resolved.revision.settings.get("DeadLetterConfig", {}).get("TargetArn")
        if arn:
            deliver(self._state, self, arn, self._record(event, condition, outcome))
        if succeeded:
            return
        reason = error if outcome is None else _message(outcome)
        if dead:
            attributes = {"RequestID": event.request_id, "ErrorCode": "200", "ErrorMessage": reason or ""}
            deliver(self._state, self, dead, event.payload.decode(), attributes=attributes)
        if not arn and not dead:
            _log.warning(
                "The asynchronous call %s of %s is given up after %d attempts: %s. It has no destination for failures.",
                event.request_id,
                event.resolved.arn,
                event.attempts,
                condition,
            )

    def _record(self, event: _Event, condition: str, outcome: Outcome | None) -> str:
        resolved = event.resolved
        arn = resolved.arn if resolved.arn != resolved.function.arn else f"{resolved.arn}:{LATEST}"
        record: dict[str, Json] = {
            "version": "1.0",
            "timestamp": iso8601(self._state.clock.now()),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": arn,
                "condition": condition,
                "approximateInvokeCount": event.attempts,
            },
            "requestPayload": json.loads(event.payload),
        }
        if outcome is not None:
            response: dict[str, Json] = {"statusCode": 200, "executedVersion": outcome.executed}
            if outcome.failure is not None:
                response["functionError"] = "Unhandled"
            record["responseContext"] = response
            record["responsePayload"] = json.loads(outcome.payload)
        return json.dumps(record, separators=(",", ":"))


def _message(outcome: Outcome) -> str:
    try:
        return str(json.loads(outcome.payload).get("errorMessage", ""))
    except (ValueError, AttributeError):
        return outcome.payload.decode(errors="replace")
