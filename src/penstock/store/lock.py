"""One process at a time: the lock file beside a database.

The lock is the operating system's, on an open file, so it ends with the process however that ends. What stands in the file
is only for the message that a second process gives.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from penstock.errors import StoreInUse, StoreUnavailable


class FileLock:
    """Held from its making until `release`. Raises StoreInUse where another process, or another of ours, has it."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as error:
            raise StoreUnavailable(f"{self._path} cannot be written: {error.strerror or error}.") from None
        if not _lock(self._file):
            owner = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() if hasattr(os, "pread") else ""
            os.close(self._file)
            who = f"the process {owner}" if owner.isdigit() else "another process"
            raise StoreInUse(
                f"{database} is in use by {who}. Wait for its end, or end it; a server is asked with --endpoint instead. Or give "
                "another file."
            )
        with suppress(OSError):  # the disk is full: who has it is not said then
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        # The file stays: removing it would let two processes hold locks on two files of one name.
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        try:
            os.lseek(file, 1 << 20, os.SEEK_SET)  # beyond what is written: a locked byte cannot be read there
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
