"""Files of earlier versions: brought up to date whole or not at all, with the old file kept."""

from __future__ import annotations

import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.files import fill, in_another_process, lambda_event, names, of_format_1

from penstock.errors import StoreUnavailable, UsageError
from penstock.failpoints import VARIABLE
from penstock.store import Database
from penstock.store.lambda_events import LambdaEvents
from penstock.store.schema import MIGRATIONS

COLOUR = "ALTER TABLE executions ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';"
SHAPE = "CREATE TABLE shapes (name TEXT);\nINSERT INTO shapes VALUES ('round');"
BROKEN = "CREATE TABLE half (name TEXT);\nINSERT INTO nowhere VALUES (1);"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of today's format, which is the old one here."""
    database = Database(tmp_path / "wf.db")
    fill(database, 3)
    database.close()
    return tmp_path / "wf.db"


def _version(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return found


def test_a_file_is_brought_up_to_date_and_the_old_one_kept(old: Path) -> None:
    database = Database(old, migrations=(*MIGRATIONS, COLOUR, SHAPE))
    with database.read() as connection:
        assert connection.execute("SELECT DISTINCT colour FROM executions").fetchall() == [("blue",)]
        assert connection.execute("SELECT name FROM shapes").fetchall() == [("round",)]
    fill(database, 1, start=4)
    database.close()
    assert _version(old) == len(MIGRATIONS) + 2
    backup = old.with_name(f"wf.db.format-{len(MIGRATIONS)}")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    kept = Database(backup)
    assert names(kept) == ["1", "2", "3"]
    kept.close()


def test_a_file_of_the_first_format_comes_to_the_tables_that_a_new_one_has(tmp_path: Path) -> None:
    Database(of_format_1(tmp_path / "old.db")).close()
    Database(tmp_path / "new.db").close()
    found = []
    for name in ("old.db", "new.db"):
        with sqlite3.connect(tmp_path / name) as connection:
            found.append(
                {
                    (each, column[1], column[2])
                    for each, sql in connection.execute("SELECT name, sql FROM sqlite_master")
                    for column in connection.execute(f"SELECT * FROM pragma_table_info('{each}')").fetchall()
                    or [(0, sql, "")]
                }
            )
        connection.close()
    assert found[0] == found[1]


def test_a_migration_that_fails_has_not_happened(old: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no such table: nowhere"):
        Database(old, migrations=(*MIGRATIONS, COLOUR, BROKEN))
    assert _version(old) == len(MIGRATIONS) + 1  # the one before it has
    with sqlite3.connect(old) as connection:
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchall()
    connection.close()
    database = Database(old, migrations=(*MIGRATIONS, COLOUR, SHAPE))
    assert names(database) == ["1", "2", "3"]
    database.close()


def test_a_process_that_dies_between_two_migrations_loses_nothing(old: Path) -> None:
    program = (
        "import sys; from penstock.store import Database; from penstock.store.schema import MIGRATIONS; "
        f"Database(sys.argv[1], migrations=(*MIGRATIONS, {COLOUR!r}, {SHAPE!r}))"
    )
    said = in_another_process(program, old, environ={**os.environ, VARIABLE: "migration.between=kill"})
    assert said.startswith("-9: ")
    assert _version(old) == len(MIGRATIONS) + 1
    database = Database(old, migrations=(*MIGRATIONS, COLOUR, SHAPE))
    assert names(database) == ["1", "2", "3"]
    database.close()


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(old: Path) -> None:
    Database(old, migrations=(*MIGRATIONS, COLOUR)).close()
    content = old.read_bytes()
    known = len(MIGRATIONS)
    newer = rf"written by a newer version of Penstock \(format {known + 1}; this one knows {known}\)"
    for read_only in (False, True):
        with pytest.raises(UsageError, match=newer):
            Database(old, read_only=read_only)
    assert old.read_bytes() == content


def test_a_file_from_before_asynchronous_calls_were_kept_keeps_them_now(tmp_path: Path) -> None:
    before = next(number for number, each in enumerate(MIGRATIONS) if "CREATE TABLE lambda_events" in each)
    Database(tmp_path / "wf.db", migrations=MIGRATIONS[:before]).close()
    database = Database(tmp_path / "wf.db")
    assert LambdaEvents.last(database) == 0
    event = lambda_event(7)
    with database.write() as connection:
        LambdaEvents.insert(connection, [event])
    database.close()
    database = Database(tmp_path / "wf.db")
    assert list(LambdaEvents.left(database, 7)) == [replace(event, payload=None)]
    assert LambdaEvents.payload(database, 7) == event.payload
    database.close()
    assert tmp_path.joinpath(f"wf.db.format-{before}").exists()


def test_who_only_looks_at_an_old_file_does_not_change_it(old: Path) -> None:
    content = old.read_bytes()
    with pytest.raises(UsageError, match="written by an older version of Penstock"):
        Database(old, read_only=True, migrations=(*MIGRATIONS, COLOUR))
    assert old.read_bytes() == content
