"""What a history says about states: which were visited, inside which branch or iteration, how often they were tried and
how they ended. Fed event by event, so it serves a run that is going on as well as one read from a file.

Events are GetExecutionHistory's, as boto3 returns them: `id`, `previousEventId`, `type`, `timestamp` and one
`…EventDetails` object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from penstock.asl.model import Fail, StateMachine


class Outcome(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    CAUGHT = "caught"
    """It failed, and a catcher took the failure."""
    FAILED = "failed"
    ABORTED = "aborted"


@dataclass(slots=True, eq=False)
class Visit:
    """One stay in one state. `entered` and `left` are seconds since the epoch; `attempts` counts from 1."""

    name: str
    type: str
    lane: Lane
    entered: float | None = None
    left: float | None = None
    outcome: Outcome = Outcome.RUNNING
    attempts: int = 0
    error: str | None = None
    cause: str | None = None
    waiting_to_retry: bool = False
    lanes: list[Lane] = field(default_factory=list)

    @property
    def retries(self) -> int:
        return max(0, self.attempts - 1)


@dataclass(slots=True, eq=False)
class Lane:
    """The main line, a branch of a Parallel or an iteration of a Map: visits one after the other."""

    kind: str
    index: int = 0
    parent: Visit | None = None
    visits: list[Visit] = field(default_factory=list)
    outcome: Outcome = Outcome.RUNNING


class Visits:
    """`main` is the main line; `failure` the innermost visit that made the execution fail, once it has."""

    def __init__(self, events: Iterable[Mapping[str, Any]] = (), machine: StateMachine | None = None) -> None:
        """`machine` tells the errors of Fail states, which a history has only where they end the execution."""
        self._fail_errors = (
            {}
            if machine is None
            else {state.name: state.error for _, state in machine.walk() if isinstance(state, Fail)}
        )
        self.main = Lane("main")
        self.outcome = Outcome.RUNNING
        self.error: str | None = None
        self.cause: str | None = None
        self.failure: Visit | None = None
        self.started: float | None = None
        self.stopped: float | None = None
        self._again: Visit | None = None
        """What failed, and was redriven since."""
        # Where an event stands: a visit, or a lane whose first state has not been entered yet.
        self._at: dict[int, Visit | Lane] = {}
        self._forks: dict[int, Visit] = {}
        for event in events:
            self.feed(event)

    def feed(self, event: Mapping[str, Any]) -> None:
        """Takes the next event in. Unknown types change nothing."""
        kind = str(event.get("type", ""))
        previous = event.get("previousEventId")
        place = self._at.get(previous, self.main) if isinstance(previous, int) else self.main
        details = _details(event)
        when = _seconds(event.get("timestamp"))
        here = self._take(kind, place, details, when, event)
        identity = event.get("id")
        if isinstance(identity, int):
            self._at[identity] = here
            if kind == "ParallelStateStarted" and isinstance(here, Visit):
                self._forks[identity] = here

    def _take(
        self,
        kind: str,
        place: Visit | Lane,
        details: Mapping[str, Any],
        when: float | None,
        event: Mapping[str, Any],
    ) -> Visit | Lane:
        if kind.startswith("Execution"):
            return self._execution(kind, place, details, when)
        if kind.endswith("StateEntered"):
            return self._enter(kind.removesuffix("StateEntered"), place, details, when, event)
        if kind.endswith("StateExited"):
            return self._exit(place, details, when)
        if kind.startswith("MapIteration"):
            return self._iteration(kind.removeprefix("MapIteration"), place, details, when)
        for container in ("Parallel", "Map"):
            if kind.startswith(f"{container}State"):
                return self._container(container, kind.removeprefix(f"{container}State"), place, details, when)
        visit = place if isinstance(place, Visit) else None
        if kind == "EvaluationFailed":  # recorded with the event before the state's as previous; it names the state
            visit = self._open_visit(_text(details.get("state"))) or visit
        if visit is None:
            return place
        if kind.endswith("Scheduled"):
            visit.attempts += 1
            visit.outcome, visit.waiting_to_retry = Outcome.RUNNING, False
        elif kind.endswith(("Failed", "TimedOut")):
            visit.error, visit.cause = _text(details.get("error")), _text(details.get("cause"))
            visit.waiting_to_retry = True
        elif kind.endswith("Succeeded"):
            visit.error = visit.cause = None
        return visit

    def _execution(
        self, kind: str, place: Visit | Lane, details: Mapping[str, Any], when: float | None
    ) -> Visit | Lane:
        if kind == "ExecutionStarted":
            self.started = when
            return self.main
        end = _ENDS.get(kind)
        if end is None:  # ExecutionRedriven: the failed part runs again
            return self._redrive(place)
        self.outcome, self.stopped = end, when
        self.error, self.cause = _text(details.get("error")), _text(details.get("cause"))
        if end is not Outcome.SUCCEEDED:
            # Recorded: ExecutionTimedOut has previousEventId 0.
            visit = place if isinstance(place, Visit) else None
            if visit is None or visit.outcome is not Outcome.FAILED:
                visit = visit if visit is not None and visit.left is None else self._open_visit(None)
            if visit is not None and visit.left is None:
                self._fail(visit, self.error, self.cause, when)
            if visit is not None and visit.outcome is Outcome.FAILED:
                self.failure = _innermost_failure(visit)
        _close(self.main, end, when)
        return place

    def _redrive(self, place: Visit | Lane) -> Visit | Lane:
        """A Task is tried again without being entered again; any other state is entered, which takes the visit's place."""
        failed = self.failure
        self.outcome, self.failure, self.stopped = Outcome.RUNNING, None, None
        self.main.outcome = Outcome.RUNNING
        if failed is None:
            return place
        for visit in _upwards(failed):
            visit.outcome, visit.left, visit.error, visit.cause = Outcome.RUNNING, None, None, None
            visit.lane.outcome = Outcome.RUNNING
        self._again = failed
        return failed

    def _open_visit(self, name: str | None) -> Visit | None:
        """The innermost visit that has not ended, of that name if there is one."""
        found = None
        for visit in self.walk():
            if visit.left is None and (name is None or visit.name == name):
                found = visit
        return found

    def _enter(
        self, state: str, place: Visit | Lane, details: Mapping[str, Any], when: float | None, event: Mapping[str, Any]
    ) -> Visit:
        fork = self._forks.get(event.get("previousEventId", -1))
        if fork is not None:
            lane = Lane("branch", index=len(fork.lanes), parent=fork)
            fork.lanes.append(lane)
        else:
            lane = place.lane if isinstance(place, Visit) else place
        visit = Visit(str(details.get("name", "")), state, lane, entered=when)
        again, self._again = self._again, None
        if again is not None and again.name == visit.name and again.lane.visits[-1:] == [again]:
            again.lane.visits.pop()
            lane = visit.lane = again.lane
        if state == "Fail":
            visit.error = _text(self._fail_errors.get(visit.name))
        lane.visits.append(visit)
        return visit

    def _exit(self, place: Visit | Lane, details: Mapping[str, Any], when: float | None) -> Visit | Lane:
        name = details.get("name")
        for visit in _upwards(place):
            if visit.left is None and visit.name == name:
                visit.left, visit.waiting_to_retry = when if when is not None else 0.0, False
                visit.outcome = Outcome.CAUGHT if visit.error is not None else Outcome.SUCCEEDED
                for lane in visit.lanes:
                    _close(lane, visit.outcome, when)
                return visit
        return place

    def _iteration(
        self, what: str, place: Visit | Lane, details: Mapping[str, Any], when: float | None
    ) -> Visit | Lane:
        found = next((v for v in _upwards(place) if v.type == "Map" and v.name == details.get("name")), None)
        if found is None:
            return place
        index = details.get("index")
        if what == "Started":
            lane = Lane("iteration", index=index if isinstance(index, int) else len(found.lanes), parent=found)
            found.lanes.append(lane)
            return lane
        lane_ended = next((each for each in reversed(found.lanes) if each.index == index), None)
        if lane_ended is not None:
            outcome = {"Succeeded": Outcome.SUCCEEDED, "Failed": Outcome.FAILED}.get(what, Outcome.ABORTED)
            if outcome is Outcome.FAILED and isinstance(place, Visit) and place.lane is lane_ended:
                self._fail(place, place.error, place.cause, when)
            _close(lane_ended, outcome, when)
        # A failed iteration is followed by MapStateFailed or, on a retry, by a new MapStateStarted: both lead up to the Map.
        return found

    def _container(
        self, container: str, what: str, place: Visit | Lane, details: Mapping[str, Any], when: float | None
    ) -> Visit | Lane:
        open_ones = (
            v for v in _upwards(place) if v.type == container and v.left is None and v.outcome is Outcome.RUNNING
        )
        visit = next(open_ones, None)
        if visit is None:
            return place
        if what == "Started":
            visit.attempts += 1
            visit.lanes = []
        elif what in ("Failed", "TimedOut"):
            error = _text(details.get("error"))
            if isinstance(place, Visit) and place is not visit and place.left is None:
                self._fail(place, place.error, place.cause, when)
                error = error or place.error
            visit.error, visit.cause = error or "States.BranchFailed", _text(details.get("cause"))
            visit.outcome = Outcome.FAILED
            for lane in visit.lanes:
                _close(lane, Outcome.FAILED, when)
        return visit

    def _fail(self, visit: Visit, error: str | None, cause: str | None, when: float | None) -> None:
        if visit.error is None:
            visit.error, visit.cause = error, cause
        visit.outcome, visit.waiting_to_retry = Outcome.FAILED, False
        visit.left = visit.left if visit.left is not None else when

    def walk(self) -> Iterator[Visit]:
        """Every visit, outer before inner, in the order of entering within a lane."""
        stack = list(reversed(self.main.visits))
        while stack:
            visit = stack.pop()
            yield visit
            for lane in reversed(visit.lanes):
                stack.extend(reversed(lane.visits))

    def by_state(self) -> dict[str, Outcome]:
        """The worst that happened to each state that was visited: failed, then caught, running, aborted, succeeded."""
        worst: dict[str, Outcome] = {}
        for visit in self.walk():
            known = worst.get(visit.name)
            if known is None or _RANK[visit.outcome] > _RANK[known]:
                worst[visit.name] = visit.outcome
        return worst

    def steps(self) -> set[tuple[str, str, bool]]:
        """The transitions taken: (state, next state, whether a catcher led there)."""
        pairs: set[tuple[str, str, bool]] = set()
        lanes = [self.main]
        while lanes:
            lane = lanes.pop()
            pairs.update((a.name, b.name, a.outcome is Outcome.CAUGHT) for a, b in pairwise(lane.visits))
            for visit in lane.visits:
                lanes.extend(visit.lanes)
        return pairs


_ENDS = {
    "ExecutionSucceeded": Outcome.SUCCEEDED,
    "ExecutionFailed": Outcome.FAILED,
    "ExecutionTimedOut": Outcome.FAILED,
    "ExecutionAborted": Outcome.ABORTED,
}
_RANK = {
    Outcome.SUCCEEDED: 0,
    Outcome.ABORTED: 1,
    Outcome.RUNNING: 2,
    Outcome.CAUGHT: 3,
    Outcome.FAILED: 4,
}


def _upwards(place: Visit | Lane) -> Iterator[Visit]:
    current: Visit | None = place if isinstance(place, Visit) else place.parent
    while current is not None:
        yield current
        current = current.lane.parent


def _close(lane: Lane, outcome: Outcome, when: float | None) -> None:
    """Ends what still runs in `lane`: the lane as `outcome`, a visit nothing is known about as aborted."""
    stack = [lane]
    while stack:
        each = stack.pop()
        if each.outcome is Outcome.RUNNING:
            failed = any(v.outcome is Outcome.FAILED for v in each.visits[-1:])
            if outcome is Outcome.SUCCEEDED:
                each.outcome = Outcome.SUCCEEDED
            else:
                each.outcome = Outcome.FAILED if failed else Outcome.ABORTED
            if each is lane and outcome is not Outcome.SUCCEEDED:
                each.outcome = Outcome.FAILED if failed else outcome
        for visit in each.visits[-1:]:
            if visit.left is None:
                if visit.outcome is Outcome.RUNNING:
                    visit.outcome = Outcome.SUCCEEDED if outcome is Outcome.SUCCEEDED else Outcome.ABORTED
                visit.left = when
            visit.waiting_to_retry = False
            stack.extend(visit.lanes)


def _innermost_failure(visit: Visit) -> Visit:
    while True:
        deeper = next(
            (each for lane in visit.lanes for each in lane.visits[-1:] if each.outcome is Outcome.FAILED),
            None,
        )
        if deeper is None:
            return visit
        visit = deeper


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    for key, value in event.items():
        if key.endswith("EventDetails") and isinstance(value, Mapping):
            return value
    return {}


def _seconds(value: Any) -> float | None:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).timestamp()
        except ValueError:
            return None
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
