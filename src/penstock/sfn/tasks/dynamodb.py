"""Amazon DynamoDB."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Unpack

from penstock.sfn.resources import TableLike
from penstock.sfn.states.task import ServiceOptions, ServiceTask
from penstock.sfn.tasks.common import named
from penstock.sfn.values import (
    JSONATA,
    REFERENCES,
    ListReference,
    NumberReference,
    ObjectReference,
    TextReference,
    expression,
)


class DynamoConsumedCapacity(Enum):
    INDEXES = "INDEXES"
    TOTAL = "TOTAL"
    NONE = "NONE"


class DynamoItemCollectionMetrics(Enum):
    SIZE = "SIZE"
    NONE = "NONE"


class DynamoReturnValues(Enum):
    NONE = "NONE"
    ALL_OLD = "ALL_OLD"
    UPDATED_OLD = "UPDATED_OLD"
    ALL_NEW = "ALL_NEW"
    UPDATED_NEW = "UPDATED_NEW"


class DynamoAttributeValue:
    """A value in DynamoDB's form: `from_string("a")` is `{"S": "a"}`."""

    def __init__(self, kind: str, value: Any) -> None:
        self.kind = kind
        self.attribute_value = {kind: value}

    def _payload(self) -> dict[str, Any]:
        return self.attribute_value

    def to_object(self) -> dict[str, Any]:
        return self.attribute_value

    @classmethod
    def from_string(cls, value: str) -> DynamoAttributeValue:
        return cls("S", value)

    @classmethod
    def from_number(cls, value: float) -> DynamoAttributeValue:
        """A number; DynamoDB takes it as text. For a number in the data see `number_from_string`."""
        return cls("N", value if isinstance(value, NumberReference) else f"{value}")

    @classmethod
    def number_from_string(cls, value: str) -> DynamoAttributeValue:
        return cls("N", value)

    @classmethod
    def from_binary(cls, value: str | bytes) -> DynamoAttributeValue:
        """Base64 text, or bytes that become it."""
        return cls("B", base64.b64encode(value).decode() if isinstance(value, bytes) else value)

    @classmethod
    def from_string_set(cls, value: Sequence[str]) -> DynamoAttributeValue:
        return cls("SS", value)

    @classmethod
    def from_number_set(cls, value: Sequence[float]) -> DynamoAttributeValue:
        return cls("NS", value if isinstance(value, REFERENCES) else [f"{each}" for each in value])

    @classmethod
    def number_set_from_strings(cls, value: Sequence[str]) -> DynamoAttributeValue:
        return cls("NS", value)

    @classmethod
    def from_binary_set(cls, value: Sequence[str]) -> DynamoAttributeValue:
        return cls("BS", value)

    @classmethod
    def from_map(cls, value: Mapping[str, DynamoAttributeValue]) -> DynamoAttributeValue:
        return cls("M", value)

    @classmethod
    def map_from_json_path(cls, value: str) -> DynamoAttributeValue:
        return cls("M", ObjectReference(value))

    @classmethod
    def map_from_jsonata(cls, value: str) -> DynamoAttributeValue:
        return cls("M", ObjectReference(expression(value), JSONATA))

    @classmethod
    def from_list(cls, value: Sequence[DynamoAttributeValue]) -> DynamoAttributeValue:
        return cls("L", value)

    @classmethod
    def list_from_json_path(cls, value: str) -> DynamoAttributeValue:
        return cls("L", ListReference(value))

    @classmethod
    def list_from_jsonata(cls, value: str) -> DynamoAttributeValue:
        return cls("L", ListReference(expression(value), JSONATA))

    @classmethod
    def from_null(cls, value: bool = True) -> DynamoAttributeValue:
        return cls("NULL", value)

    @classmethod
    def from_boolean(cls, value: bool) -> DynamoAttributeValue:
        return cls("BOOL", value)

    @classmethod
    def boolean_from_json_path(cls, value: str) -> DynamoAttributeValue:
        return cls("BOOL", TextReference(value))

    @classmethod
    def boolean_from_jsonata(cls, value: str) -> DynamoAttributeValue:
        return cls("BOOL", expression(value))


class DynamoProjectionExpression:
    """Which attributes are wanted: `DynamoProjectionExpression().with_attribute("order").at_index(0)`."""

    def __init__(self) -> None:
        self._text = ""

    def __str__(self) -> str:
        return self._text

    def with_attribute(self, attr: str) -> DynamoProjectionExpression:
        self._text += f".{attr}" if self._text else attr
        return self

    def at_index(self, index: int) -> DynamoProjectionExpression:
        self._text += f"[{index}]"
        return self


class DynamoGetItem(ServiceTask):
    """Reads one item."""

    SERVICE = "dynamodb:getItem"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        table: TableLike,
        key: Mapping[str, DynamoAttributeValue],
        consistent_read: bool = False,
        expression_attribute_names: Mapping[str, str] | None = None,
        projection_expression: Sequence[DynamoProjectionExpression] | None = None,
        return_consumed_capacity: DynamoConsumedCapacity | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        projection = ",".join(str(each) for each in projection_expression) if projection_expression else None
        super().__init__(
            id,
            options,
            {
                "Key": key,
                "TableName": named(table, "table", "table_name"),
                "ConsistentRead": consistent_read,
                "ExpressionAttributeNames": expression_attribute_names,
                "ProjectionExpression": projection,
                "ReturnConsumedCapacity": return_consumed_capacity,
            },
        )


class _Writing(ServiceTask):
    """What the three that write have in common."""

    def __init__(self, id: str, options: ServiceOptions, table: TableLike, arguments: dict[str, Any]) -> None:  # noqa: A002
        super().__init__(id, options, {**arguments, "TableName": named(table, "table", "table_name")})


class DynamoPutItem(_Writing):
    """Writes one item."""

    SERVICE = "dynamodb:putItem"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        table: TableLike,
        item: Mapping[str, DynamoAttributeValue],
        condition_expression: str | None = None,
        expression_attribute_names: Mapping[str, str] | None = None,
        expression_attribute_values: Mapping[str, DynamoAttributeValue] | None = None,
        return_consumed_capacity: DynamoConsumedCapacity | None = None,
        return_item_collection_metrics: DynamoItemCollectionMetrics | None = None,
        return_values: DynamoReturnValues | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        arguments = {
            "Item": item,
            "ConditionExpression": condition_expression,
            "ExpressionAttributeNames": expression_attribute_names,
            "ExpressionAttributeValues": expression_attribute_values,
            "ReturnConsumedCapacity": return_consumed_capacity,
            "ReturnItemCollectionMetrics": return_item_collection_metrics,
            "ReturnValues": return_values,
        }
        super().__init__(id, options, table, arguments)


class DynamoUpdateItem(_Writing):
    """Changes one item."""

    SERVICE = "dynamodb:updateItem"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        table: TableLike,
        key: Mapping[str, DynamoAttributeValue],
        update_expression: str | None = None,
        condition_expression: str | None = None,
        expression_attribute_names: Mapping[str, str] | None = None,
        expression_attribute_values: Mapping[str, DynamoAttributeValue] | None = None,
        return_consumed_capacity: DynamoConsumedCapacity | None = None,
        return_item_collection_metrics: DynamoItemCollectionMetrics | None = None,
        return_values: DynamoReturnValues | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        arguments = {
            "Key": key,
            "UpdateExpression": update_expression,
            "ConditionExpression": condition_expression,
            "ExpressionAttributeNames": expression_attribute_names,
            "ExpressionAttributeValues": expression_attribute_values,
            "ReturnConsumedCapacity": return_consumed_capacity,
            "ReturnItemCollectionMetrics": return_item_collection_metrics,
            "ReturnValues": return_values,
        }
        super().__init__(id, options, table, arguments)


class DynamoDeleteItem(_Writing):
    """Deletes one item."""

    SERVICE = "dynamodb:deleteItem"

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        table: TableLike,
        key: Mapping[str, DynamoAttributeValue],
        condition_expression: str | None = None,
        expression_attribute_names: Mapping[str, str] | None = None,
        expression_attribute_values: Mapping[str, DynamoAttributeValue] | None = None,
        return_consumed_capacity: DynamoConsumedCapacity | None = None,
        return_item_collection_metrics: DynamoItemCollectionMetrics | None = None,
        return_values: DynamoReturnValues | None = None,
        **options: Unpack[ServiceOptions],
    ) -> None:
        arguments = {
            "Key": key,
            "ConditionExpression": condition_expression,
            "ExpressionAttributeNames": expression_attribute_names,
            "ExpressionAttributeValues": expression_attribute_values,
            "ReturnConsumedCapacity": return_consumed_capacity,
            "ReturnItemCollectionMetrics": return_item_collection_metrics,
            "ReturnValues": return_values,
        }
        super().__init__(id, options, table, arguments)
