"""What the core advances: an execution and its frames. Plain data, so that it can be written down and picked up.

A frame is one line of control: the main line, a branch of a Parallel, an iteration of a Map. Nothing here waits or
computes; `core` and `states` do that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from penstock.asl.errors import BRANCH_FAILED, RUNTIME, matches
from penstock.asl.scope import EvaluationError
from penstock.engine.history import Record
from penstock.engine.texts import Texts
from penstock.jsontools import Json, dumps

if TYPE_CHECKING:
    from penstock.engine.core import Turn
    from penstock.engine.mapruns import StartMapRun
    from penstock.engine.program import Program
    from penstock.engine.states.base import State

Status: TypeAlias = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
Type: TypeAlias = Literal["STANDARD", "EXPRESS"]

# What a frame does when its turn comes. ENTER is 0 so that the loop can test for it by truth.
ENTER: Final = 0
"""Enter its state."""
STARTED: Final = 1
"""Record that its task attempt has started."""
ERROR: Final = 2
"""Offer its error to its state's retriers and catchers."""
FAILING: Final = 3
"""Fail the Parallel or Map that it belongs to."""
RESULT: Final = 4
"""Go on with what it waited for: a task's result, all branches, a timer."""
AGAIN: Final = 5
"""Try its state again: a retrier's delay is over."""
WAITING: Final = 6
"""Nothing: it waits for the world or for its children."""
GONE: Final = 7
"""Nothing ever again: it ended or was aborted."""

# What a timer is for.
WAIT: Final = "wait"
RETRY: Final = "retry"
TIMEOUT: Final = "timeout"
HEARTBEAT: Final = "heartbeat"
EXECUTION: Final = "execution"


ItemOf: TypeAlias = tuple[int, Json, str | None, str]
"""A Map's item as the context object has it: index, value, key, source."""

STATE_DATA: Final = "STATE_DATA"
"""The source of items that come from the state's input."""


def alone(item: ItemOf) -> Json:
    """What a Map without ItemSelector gives: an array's element, or the pair that an object's member is (observed,
    floci-io/floci#1588)."""
    _, value, key, _ = item
    return value if key is None else {"Key": key, "Value": value}


class PlainError(EvaluationError):
    """An error whose cause AWS gives without "An error occurred while executing the state …" before it."""


class FieldError(EvaluationError):
    """A JSONata expression gave a value, but not one that its field can take."""


class Failure:
    """An error on its way: its name and cause as history says them. `known_as` is the name that retriers and catchers
    match: a missed heartbeat is recorded as States.Timeout and matched as States.HeartbeatTimeout. `of_branch`: it broke a
    branch of the Parallel that now has it, which States.BranchFailed takes as well."""

    __slots__ = ("cause", "error", "known_as", "of_branch")

    def __init__(
        self, error: str | None, cause: str | None, known_as: str | None = None, of_branch: bool = False
    ) -> None:
        self.error = error
        self.cause = cause
        self.known_as = known_as or error or ""
        self.of_branch = of_branch

    def matches(self, error_equals: Collection[str]) -> bool:
        """Whether a retrier or catcher that lists these takes it."""
        if matches(error_equals, self.known_as):
            return True
        return self.of_branch and BRANCH_FAILED in error_equals and self.known_as != RUNTIME


class Attempt:
    """One attempt of a task that the world is working on. `id` names it towards the driver."""

    __slots__ = ("heartbeat", "heartbeat_timer", "id", "started", "submitted", "timeout", "timeout_timer", "token")

    def __init__(self, number: int) -> None:
        self.id = number
        self.token: str | None = None
        self.timeout: float | None = None
        self.heartbeat: float | None = None
        self.timeout_timer = 0
        self.heartbeat_timer = 0
        self.started = False
        self.submitted = False


class Join:
    """The children of a Parallel or a Map that is running, and what has come of them."""

    __slots__ = (
        "children",
        "failed",
        "items",
        "limit",
        "next",
        "pending",
        "results",
        "running",
        "selected",
        "texts",
        "tolerated",
    )

    def __init__(self, count: int, items: Sequence[Json] | None = None, limit: int = 0) -> None:
        self.items = items
        """The items of a Map; None for a Parallel."""
        self.selected: Sequence[Json] | None = items
        """What the iterations get: the items, or what ItemSelector makes of them."""
        self.limit = limit
        """How many may run at once; 0 for all."""
        self.next = 0
        """The index to start next."""
        self.pending = count
        """How many have not ended."""
        self.results: list[Json] = [None] * count
        self.texts: list[bytes] = [b"null"] * count
        self.running: dict[int, Frame] = {}
        self.children: dict[int, int] = {}
        """Child execution → index, for a distributed Map."""
        self.failed = 0
        self.tolerated: float = 0
        """How many may fail (distributed Map)."""


class RunJoin(Join):
    """A distributed Map that is running: its items come and go, and its children are executions of their own."""

    __slots__ = (
        "again",
        "batch",
        "batch_bytes",
        "buffer",
        "closing",
        "command",
        "counts",
        "envelope",
        "failure",
        "finding",
        "max_batch_bytes",
        "max_batch_items",
        "more",
        "outputs",
        "percentage",
        "read",
        "reading",
        "redrives",
        "run",
        "size",
        "untold",
    )

    def __init__(self, run: int, limit: int) -> None:
        super().__init__(0, None, limit)
        self.run = run
        """The number of its Map Run towards the driver."""
        self.command: StartMapRun
        """What the driver was told of it: enough to begin it anew."""
        self.buffer: deque[ItemOf] = deque()
        """Items that have been read and wait for their turn."""
        self.read = 0
        """How many items have been read."""
        self.more = False
        """Whether the reader has more."""
        self.reading = False
        """Whether it has been asked for them."""
        self.batch: list[Json] = []
        """Items of the batch that is being filled."""
        self.batch_bytes = 0
        self.envelope: dict[str, Json] = {}
        """What a batch has besides its items."""
        self.max_batch_items = 0
        self.max_batch_bytes = 0
        self.size = 0
        """Bytes of the results so far."""
        self.percentage = 0.0
        """How many of hundred items may fail; 0 where only a number says it."""
        self.outputs: dict[int, tuple[list[Json], list[bytes]]] = {}
        """What each child has given, by its number: they count up, as the items do."""
        self.counts: dict[int, int] = {}
        """How many items each child has."""
        self.redrives = 0
        """How often the run was redriven."""
        self.finding = False
        """Whether the driver looks for the children that did not succeed."""
        self.again: deque[tuple[int, int]] = deque()
        """Children that run again, by their numbers, and how many items each has."""
        self.untold: list[int] = []
        """Children that were running when the run was broken off."""
        self.closing = False
        """Whether the results are being written."""
        self.failure: Failure | None = None
        """Why the run fails."""


class Frame:
    """One line of control: where it is, its input, its variables, its retry counters."""

    __slots__ = (
        "attempt",
        "before",
        "entered",
        "entered_at",
        "failure",
        "index",
        "item",
        "join",
        "kept",
        "last",
        "number",
        "parent",
        "phase",
        "result",
        "retries",
        "retry_count",
        "state",
        "text",
        "timer",
        "value",
        "variables",
    )

    def __init__(
        self,
        number: int,
        state: State,
        value: Json,
        text: bytes,
        variables: dict[str, Json],
        parent: Frame | None = None,
        index: int = 0,
        last: int = 0,
    ) -> None:
        self.number = number
        self.state = state
        self.value = value
        """The input of its state; the output of the state before."""
        self.text = text
        """`value` as JSON, made once and used for every event and limit."""
        self.variables = variables
        """What it can see, outer names included; never changed in place."""
        self.parent = parent
        self.index = index
        self.last = last
        """Id of the event that its next event follows."""
        self.before = 0
        """Id of the event that `last` follows, where `last` may have been taken away before it is asked for."""
        self.phase = ENTER
        self.entered = 0
        """Id of the StateEntered event of its state."""
        self.entered_at = 0.0
        self.retry_count = 0
        self.retries: dict[int, int] | None = None
        """Retrier index → times used, in this visit of the state."""
        self.timer = 0
        self.failure: Failure | None = None
        self.attempt: Attempt | None = None
        self.join: Join | None = None
        self.kept: Join | None = None
        """What its join was when it broke, with the frames that did not succeed: a redrive goes on from there."""
        self.item: ItemOf | None = None
        """The Map's item that it works on."""
        self.result: Json = None
        """What came of the task, for the RESULT phase."""


class Execution:
    """One run of a program. `seed` feeds every random number and UUID of the run, so that it is a function of its data."""

    __slots__ = (
        "arn",
        "attempts",
        "base",
        "cause",
        "context",
        "error",
        "frames_made",
        "ids_made",
        "input",
        "input_text",
        "limit",
        "machine_arn",
        "machine_name",
        "name",
        "output",
        "output_text",
        "program",
        "ready",
        "records",
        "redrive_count",
        "redriven",
        "region",
        "role_arn",
        "root",
        "seed",
        "started",
        "status",
        "stopped",
        "sync",
        "texts",
        "timers",
        "turn",
        "type",
    )

    def __init__(
        self,
        program: Program,
        value: Json,
        *,
        arn: str,
        name: str,
        machine_arn: str,
        machine_name: str,
        role_arn: str,
        type: Type,  # noqa: A002  (the API's word)
        seed: str,
        limit: int,
        sync: bool = False,
        variables: dict[str, Json] | None = None,
        text: bytes | None = None,
    ) -> None:
        self.program = program
        self.arn = arn
        self.name = name
        self.machine_arn = machine_arn
        self.machine_name = machine_name
        self.role_arn = role_arn
        self.region = arn.split(":")[3]
        self.type = type
        self.seed = seed
        self.limit = limit
        """The id that the last history event may have."""
        self.sync = sync
        """StartSyncExecution: the context object has no RedriveCount then (recorded)."""
        self.input = value
        self.input_text = dumps(value) if text is None else text
        self.started = 0.0
        self.stopped = 0.0
        self.status: Status = "RUNNING"
        self.output: Json = None
        self.output_text: bytes | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.redrive_count = 0
        self.redriven = 0.0
        """When it was redriven last."""
        self.texts = Texts()
        self.records: list[Record] = []
        """Events since the last time somebody took them; the first has id base + 1."""
        self.base = 0
        self.frames_made = 1
        self.ids_made = 0
        self.root = Frame(1, program.start, value, self.input_text, variables or {})
        self.ready: deque[Frame] = deque()
        """Frames that can go on, in order."""
        self.attempts: dict[int, Frame] = {}
        """Attempts that the world is working on."""
        self.timers: dict[int, tuple[Frame | None, str, float]] = {}
        """Timers that are set: for what, and for when."""
        self.context: dict[str, Any] | None = None
        """The part of the context object that never changes, made when first asked for."""
        self.turn: Callable[[Execution, float], Turn] | None = None
        """Makes the turns of an execution that is to be observed (TestState); None for the core's own."""

    def take(self) -> list[Record]:
        """The events since the last call; from then on they are somebody else's to keep."""
        records = self.records
        self.base += len(records)
        self.records = []
        return records
