"""Asynchronous calls: a queue that retries after one and two minutes, and what becomes of calls that have ended.

With a Database a call is written down before it is acknowledged, and is removed when all has been done: it is made at least
once, and so are deliveries of its record. An attempt that the end of the process cut off is no attempt of the function's: the
call goes back to the queue, as at Lambda after an error of Lambda's own.

Source: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation", "Capturing records of
Lambda asynchronous invocations".
"""

from __future__ import annotations

import heapq
import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from penstock.clock import VirtualClock, iso8601
from penstock.engine.tasks import lambdas
from penstock.errors import ServiceError, StoreError
from penstock.jsontools import Json
from penstock.services.lambda_.destinations import Delivered, Sender
from penstock.services.lambda_.environments import Invocation, Outcome
from penstock.services.lambda_.ledger import Change, Ledger
from penstock.services.lambda_.settings import CONCURRENCY
from penstock.services.lambda_.state import Resolved, State
from penstock.services.tables import unavailable
from penstock.store.lambda_events import EventRow

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
    """A call, or with a `destination` the record of one that is to be delivered; fields as those of an EventRow."""

    number: int
    function: str
    invoked: str
    destination: str | None
    request_id: str
    payload: bytes | None
    """None while it waits and the file has it."""
    more: Json
    accepted: float
    attempts: int = 0
    returned: int = 0
    resolved: Resolved | None = None
    """What the next attempt calls; None where it is still to be looked up."""

    def row(self, due: float) -> EventRow:
        return EventRow(
            id=self.number,
            function=self.function,
            invoked=self.invoked,
            destination=self.destination,
            request_id=self.request_id,
            payload=self.payload,
            more=json.dumps(self.more, separators=(",", ":")),
            accepted=self.accepted,
            due=due,
            attempts=self.attempts,
            returned=self.returned,
        )


@dataclass(order=True, slots=True, frozen=True)
class _Due:
    at: float
    number: int
    event: _Event


class Queue:
    """One thread starts the calls that are due; how they end is told by the pool's. In virtual time it jumps to the next."""

    def __init__(self, state: State, ledger: Ledger) -> None:
        self._state = state
        self._ledger = ledger
        self._sender = Sender(state)
        self._due: list[_Due] = []
        self._numbers = count(ledger.last + 1)
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._under_way: set[int] = set()
        """Numbers of calls that run now or wait for a process, at most CONCURRENCY; and of records being delivered."""
        self._lost = 0

    def take_up(self) -> None:
        """Goes on with what an earlier process has left; call it when all functions are there."""
        now = self._state.clock.now()
        taken = 0
        for row in self._ledger.left(now):
            if not row.function.startswith(f"{self._state.prefix}:"):
                continue  # another account's or region's, which may be back with the next start
            taken += 1
            event = _Event(
                row.id,
                row.function,
                row.invoked,
                row.destination,
                row.request_id,
                None,
                json.loads(row.more),
                # Where the clock was set back meanwhile, nothing waits longer than it would have.
                min(row.accepted, now),
                row.attempts,
                row.returned,
            )
            if row.due > now:
                self._put(event, min(row.due, now + max(*DELAYS, *THROTTLED)))
            else:
                # One that ends the process each time is made ever less often, until it is too old.
                pause = _pause(row.returned - 1) if row.returned else 0.0
                event.returned += 1
                self._put(event, now + pause)
        if taken:
            _log.info("%d asynchronous calls of an earlier process are taken up.", taken)

    def submit(
        self,
        resolved: Resolved,
        payload: bytes,
        request_id: str,
        client_context: Json,
        told: Callable[[ServiceError | None], None],
    ) -> None:
        """Takes in a call. `told` is called when it is accepted, or refused with ServiceUnavailable; maybe from another thread."""
        now = self._state.clock.now()
        event = self._call(resolved, payload, request_id, client_context)

        def accepted() -> None:
            told(None)
            self._put(event, now)

        if self._closed:
            told(ServiceError("The service has been closed.", code="ServiceUnavailable"))
            return
        self._ledger.change(
            Change(added=(event.row(now),), done=accepted, refused=lambda error: told(unavailable(error)))
        )

    def stop(self) -> None:
        """Nothing is begun any more."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def close(self) -> None:
        """Writes down how calls have ended; when no function runs any more. What is not kept is lost, with a line in the log."""
        self.stop()
        self._sender.close()
        self._ledger.close()
        lost = self._lost + len(self._due) + len(self._under_way)
        if lost and not self._ledger.keeps:
            _log.warning(
                "%d asynchronous calls that have not ended are lost with this process. With a database (penstock server --db "
                "FILE) the next one goes on with them.",
                lost,
            )

    # ---- waiting

    def _call(self, resolved: Resolved, payload: bytes, request_id: str, client_context: Json) -> _Event:
        own = resolved.function.arn
        # What was asked for may be another account's or region's ARN, which a definition has.
        return _Event(
            number=next(self._numbers),
            function=f"{own}:{lambdas.qualifier(resolved.arn)}",
            invoked=resolved.arn,
            destination=None,
            request_id=request_id,
            payload=payload,
            more=client_context,
            accepted=self._state.clock.now(),
            resolved=resolved,
        )

    def _put(self, event: _Event, at: float) -> None:
        with self._condition:
            self._under_way.discard(event.number)
            if self._closed:
                self._lost += 1
                return
            if self._ledger.keeps and (
                at > self._state.clock.now() or len(self._under_way) + len(self._due) >= CONCURRENCY
            ):
                event.payload = None
            heapq.heappush(self._due, _Due(at, event.number, event))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="penstock-lambda-events", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def _serve(self) -> None:
        clock = self._state.clock
        while True:
            with self._condition:
                while not self._closed and not self._ready():
                    if not self._due or len(self._under_way) >= CONCURRENCY:
                        self._condition.wait()
                    elif isinstance(clock, VirtualClock):
                        clock.advance_to(self._due[0].at)
                    else:
                        self._condition.wait(self._due[0].at - clock.now())
                if self._closed:
                    return
                event = heapq.heappop(self._due).event
                self._under_way.add(event.number)
            try:
                self._attempt(event)
            except Exception:  # one event's fault is not the others'
                self._over(event)
                _log.exception("The asynchronous call %s came to a fault.", event.request_id)

    def _ready(self) -> bool:
        return bool(self._due) and len(self._under_way) < CONCURRENCY and self._due[0].at <= self._state.clock.now()

    def _over(self, event: _Event) -> None:
        with self._condition:
            self._under_way.discard(event.number)
            self._condition.notify_all()

    # ---- attempts

    def _attempt(self, event: _Event) -> None:
        from penstock.services.lambda_.invoking import start

        state = self._state
        try:
            if event.payload is None:
                event.payload = self._ledger.payload(event.number)
            if event.destination is not None:
                self._sender.send(event.destination, event.payload, event.more, lambda how: self._delivered(event, how))
                return
            resolved = event.resolved
            if resolved is None or event.attempts + event.returned:  # it may have been updated, or deleted
                resolved = event.resolved = replace(state.resolve({"FunctionName": event.function}), arn=event.invoked)
        except StoreError as error:
            self._wait(event, self._state.clock.now() + _pause(event.returned))
            _log.warning("The asynchronous call %s waits: %s", event.request_id, error)
            return
        except ServiceError as error:
            _log.warning("The asynchronous call %s is dropped: %s", event.request_id, error)
            self._remove(event)
            return
        if self._expires(event, 0.0):
            self._finish(event, "EventAgeExceeded", None, None)
            return

        def done(outcome: Outcome | ServiceError) -> None:
            if isinstance(outcome, ServiceError):
                self._throttled(event, outcome)
            else:
                event.attempts += 1
                event.returned = 0
                self._ended(event, outcome)

        try:
            start(state, Invocation(resolved, event.payload, event.request_id, event.more), done)
        except ServiceError as error:
            self._throttled(event, error)

    def _throttled(self, event: _Event, error: ServiceError) -> None:
        pause = _pause(event.returned)
        if self._expires(event, pause):
            self._finish(event, "EventAgeExceeded", None, str(error))
        else:
            event.returned += 1
            self._wait(event, self._state.clock.now() + pause)

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
            self._wait(event, self._state.clock.now() + pause)

    def _wait(self, event: _Event, at: float) -> None:
        self._ledger.change(Change(moved=(event.row(at),), done=lambda: self._put(event, at)))

    def _remove(self, event: _Event) -> None:
        self._ledger.change(Change(removed=(event.number,), done=lambda: self._over(event)))

    def _expires(self, event: _Event, pause: float) -> bool:
        config = self._config(event)
        age = AGE if config is None or config.age is None else config.age
        return self._state.clock.now() + pause - event.accepted > age

    def _config(self, event: _Event) -> Any:
        return None if event.destination is not None else self._state.repository.event_configs.get(event.function)

    # ---- ends

    def _finish(self, event: _Event, condition: str, outcome: Outcome | None, error: str | None) -> None:
        """In the transaction that removes the call, what is to be delivered takes its place."""
        config = self._config(event)
        destinations: Mapping[str, Any] = {} if config is None else config.destinations
        succeeded = condition == "Success"
        arn = destinations.get("OnSuccess" if succeeded else "OnFailure", {}).get("Destination")
        assert event.resolved is not None
        assert event.payload is not None
        dead = None if succeeded else event.resolved.revision.settings.get("DeadLetterConfig", {}).get("TargetArn")
        letters: list[_Event | None] = []
        if arn:
            letters.append(self._letter(event, arn, self._record(event, condition, outcome), None))
        if dead:
            reason = error if outcome is None else _message(outcome)
            attributes: Json = {"RequestID": event.request_id, "ErrorCode": "200", "ErrorMessage": reason or ""}
            letters.append(self._letter(event, dead, event.payload, attributes))
        if not succeeded and not arn and not dead:
            _log.warning(
                "The asynchronous call %s of %s is given up after %d attempts: %s. It has no destination for failures.",
                event.request_id,
                event.invoked,
                event.attempts,
                condition,
            )
        now = self._state.clock.now()
        added = [letter for letter in letters if letter is not None]

        def done() -> None:
            self._over(event)
            for letter in added:
                self._put(letter, now)

        rows = tuple(letter.row(now) for letter in added)
        self._ledger.change(Change(removed=(event.number,), added=rows, done=done))

    def _letter(self, event: _Event, arn: str, text: bytes, attributes: Json) -> _Event | None:
        """What delivers a record: a call of the function that is the destination, or a message. None where neither can be."""
        state = self._state
        if self._sender.is_function(arn):
            try:
                return self._call(state.resolve({"FunctionName": arn}), text, state.entropy.uuid4(), None)
            except ServiceError as error:
                _log.warning("A record for %s cannot be delivered: %s", arn, error)
                return None
        if not self._sender.reaches(arn):
            _log.warning("A record of an asynchronous call is lost: no endpoint_url under [aws] says where %s is.", arn)
            _log.debug("The record that is lost: %s", text.decode("utf-8", "replace"))
            return None
        return _Event(
            number=next(self._numbers),
            function=event.function,
            invoked=event.invoked,
            destination=arn,
            request_id=event.request_id,
            payload=text,
            more=attributes,
            accepted=state.clock.now(),
        )

    def _delivered(self, event: _Event, how: Delivered) -> None:
        pause = _pause(event.returned)
        if how.again and not self._expires(event, pause):
            if not event.returned:
                _log.warning(
                    "A record for %s is not delivered yet, and tried again: %s", event.destination, how.problem
                )
            event.returned += 1
            self._wait(event, self._state.clock.now() + pause)
            return
        if how.problem is not None:
            _log.warning("A record for %s cannot be delivered: %s", event.destination, how.problem)
        self._remove(event)

    def _record(self, event: _Event, condition: str, outcome: Outcome | None) -> bytes:
        assert event.payload is not None
        record: dict[str, Json] = {
            "version": "1.0",
            "timestamp": iso8601(self._state.clock.now()),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": event.function,
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
        return json.dumps(record, separators=(",", ":")).encode()


def _pause(returned: int) -> float:
    first, most = THROTTLED
    return min(most, first * 2.0 ** min(returned, 60))


def _message(outcome: Outcome) -> str:
    try:
        return str(json.loads(outcome.payload).get("errorMessage", ""))
    except (ValueError, AttributeError):
        return outcome.payload.decode(errors="replace")
