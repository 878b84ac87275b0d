"""Map with distributed iterations: a Map Run whose child executions are not in this history (floci-io/floci#2868).

The items come from the state's input, or from a reader, a piece at a time; they go through ItemSelector and ItemBatcher when
their turn comes, so that a run of millions needs no more memory than its MaxConcurrency asks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from penstock.asl.errors import DATA_LIMIT_EXCEEDED, EXCEED_TOLERATED_FAILURE_THRESHOLD, ITEM_READER_FAILED
from penstock.asl.scope import Compute, EvaluationError
from penstock.engine import limits
from penstock.engine.execution import RESULT, STATE_DATA, WAITING, Failure, Frame, ItemOf, PlainError, RunJoin, alone
from penstock.engine.history import KIND
from penstock.engine.mapruns import (
    ChildrenFound,
    EndMapRun,
    ItemsRead,
    MapRunEnded,
    ReadItems,
    RedriveMapRun,
    Sink,
    Source,
    StartMapRun,
)
from penstock.engine.messages import CancelChild, ChildClosed, RedriveChild, StartChild
from penstock.engine.states.base import State, runtime, too_large
from penstock.engine.states.mapping import Figure, Map
from penstock.jsontools import Json, dumps

if TYPE_CHECKING:
    from penstock.engine.core import Turn
    from penstock.engine.messages import MapRunUpdated
    from penstock.engine.program import Program

_STARTED: Final = KIND["MapStateStarted"]
_RUN_STARTED: Final = KIND["MapRunStarted"]
_RUN_SUCCEEDED: Final = KIND["MapRunSucceeded"]
_RUN_FAILED: Final = KIND["MapRunFailed"]
_RUN_REDRIVEN: Final = KIND["MapRunRedriven"]


class Reader:
    """A compiled ItemReader."""

    __slots__ = ("action", "arguments", "max_items", "options")

    def __init__(self, action: str, arguments: Compute | None, max_items: Figure, options: dict[str, object]) -> None:
        self.action = action
        self.arguments = arguments
        self.max_items = max_items
        self.options = options
        """What ReaderConfig says, as fields of a Source."""

    def source(self, turn: Turn, value: Json) -> Source:
        maximum = int(self.max_items.of(turn, value))
        given = {} if self.arguments is None else self.arguments(value, turn)
        arguments = given if isinstance(given, dict) else {}
        listing = self.action == "listObjectsV2"
        bucket = arguments.get("Bucket")
        key = arguments.get("Prefix", "") if listing else arguments.get("Key")
        version = arguments.get("VersionId")
        for name, text in (("Bucket", bucket), ("Prefix" if listing else "Key", key), ("VersionId", version or "")):
            if not isinstance(text, str):
                raise runtime(f"The {name} of the ItemReader must be a string.")
        assert isinstance(bucket, str)
        assert isinstance(key, str)
        return Source(
            action=self.action,
            bucket=bucket,
            key=key,
            version=version if isinstance(version, str) else None,
            max_items=maximum,
            **self.options,  # type: ignore[arg-type]  # the compiler puts fields of Source there
        )


class Batcher:
    """A compiled ItemBatcher."""

    __slots__ = ("input", "max_bytes", "max_items")

    def __init__(self, batch_input: Compute | None, max_items: Figure, max_bytes: Figure) -> None:
        self.input = batch_input
        self.max_items = max_items
        self.max_bytes = max_bytes


class Writer:
    """A compiled ResultWriter; `arguments` is None where it only transforms the state's result."""

    __slots__ = ("arguments", "output_type", "transformation")

    def __init__(self, arguments: Compute | None, transformation: str | None, output_type: str) -> None:
        self.arguments = arguments
        # Developer Guide, "ResultWriter": NONE where results are exported, COMPACT where they are not.
        self.transformation = transformation or ("COMPACT" if arguments is None else "NONE")
        self.output_type = output_type

    def sink(self, turn: Turn, value: Json) -> Sink:
        if self.arguments is None:
            return Sink(transformation=self.transformation, output_type=self.output_type)
        given = self.arguments(value, turn)
        arguments = given if isinstance(given, dict) else {}
        bucket, prefix = arguments.get("Bucket"), arguments.get("Prefix", "")
        if not isinstance(bucket, str) or not isinstance(prefix, str):
            raise runtime("The Bucket and the Prefix of the ResultWriter must be strings.")
        return Sink(bucket=bucket, prefix=prefix, transformation=self.transformation, output_type=self.output_type)


class DistributedMap(Map):
    __slots__ = (
        "batcher",
        "execution_type",
        "label",
        "reader",
        "tolerated_count",
        "tolerated_percentage",
        "writer",
    )

    def __init__(self, name: str, processor: Program) -> None:
        super().__init__(name, processor)
        self.label = name
        self.execution_type = "STANDARD"
        self.tolerated_count = Figure("ToleratedFailureCount")
        self.tolerated_percentage = Figure("ToleratedFailurePercentage", fractions=True)
        self.reader: Reader | None = None
        self.batcher: Batcher | None = None
        self.writer: Writer | None = None

    # ---- beginning

    def split(self, turn: Turn, frame: Frame) -> None:
        value = self.effective(turn, frame)
        items: list[ItemOf] = []
        if self.reader is None or self.items_path is not None:
            items = self.found(turn, value)
        if self.reader is not None:
            items = []  # recorded: ItemsPath is looked at, and the reader's items are taken
        limit = self.limit(turn, value)
        frame.last = turn.record((_STARTED, frame.last, turn.now, len(items)))
        count = self.tolerated_count.of(turn, value)
        if count < 0:
            raise runtime("ToleratedFailureCount cannot be negative.")
        percentage = self.tolerated_percentage.of(turn, value)
        if not 0 <= percentage <= 100:
            raise runtime("ToleratedFailurePercentage must be between 0 and 100.")
        source = None if self.reader is None else self.reader.source(turn, value)
        sink = None if self.writer is None else self.writer.sink(turn, value)
        execution = turn.execution
        arn = f"{execution.machine_arn.replace(':stateMachine:', ':mapRun:', 1)}/{self.label}:{turn.entropy.uuid4()}"
        join = RunJoin(turn.id(), self.capped(limit))
        if self.batcher is not None:
            self._prepare_batches(turn, join, self.batcher, value)
        frame.last = turn.record((_RUN_STARTED, frame.last, turn.now, arn))
        frame.join = join
        frame.phase = WAITING
        execution.attempts[join.run] = frame
        # Either one breached fails the run; neither given tolerates nothing (Developer Guide, "Map", fields).
        join.tolerated = count
        join.percentage = percentage
        join.buffer.extend(items)
        join.read = len(items)
        join.more = source is not None
        join.command = StartMapRun(
            run=join.run,
            arn=arn,
            label=self.label,
            items=len(items),
            source=source,
            sink=sink,
            max_concurrency=max(limit, 0),
            tolerated_count=int(count),
            tolerated_percentage=percentage,
        )
        turn.commands.append(join.command)
        if source is not None and source.max_items < 0:
            self._break(turn, frame, join, Failure(ITEM_READER_FAILED, "field MaxItems must be positive"))
        elif items:
            self._go_on(turn, frame, join)
        else:
            self._ask(turn, frame)

    def found(self, turn: Turn, value: Json) -> list[ItemOf]:
        """The state's own items: of an array its elements, of an object its members (Developer Guide, "ItemsPath").

        An inline Map refuses an object (recorded in November 2024, and by TestState in December 2025)."""
        given = self.given(turn, value)
        if isinstance(given, dict):
            return [(index, item, key, STATE_DATA) for index, (key, item) in enumerate(given.items())]
        return [(index, item, None, STATE_DATA) for index, item in enumerate(self.array(given))]

    def capped(self, limit: int) -> int:
        return min(limit, limits.DISTRIBUTED_CONCURRENCY) if limit > 0 else limits.DISTRIBUTED_CONCURRENCY

    def _prepare_batches(self, turn: Turn, join: RunJoin, batcher: Batcher, value: Json) -> None:
        join.max_batch_items = int(batcher.max_items.of(turn, value))
        maximum = int(batcher.max_bytes.of(turn, value))
        join.max_batch_bytes = min(maximum, limits.PAYLOAD_BYTES) if maximum > 0 else limits.PAYLOAD_BYTES
        if batcher.input is not None:
            join.envelope = {"BatchInput": batcher.input(value, turn)}
        join.batch_bytes = self._empty_batch(join)

    def _empty_batch(self, join: RunJoin) -> int:
        return len(dumps({**join.envelope, "Items": []}))

    def redrive_run(self, turn: Turn, frame: Frame, join: RunJoin) -> None:
        """The run goes on: children that did not succeed run again, what was never started starts (Developer Guide,
        "Redriving Map Runs")."""
        join.redrives += 1
        join.failure = None
        join.closing = join.reading = False
        join.failed = 0
        join.untold += join.children
        join.children.clear()
        join.counts.clear()
        join.again.clear()
        join.finding = True
        frame.join = join
        frame.phase = WAITING
        turn.execution.attempts[join.run] = frame
        frame.last = turn.record((_RUN_REDRIVEN, frame.last, turn.now, join.command.arn, join.redrives))
        turn.commands.append(RedriveMapRun(join.run, join.command, join.read, join.redrives, tuple(join.untold)))

    # ---- going on

    def _ask(self, turn: Turn, frame: Frame) -> None:
        """Has the frame go on when its turn comes."""
        if frame.phase == WAITING:
            turn.wake(frame, RESULT)

    def resume(self, turn: Turn, frame: Frame, phase: int) -> State | None:
        if phase != RESULT:
            return super().resume(turn, frame, phase)
        frame.phase = WAITING
        join = frame.join
        assert isinstance(join, RunJoin)
        if join.closing:
            return self._closed(turn, frame, join)
        if join.failure is not None:
            self._break(turn, frame, join, join.failure)
            return None
        self._go_on(turn, frame, join)
        return None

    def _go_on(self, turn: Turn, frame: Frame, join: RunJoin) -> None:
        """Starts what there is room for, asks for more items, or ends the run."""
        if join.finding:
            return
        try:
            while len(join.children) < join.limit:
                if join.again:
                    self._start_again(turn, frame, join, *join.again.popleft())
                    continue
                following = self._next(turn, frame, join)
                if following is None:
                    break
                self._start(turn, frame, join, *following)
        except EvaluationError:
            self._stop_children(turn, join)
            self._end(turn, join, "FAILED")
            turn.execution.attempts.pop(join.run, None)
            frame.join = None
            raise
        if join.more:
            if not join.reading and len(join.buffer) < limits.ITEMS_READ_AT_ONCE:
                join.reading = True
                turn.commands.append(ReadItems(join.run, limits.ITEMS_READ_AT_ONCE))
        elif not join.children and not join.buffer and not join.batch and not join.again:
            join.closing = True
            self._end(turn, join, "SUCCEEDED")

    def _next(self, turn: Turn, frame: Frame, join: RunJoin) -> tuple[Json, bytes, ItemOf | None, int] | None:
        """The next child's input, as text too, the item it is, and how many items that makes."""
        buffer = join.buffer
        if self.batcher is None:
            if not buffer:
                return None
            item = buffer.popleft()
            value = self._selected(turn, frame, item)
            return value, self._fitting(dumps(value)), item, 1
        batch = join.batch
        while buffer:
            value = self._selected(turn, frame, buffer[0])
            size = len(dumps(value)) + (1 if batch else 0)
            if batch and join.batch_bytes + size > join.max_batch_bytes:
                return self._batched(join)
            buffer.popleft()
            batch.append(value)
            join.batch_bytes += size
            if len(batch) == join.max_batch_items:
                return self._batched(join)
        return self._batched(join) if batch and not join.more else None

    def _batched(self, join: RunJoin) -> tuple[Json, bytes, ItemOf | None, int]:
        items = join.batch
        value: Json = {**join.envelope, "Items": items}
        join.batch = []
        join.batch_bytes = self._empty_batch(join)
        return value, self._fitting(dumps(value)), None, len(items)

    def _fitting(self, text: bytes) -> bytes:
        if len(text) > limits.PAYLOAD_BYTES:
            raise PlainError(
                DATA_LIMIT_EXCEEDED,
                f"The state/task '{self.name}' provided parameters with a size exceeding the maximum number of bytes "
                "service limit.",
            )
        return text

    def _selected(self, turn: Turn, frame: Frame, item: ItemOf) -> Json:
        """What ItemSelector makes of an item: `$` is the Map's input, the item is in the context object."""
        if self.select is None:
            return alone(item)
        outer = frame.item
        try:
            frame.item = item
            turn.forget_context()
            return self.select(self.effective(turn, frame), turn)
        finally:
            frame.item = outer
            turn.forget_context()

    def _start(
        self, turn: Turn, frame: Frame, join: RunJoin, value: Json, text: bytes, item: ItemOf | None, count: int
    ) -> None:
        child = turn.id()
        join.children[child] = join.next
        join.counts[child] = count
        join.next += 1
        turn.execution.attempts[child] = frame
        turn.commands.append(
            StartChild(child, self.processor, value, text, self.label, item, self.execution_type, join.run, count)
        )

    def _start_again(self, turn: Turn, frame: Frame, join: RunJoin, child: int, count: int) -> None:
        join.children[child] = child
        join.counts[child] = count
        turn.execution.attempts[child] = frame
        turn.commands.append(RedriveChild(child, join.run, count))

    # ---- news

    def map_run_reported(self, turn: Turn, frame: Frame, news: ItemsRead | MapRunEnded | ChildrenFound) -> None:
        join = frame.join
        assert isinstance(join, RunJoin)
        if isinstance(news, ChildrenFound):
            if join.finding:
                join.finding = False
                join.again.extend(news.children)
                for child, output, described in news.succeeded:
                    self._keep(join, ChildClosed(child, "SUCCEEDED", output, dumps(output), described=described))
                join.untold = []
                self._ask(turn, frame)
            return
        if isinstance(news, MapRunEnded):
            turn.execution.attempts.pop(join.run, None)
            frame.result = news.output
            if news.error is not None:
                join.failure = Failure(news.error, news.cause)
        else:
            join.reading = False
            if news.error is not None:
                join.failure = Failure(news.error, news.cause)  # redriven, it reads on from here
            else:
                join.more = news.more
            for index, (value, key, source) in enumerate(news.items, join.read):
                join.buffer.append((index, value, key, source))
            join.read += len(news.items)
        self._ask(turn, frame)

    def map_run_updated(self, turn: Turn, frame: Frame, update: MapRunUpdated) -> None:
        join = frame.join
        if isinstance(join, RunJoin):
            join.limit = self.capped(update.max_concurrency)
            join.tolerated = update.tolerated_count
            join.percentage = update.tolerated_percentage
            self._ask(turn, frame)

    def child_closed(self, turn: Turn, frame: Frame, closed: ChildClosed) -> None:
        join = frame.join
        if not isinstance(join, RunJoin):
            return
        join.children.pop(closed.child)
        count = join.counts.pop(closed.child)
        if closed.status != "SUCCEEDED":
            join.failed += count
        self._keep(join, closed)
        if join.failed and join.failed > self._tolerated(join) and join.failure is None:
            text = "The specified tolerated failure threshold was exceeded"
            join.failure = Failure(EXCEED_TOLERATED_FAILURE_THRESHOLD, text)
        self._ask(turn, frame)

    def _tolerated(self, join: RunJoin) -> float:
        if not join.percentage:
            return join.tolerated
        if join.more:  # nobody knows yet what the percentage is of
            return join.tolerated or float("inf")
        share = join.percentage * join.read / 100
        return min(join.tolerated, share) if join.tolerated else share

    def _keep(self, join: RunJoin, closed: ChildClosed) -> None:
        """Keeps what a child gave, as long as all of it can still be the state's result."""
        writer = self.writer
        if (writer is not None and writer.arguments is not None) or join.size > limits.PAYLOAD_BYTES:
            return
        values: list[Json]
        if closed.described is not None:
            values = [closed.described]
        elif writer is not None and writer.transformation == "FLATTEN" and isinstance(closed.output, list):
            values = closed.output
        else:
            values = [closed.output]
        if closed.output_text is not None and values and values[0] is closed.output:
            texts = [closed.output_text]
        else:
            texts = [dumps(value) for value in values]
        before = join.outputs.get(closed.child)  # redriven: what it gave when it failed
        if before is not None:
            join.size -= sum(map(len, before[1])) + len(before[1])
        join.outputs[closed.child] = values, texts
        join.size += sum(map(len, texts)) + len(texts)
        if join.size > limits.PAYLOAD_BYTES:
            join.outputs.clear()

    # ---- ending

    def ending(self, join: RunJoin, status: str) -> EndMapRun:
        """What the driver is told when the run is over."""
        pending: Iterable[bytes] = ()
        if status != "SUCCEEDED" and self.writer is not None and self.writer.arguments is not None:
            pending = [dumps(value) for value in join.batch] + [dumps(item[1]) for item in join.buffer]
        return EndMapRun(join.run, "SUCCEEDED" if status == "SUCCEEDED" else "FAILED", tuple(pending))

    def _end(self, turn: Turn, join: RunJoin, status: str) -> None:
        turn.commands.append(self.ending(join, status))

    def _break(self, turn: Turn, frame: Frame, join: RunJoin, failure: Failure) -> None:
        """The run fails: its children are stopped, and what results there are are written."""
        self._stop_children(turn, join)
        join.failure = failure
        join.closing = True
        self._end(turn, join, "FAILED")

    def _closed(self, turn: Turn, frame: Frame, join: RunJoin) -> State | None:
        """Recorded: the run's event, MapStateSucceeded, and an exit that follows an event of the run.

        Which one changed when AWS brought JSONata and variables (November 2024): it is MapRunStarted in every recording
        that uses them, and MapRunSucceeded in 18 of the 21 that could do without.
        """
        frame.join = None
        failure = join.failure
        if failure is not None and failure.error == "States.Runtime":
            turn.doomed(frame, failure)
            return None
        if failure is not None:
            frame.kept = join
            frame.last = turn.record((_RUN_FAILED, frame.last, turn.now, failure.error, failure.cause))
            turn.fail(frame, failure)
            return None
        started = frame.last
        ran = frame.last = turn.record((_RUN_SUCCEEDED, started, turn.now))
        previous = started if self.jsonata or frame.variables else ran
        if self.writer is not None and self.writer.arguments is not None:
            frame.last = turn.record((self.succeeded_kind, ran, turn.now))
            result, frame.result = frame.result, None
            return self.complete(turn, frame, result, None, previous)
        if join.size > limits.PAYLOAD_BYTES:
            raise too_large(self.name)
        frame.last = turn.record((self.succeeded_kind, ran, turn.now))
        values: list[Json] = []
        texts: list[bytes] = []
        for index in sorted(join.outputs):
            values += join.outputs[index][0]
            texts += join.outputs[index][1]
        if self.writer is not None and self.writer.output_type == "JSONL":
            lines = b"\n".join(texts).decode("utf-8", "surrogatepass")
            return self.complete(turn, frame, lines, None, previous)
        return self.complete(turn, frame, values, b"[" + b",".join(texts) + b"]", previous)

    def _stop_children(self, turn: Turn, join: RunJoin) -> None:
        for child in join.children:
            if turn.execution.attempts.pop(child, None) is not None:
                turn.commands.append(CancelChild(child))
        join.untold += join.children
        join.children.clear()
        join.counts.clear()

    def abort_children(self, turn: Turn, frame: Frame, previous: int) -> None:
        join = frame.join
        assert isinstance(join, RunJoin)
        self._stop_children(turn, join)
        if turn.execution.attempts.pop(join.run, None) is not None:
            turn.commands.append(CancelChild(join.run))
