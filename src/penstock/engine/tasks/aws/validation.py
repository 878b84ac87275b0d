"""What a service would say of parameters that botocore does not even send: null or missing members, values too small.

The words are those of the services' common validation (recorded for DynamoDB: error_handling.json, test_invalid_param).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from penstock.engine.tasks.aws.errors import Fault
from penstock.jsontools import dumps_text

CODE: Final = "ValidationException"


def refuse(value: Any, shape: Any) -> Fault | None:
    """The service's fault for parameters in botocore's spelling; None where it would take them this far."""
    if shape is None:
        return None
    problems = list(_problems(value, shape, ""))
    return fault_of_problems(problems) if problems else None


def fault_of_problems(problems: list[str]) -> Fault:
    plural = "error" if len(problems) == 1 else "errors"
    return Fault(CODE, f"{len(problems)} validation {plural} detected: {'; '.join(problems)}")


def constraint(value: Any, path: str, rule: str) -> str:
    """One problem. `rule` goes on from "Member must"."""
    if value is None:
        shown = "null"
    elif isinstance(value, list | dict):
        shown = f"'{dumps_text(value)}'"
    else:
        shown = f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: Member must {rule}"


def _problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict) or getattr(shape, "is_document_type", False):
            return
        for name in shape.required_members:
            # botocore makes up idempotency tokens, as the Java SDK does.
            if value.get(name) is None and not shape.members[name].metadata.get("idempotencyToken"):
                yield constraint(None, _under(path, name), "not be null")
        for name, each in value.items():
            if each is not None:
                yield from _problems(each, shape.members[name], _under(path, name))
    elif kind == "list":
        yield from _too_small(value, len(value), shape, path)
        for number, each in enumerate(value, 1):
            if each is not None:
                yield from _problems(each, shape.member, f"{path}.{number}.member")
    elif kind == "map":
        for key, each in value.items():
            if each is not None:
                yield from _problems(each, shape.value, f"{path}.{key}.member")
    elif kind in ("string", "blob"):
        yield from _too_small(value, len(value), shape, path)
    elif kind in ("integer", "long", "float", "double"):
        low = shape.metadata.get("min")
        if low is not None and value < low:
            yield constraint(value, path, f"have value greater than or equal to {low}")


def _too_small(value: Any, length: int, shape: Any, path: str) -> Iterator[str]:
    low = shape.metadata.get("min")
    if low is not None and length < low:
        yield constraint(value, path, f"have length greater than or equal to {low}")


def _under(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


def without_nulls(value: Any) -> Any:
    """The same without members that are null: to a service they are not there. An element of a list stays."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value
