"""Where the record of an asynchronous call goes: another function, or a service at `[aws] endpoint_url`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from penstock.errors import MissingRequirement, ServiceError
from penstock.services.lambda_.state import State

if TYPE_CHECKING:
    from penstock.services.lambda_.events import Queue

_log = logging.getLogger("penstock.lambda")


def deliver(state: State, queue: Queue, arn: str, text: str, *, attributes: Mapping[str, str] | None = None) -> None:
    """Sends `text` to a function, a queue, a topic, an event bus. What cannot be delivered is logged.

    `attributes` are those of a message to a dead letter queue.
    """
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    if service == "lambda":
        try:
            queue.submit(state.resolve({"FunctionName": arn}), text.encode(), state.entropy.uuid4(), None)
        except ServiceError as error:
            _log.warning("A record for %s cannot be delivered: %s", arn, error)
        return
    if state.endpoint_url is None or service not in _SENDERS:
        _log.warning("A record of an asynchronous call is lost: no endpoint_url under [aws] says where %s is.", arn)
        _log.debug("The record that is lost: %s", text)
        return
    # It may take seconds, and the pool's thread, which tells of the ends of calls, must not wait.
    threading.Thread(target=_send, args=(state, service, arn, text, dict(attributes or {})), daemon=True).start()


def _send(state: State, service: str, arn: str, text: str, attributes: dict[str, str]) -> None:
    from penstock.engine.tasks.aws.client import require, shared_clients

    assert state.endpoint_url is not None
    try:
        require(state.endpoint_url)
        clients = shared_clients(state.endpoint_url, state.region, state.account)
        _SENDERS[service](clients.client(service), arn, text, attributes)
    except MissingRequirement as error:
        _log.warning("A record for %s cannot be delivered: %s", arn, error)
    except Exception as error:  # whatever botocore, the network or the service have against it
        _log.warning("A record for %s cannot be delivered: %s: %s", arn, type(error).__name__, error)


def _sqs(client: Any, arn: str, text: str, attributes: dict[str, str]) -> None:
    _, _, _, _, account, name = arn.split(":", 5)
    url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody=text, MessageAttributes=_attributes(attributes))


def _sns(client: Any, arn: str, text: str, attributes: dict[str, str]) -> None:
    client.publish(TopicArn=arn, Message=text, MessageAttributes=_attributes(attributes))


def _events(client: Any, arn: str, text: str, attributes: dict[str, str]) -> None:
    entry = {"Source": "lambda", "DetailType": "Lambda Function Invocation Result", "Detail": text, "EventBusName": arn}
    client.put_events(Entries=[entry])


def _attributes(attributes: dict[str, str]) -> dict[str, dict[str, str]]:
    # A message's attribute has 1 KB of an error message at most (Developer Guide, "Dead-letter queues").
    return {name: {"DataType": "String", "StringValue": value[:1024] or " "} for name, value in attributes.items()}


_SENDERS = {"sqs": _sqs, "sns": _sns, "events": _events}
