"""The server of the sweep: started, killed, started again; and what its file and its functions have seen at each end."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.crash.jobs import Jobs
from tests.crash.machines import FUNCTIONS, ITEMS, SETTINGS
from tests.server.process import MAIN

from penstock.engine.history import events
from penstock.engine.journal import Journal
from penstock.failpoints import LOG_VARIABLE, VARIABLE
from penstock.store import Database

HANG_SECONDS: Final = 4.0
"""After how long a process that is told to hang is killed."""


class Host:
    """A folder with functions, settings, objects and a database, and the process that serves it.

    `failpoints` are set for the processes in turn (a list as long as one likes; later ones have none). `moments` are seconds
    after the first answer of each process at which it is killed, in turn.
    """

    def __init__(
        self,
        folder: Path,
        *,
        failpoints: Sequence[str] = (),
        moments: Sequence[float] = (),
        log: bool = False,
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._jobs = Jobs(folder)
        (folder / "app.py").write_text(FUNCTIONS, encoding="utf-8")
        (folder / "penstock.toml").write_text(SETTINGS % self._jobs.url, encoding="utf-8")
        for bucket in ("items", "results"):
            (folder / "objects" / bucket).mkdir(parents=True, exist_ok=True)
        (folder / "objects" / "items" / "items.jsonl").write_text(ITEMS, encoding="utf-8")
        self.file = folder / "wf.db"
        self.kills = 0
        self.done: list[tuple[frozenset[str], int]] = []
        """At each kill: the keys of tasks whose ends were written down, and how many lines `runs.log` had."""
        self.orphans: list[int] = []
        """Worker processes that outlived their server."""
        self.problems: list[str] = []
        self._failpoints = list(failpoints)
        self._moments = list(moments)
        self._log = log
        self._ending = False
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._start()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()

    def _start(self) -> None:
        points = self._failpoints.pop(0) if self._failpoints else ""
        self._hangs = "=hang" in points
        environ: dict[str, str] = {**os.environ, "PYTHONUNBUFFERED": "1", VARIABLE: points}
        if self._log:
            environ[LOG_VARIABLE] = str(self.folder / "visits.log")
        self._told = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [*MAIN, "--db", str(self.file), "--port", str(self.port)],
            cwd=self.folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=self._told,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        # The port is open then, or the process is dead, or it hangs.
        if not select.select([self.process.stdout], [], [], HANG_SECONDS if self._hangs else 30)[0]:
            self.process.kill()
        self._at = time.monotonic()

    def _keep(self) -> None:
        """Kills the process when its moment has come, and has the next one follow it."""
        try:
            while not self._ending:
                if self.process.poll() is not None:
                    self._dead()
                elif self._moments and time.monotonic() - self._at >= self._moments[0]:
                    self._moments.pop(0)
                    self.process.kill()
                elif self._hangs and time.monotonic() - self._at > HANG_SECONDS:
                    self.process.kill()
                time.sleep(0.003)
        except Exception as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    def _dead(self) -> None:
        if self.process.wait() not in (-signal.SIGKILL, 70):
            self.problems.append(f"the server ended by itself with {self.process.returncode}")
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._told.close()
        self.kills += 1
        if self.kills > 30:
            raise RuntimeError("the server dies again and again")
        self._look()
        if not self._ending:
            self._start()

    def _look(self) -> None:
        """What the dead process has left."""
        if not self.file.exists() or not self.file.stat().st_size:
            self.done.append((frozenset(), 0))
            return
        lines = len(self.runs())
        self.done.append((frozenset(done_keys(self.file)), lines))

    def runs(self) -> list[str]:
        """The keys of all tasks that ran, in their order."""
        log = self.folder / "runs.log"
        return log.read_text("utf-8").splitlines() if log.exists() else []

    def tokens(self) -> list[str]:
        log = self.folder / "tokens.log"
        return log.read_text("utf-8").splitlines() if log.exists() else []

    def visits(self) -> list[str]:
        log = self.folder / "visits.log"
        return log.read_text("ascii").splitlines() if log.exists() else []

    def close(self) -> None:
        self._ending = True
        self._keeper.join(timeout=20)
        group = self.process.pid
        self.process.terminate()
        try:
            if self.process.wait(timeout=25) not in (0, 143 if self._hangs else 0):
                self.problems.append(f"the server ended with {self.process.returncode} after SIGTERM")
        except subprocess.TimeoutExpired:
            self.problems.append("the server did not end within 25 s of SIGTERM")
            self.process.kill()
            self.process.wait()
        self._told.close()
        self._jobs.close()
        assert self.process.stdout is not None
        self.process.stdout.close()
        until = time.monotonic() + 5
        while _alive(group) and time.monotonic() < until:
            time.sleep(0.02)
        if _alive(group):
            self.problems.append("a worker process outlived its server")
            os.killpg(group, signal.SIGKILL)
        said = (self.folder / "server.log").read_text("utf-8", "replace")
        if "\nTraceback" in said and "Failpoint" not in said:  # those of functions have their names before them
            self.problems.append(f"the server wrote a traceback: {said[-2000:]}")

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def histories(file: Path) -> dict[str, tuple[Any, list[dict[str, Any]]]]:
    """ARN → its row, and its events; of a file that nobody or somebody else has open."""
    database = Database(file, read_only=True)
    try:
        journal = Journal(database)
        found = {}
        with database.read() as connection:
            arns = [row[0] for row in connection.execute("SELECT arn FROM executions ORDER BY id")]
        for arn in arns:
            row = journal.store.find(arn)
            if row is not None:
                found[arn] = (row, events([record for _, record in journal.history(row.id)]))
        return found
    finally:
        database.close()


def done_keys(file: Path) -> list[str]:
    """The keys of the task attempts whose ends, and of the jobs whose starts, the file has."""
    keys = []
    for _, history in histories(file).values():
        for event in history:
            keys += _key(event)
    return keys


def _key(event: Mapping[str, Any]) -> list[str]:
    if event["type"] == "LambdaFunctionSucceeded":
        output = json.loads(event["lambdaFunctionSucceededEventDetails"]["output"])
        return [output["key"]] if isinstance(output, dict) and "key" in output else []
    if event["type"] == "LambdaFunctionFailed":
        return [json.loads(event["lambdaFunctionFailedEventDetails"]["cause"])["errorMessage"]]
    if event["type"] == "TaskSubmitted" and event["taskSubmittedEventDetails"]["resourceType"] == "glue":
        return ["job/J"]  # from here on, whatever becomes of the process, it is not started again
    return []
