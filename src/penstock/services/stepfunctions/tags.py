"""Tags of state machines and activities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from penstock.errors import ServiceError
from penstock.services.stepfunctions.arns import parse
from penstock.services.stepfunctions.records import Tags
from penstock.services.stepfunctions.state import Answer, Parameters, State

MOST: Final = 50
"""Tags of one resource (API reference, TooManyTags)."""


def tag_resource(state: State, given: Parameters) -> Answer:
    new = read(given["tags"])
    with state.lock:  # the resource may be deleted meanwhile, and its tags are not to be another's
        set_all(state, _resource(state, given["resourceArn"]), new)
    return {}


def untag_resource(state: State, given: Parameters) -> Answer:
    with state.lock:
        arn = _resource(state, given["resourceArn"])
        left = {key: value for key, value in _tags(state, arn).items() if key not in given["tagKeys"]}
        state.repository.tags.put(Tags(arn=arn, tags=left))
    return {}


def list_tags_for_resource(state: State, given: Parameters) -> Answer:
    tags = _tags(state, _resource(state, given["resourceArn"]))
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


def read(given: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The API's list of tags. Raises ServiceError TooManyTags."""
    tags = {tag.get("key", ""): tag.get("value", "") for tag in given}
    if len(tags) > MOST:
        raise _too_many()
    return tags


def set_all(state: State, arn: str, tags: Mapping[str, str]) -> None:
    """Adds `tags` to those of a resource."""
    if not tags:
        return
    with state.lock:
        merged = {**_tags(state, arn), **tags}
        if len(merged) > MOST:
            raise _too_many()
        state.repository.tags.put(Tags(arn=arn, tags=merged))


def _tags(state: State, arn: str) -> Mapping[str, str]:
    record = state.repository.tags.get(arn)
    return {} if record is None else record.tags


def _resource(state: State, text: str) -> str:
    arn = parse(text, "stateMachine", "activity")
    if arn.type == "activity":
        known = any(activity.arn == text for activity in state.callbacks.list_activities())
    else:
        known = state.repository.machines.get(text) is not None
    if not known:
        raise ServiceError(f"Resource not found: '{text}'", code="ResourceNotFound")
    return text


def _too_many() -> ServiceError:
    return ServiceError(f"Too many tags: a resource has {MOST} at most", code="TooManyTags")
