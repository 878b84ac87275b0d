"""What tasks are pointed at: functions, queues, tables. A name or an ARN as text does; so does an object of aws-cdk-lib.

The classes here only carry names, so that programs that come from the construct library keep their shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from penstock.sfn.problems import Wrong
from penstock.sfn.values import REFERENCES, shown

PLACE = "us-east-1:123456789012"
"""Region and account in the ARN of what is known by its name; those of the settings come too late for an object."""


class Resource:
    """Something of AWS's that exists outside the workflow, known by its name or its ARN."""

    def __init__(self, *names: object, **_: object) -> None:
        # Of `Function(self, "Hello", …)` and `Function("Hello")` the last text is the name.
        texts = [each for each in names if isinstance(each, str)]
        if not texts:
            raise Wrong("PS722", f"{type(self).__name__} needs a name or an ARN")
        self.name: str = texts[-1].split(":")[-1].split("/")[-1] if texts[-1].startswith("arn:") else texts[-1]
        self.arn: str = texts[-1]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.arn!r})"

    def _payload(self) -> str:
        return self.arn


class Function(Resource):
    """A Lambda function."""

    def __init__(self, *names: object, function_name: str | None = None, **rest: object) -> None:
        super().__init__(*names, *([function_name] if function_name else ()), **rest)

    @property
    def function_arn(self) -> str:
        return self.arn

    @property
    def function_name(self) -> str:
        return self.name

    @classmethod
    def from_function_arn(cls, *names: object) -> Function:
        return cls(*names)

    @classmethod
    def from_function_name(cls, *names: object) -> Function:
        return cls(*names)


class Activity(Resource):
    """An activity; its workers find it by its ARN."""

    @property
    def activity_arn(self) -> str:
        return self.arn

    @classmethod
    def from_activity_arn(cls, *names: object) -> Activity:
        return cls(*names)


class ImportedStateMachine(Resource):
    """A state machine that exists already: what `StateMachine.from_state_machine_arn` gives."""

    @property
    def state_machine_arn(self) -> str:
        return self.arn if ":" in self.arn else f"arn:aws:states:{PLACE}:stateMachine:{self.arn}"


class Queue(Resource):
    """An SQS queue; SQS is called with its URL."""

    @property
    def queue_url(self) -> str:
        return self.arn

    @classmethod
    def from_queue_url(cls, *names: object) -> Queue:
        return cls(*names)


class Topic(Resource):
    """An SNS topic."""

    @property
    def topic_arn(self) -> str:
        return self.arn

    @classmethod
    def from_topic_arn(cls, *names: object) -> Topic:
        return cls(*names)


class Table(Resource):
    """A DynamoDB table."""

    @property
    def table_name(self) -> str:
        return self.arn

    @classmethod
    def from_table_name(cls, *names: object) -> Table:
        return cls(*names)


class Bucket(Resource):
    """An S3 bucket."""

    @property
    def bucket_name(self) -> str:
        return self.arn

    @classmethod
    def from_bucket_name(cls, *names: object) -> Bucket:
        return cls(*names)


class HasFunctionArn(Protocol):
    """A Lambda function of aws-cdk-lib, or whatever has that property."""

    @property
    def function_arn(self) -> str: ...


class HasBucketName(Protocol):
    """A bucket of aws-cdk-lib, or whatever has that property."""

    @property
    def bucket_name(self) -> str: ...


class HasQueueUrl(Protocol):
    """A queue of aws-cdk-lib, or whatever has that property."""

    @property
    def queue_url(self) -> str: ...


class HasTopicArn(Protocol):
    """A topic of aws-cdk-lib, or whatever has that property."""

    @property
    def topic_arn(self) -> str: ...


class HasTableName(Protocol):
    """A table of aws-cdk-lib, or whatever has that property."""

    @property
    def table_name(self) -> str: ...


FunctionLike: TypeAlias = str | Function | Callable[[Any, Any], Any] | HasFunctionArn
BucketLike: TypeAlias = str | Bucket | HasBucketName
QueueLike: TypeAlias = str | Queue | HasQueueUrl
TopicLike: TypeAlias = str | Topic | HasTopicArn
TableLike: TypeAlias = str | Table | HasTableName


def name_of(value: object, what: str, *attributes: str) -> Any:
    """The text by which AWS knows a resource: the value itself, or the first of these attributes that it has.

    Raises Wrong for what is neither.
    """
    if isinstance(value, REFERENCES):
        return value
    if isinstance(value, str):
        if not value:
            raise Wrong("PS720", f"`{what}` is an empty text", help="give a name or an ARN")
        return value
    for attribute in attributes:
        found = getattr(value, attribute, None)
        if isinstance(found, str):
            return found
    if isinstance(value, Resource):
        return value.arn
    raise Wrong("PS720", f"`{what}` is {shown(value)}, which names nothing of AWS's", help="give a name or an ARN")


def bucket_name(value: object) -> Any:
    return name_of(value, "bucket", "bucket_name")
