"""The file: opening it with all that has to be checked, the one writer, and connections for reading.

Rules and their reasons: `reference/reliability.md`. The journal mode is WAL and every commit is synced (synchronous=FULL),
so that what was acknowledged is still there after the power fails. One process at a time; a second is refused by a lock, and
fenced off by a number that every transaction compares, should a lock ever fail (a network file system).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, Final, Literal

from penstock import failpoints
from penstock.clock import SystemClock
from penstock.errors import StoreDamaged, StoreError, StoreInUse, StoreTooLarge, StoreUnavailable, UsageError
from penstock.store.lock import FileLock
from penstock.store.schema import APPLICATION_ID, MIGRATIONS

_MAGIC: Final = b"SQLite format 3\x00"
_READERS: Final = 8
_LOG_PAGES: Final = 1000
"""How long the write-ahead log gets before it is taken over into the database (SQLite's default)."""
_ROOM: Final = 1 << 20
"""Ours: bytes that are left free on the disk when the log is copied into the database at the end."""

_GIVE_THE_FILE: Final = "Give the file that `penstock run` or `penstock server` was given as --db."

Synchronous = Literal["FULL", "NORMAL"]


def no_database(path: str | os.PathLike[str]) -> UsageError:
    """For a file that is to be read and is not there."""
    return UsageError(f"There is no database {os.fspath(path)}. {_GIVE_THE_FILE}")


class Database:
    """One open file. `write` is for one thread at a time, `read` for any."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        check: bool = True,
        synchronous: Synchronous = "FULL",
        migrations: tuple[str, ...] = MIGRATIONS,
    ) -> None:
        """Opens `path`; makes it where there is none.

        Raises StoreInUse where another process has it, StoreDamaged for a file that fails SQLite's checks (it is set aside
        first), UsageError for a file that is not ours or of a newer version, StoreUnavailable where it cannot be written.
        `read_only` looks at a file that may be in use, and changes nothing; it may do without the `check`, which reads all
        of it. `synchronous` NORMAL is for tests: after a power
        failure its last commits may be missing.
        """
        self.path = Path(path)
        self.read_only = read_only
        self._checked = check or not read_only
        self._lock: FileLock | None = None
        self._writing = threading.RLock()
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._closed = False
        self.commits = 0
        self.on_commit: Callable[[float], None] | None = None
        """Called after each commit with the seconds that it took."""
        self._clock = SystemClock()
        self.failure: str | None = None
        """Why the last commit failed; None when it did not."""
        fresh = self._look(migrations)
        if not read_only:
            self._prepare(fresh)
            self._lock = FileLock(self.path)
        try:
            self._open(fresh, synchronous, migrations)
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise

    # ---- opening

    def _look(self, migrations: tuple[str, ...]) -> bool:
        """Whether the file is to be made. Looks at the bytes before SQLite does, which would write to what is not ours."""
        path = self.path
        try:
            if path.is_dir():
                raise UsageError(f"{path} is a folder; give the name of a database file in it.")
            if path.exists() and not path.is_file():  # opening a pipe would wait for who writes to it
                raise UsageError(f"{path} is no file but a device, a pipe or a socket. Give a file.")
            with path.open("rb") as file:
                head = file.read(100)
        except FileNotFoundError:
            aside = sorted(path.parent.glob(f"{path.name}.damaged-*")) if path.parent.is_dir() else []
            if self.read_only:
                raise no_database(path) from None
            if aside:
                raise StoreDamaged(
                    f"{path} was found damaged earlier and set aside as {aside[-1].name}. Save what can be read with: "
                    f"{_salvage(aside[-1], path)} or move that file away to begin with an empty "
                    "database.",
                    path=str(path),
                    aside=str(aside[-1]),
                ) from None
            return True
        except OSError as error:
            raise StoreUnavailable(f"{path} cannot be read: {error.strerror or error}.") from None
        if not head:
            if self.read_only:
                raise UsageError(f"{path} is empty: no execution has been written to it. {_GIVE_THE_FILE}")
            return True
        if head[:16] != _MAGIC or len(head) < 100:
            raise UsageError(f"{path} is no SQLite database, and was left as it is. Give another file.")
        ours = int.from_bytes(head[68:72], "big")
        if ours != APPLICATION_ID and head[28:32] != b"\0\0\0\0":
            raise UsageError(f"{path} is a database of another program, and was left as it is. Give another file.")
        version = int.from_bytes(head[60:64], "big")
        if version > len(migrations):
            raise UsageError(
                f"{path} was written by a newer version of Penstock (format {version}; this one knows "
                f"{len(migrations)}). Upgrade Penstock, or give another file."
            )
        return False

    def _prepare(self, fresh: bool) -> None:
        """The folder (0700) and the file (0600), so that SQLite's own files beside it are made 0600 too."""
        try:
            if not self.path.parent.exists():
                self.path.parent.mkdir(mode=0o700, parents=True)
            if fresh:
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            if not os.access(self.path, os.W_OK) or not os.access(self.path.parent, os.W_OK):
                raise StoreUnavailable(f"{self.path} cannot be written: it or its folder is read-only for this user.")
        except OSError as error:
            raise StoreUnavailable(f"{self.path} cannot be made: {error.strerror or error}.") from None

    def _open(self, fresh: bool, synchronous: Synchronous, migrations: tuple[str, ...]) -> None:
        try:
            connection = self._connect(read_only=self.read_only)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path} cannot be opened: {error}.") from None
        self._connection = connection
        self.largest = connection.getlimit(sqlite3.SQLITE_LIMIT_LENGTH)
        """How many bytes a row may have."""
        try:
            if not fresh and self._checked:
                self._check(connection)
            if self.read_only:
                if connection.execute("PRAGMA user_version").fetchone()[0] < len(migrations):
                    raise UsageError(
                        f"{self.path} was written by an older version of Penstock. Open it once with `penstock server --db`, "
                        "which brings it up to date and keeps the old file beside it."
                    )
                return
            if connection.execute("PRAGMA application_id").fetchone()[0] == 0:
                connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            connection.execute(f"PRAGMA synchronous={synchronous}")
            level = connection.execute("PRAGMA synchronous").fetchone()[0]
            if mode != "wal" or level != {"FULL": 2, "NORMAL": 1}[synchronous]:
                raise StoreUnavailable(
                    f"{self.path} does not support write-ahead logging (its journal mode stays {mode!r}): keep it on a local "
                    "disk, not on a network file system."
                )
            self._migrate(connection, migrations)
            self._epoch = self._claim(connection)
            if synchronous == "FULL":
                self._lengthen_log(connection)
        except sqlite3.DatabaseError as error:
            connection.close()
            if _is_damage(error):
                self._set_aside(str(error))
            if self.read_only and not os.access(self.path.parent, os.W_OK):
                raise StoreUnavailable(
                    f"{self.path} cannot be read in a folder that is read-only for this user, for its process did not end in "
                    f"order. Copy it and {self.path.name}-wal to another folder, and look there."
                ) from None
            raise StoreUnavailable(f"{self.path} cannot be used: {error}.") from None
        except BaseException:
            connection.close()
            raise

    def _connect(self, *, read_only: bool) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
        if read_only and self._is_at_rest():
            uri += "&immutable=1"
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10, cached_statements=256
        )
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        return connection

    def _is_at_rest(self) -> bool:
        """Whether SQLite may not make its files beside the database, and need not: no process of this user writes to it."""
        if os.access(self.path.parent, os.W_OK):
            return False
        try:
            return os.stat(f"{self.path}-wal").st_size == 0
        except FileNotFoundError:
            return True

    def _check(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            connection.close()
            self._set_aside(str(found))

    def _set_aside(self, what: str) -> None:
        what = " ".join(what.replace("*** in database main ***", "").split())
        if self.read_only:
            raise StoreDamaged(f"{self.path} is damaged ({what}).", path=str(self.path), aside=None)
        stamp = datetime.fromtimestamp(SystemClock().now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        while aside.exists():  # nothing is ever written over
            aside = aside.with_name(f"{aside.name}x")
        for suffix in ("-wal", "-shm", ""):  # the database last: while it has its name, nothing is lost
            with suppress(FileNotFoundError):
                os.rename(f"{self.path}{suffix}", f"{aside}{suffix}")
        raise StoreDamaged(
            f"{self.path} is damaged ({what}). It was set aside as {aside.name}. Save what can be read with: "
            f"{_salvage(aside, self.path)}",
            path=str(self.path),
            aside=str(aside),
        )

    def _migrate(self, connection: sqlite3.Connection, migrations: tuple[str, ...]) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == len(migrations):
            return
        if version > 0:
            self._back_up(connection, version)
        for number in range(version, len(migrations)):
            if failpoints.ON and number > version > 0:
                failpoints.hit("migration.between")
            # One transaction each, its number included: a migration is either whole or has not happened.
            script = f"BEGIN IMMEDIATE;\n{migrations[number]}\nPRAGMA user_version={number + 1};\nCOMMIT;"
            try:
                connection.executescript(script)
            except sqlite3.Error:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def _back_up(self, connection: sqlite3.Connection, version: int) -> None:
        """The file as it was, beside it: whole, or not there."""
        backup = self.path.with_name(f"{self.path.name}.format-{version}")
        if backup.exists():
            return
        part = backup.with_name(f"{backup.name}.part")
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_RDWR | os.O_CREAT, 0o600))
        copy = sqlite3.connect(part)
        try:
            connection.backup(copy)
        finally:
            copy.close()
        os.replace(part, backup)

    def _claim(self, connection: sqlite3.Connection) -> int:
        connection.execute("BEGIN IMMEDIATE")
        row = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        epoch = 1 if row is None else int(row[0]) + 1
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (epoch,))
        connection.execute("COMMIT")
        return epoch

    def _lengthen_log(self, connection: sqlite3.Connection) -> None:
        """Makes the write-ahead log as long as it gets, with 1,000 pages that mean nothing. A commit that has to lengthen it
        waits for the file system to write down the new length, too: measured, 270 µs in place of 170. Costs 12 ms."""
        log = Path(f"{self.path}-wal")
        length = _LOG_PAGES * connection.execute("PRAGMA page_size").fetchone()[0]
        if (log.exists() and log.stat().st_size > length) or shutil.disk_usage(self.path.parent).free < 10 * length:
            return
        connection.execute("PRAGMA synchronous=OFF")  # nothing of this is missed
        connection.execute("PRAGMA wal_autocheckpoint=0")
        try:
            for number in range(_LOG_PAGES):
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('log', ?)", (number,))
        except sqlite3.OperationalError:  # a full disk, which whoever writes will hear of
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        finally:
            # Synced from here on: the checkpoint syncs the log before it writes to the database.
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    # ---- writing

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of what is done inside, synced, or nothing.

        Raises StoreUnavailable where the disk is full or the file cannot be written (nothing has changed then, and a later
        try may succeed), StoreInUse where another process has taken the file over, StoreTooLarge for more than a row can take.
        """
        with self._writing:
            if self._closed:
                raise StoreUnavailable(f"{self.path} cannot be written: it has been closed.")
            connection = self._connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                epoch = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0]
                if epoch != self._epoch:
                    raise StoreInUse(f"Another process has taken over {self.path}; this one writes nothing more.")
                yield connection
                if failpoints.ON:
                    failpoints.hit("commit.inside")
                began = self._clock.monotonic()
                connection.execute("COMMIT")
                seconds = self._clock.monotonic() - began
            except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError):
                self._roll_back()
                raise  # a fault of ours, which no later try would mend
            except (sqlite3.DataError, OverflowError) as error:  # nor this one
                self._roll_back()
                raise StoreTooLarge(f"{self.path} cannot take what is to be written: {error}.") from error
            except sqlite3.Error as error:
                self._roll_back()
                self.failure = f"{self.path} cannot be written: {error}"
                raise StoreUnavailable(self.failure + ".") from error
            except BaseException:
                self._roll_back()
                raise
            self.failure = None
            self.commits += 1
            if self.on_commit is not None:
                self.on_commit(seconds)

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    # ---- reading

    @property
    def closed(self) -> bool:
        return self._closed

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees what is committed; from any thread."""
        if self._closed:
            raise StoreError(f"{self.path} has been closed.")
        try:
            connection = self._readers.get_nowait()
        except Empty:
            connection = self._connect(read_only=True)
        try:
            yield connection
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path} cannot be read: {error}.") from error
        finally:
            if self._closed or self._readers.qsize() >= _READERS:
                connection.close()
            else:
                self._readers.put(connection)

    def value(self, key: str, default: Any = None) -> Any:
        """A value of `meta`."""
        with self.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else row[0]

    def close(self) -> None:
        """Nothing can be asked afterwards."""
        with self._writing:
            if self._closed:
                return
            self._closed = True
            if self.read_only:
                self._close_readers()
                self._connection.close()
            elif self._has_room():
                self._close_readers()
                with suppress(sqlite3.Error):  # also where somebody else still looks at it
                    self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                self._connection.close()
            else:
                # The last connection that closes copies the log into the database, but not one that only reads.
                with suppress(sqlite3.Error):
                    self._readers.put(self._connect(read_only=True))
                self._connection.close()
                self._close_readers()
            if self._lock is not None:
                self._lock.release()

    def _close_readers(self) -> None:
        with suppress(Empty):
            while True:
                self._readers.get_nowait().close()

    def _has_room(self) -> bool:
        """Whether the log may be copied into the database: where that fills the disk, the next process could not begin."""
        try:
            return shutil.disk_usage(self.path.parent).free > os.stat(f"{self.path}-wal").st_size + _ROOM
        except OSError:
            return True


def _salvage(aside: Path, path: Path) -> str:
    from penstock.store.salvage import command

    return command(aside, path)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
