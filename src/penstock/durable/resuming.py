"""`resume` and `redrive`: what was interrupted goes on, and what ended without success."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Unpack

from penstock.clock import VirtualClock
from penstock.durable.began import Began
from penstock.durable.code import check_code, machine_of, tell_changed
from penstock.durable.finding import check_interrupted, check_redrivable, find, interrupted, opened, unparked
from penstock.durable.results import result_in_file
from penstock.durable.taking_up import redrive_again, take_up_all
from penstock.engine.program import compile_text
from penstock.errors import PenstockError
from penstock.options import ResumeOptions, check_options
from penstock.results import RunResult
from penstock.store import Database, Summary
from penstock.store.executions import Executions

if TYPE_CHECKING:
    from penstock.targets import TargetLike


def resume(
    db: str | os.PathLike[str],
    name: str,
    *,
    target: TargetLike | None = None,
    unpark: bool = False,
    **options: Unpack[ResumeOptions],
) -> RunResult:
    """Takes up an execution that `run` began with this database file and that was interrupted; returns how it ended.

    Steps that were completed are not run again; what was being worked on begins anew. The definition is the one that was
    written down when the execution began; the code of its tasks is the target's as it is now, which `target` names where it
    has moved. Options that only a program can give (functions, callbacks, …) are to be given again. `unpark` takes up what
    was left alone because its process ended in the midst of a task many times in a row.

    Raises UsageError for an execution that is not there, has ended, or was begun by a server.
    """
    check_options(options, for_run=False)
    with opened(db) as database:
        summary = find(Executions(database), name)
        check_interrupted(Executions(database), summary)
        if unpark:
            unparked(database, summary)
        with Resumed(database, [summary], options, target=target) as resumed:
            for problem in resumed.parked:
                raise PenstockError(problem)
            return next(resumed.results())


def redrive(
    db: str | os.PathLike[str], name: str, *, target: TargetLike | None = None, **options: Unpack[ResumeOptions]
) -> RunResult:
    """Lets an execution that `run` began with this database file and that ended without success go on from what did not
    succeed, as RedriveExecution does; returns how it ended then. The arguments are those of `resume`.

    Raises UsageError for an execution that is not there or was begun by a server, ServiceError for one that cannot be
    redriven.
    """
    check_options(options, for_run=False)
    with opened(db) as database:
        summary = find(Executions(database), name)
        check_redrivable(database, summary)
        with Resumed(database, [summary], options, target=target, again=True) as resumed:
            return next(resumed.results())


class Resumed:
    """Executions of one target and one definition that go on together; leaving it closes what they needed.

    `target` is where that is now, when it has moved. Raises what `load` does, and InvalidInput for lack of options that only a
    program can give.
    """

    def __init__(
        self,
        database: Database,
        roots: Sequence[Summary],
        options: ResumeOptions,
        *,
        target: TargetLike | None = None,
        again: bool = False,
    ) -> None:
        """`again`: what ended without success is redriven. Raises ServiceError where it cannot be."""
        from penstock.calls import Call

        first = roots[0]
        store = Executions(database)
        began = Began.read(first)
        assert began is not None  # the caller saw to that
        going_on = began.options(options)
        if began.time == "skip" and going_on.get("clock") is None:
            going_on["clock"] = VirtualClock(0.0)  # it catches up with what it finds
        text = store.definition(first.definition)
        self.machine = machine_of(began, text, target, going_on)
        definition = self.machine.written(text)
        check_code(definition, self.machine, going_on, first.name)
        self.roots = roots
        self.parked: list[str] = []
        """What is to be said of those that cannot be taken up."""
        self._call = Call(self.machine, definition, compile_text(text), going_on, database=database)
        try:
            tell_changed(self._call, first)
            observer = going_on.get("observer")
            if again:
                self._going = redrive_again(self._call, first, observer)
            else:
                self._going, self.parked = take_up_all(self._call, roots, observer)
        except BaseException:
            self._call.close(torn=True)
            raise

    def results(self) -> Iterator[RunResult]:
        """How each ended, in their order; fewer where `leave` let it end before."""
        driver = self._call.driver
        for summary in self.roots:
            running = self._going.get(summary.arn)
            if running is not None:
                driver.run(running)
        driver.finish()  # also what they started and did not wait for
        for summary in self.roots:
            running = self._going.get(summary.arn)
            if running is None:
                ended = self._call.journal.find(summary.arn) if self._call.journal is not None else None
                if ended is not None and ended.status != "RUNNING":  # only what it started was interrupted
                    yield result_in_file(self._call, summary.arn)
            elif driver.has_ended(running):
                yield self._call.result(running)

    def leave(self) -> None:
        """Lets the loop return as soon as it can; from any thread, and from a signal's handler."""
        self._call.driver.leave()

    def __enter__(self) -> Resumed:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._call.close(torn=kind is not None)


def to_resume(database: Database, names: Sequence[str], *, unpark: bool = False) -> list[list[Summary]]:
    """The executions of these names, or all that were interrupted, in groups that go on in one loop each: of one target, begun
    in one way, with one definition. Raises UsageError for names of others."""
    store = Executions(database)
    roots = [find(store, name) for name in dict.fromkeys(names)]
    for summary in roots:
        check_interrupted(store, summary)
    if not names:
        roots = interrupted(store)
    if unpark:
        for summary in roots:
            unparked(database, summary)
    groups: dict[tuple[str | None, int, str], list[Summary]] = {}
    for summary in roots:
        groups.setdefault((summary.record, summary.definition, json.loads(summary.about)["machine_arn"]), []).append(
            summary
        )
    return list(groups.values())
