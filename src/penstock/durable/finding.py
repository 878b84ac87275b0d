"""Executions of a file: by their names, what was interrupted, and which of them are whose."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from penstock.durable.began import STARTED
from penstock.durable.words import pasted
from penstock.engine.recovery import begun_by_run
from penstock.errors import UsageError
from penstock.store import Database, Summary
from penstock.store.database import no_database
from penstock.store.executions import Executions


class Tree:
    """Whether an execution is one of some, or was started by one of them, at whatever depth."""

    def __init__(self, store: Executions, roots: Iterable[int]) -> None:
        self._store = store
        self._roots = frozenset(roots)
        self._known: dict[int, int] = {}

    def __call__(self, summary: Summary) -> bool:
        return self.root(summary) in self._roots

    def root(self, summary: Summary) -> int:
        """The id of the one at the top."""
        path: list[int] = []
        each: Summary | None = summary
        while each is not None and each.parent is not None and each.id not in self._known:
            path.append(each.id)
            each = self._store.by_id(each.parent)
        top = summary.id if each is None else self._known.get(each.id, each.id)
        self._known.update(dict.fromkeys([*path, top], top))
        return top


def interrupted(store: Executions) -> list[Summary]:
    """What runs began and did not end, or started and did not end: those at the top, in the order of their starts."""
    tree = Tree(store, ())
    roots = dict.fromkeys(tree.root(summary) for summary in store.running() if begun_by_run(summary))
    return [summary for number in sorted(roots) if (summary := store.by_id(number)) is not None]


def find(store: Executions, name: str) -> Summary:
    """The execution of that name or ARN. Raises UsageError where there is none, or several."""
    file = store.database.path
    if name.startswith("arn:"):
        summary = store.find(name)
        found = [] if summary is None else [summary]
    else:
        found = store.named(name)
    if not found:
        raise UsageError(
            f"{file} has no execution {name!r}; penstock runs list --db {quote(str(file))} shows what it has."
        )
    if len(found) > 1:
        arns = " or ".join(each.arn for each in found[:5])
        raise UsageError(f"{file} has {len(found)} executions of the name {name!r}; say which: {arns}.")
    return found[0]


@contextmanager
def opened(db: str | os.PathLike[str]) -> Iterator[Database]:
    """The file for `Resumed`. Raises StoreError, and UsageError where there is none."""
    if not Path(db).exists():
        raise no_database(db)
    database = Database(db)
    try:
        yield database
    finally:
        database.close()


def check_interrupted(store: Executions, summary: Summary) -> None:
    """Raises UsageError for an execution that `resume` does not take up."""
    file, name = store.database.path, summary.name
    if not begun_by_run(summary):
        raise UsageError(
            f"The execution {name} was begun by a server, which takes it up: penstock server --db {quote(str(file))}"
        )
    if summary.record == STARTED:
        raise UsageError(f"The execution {name} was started by another one, and goes on with it.")
    if summary.status != "RUNNING" and all(each.id != summary.id for each in interrupted(store)):
        more = (
            ""
            if summary.status == "SUCCEEDED"
            else f" Let it go on from what failed: penstock redrive --db {quote(str(file))} {pasted(name)}"
        )
        raise UsageError(f"The execution {name} was not interrupted: it has ended ({summary.status}).{more}")


def check_redrivable(database: Database, summary: Summary) -> None:
    """Raises UsageError for an execution that is not this side's to redrive."""
    file, name = database.path, summary.name
    if not begun_by_run(summary):
        raise UsageError(
            f"The execution {name} was begun by a server; redrive it there: penstock server --db {quote(str(file))}, then penstock redrive "
            f"--endpoint URL {summary.arn}"
        )
    if summary.record == STARTED:
        raise UsageError(f"The execution {name} was started by another one, and is redriven with it.")
    if summary.status == "RUNNING":
        raise UsageError(
            f"The execution {name} has not ended; take it up: penstock resume --db {quote(str(file))} {pasted(name)}"
        )


def unparked(database: Database, summary: Summary) -> None:
    """Has the next recovery try an execution as if it had not been left alone, with all that it started."""
    store = Executions(database)
    tree = Tree(store, [summary.id])
    rows = [(0, each.recovered, None, each.id) for each in store.running() if tree(each)]
    with database.write() as connection:
        Executions.recovered(connection, rows)
