"""Listings of executions, by their owner or by what was asked for them: a page costs what a page has.

An index has executions by status, owner and whether they were redriven, in the order of their ids within each. So a listing is
merged of one row of ids for each status and answer that it asks for, each as long as the page at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

STATUSES: Final = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
GONE: Final = "PURGED"
"""The status of an execution that was kept long enough and is being deleted: nothing finds it."""
_LAST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which executions of an owner are meant: numbered over `after`, of one status, redriven or not, started `by` a version or an
    alias (an ARN)."""

    after: int = 0
    status: str | None = None
    redriven: bool | None = None
    by: str | None = None


ALL: Final = Filter()


def ids(owner: str, which: Filter, before: int | None, limit: int) -> tuple[str, list[object]]:
    """A query for the ids of a page, newest first within each part and numbered under `before`, and its values."""
    # The index is named so that nobody's statistics choose another.
    keys = (
        [("executions_by_status", "owner", owner)]
        if which.by is None
        else [("executions_by_version", "version", which.by), ("executions_by_alias", "alias", which.by)]
    )
    parts: list[str] = []
    values: list[object] = []
    for index, column, key in keys:
        for status in STATUSES if which.status is None else (which.status,):
            for flag in (0, 1) if which.redriven is None else (int(which.redriven),):
                where = f"{column} = ? AND status = ? AND (redrive_count > 0) = {flag} AND id > ? AND id < ?"
                values += [key, status, which.after, _LAST if before is None else before, limit]
                # The LIMIT of a part of a compound has to be in a query of its own.
                parts.append(
                    f"SELECT id FROM (SELECT id FROM executions INDEXED BY {index} WHERE {where} ORDER BY id DESC LIMIT ?)"
                )
    return " UNION ALL ".join(parts), values
