"""What a history says about states: outcomes, retries, branches and iterations, also of executions recorded from AWS."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

import penstock
from penstock.asl.visits import Outcome, Visits

CASES = Path(os.environ.get("PENSTOCK_CONFORMANCE", "../shared/conformance")) / "states-language" / "cases"


class History:
    """Events in the making; each returns its id."""

    def __init__(self) -> None:
        self.events: list[dict] = []

    def add(self, kind: str, previous: int, **details: object) -> int:
        identity = len(self.events) + 1
        event: dict = {
            "id": identity,
            "previousEventId": previous,
            "type": kind,
            "timestamp": datetime.fromtimestamp(identity, UTC),
        }
        if details:
            event[f"{kind[0].lower()}{kind[1:]}EventDetails"] = details
        self.events.append(event)
        return identity


def test_a_retried_task_that_succeeds():
    history = History()
    at = history.add("ExecutionStarted", 0)
    at = history.add("TaskStateEntered", 0, name="A")
    for _ in range(2):
        at = history.add("TaskScheduled", at)
        at = history.add("TaskFailed", at, error="Busy")
    visits = Visits(history.events)
    assert [(v.outcome, v.waiting_to_retry, v.retries) for v in visits.walk()] == [(Outcome.RUNNING, True, 1)]
    at = history.add("TaskScheduled", at)
    at = history.add("TaskSucceeded", at)
    at = history.add("TaskStateExited", at, name="A")
    history.add("ExecutionSucceeded", at)
    visits = Visits(history.events)
    (visit,) = visits.walk()
    assert (visit.outcome, visit.retries, visit.error) == (Outcome.SUCCEEDED, 2, None)
    assert (visit.entered, visit.left) == (2.0, 9.0)
    assert visits.outcome is Outcome.SUCCEEDED


def test_a_caught_failure_and_the_way_taken():
    history = History()
    at = history.add("TaskStateEntered", 0, name="A")
    at = history.add("TaskScheduled", at)
    at = history.add("TaskFailed", at, error="Boom", cause="x")
    at = history.add("TaskStateExited", at, name="A")
    at = history.add("PassStateEntered", at, name="B")
    at = history.add("PassStateExited", at, name="B")
    history.add("ExecutionSucceeded", at)
    visits = Visits(history.events)
    assert visits.by_state() == {"A": Outcome.CAUGHT, "B": Outcome.SUCCEEDED}
    assert visits.steps() == {("A", "B", True)}


def test_an_iteration_that_fails_names_the_innermost_state():
    history = History()
    entered = history.add("MapStateEntered", 0, name="M")
    started = history.add("MapStateStarted", entered, length=2)
    first = history.add("MapIterationStarted", started, name="M", index=0)
    second = history.add("MapIterationStarted", started, name="M", index=1)
    slow = history.add("WaitStateEntered", first, name="W")
    task = history.add("TaskStateEntered", second, name="T")
    at = history.add("TaskScheduled", task)
    at = history.add("TaskFailed", at, error="Boom")
    at = history.add("MapIterationFailed", at, name="M", index=1)
    history.add("MapIterationAborted", slow, name="M", index=0)
    at = history.add("MapStateFailed", at, error="Boom")
    history.add("ExecutionFailed", at, error="Boom", cause="c")
    visits = Visits(history.events)
    assert visits.failure is not None
    assert visits.failure.name == "T"
    assert visits.by_state() == {"M": Outcome.FAILED, "W": Outcome.ABORTED, "T": Outcome.FAILED}
    (mapped,) = visits.main.visits
    assert [(lane.index, lane.outcome) for lane in mapped.lanes] == [(0, Outcome.ABORTED), (1, Outcome.FAILED)]
    assert (visits.error, visits.cause) == ("Boom", "c")


def test_broken_events_change_nothing():
    visits = Visits([{}, {"type": "TaskStateExited", "id": "x"}, {"type": "MapIterationStarted", "id": 3}, {"type": 5}])
    assert list(visits.walk()) == []
    assert visits.outcome is Outcome.RUNNING


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/conformance is not here")
def test_every_recorded_history_is_understood():
    """Each state that was entered has an outcome, none is left running once the execution has ended."""
    seen = 0
    for file in sorted(CASES.glob("*.json")):
        for case in json.loads(file.read_text()):
            recorded = (case.get("expect") or {}).get("events") or []
            if not recorded or any(not isinstance(each.get("id"), int) for each in recorded):
                continue
            if not recorded[-1]["type"].startswith("Execution") or recorded[-1]["type"] == "ExecutionStarted":
                continue
            events = [
                {
                    "id": each["id"],
                    "type": each["type"],
                    "previousEventId": each["previousEventId"],
                    f"{each.get('details_key', 'x')}EventDetails": each.get("details") or {},
                }
                for each in recorded
            ]
            visits = Visits(events)
            entered = [each["details"]["name"] for each in recorded if each["type"].endswith("StateEntered")]
            assert set(visits.by_state()) <= set(entered)
            assert Outcome.RUNNING not in visits.by_state().values(), case["id"]
            if visits.outcome is Outcome.SUCCEEDED:
                assert Outcome.FAILED not in {each.outcome for each in visits.main.visits}, case["id"]
            elif recorded[-1]["type"] == "ExecutionFailed" and entered:
                assert visits.failure is not None, case["id"]
            seen += 1
    assert seen > 300


def test_what_is_redriven_fails_where_it_failed():
    """A Task is scheduled again without being entered again; a Fail is entered again (Developer Guide, redrive)."""
    task = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f"}
    one = {"StartAt": "T", "States": {"T": {**task, "Next": "F"}, "F": {"Type": "Fail", "Error": "Boom"}}}
    answers = iter([ValueError("first"), ValueError("second"), 1])

    def answer(event, context):
        value = next(answers)
        if isinstance(value, Exception):
            raise value
        return value

    with penstock.start(one, functions={"f": answer}) as handle:
        seen = []
        for _ in range(4):
            failed = handle.result()
            visits = Visits(failed.history)
            seen.append((failed.failed_state, [(each.name, each.outcome) for each in visits.walk()]))
            handle.redrive()
    assert seen == [
        ("T", [("T", Outcome.FAILED)]),
        ("T", [("T", Outcome.FAILED)]),
        ("F", [("T", Outcome.SUCCEEDED), ("F", Outcome.FAILED)]),
        ("F", [("T", Outcome.SUCCEEDED), ("F", Outcome.FAILED)]),
    ]
