"""Listings of executions, by their owner or by what was asked for them: a page costs what a page has.

An index has executions by status, owner and whether they were redriven, in the order of their ids within each. So a listing is
merged of one row of ids for each status and answer that it asks for, each as long as the page at most.
"""

from __future__ import annotations

from typing import Final

STATUSES: Final = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
GONE: Final = "PURGED"
"""The status of an execution that was kept long enough and is being deleted: nothing finds it."""


def ids(
    owner: str,
    *,
    before: int | None = None,
    after: int | None = None,
    status: str | None = None,
    redriven: bool | None = None,
    by: str | None = None,
    limit: int = -1,
) -> tuple[str, list[object]]:
    """A query for the ids of a page, in no order, and its values. `by` is a version or an alias of the owner."""
    # The index is named so that nobody's statistics choose another.
    keys = (
        [("executions_by_status", "owner", owner)]
        if by is None
        else [("executions_by_version", "version", by), ("executions_by_alias", "alias", by)]
    )
    parts: list[str] = []
    values: list[object] = []
    for index, column, key in keys:
        for each in STATUSES if status is None else (status,):
            for flag in (0, 1) if redriven is None else (int(redriven),):
                where = f"{column} = ? AND status = ? AND (redrive_count > 0) = {flag}"
                values += [key, each]
                for text, bound in (("id < ?", before), ("id > ?", after)):
                    if bound is not None:
                        where += f" AND {text}"
                        values.append(bound)
                # The LIMIT of a part of a compound has to be in a query of its own.
                parts.append(
                    f"SELECT id FROM (SELECT id FROM executions INDEXED BY {index} WHERE {where} ORDER BY id DESC LIMIT ?)"
                )
                values.append(limit)
    return " UNION ALL ".join(parts), values
