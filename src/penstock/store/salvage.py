"""`python -m penstock.store.salvage DAMAGED NEW`: what can still be read of a damaged database, as a new one.

Tables are read around the pages that are broken. Executions that lost a part of their journal are left alone at the next
start, with that reason; all others go on. (`.recover` of SQLite's own shell would do, but fails in Debian's.)
"""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from penstock.errors import PenstockError, UsageError
from penstock.store.database import Database
from penstock.store.schema import MIGRATIONS

_TABLES: Final = ("definitions", "executions", "journal", "snapshots", "lambda_events")
_KEYED: Final = {"map_runs": "arn", "records": "kind, arn"}
"""Tables without row numbers, and what they are in the order of."""
_LAST: Final = 1 << 40
_STEPS: Final = 1000
"""Rows that are tried one by one after a broken page; then the steps get longer."""


def command(damaged: Path, new: Path) -> str:
    """What to type."""
    return shlex.join([sys.executable, "-m", "penstock.store.salvage", str(damaged), str(new)])


def salvage(damaged: Path, new: Path) -> dict[str, int]:
    """Makes `new` of what `damaged` has; table → how many rows. `damaged` stays as it is. Raises UsageError for a `new` that
    is there, and for a `damaged` that is not or of which nothing can be read."""
    if new.exists():
        raise UsageError(f"{new} exists, and is not written over. Give another name.")
    if not damaged.is_file():
        raise UsageError(f"There is no file {damaged}.")
    part = new.with_name(f"{new.name}.salvaged")
    _remove(part)
    whole = _whole(damaged, part.with_name(f"{part.name}.copy"))
    old = sqlite3.connect(f"{whole.absolute().as_uri()}?mode=ro", uri=True)
    version = _version(old)
    database = Database(part, migrations=MIGRATIONS[:version])
    found: dict[str, int] = {}
    try:
        with database.write() as connection:
            for table in (*_TABLES, *_KEYED):
                found[table] = 0
                for row in _keyed(old, table) if table in _KEYED else _numbered(old, table):
                    marks = ", ".join("?" * len(row))
                    connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)
                    found[table] += 1
    finally:
        old.close()
        database.close()
        if version < len(MIGRATIONS):  # what an older version wrote is brought up to date as at its next start
            Database(part).close()
            part.with_name(f"{part.name}.format-{version}").unlink(missing_ok=True)
        if whole != damaged:
            _remove(whole)
    if any(found.values()):
        os.replace(part, new)
    _remove(part)
    if not new.exists():
        raise UsageError(f"Nothing can be read of {damaged}.")
    return found


def _version(old: sqlite3.Connection) -> int:
    """Of the file's format; the newest where that cannot be read."""
    with suppress(sqlite3.DatabaseError):
        version: int = old.execute("PRAGMA user_version").fetchone()[0]
        if 0 < version < len(MIGRATIONS):
            return version
    return len(MIGRATIONS)


def _remove(database: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".lock"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)


def _whole(damaged: Path, copy: Path) -> Path:
    """The file itself; or, where its end is missing, a copy of the length it should have: SQLite reads nothing of it else."""
    with damaged.open("rb") as file:
        head = file.read(100)
    size = int.from_bytes(head[16:18], "big")
    length = (65536 if size == 1 else size) * int.from_bytes(head[28:32], "big")
    if damaged.stat().st_size >= length:
        return damaged
    shutil.copyfile(damaged, copy)
    with suppress(FileNotFoundError):
        shutil.copyfile(f"{damaged}-wal", f"{copy}-wal")
    os.truncate(copy, length)
    return copy


def _numbered(old: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    last, tried = 0, 0
    while last < _LAST:
        try:
            for row in old.execute(f"SELECT rowid, * FROM {table} WHERE rowid > ? ORDER BY rowid", (last,)):
                last, tried = row[0], 0
                yield row[1:]
            return
        except sqlite3.DatabaseError:
            tried += 1
            last += 1 if tried < _STEPS else 1 << min(tried - _STEPS, 30)


def _keyed(old: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    for order in ("ASC", "DESC"):  # from both ends, as far as it goes; what comes twice is ignored
        keys = ", ".join(f"{key} {order}" for key in _KEYED[table].split(", "))
        with suppress(sqlite3.DatabaseError):
            yield from old.execute(f"SELECT * FROM {table} ORDER BY {keys}")
            return


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: python -m penstock.store.salvage DAMAGED NEW", file=sys.stderr)
        return 2
    try:
        found = salvage(Path(sys.argv[1]), Path(sys.argv[2]))
    except (PenstockError, sqlite3.Error, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{sys.argv[2]} has "
        + ", ".join(f"{count:,} {table.replace('_', ' ')}" for table, count in found.items())
        + "."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
