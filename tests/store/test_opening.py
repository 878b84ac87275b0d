"""What a file has to be, and what it is made as."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest
from tests.store.files import fill, in_another_process, names

from penstock.errors import StoreInUse, StoreUnavailable, UsageError
from penstock.store import Database, lock
from penstock.store.schema import APPLICATION_ID, MIGRATIONS

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes of files are POSIX's")


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@posix
def test_only_its_owner_can_read_what_it_makes(tmp_path: Path) -> None:
    before = os.umask(0)  # the most that a user can allow
    try:
        database = Database(tmp_path / "new" / "wf.db")
        fill(database, 3)
    finally:
        os.umask(before)
    files = sorted((tmp_path / "new").iterdir())
    assert [file.name for file in files] == ["wf.db", "wf.db-shm", "wf.db-wal", "wf.db.lock"]
    assert [mode(file) for file in files] == ["0o600"] * 4
    assert mode(tmp_path / "new") == "0o700"
    database.close()


def test_what_was_asked_of_sqlite_is_what_it_does(tmp_path: Path) -> None:
    database = Database(tmp_path / "wf.db")
    with database.write() as connection:
        asked = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "application_id",
                "user_version",
                "busy_timeout",
            )
        }
    assert asked == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "application_id": APPLICATION_ID,
        "user_version": len(MIGRATIONS),
        "busy_timeout": 10_000,
    }
    with database.read() as connection:
        assert connection.execute("PRAGMA query_only").fetchone()[0] == 1
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("DELETE FROM executions")
    database.close()


def test_a_journal_mode_that_is_not_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system without shared memory."""
    real = Database._connect

    class Stubborn(sqlite3.Connection):
        def execute(self, sql: str, *more: object) -> sqlite3.Cursor:
            return super().execute("PRAGMA journal_mode=DELETE" if "journal_mode" in sql else sql, *more)

    def connect(self: Database, *, read_only: bool) -> sqlite3.Connection:
        real(self, read_only=read_only).close()
        return sqlite3.connect(self.path, isolation_level=None, factory=Stubborn)

    monkeypatch.setattr(Database, "_connect", connect)
    with pytest.raises(StoreUnavailable, match=r"write-ahead logging .* stays 'delete'\): keep it on a local disk"):
        Database(tmp_path / "wf.db")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"Dear diary, today I wrote a text that is certainly longer than a hundred bytes, as a text may well be. Bye",
            "no SQLite",
        ),
        (b"short", "no SQLite"),
        (b"SQLite format 3\x00 cut off", "no SQLite"),
    ],
)
def test_files_of_others_are_left_as_they_are(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "diary"
    file.write_bytes(content)
    for read_only in (False, True):
        with pytest.raises(UsageError, match=message):
            Database(file, read_only=read_only)
    assert file.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["diary"]


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "bookmarks.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE bookmarks (url)")
    other.close()
    content = file.read_bytes()
    with pytest.raises(UsageError, match="a database of another program, and was left as it is"):
        Database(file)
    assert file.read_bytes() == content
    assert [each.name for each in tmp_path.iterdir()] == ["bookmarks.db"]


def test_a_folder_and_a_missing_file_are_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder; give the name of a database file in it"):
        Database(tmp_path)
    with pytest.raises(UsageError, match="There is no database"):
        Database(tmp_path / "none.db", read_only=True)
    assert not list(tmp_path.iterdir())


@posix
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    said = in_another_process(
        "import sys\n"
        "from penstock.errors import UsageError\n"
        "from penstock.store import Database\n"
        "try: Database(sys.argv[1])\n"
        "except UsageError as error: print(error)",
        tmp_path / "pipe",
    )
    assert said == f"{tmp_path / 'pipe'} is no file but a device, a pipe or a socket. Give a file.\n"


def test_a_closed_database_is_one_file_that_can_be_copied(tmp_path: Path) -> None:
    database = Database(tmp_path / "wf.db")
    fill(database, 3)
    assert names(database) == ["1", "2", "3"]  # by a connection that reads
    database.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["wf.db", "wf.db.lock"]


def test_a_closed_database_is_whole_though_somebody_looks_at_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "wf.db")
    fill(database, 3)
    reader = Database(tmp_path / "wf.db", read_only=True)
    assert names(reader) == ["1", "2", "3"]
    database.close()
    (tmp_path / "copy.db").write_bytes((tmp_path / "wf.db").read_bytes())
    reader.close()
    copy = Database(tmp_path / "copy.db", read_only=True)
    assert names(copy) == ["1", "2", "3"]
    copy.close()


def test_a_lock_is_had_though_nothing_can_be_written_into_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lock.os, "write", full)
    held = lock.FileLock(tmp_path / "wf.db")
    monkeypatch.undo()
    with pytest.raises(StoreInUse, match="in use by another process"):
        lock.FileLock(tmp_path / "wf.db")
    held.release()


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "wf.db").touch()
    database = Database(tmp_path / "wf.db")
    fill(database, 1)
    assert names(database) == ["1"]
    database.close()


def test_an_empty_file_has_nothing_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "wf.db").touch()
    with pytest.raises(UsageError, match=r"wf\.db is empty: no execution has been written to it"):
        Database(tmp_path / "wf.db", read_only=True)
    assert [each.name for each in tmp_path.iterdir()] == ["wf.db"]


# ---- one process at a time

OPEN = "import sys; from penstock.store import Database; Database(sys.argv[1], read_only=len(sys.argv) > 2); print('opened')"


def test_a_second_process_is_refused_in_words(tmp_path: Path) -> None:
    database = Database(tmp_path / "wf.db")
    said = in_another_process(OPEN, tmp_path / "wf.db")
    assert "StoreInUse" in said
    assert (
        f"is in use by the process {os.getpid()}. Wait for its end, or end it; a server is asked with --endpoint instead. "
        "Or give another file." in said
    )
    with pytest.raises(StoreInUse):
        Database(tmp_path / "wf.db")  # nor a second time in one process
    database.close()
    assert in_another_process(OPEN, tmp_path / "wf.db") == "opened\n"


def test_anybody_may_look_while_it_is_written(tmp_path: Path) -> None:
    database = Database(tmp_path / "wf.db")
    fill(database, 2)
    assert in_another_process(OPEN, tmp_path / "wf.db", "read") == "opened\n"
    reader = Database(tmp_path / "wf.db", read_only=True)
    assert names(reader) == ["1", "2"]
    fill(database, 1, start=3)
    assert names(reader) == ["1", "2", "3"]
    reader.close()
    fill(database, 1, start=4)
    database.close()


def test_a_process_that_lost_the_file_writes_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a lock ever fail, as on some network file systems, the number of the last opening fences the others off."""
    first = Database(tmp_path / "wf.db")
    fill(first, 1)
    monkeypatch.setattr(lock, "_lock", lambda file: True)
    second = Database(tmp_path / "wf.db")
    with pytest.raises(StoreInUse, match=r"Another process has taken over .*; this one writes nothing more"):
        fill(first, 1, start=2)
    fill(second, 1, start=3)
    assert names(second) == ["1", "3"]
    for each in (first, second):
        each.close()


def test_a_closed_database_answers_in_words(tmp_path: Path) -> None:
    database = Database(tmp_path / "wf.db")
    database.close()
    database.close()
    with pytest.raises(Exception, match="has been closed"), database.read():
        pass


# ---- where it may not write

WRITE = (
    "import os, sys\nfrom penstock.store import Database\nfrom penstock.errors import PenstockError\n"
    "if os.geteuid() == 0:\n    os.setuid(65534)  # to root nothing is read-only\n"
    "try:\n    Database(sys.argv[1])\nexcept PenstockError as error:\n    print(type(error).__name__, error)"
)


def open_to_all(place: Path) -> None:
    """Another user's process looks into pytest's folder."""
    if os.geteuid() == 0:
        for folder in (place, *place.parents):
            if "pytest" in str(folder):
                os.chmod(folder, 0o755)


@posix
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_read_only_is_said_to_be_so(what: str, tmp_path: Path) -> None:
    file = tmp_path / "wf.db"
    database = Database(file)
    fill(database, 1)
    database.close()
    content = file.read_bytes()
    open_to_all(tmp_path)
    (tmp_path / "wf.db.lock").unlink()
    os.chmod(file, 0o444)
    if what == "folder":
        os.chmod(file, 0o644)
        os.chmod(tmp_path, 0o555)
    try:
        said = in_another_process(WRITE, file)
    finally:
        os.chmod(tmp_path, 0o755)
    assert said == f"StoreUnavailable {file} cannot be written: it or its folder is read-only for this user.\n"
    assert file.read_bytes() == content


READ = WRITE.replace("Database(sys.argv[1])", "print(Database(sys.argv[1], read_only=True).value('epoch'))")


@posix
@pytest.mark.parametrize("looked_at", [False, True])
def test_a_read_only_folder_can_be_looked_into(looked_at: bool, tmp_path: Path) -> None:
    file = tmp_path / "wf.db"
    Database(file).close()
    if looked_at:  # which leaves an empty log
        Database(file, read_only=True).close()
    before = sorted(tmp_path.iterdir())
    open_to_all(tmp_path)
    for each in before:
        os.chmod(each, 0o444)
    os.chmod(tmp_path, 0o555)
    try:
        assert in_another_process(READ, file) == "1\n"
    finally:
        os.chmod(tmp_path, 0o755)
    assert sorted(tmp_path.iterdir()) == before


@posix
def test_a_read_only_folder_with_a_log_is_said_to_need_a_copy(tmp_path: Path) -> None:
    database = Database(tmp_path / "used.db")
    fill(database, 3)
    (tmp_path / "there").mkdir()
    for suffix in ("", "-wal"):  # as after kill -9, whose third file went
        copy = tmp_path / "there" / f"wf.db{suffix}"
        copy.write_bytes((tmp_path / f"used.db{suffix}").read_bytes())
        os.chmod(copy, 0o444)
    database.close()
    open_to_all(tmp_path / "there")
    os.chmod(tmp_path / "there", 0o555)
    try:
        said = in_another_process(READ, tmp_path / "there" / "wf.db")
    finally:
        os.chmod(tmp_path / "there", 0o755)
    assert said.endswith(
        "cannot be read in a folder that is read-only for this user, for its process did not end in order. Copy it and "
        "wf.db-wal to another folder, and look there.\n"
    )
