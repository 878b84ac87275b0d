"""Log groups as folders, log streams as files of JSON lines: `<folder>/<group>/<stream>.jsonl`.

A line is `{"timestamp": ms, "ingestionTime": ms, "message": any JSON value}`. Names of groups and streams are others' words:
as names of files they are escaped, so that none leads out of the folder; what a group is called stands in its `group.json`.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, Final
from urllib.parse import quote

import orjson

from penstock.clock import Clock, SystemClock

GROUP_FILE: Final = "group.json"
_ENDING: Final = ".jsonl"
_PLAIN: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-#"
_NAME_BYTES: Final = 150
"""Ours: a longer name is cut, and told apart by a hash; file systems take 255."""
_OPEN_FILES: Final = 64
_log = logging.getLogger("penstock.logs")


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    folder: Path
    created: int
    """Milliseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Line:
    """What was logged. Times are milliseconds since the epoch; `number` counts the lines of the stream from 0."""

    timestamp: int
    ingested: int
    message: str
    number: int


@dataclass(frozen=True, slots=True)
class _Entry:
    group: str
    stream: str
    timestamp: int
    message: Any


class LogFolder:
    """Writes in a thread of its own, and reads what has been written. Nothing is made on disk before there is something to
    write. A disk that takes nothing loses lines, and that is told once: executions do not wait for their logs."""

    def __init__(self, folder: Path, *, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()
        self._queue: SimpleQueue[_Entry | threading.Event | None] = SimpleQueue()
        self._files: dict[tuple[str, str], IO[bytes]] = {}
        self._complained = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    # ---- writing

    def write(self, group: str, stream: str, timestamp: int, message: Any) -> None:
        """Adds a line, from any thread, without waiting."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="penstock-logs", daemon=True)
                    self._thread.start()
        self._queue.put(_Entry(group, stream, timestamp, message))

    def flush(self) -> None:
        """Comes back when what was written before can be read."""
        if self._thread is not None and self._thread.is_alive():
            done = threading.Event()
            self._queue.put(done)
            done.wait(10)

    def close(self) -> None:
        """Writes what is left, and ends the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while True:
            entry = self._queue.get()
            if isinstance(entry, _Entry):
                self._write(entry)
                if not self._queue.empty():
                    continue
            self._flush()
            if isinstance(entry, threading.Event):
                entry.set()
            elif entry is None:
                self._close_files()
                return

    def _write(self, entry: _Entry) -> None:
        line = {
            "timestamp": entry.timestamp,
            "ingestionTime": round(self._clock.now() * 1000),
            "message": entry.message,
        }
        try:
            self._file(entry.group, entry.stream).write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            self._complained = False
        except (OSError, TypeError) as error:
            self._complain(error)

    def _flush(self) -> None:
        for file in self._files.values():
            try:
                file.flush()
            except OSError as error:
                self._complain(error)

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            what = error.strerror if isinstance(error, OSError) else type(error).__name__
            _log.warning("Logs of executions cannot be written to %s: %s", self._folder, what)

    def _file(self, group: str, stream: str) -> IO[bytes]:
        key = (group, stream)
        file = self._files.get(key)
        if file is None:
            if len(self._files) >= _OPEN_FILES:
                self._close_files()
            folder = self._folder / _file_name(group)
            if not (folder / GROUP_FILE).exists():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                about = {"name": group, "created": round(self._clock.now() * 1000)}
                with _private(folder / GROUP_FILE, os.O_TRUNC) as described:
                    described.write(orjson.dumps(about))
            path = folder / f"{_file_name(stream)}{_ENDING}"
            fresh = not path.exists()
            file = self._files[key] = _private(path, os.O_APPEND)
            if fresh:
                file.write(orjson.dumps({"stream": stream}, option=orjson.OPT_APPEND_NEWLINE))
        return file

    def _close_files(self) -> None:
        for file in self._files.values():
            try:
                file.close()
            except OSError as error:
                self._complain(error)
        self._files.clear()

    # ---- reading

    def groups(self) -> list[Group]:
        """All of them, by name."""
        self.flush()
        found = []
        for about in self._folder.glob(f"*/{GROUP_FILE}"):
            try:
                held = orjson.loads(about.read_bytes())
                found.append(Group(str(held["name"]), about.parent, int(held["created"])))
            except (OSError, ValueError, KeyError, TypeError):
                continue  # not ours, or half written by a process that was killed
        return sorted(found, key=lambda group: group.name)

    def group(self, name: str) -> Group | None:
        return next((group for group in self.groups() if group.name == name), None)

    def streams(self, group: Group) -> dict[str, Path]:
        """The files of a group's streams, by their names, in order."""
        found = {}
        for path in group.folder.glob(f"*{_ENDING}"):
            try:
                with path.open("rb") as file:
                    found[str(orjson.loads(file.readline())["stream"])] = path
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return dict(sorted(found.items()))

    def lines(self, path: Path) -> Iterator[Line]:
        """The lines of a stream, as they came."""
        with path.open("rb") as file:
            file.readline()
            for number, text in enumerate(file):
                try:
                    held = orjson.loads(text)
                    message = orjson.dumps(held["message"]).decode()
                    yield Line(int(held["timestamp"]), int(held["ingestionTime"]), message, number)
                except (ValueError, KeyError, TypeError):
                    continue  # half a line, of a process that was killed


def _file_name(name: str) -> str:
    data = name.encode("utf-8", "backslashreplace")
    # quote lets the dot through, and with it "..", whatever it is told.
    escaped = quote(data, safe=_PLAIN).replace(".", "%2E").replace("~", "%7E")
    if len(escaped) <= _NAME_BYTES:
        return escaped
    return f"{escaped[:_NAME_BYTES]}~{hashlib.sha256(data).hexdigest()[:16]}"


def _private(path: Path, flags: int) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600), "wb")
