"""Activities, and the task tokens of activities and callbacks."""

from __future__ import annotations

from typing import Final

from penstock.engine.callbacks import Activity
from penstock.errors import JsonError, ServiceError
from penstock.jsontools import dumps_text, loads
from penstock.services.stepfunctions import tags
from penstock.services.stepfunctions.arns import parse
from penstock.services.stepfunctions.paging import page
from penstock.services.stepfunctions.state import Answer, Parameters, State

_AWS_KEY: Final = {"type": "AWS_OWNED_KEY"}


def create_activity(state: State, given: Parameters) -> Answer:
    new_tags = tags.read(given.get("tags", ()))
    activity = state.callbacks.create_activity(given["name"])
    tags.set_all(state, activity.arn, new_tags)
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
    state.callbacks.delete_activity(given["activityArn"])
    state.repository.tags.delete(given["activityArn"])
    return {}


def get_activity_task(state: State, given: Parameters) -> Answer:
    """Waits up to a minute; an empty answer where no task has come."""
    arn = given["activityArn"]
    parse(arn, "activity")
    task = state.callbacks.get_activity_task(arn, worker=given.get("workerName"), wait=state.poll_seconds)
    return {} if task is None else {"taskToken": task.token, "input": dumps_text(task.input)}


def send_task_success(state: State, given: Parameters) -> Answer:
    try:
        output = loads(given["output"], what="output")
    except JsonError as error:
        raise ServiceError(f"Invalid Output: '{error}'", code="InvalidOutput") from None
    state.callbacks.send_task_success(given["taskToken"], output)
    return {}


def send_task_failure(state: State, given: Parameters) -> Answer:
    state.callbacks.send_task_failure(given["taskToken"], given.get("error"), given.get("cause"))
    return {}


def send_task_heartbeat(state: State, given: Parameters) -> Answer:
    state.callbacks.send_task_heartbeat(given["taskToken"])
    return {}
