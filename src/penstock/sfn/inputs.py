"""JsonPath, Jsonata, TaskInput and Result: what a program writes where a state wants data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from penstock.sfn.problems import Wrong
from penstock.sfn.values import (
    DISCARD,
    JSONATA,
    ListReference,
    NumberReference,
    ObjectReference,
    TextReference,
    argument,
    expression,
    path_text,
    quoted,
    told,
)


def _call(name: str, *arguments: Any) -> str:
    return f"States.{name}({', '.join(_argument(each) for each in arguments)})"


def _argument(value: Any) -> str:
    try:
        return argument(value)
    except Wrong as wrong:
        raise told(wrong) from None


def _path(value: object) -> str:
    try:
        return path_text(value, "path")
    except Wrong as wrong:
        raise told(wrong) from None


class JsonPath:
    """References in the JSONPath language, each of the Python type that it stands for.

    `JsonPath.list_at("$.args")` fits wherever a list is asked for and becomes `"Args.$": "$.args"`.
    """

    DISCARD: Final[str] = DISCARD
    entire_payload: Final[str] = TextReference("$")
    entire_context: Final[str] = TextReference("$$")
    task_token: Final[str] = TextReference("$$.Task.Token")
    execution_id: Final[str] = TextReference("$$.Execution.Id")
    execution_input: Final[str] = TextReference("$$.Execution.Input")
    execution_name: Final[str] = TextReference("$$.Execution.Name")
    execution_role_arn: Final[str] = TextReference("$$.Execution.RoleArn")
    execution_start_time: Final[str] = TextReference("$$.Execution.StartTime")
    state_entered_time: Final[str] = TextReference("$$.State.EnteredTime")
    state_name: Final[str] = TextReference("$$.State.Name")
    state_retry_count: Final[str] = TextReference("$$.State.RetryCount")
    state_machine_id: Final[str] = TextReference("$$.StateMachine.Id")
    state_machine_name: Final[str] = TextReference("$$.StateMachine.Name")

    @staticmethod
    def string_at(path: str) -> str:
        return TextReference(_path(path))

    @staticmethod
    def number_at(path: str) -> int:
        return NumberReference(_path(path))

    @staticmethod
    def list_at(path: str) -> list[Any]:
        return ListReference(_path(path))

    @staticmethod
    def object_at(path: str) -> dict[str, Any]:
        return ObjectReference(_path(path))

    @staticmethod
    def is_encoded_json_path(value: object) -> bool:
        return isinstance(value, (TextReference, NumberReference, ListReference, ObjectReference))

    # -- intrinsic functions

    @staticmethod
    def format(format_string: str, *values: Any) -> str:
        """`format("order {}", JsonPath.string_at("$.id"))`; a brace that is meant is `\\{`."""
        if isinstance(format_string, TextReference):
            return TextReference(_call("Format", format_string, *values))
        rest = "".join(f", {_argument(each)}" for each in values)
        return TextReference(f"States.Format({quoted(format_string, template=True)}{rest})")

    @staticmethod
    def array(*values: Any) -> list[Any]:
        return ListReference(_call("Array", *values))

    @staticmethod
    def array_partition(array: Any, chunk_size: int) -> list[Any]:
        return ListReference(_call("ArrayPartition", array, chunk_size))

    @staticmethod
    def array_contains(array: Any, value: Any) -> Any:
        return TextReference(_call("ArrayContains", array, value))

    @staticmethod
    def array_range(start: int, end: int, step: int) -> list[Any]:
        return ListReference(_call("ArrayRange", start, end, step))

    @staticmethod
    def array_get_item(array: Any, index: int) -> Any:
        return TextReference(_call("ArrayGetItem", array, index))

    @staticmethod
    def array_length(array: Any) -> int:
        return NumberReference(_call("ArrayLength", array))

    @staticmethod
    def array_unique(array: Any) -> list[Any]:
        return ListReference(_call("ArrayUnique", array))

    @staticmethod
    def base64_encode(input: str) -> str:  # noqa: A002 -- the construct library's name
        return TextReference(_call("Base64Encode", input))

    @staticmethod
    def base64_decode(base64: str) -> str:
        return TextReference(_call("Base64Decode", base64))

    @staticmethod
    def hash(data: Any, algorithm: str) -> str:
        """`algorithm`: MD5, SHA-1, SHA-256, SHA-384 or SHA-512."""
        return TextReference(_call("Hash", data, algorithm))

    @staticmethod
    def json_merge(value1: Any, value2: Any) -> dict[str, Any]:
        return ObjectReference(f"{_call('JsonMerge', value1, value2)[:-1]}, false)")

    @staticmethod
    def json_to_string(value: Any) -> str:
        return TextReference(_call("JsonToString", value))

    @staticmethod
    def string_to_json(json_string: str) -> Any:
        return ObjectReference(_call("StringToJson", json_string))

    @staticmethod
    def string_split(input_string: str, splitter: str) -> list[Any]:
        return ListReference(_call("StringSplit", input_string, splitter))

    @staticmethod
    def math_add(num1: float, num2: float) -> int:
        return NumberReference(_call("MathAdd", num1, num2))

    @staticmethod
    def math_random(start: float, end: float, seed: float | None = None) -> int:
        return NumberReference(_call("MathRandom", start, end, *([] if seed is None else [seed])))

    @staticmethod
    def uuid() -> str:
        return TextReference("States.UUID()")


class Jsonata:
    """JSONata expressions, each of the Python type that it gives; the `{% … %}` may be left out.

    Where a text is asked for, the plain text `"{% $states.input.id %}"` does as well.
    """

    @staticmethod
    def string(jsonata: str) -> str:
        return TextReference(expression(jsonata), JSONATA)

    @staticmethod
    def number(jsonata: str) -> int:
        return NumberReference(expression(jsonata), JSONATA)

    @staticmethod
    def list(jsonata: str) -> list[Any]:
        return ListReference(expression(jsonata), JSONATA)

    @staticmethod
    def object(jsonata: str) -> dict[str, Any]:
        return ObjectReference(expression(jsonata), JSONATA)


class TaskInput:
    """What a task is given: an object, a text, or what stands at a path."""

    def __init__(self, value: Any) -> None:
        self.value: Any = value

    def _payload(self) -> Any:
        return self.value

    @classmethod
    def from_object(cls, obj: Mapping[str, Any] | Sequence[Any]) -> TaskInput:
        return cls(obj)

    @classmethod
    def from_text(cls, text: str) -> TaskInput:
        return cls(text)

    @classmethod
    def from_json_path_at(cls, path: str) -> TaskInput:
        return cls(TextReference(_path(path)))

    from_data_at = from_json_path_at
    from_context_at = from_json_path_at


class Result:
    """The fixed result of a Pass."""

    def __init__(self, value: Any) -> None:
        self.value: Any = value

    def _payload(self) -> Any:
        return self.value

    @classmethod
    def from_string(cls, value: str) -> Result:
        return cls(value)

    @classmethod
    def from_number(cls, value: float) -> Result:
        return cls(value)

    @classmethod
    def from_boolean(cls, value: bool) -> Result:
        return cls(value)

    @classmethod
    def from_object(cls, value: Mapping[str, Any]) -> Result:
        return cls(value)

    @classmethod
    def from_array(cls, value: Sequence[Any]) -> Result:
        return cls(value)
