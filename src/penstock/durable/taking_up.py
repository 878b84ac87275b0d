"""Giving executions of a file to a driver, where they stood."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING

from penstock.clock import VirtualClock
from penstock.durable.finding import Tree
from penstock.durable.words import pasted
from penstock.engine.driver import Driver
from penstock.engine.history import events
from penstock.engine.journal import Journal
from penstock.engine.program import compile_text
from penstock.engine.recovery import recover, restore
from penstock.errors import PenstockError
from penstock.options import Observer
from penstock.store import Summary

if TYPE_CHECKING:
    from penstock.calls import Call
    from penstock.engine.running import Running


def take_up(call: Call, roots: Sequence[Summary], observer: Observer | None = None) -> dict[str, Running]:
    """Gives executions of the file to the call's driver, with all that they started: those at the top, by their ARNs.

    `observer` hears what happened before, too. Virtual time goes on where it stood. Raises PenstockError where one of them
    cannot be taken up.
    """
    going, parked = take_up_all(call, roots, observer)
    for problem in parked:
        raise PenstockError(problem)
    return going


def take_up_all(
    call: Call, roots: Sequence[Summary], observer: Observer | None = None
) -> tuple[dict[str, Running], list[str]]:
    """`take_up` of those that can be; of the others, what is to be said of each. Raises PenstockError where only a part of one
    cannot be."""
    driver, journal = call.driver, call.journal
    assert journal is not None
    arns = {summary.arn for summary in roots}
    going: dict[str, Running] = {}

    def adopted(running: Running, summary: Summary) -> None:
        catch_up(driver, running)
        if summary.arn in arns:
            observe(journal, running, summary, observer)
            going[summary.arn] = running

    tree = Tree(journal.store, [each.id for each in roots])
    found = recover(driver, compile_text, adopted=adopted, which=tree)
    for arn, reason in found.parked.items():
        if arn not in arns:  # whoever waits for it would wait for ever
            part = journal.store.find(arn)
            root = None if part is None else journal.store.by_id(tree.root(part))
            if root is not None and root.arn not in found.parked:
                raise PenstockError(_why_not(root, f"{reason}, of the execution {arn} that it started", journal))
    return going, [
        _why_not(summary, found.parked[summary.arn], journal) for summary in roots if summary.arn in found.parked
    ]


def _why_not(summary: Summary, reason: str, journal: Journal) -> str:
    file, name = journal.database.path, summary.name
    return (
        f"The execution {name} cannot be taken up: {reason}. To try it once more: penstock resume --db {quote(str(file))} --unpark {pasted(name)}; "
        f"to end it: penstock runs stop --db {quote(str(file))} {pasted(name)}"
    )


def observe(journal: Journal, running: Running, summary: Summary, observer: Observer | None) -> None:
    if observer is not None:
        running.observer = observer
        for number, record in journal.history(summary.id):
            observer(events([record], first=number)[0])


def catch_up(driver: Driver, running: Running) -> None:
    if isinstance(driver.clock, VirtualClock) and running.entry is not None:
        driver.clock.advance_to(running.entry.last)


def redrive_again(call: Call, summary: Summary, observer: Observer | None) -> dict[str, Running]:
    take_up(call, [])  # the file says that a run uses it
    assert call.journal is not None
    try:
        running = restore(call.journal, summary, compile_text)
    except Exception as problem:  # a journal of another version of the engine
        raise PenstockError(f"The execution {summary.name} cannot be taken up again: {problem}.") from None
    catch_up(call.driver, running)
    observe(call.journal, running, summary, observer)
    call.driver.redrive(running)
    return {summary.arn: running}
