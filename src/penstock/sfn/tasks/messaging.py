"""Amazon SQS, Amazon SNS and Amazon EventBridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Unpack

from penstock.sfn.durations import DurationLike
from penstock.sfn.inputs import TaskInput
from penstock.sfn.problems import Wrong
from penstock.sfn.resources import QueueLike, TopicLike
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.tasks.common import Later, named
from penstock.sfn.values import REFERENCES, compact


class SqsSendMessage(ServiceTask):
    """Sends a message to a queue, by its URL."""

    SERVICE = "sqs:sendMessage"
    TOKEN = True

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        queue: QueueLike,
        message_body: TaskInput,
        delay: DurationLike | None = None,
        message_deduplication_id: str | None = None,
        message_group_id: str | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "QueueUrl": named(queue, "queue", "queue_url"),
                "MessageBody": message_body,
                "DelaySeconds": delay,
                "MessageDeduplicationId": message_deduplication_id,
                "MessageGroupId": message_group_id,
            },
        )


class MessageAttributeDataType(Enum):
    STRING = "String"
    STRING_ARRAY = "String.Array"
    NUMBER = "Number"
    BINARY = "Binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAttribute:
    """An attribute of an SNS message; the type follows from the value unless given."""

    value: Any
    data_type: MessageAttributeDataType | None = None

    def _payload(self) -> dict[str, Any]:
        value = self.value.value if isinstance(self.value, TaskInput) else self.value
        kind = self.data_type
        if kind is MessageAttributeDataType.BINARY:
            return {"DataType": kind.value, "BinaryValue": value}
        if kind is None:
            kind = MessageAttributeDataType.STRING
            if isinstance(value, (list, tuple)) and not isinstance(value, REFERENCES):
                kind = MessageAttributeDataType.STRING_ARRAY
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                kind = MessageAttributeDataType.NUMBER
        if not isinstance(value, (str, *REFERENCES)):
            from penstock.jsontools import dumps_text

            value = dumps_text(list(value) if isinstance(value, tuple) else value)
        return {"DataType": kind.value, "StringValue": value}


class SnsPublish(ServiceTask):
    """Publishes a message to a topic."""

    SERVICE = "sns:publish"
    TOKEN = True

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        topic: TopicLike,
        message: TaskInput,
        subject: str | None = None,
        message_attributes: Mapping[str, MessageAttribute] | None = None,
        message_per_subscription_type: bool | None = None,
        message_deduplication_id: str | None = None,
        message_group_id: str | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(
            id,
            options,
            {
                "TopicArn": named(topic, "topic", "topic_arn"),
                "Message": message,
                "MessageDeduplicationId": message_deduplication_id,
                "MessageGroupId": message_group_id,
                "MessageStructure": "json" if message_per_subscription_type else None,
                "MessageAttributes": message_attributes,
                "Subject": subject,
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBridgePutEventsEntry:
    """One event; without `event_bus` it goes to the default one."""

    detail: TaskInput
    detail_type: str
    source: str
    event_bus: object | None = None

    def _payload(self) -> dict[str, Any]:
        bus = named(self.event_bus, "event_bus", "event_bus_arn", "event_bus_name")
        return compact(Detail=self.detail, DetailType=self.detail_type, EventBusName=bus, Source=self.source)


class EventBridgePutEvents(ServiceTask):
    """Puts events on event buses."""

    SERVICE = "events:putEvents"
    TOKEN = True

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        entries: Sequence[EventBridgePutEventsEntry],
        **options: Unpack[ServiceOptions],
    ) -> None:
        super().__init__(id, options, {"Entries": Later(lambda: _entries(entries))})


def _entries(entries: Sequence[EventBridgePutEventsEntry]) -> Any:
    if isinstance(entries, REFERENCES):
        return entries
    if not entries:
        raise Wrong("PS720", "`entries` is empty", help="give one EventBridgePutEventsEntry at least")
    for each in entries:
        source = each.source if isinstance(each, EventBridgePutEventsEntry) else ""
        if str.startswith(source, "aws."):
            raise Wrong("PS720", f"the source {source!r} begins with aws., which only AWS's own events may")
    return list(entries)
