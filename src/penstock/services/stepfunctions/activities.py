"""Activities, and the task tokens of activities and callbacks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from penstock import failpoints
from penstock.engine.callbacks import Activity, Poll
from penstock.errors import JsonError, ServiceError, StoreError
from penstock.jsontools import dumps_text, loads
from penstock.services.stepfunctions import tags
from penstock.services.stepfunctions.arns import parse
from penstock.services.stepfunctions.paging import page
from penstock.services.stepfunctions.state import Answer, Parameters, State
from penstock.services.tables import unavailable

_AWS_KEY: Final = {"type": "AWS_OWNED_KEY"}


def create_activity(state: State, given: Parameters) -> Answer:
    new_tags = tags.read(given.get("tags", ()))
    with state.lock:
        activity, known = state.callbacks.new_activity(given["name"])
        if not known:  # API reference: else its tags are not updated, even if they are different
            with state.repository.together():
                if state.stored is not None:
                    state.stored.put_activity(activity)
                tags.set_all(state, activity.arn, new_tags)
            state.callbacks.restore_activity(activity)
    return {"activityArn": activity.arn, "creationDate": activity.creation_date}


def describe_activity(state: State, given: Parameters) -> Answer:
    parse(given["activityArn"], "activity")
    return {
        **_entry(state.callbacks.describe_activity(given["activityArn"])),
        "encryptionConfiguration": dict(_AWS_KEY),
    }


def list_activities(state: State, given: Parameters) -> Answer:
    activities = sorted(state.callbacks.list_activities(), key=lambda activity: activity.name)
    return page("ListActivities", given, "activities", activities, lambda activity: activity.name, _entry)


def _entry(activity: Activity) -> Answer:
    return {"activityArn": activity.arn, "name": activity.name, "creationDate": activity.creation_date}


def delete_activity(state: State, given: Parameters) -> Answer:
    parse(given["activityArn"], "activity")
    with state.lock:
        with state.repository.together():
            if state.stored is not None:
                state.stored.delete_activity(given["activityArn"])
            state.repository.tags.delete(given["activityArn"])
        state.callbacks.delete_activity(given["activityArn"])
    return {}


class Polling:
    """GetActivityTask for a client that may go away meanwhile: what a thread is to call."""

    def __init__(self, state: State, given: Parameters) -> None:
        self._state = state
        self._given = given
        self._poll = Poll()

    def __call__(self) -> Answer:
        try:
            return get_activity_task(self._state, self._given, self._poll)
        except StoreError as error:
            raise unavailable(error) from None

    def leave(self) -> None:
        """The client has gone; a task would be lost with it."""
        self._state.callbacks.leave(self._poll)


def get_activity_task(state: State, given: Parameters, poll: Poll | None = None) -> Answer:
    """Waits up to a minute; an empty answer where no task has come."""
    arn = given["activityArn"]
    parse(arn, "activity")
    _check_writable(state)  # nobody is given a task where that could not be written down
    worker = given.get("workerName")
    task = state.callbacks.get_activity_task(arn, worker=worker, wait=state.poll_seconds, poll=poll)
    if task is None:
        return {}
    if failpoints.ON:
        failpoints.hit("activity.taken")
    with suppress(ServiceError):
        # A worker that has a task has it also after a crash. Where that cannot be written down just now, it is given the
        # task all the same: nobody else would get it, and after a crash the task is another's, too, under the same token.
        _settle(state)
    return {"taskToken": task.token, "input": dumps_text(task.input)}


def _settle(state: State) -> None:
    """Comes back when what was reported is written down."""
    if state.stored is not None:
        state.loop.call(lambda: None, durable=True)


def _check_writable(state: State) -> None:
    """A token is not used up where what it brings cannot be written down."""
    state.loop.check_goes_on()
    state.loop.check_written()


def _send(state: State, send: Callable[[], None]) -> None:
    _check_writable(state)
    try:
        send()
    except ServiceError:
        state.loop.check_goes_on()  # one that has just ended knows no tokens any more; the next process does
        raise
    if failpoints.ON:
        failpoints.hit("callback.received")


def _send_result(state: State, send: Callable[[], None], token: str, *result: str | None) -> Answer:
    try:
        _send(state, send)
    except ServiceError as error:
        if error.code != "TaskTimedOut" or not state.refused.has(token, *result):
            raise
    try:
        _settle(state)
    except ServiceError:
        state.refused.note(token, *result)  # the token is used up, and the result counts when it can be written down
        raise
    return {}


def send_task_success(state: State, given: Parameters) -> Answer:
    try:
        output = loads(given["output"], what="output")
    except JsonError as error:
        raise ServiceError(f"Invalid Output: '{error}'", code="InvalidOutput") from None
    token = given["taskToken"]
    return _send_result(state, lambda: state.callbacks.send_task_success(token, output), token, given["output"])


def send_task_failure(state: State, given: Parameters) -> Answer:
    token, error, cause = given["taskToken"], given.get("error"), given.get("cause")
    return _send_result(state, lambda: state.callbacks.send_task_failure(token, error, cause), token, error, cause)


def send_task_heartbeat(state: State, given: Parameters) -> Answer:
    _send(state, lambda: state.callbacks.send_task_heartbeat(given["taskToken"]))
    _settle(state)
    return {}
