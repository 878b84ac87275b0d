"""W8 and W9: durable steps, executions and activities, beside DBOS on SQLite and beside raw commits on the same disk.

Every commit is synced (synchronous=FULL). A raw commit is one row of 500 bytes in a transaction of its own; it is measured
before and after each round's contestants, since a disk has its moods. Each contestant's round is a process of its own on an
empty folder. `python -m benchmarks.durable` prints the medians and what was asked for.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks import machine
from benchmarks.peers import DURABLE_PYTHON, HERE, prepare_durable

STEPS: Final = 1000
EXECUTIONS: Final = 1000
ACTIVITIES: Final = 1000
COMMITS: Final = 500
RESULTS: Final = HERE / "results" / "durable.json"

FUNCTION: Final = "arn:aws:lambda:us-east-1:123456789012:function:work"


def raw_commit(folder: Path) -> float:
    """Seconds of one synced commit of one row."""
    file = folder / "raw.db"
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, data BLOB)")
    data = os.urandom(500)
    begun = time.perf_counter()
    for _ in range(COMMITS):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows (data) VALUES (?)", (data,))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - begun
    connection.close()
    return seconds / COMMITS


def ours(folder: Path) -> dict[str, float]:
    """Seconds a step, an execution of three steps, an activity; in this process."""
    from penstock.asl.read import read_document
    from penstock.engine.driver import Driver
    from penstock.engine.journal import Journal
    from penstock.engine.program import Program, compile_program
    from penstock.engine.tasks.functions import FunctionHandler
    from penstock.store import Database

    def program(document: dict[str, Any]) -> Program:
        machine = read_document(document).machine
        assert machine is not None
        made = compile_program(machine)
        made.source = json.dumps(document)
        return made

    def chain(count: int) -> dict[str, Any]:
        states = {
            f"S{n}": {"Type": "Task", "Resource": FUNCTION, **({"Next": f"S{n + 1}"} if n < count else {"End": True})}
            for n in range(1, count + 1)
        }
        return {"StartAt": "S1", "States": states}

    fan = {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "ItemProcessor": {
                    "StartAt": "A",
                    "States": {"A": {"Type": "Task", "Resource": FUNCTION, "End": True}},
                },
                "End": True,
            }
        },
    }
    # As `penstock server` sets it: looking for garbage among a thousand executions that all are needed finds none.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    figures: dict[str, float] = {}
    for name, document, values, per in (
        ("step", chain(STEPS), [{"n": 0}], STEPS),
        ("execution", chain(3), [{"n": n} for n in range(EXECUTIONS)], EXECUTIONS),
        ("activity", fan, [list(range(ACTIVITIES))], ACTIVITIES),
    ):
        database = Database(folder / f"{name}.db")
        handler = FunctionHandler({"work": lambda event, context: event})
        driver = Driver(handlers=[handler], journal=Journal(database), shared=True)
        made = program(document)
        begun = time.perf_counter()
        running = [driver.start(made, value) for value in values]
        driver.finish()
        figures[name] = (time.perf_counter() - begun) / per
        wrong = [each for each in running if each.execution.status != "SUCCEEDED"]
        right = [each.execution.output for each in running] == values
        driver.close()
        handler.close()
        database.close()
        if wrong or not right:
            raise AssertionError(f"{name}: wrong results")
    return figures


@dataclass
class Figures:
    """Seconds, a round each."""

    raw: list[float] = field(default_factory=list)
    ours: dict[str, list[float]] = field(default_factory=dict)
    dbos: dict[str, list[float]] = field(default_factory=dict)


def measure(rounds: int, *, peers: bool) -> Figures:
    figures = Figures()
    for number in range(rounds):
        print(f"… W8, W9, round {number + 1}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(dir=HERE) as name:  # not /tmp, which may be memory
            folder = Path(name)
            before = raw_commit(folder)
            _child(figures.ours, [sys.executable, "-m", "benchmarks.durable", "--child", name])
            figures.raw.append((before + raw_commit(folder)) / 2)
            if peers:
                counts = [str(count) for count in (STEPS, EXECUTIONS, ACTIVITIES)]
                _child(figures.dbos, [str(DURABLE_PYTHON), str(HERE / "children" / "dbos_child.py"), name, *counts])
    return figures


def _child(into: dict[str, list[float]], command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=HERE.parent)
    if done.returncode != 0:
        raise RuntimeError(f"{command[-1]}: {done.stderr.strip()[-500:]}")
    for name, seconds in json.loads(done.stdout.strip().splitlines()[-1]).items():
        into.setdefault(name, []).append(seconds)


ASKED: Final = (
    ("step", "raw", 2.5, "a sequential durable step, in raw commits"),
    ("step", "dbos", 1 / 6, "a sequential durable step, in DBOS's"),
    ("execution", "raw", 1.0, "three steps, 1,000 executions at once, in raw commits"),
    ("activity", "dbos", 1 / 20, "an activity of a fan-out, in DBOS's"),
)


def render(figures: Figures) -> list[str]:
    lines = [f"raw commit {median(figures.raw) * 1e6:.0f} µs"]
    for name in ("step", "execution", "activity"):
        line = f"{name:10} penstock {median(figures.ours[name]) * 1e6:7.0f} µs"
        if figures.dbos:
            line += f"   DBOS {median(figures.dbos[name]) * 1e6:7.0f} µs"
        lines.append(line)
    for name, beside, most, what in ASKED:
        if beside == "dbos" and not figures.dbos:
            continue
        other = figures.raw if beside == "raw" else figures.dbos[name]
        # Round by round, because both share the disk's moods.
        ratio = median(mine / theirs for mine, theirs in zip(figures.ours[name], other, strict=True))
        lines.append(f"{'ok  ' if ratio <= most else 'MISS'} {ratio:6.3f} (at most {most:.3f})  {what}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.durable", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ours", action="store_true", help="Penstock and raw commits alone")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        print(json.dumps(ours(options.child)))
        return 0
    missing = None if options.ours else prepare_durable()
    if missing:
        print(missing, file=sys.stderr)
    figures = measure(options.rounds, peers=not options.ours and not missing)
    print("\n".join(render(figures)))
    if figures.dbos:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps({"machine": machine.facts(), **asdict(figures)}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
