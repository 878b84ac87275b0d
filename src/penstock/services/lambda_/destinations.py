"""Where the record of an asynchronous call goes: another function, or a service at `[aws] endpoint_url`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Final

from penstock.errors import MissingRequirement
from penstock.jsontools import Json
from penstock.services.lambda_.state import State

AT_ONCE: Final = 8
"""Ours: how many records are on their way at once."""
_BUSY: Final = frozenset({"RequestThrottled", "Throttled", "Throttling", "ThrottlingException", "ThrottledException"})


@dataclass(frozen=True, slots=True)
class Delivered:
    """How the delivery of a record has ended; `again`: nobody was there, or was too busy, and it may be tried again."""

    problem: str | None = None
    again: bool = False


class Sender:
    """Sends records to queues, topics and event buses from threads of its own: it may take seconds."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._threads = 0
        self._open = 0
        self._closed = False

    @staticmethod
    def is_function(arn: str) -> bool:
        return _service(arn) == "lambda"

    def reaches(self, arn: str) -> bool:
        """Whether anything says where that is."""
        return self._state.endpoint_url is not None and _service(arn) in _SENDERS

    def send(self, arn: str, text: bytes, attributes: Json, done: Callable[[Delivered], None]) -> None:
        """Sends `text`; `attributes` are those of a message to a dead letter queue. `done` is called from another thread."""

        def run() -> None:
            done(self._sent(arn, text.decode(), attributes))

        with self._lock:
            self._open += 1
            if self._open > self._threads and self._threads < AT_ONCE:
                self._threads += 1
                # What hangs in the network does not keep the process from ending.
                threading.Thread(target=self._serve, name="penstock-lambda-sender", daemon=True).start()
        self._waiting.put(run)

    def close(self) -> None:
        """Whatever has not been delivered by now stays undelivered."""
        self._closed = True

    def _serve(self) -> None:
        while not self._closed:
            self._waiting.get()()
            with self._lock:
                self._open -= 1

    def _sent(self, arn: str, text: str, attributes: Json) -> Delivered:
        from penstock.engine.tasks.aws.client import require, shared_clients

        state = self._state
        if state.endpoint_url is None or not self.reaches(arn):  # it was set when the record was made
            return Delivered(f"no endpoint_url under [aws] says where {arn} is.")
        try:
            require(state.endpoint_url)
            clients = shared_clients(state.endpoint_url, state.region, state.account)
            service = _service(arn)
            given = attributes if isinstance(attributes, dict) else {}
            _SENDERS[service](clients.client(service), arn, text, {name: str(value) for name, value in given.items()})
        except MissingRequirement as error:
            return Delivered(str(error))
        except Exception as error:  # whatever botocore, the network or the service have against it
            return Delivered(f"{type(error).__name__}: {error}", _passes(error))
        return Delivered()


def _service(arn: str) -> str:
    return arn.split(":")[2] if arn.count(":") >= 5 else ""


def _passes(error: Exception) -> bool:
    """Whether a later try may do better."""
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as NotConnected

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status == 429 or error.response.get("Error", {}).get("Code") in _BUSY
    return isinstance(error, NotConnected | HTTPClientError | _Unsent)


class _Unsent(Exception):
    """An event bus has not taken an event."""


def _sqs(client: Any, arn: str, text: str, attributes: dict[str, str]) -> None:
    _, _, _, _, account, name = arn.split(":", 5)
    url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody=text, MessageAttributes=_attributes(attributes))


def _sns(client: Any, arn: str, text: str, attributes: dict[str, str]) -> None:
    client.publish(TopicArn=arn, Message=text, MessageAttributes=_attributes(attributes))


def _events(client: Any, arn: str, text: str, attributes: dict[str, str]) -> None:
    entry = {"Source": "lambda", "DetailType": "Lambda Function Invocation Result", "Detail": text, "EventBusName": arn}
    answer = client.put_events(Entries=[entry])
    if answer.get("FailedEntryCount"):  # the call itself succeeds
        told = answer["Entries"][0]
        raise _Unsent(f"{told.get('ErrorCode', '')}: {told.get('ErrorMessage', '')}")


def _attributes(attributes: dict[str, str]) -> dict[str, dict[str, str]]:
    # A message's attribute has 1 KB of an error message at most (Developer Guide, "Dead-letter queues").
    return {name: {"DataType": "String", "StringValue": value[:1024] or " "} for name, value in attributes.items()}


_SENDERS: Final[Mapping[str, Callable[[Any, str, str, dict[str, str]], None]]] = {
    "sqs": _sqs,
    "sns": _sns,
    "events": _events,
}
