"""`make soak`: executions by the hundred thousand through a service on a file. Memory stays flat, the file grows in a line.

`--waiting N` measures instead what N executions cost that wait for a year, and how long a restart with them takes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from penstock.services.stepfunctions import StepFunctions
from penstock.store import Database

ROLE = "arn:aws:iam::123456789012:role/r"
STEPS = {
    "StartAt": "A",
    "States": {
        "A": {"Type": "Pass", "Parameters": {"n.$": "$.n"}, "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.n", "IsPresent": True, "Next": "C"}], "Default": "C"},
        "C": {"Type": "Pass", "End": True},
    },
}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 365 * 86_400, "End": True}}}


def memory() -> float:
    """What this process holds, in MB."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError("there is no VmRSS")


def size(file: Path) -> float:
    """Of the database with its log, in MB."""
    return (
        sum(Path(f"{file}{suffix}").stat().st_size for suffix in ("", "-wal") if Path(f"{file}{suffix}").exists())
        / 2**20
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """`memory` and `file` in MB after so many executions."""

    executions: int
    memory: float
    file: float


def _start_all(service: StepFunctions, definition: object, names: range) -> None:
    arn = service.call("CreateStateMachine", {"name": "m", "definition": json.dumps(definition), "roleArn": ROLE})[
        "stateMachineArn"
    ]
    several = []
    for number in names:
        given = {"stateMachineArn": arn, "name": f"n{number}", "input": f'{{"n":{number}}}'}
        several.append(service.ask("StartExecution", given))
        if len(several) == 500:
            for each in several:
                _result(each)
            several.clear()
    for each in several:
        _result(each)


def _result(answer: object) -> None:
    result: Callable[[], object] | None = getattr(answer, "result", None)
    if result is not None:
        result()


def soak(file: Path, executions: int, marks: int, tell: Callable[[Mark], None] = lambda mark: None) -> list[Mark]:
    """The marks, evenly spaced."""
    database = Database(file)
    service = StepFunctions(database=database)
    found = []
    each = executions // marks
    try:
        for number in range(marks):
            _start_all(service, STEPS, range(number * each, (number + 1) * each))
            while service.load().running:
                time.sleep(0.01)
            found.append(Mark((number + 1) * each, memory(), size(file)))
            tell(found[-1])
    finally:
        service.close()
        database.close()
    return found


def waiting(file: Path, executions: int) -> tuple[float, float, float]:
    """Of executions that wait for a year: MB of memory, MB of memory in the next process, and seconds that its start takes."""
    before = memory()
    database = Database(file)
    service = StepFunctions(database=database)
    _start_all(service, WAIT, range(executions))
    held = memory() - before
    service.close()
    database.close()
    import subprocess

    program = (
        "import sys, time; from pathlib import Path; from tests.crash.soak import *\n"
        "before = memory(); at = time.monotonic(); d = Database(Path(sys.argv[1])); s = StepFunctions(database=d)\n"
        "assert s.load().running == int(sys.argv[2]), s.load()\n"
        "print(memory() - before, time.monotonic() - at); s.close(); d.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(file), str(executions)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    again, seconds = map(float, done.stdout.split())
    return held, again, seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.soak", description=__doc__)
    parser.add_argument("--executions", type=int, default=200_000)
    parser.add_argument("--waiting", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="penstock-soak-") as folder:
        if options.waiting:
            held, again, seconds = waiting(Path(folder, "wf.db"), options.waiting)
            print(f"{options.waiting:,} waiting: {held:.0f} MB; after a restart of {seconds:.1f} s: {again:.0f} MB")
            return 0
        at = time.monotonic()
        marks = soak(
            Path(folder, "wf.db"),
            options.executions,
            20,
            lambda mark: print(
                f"{mark.executions:>9,}: {mark.memory:6.1f} MB of memory, {mark.file:7.1f} MB of file", flush=True
            ),
        )
        took = time.monotonic() - at
    growth = marks[-1].memory - marks[len(marks) // 4].memory
    print(
        f"{options.executions / took:,.0f} executions a second; memory grew by {growth:.1f} MB over the last three quarters"
    )
    return 0 if growth < 20 else 1


if __name__ == "__main__":
    sys.exit(main())
