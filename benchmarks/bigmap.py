"""A distributed Map over a large CSV: seconds a row, and the memory of the whole process.

Each size runs in a process of its own (`python -m benchmarks.bigmap ROWS`), since a process never gives memory back: read from a
folder, one Pass a row, results written to a file.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SIZES = (100_000, 1_000_000)
MEMORY = 200
"""MB that the largest size may take."""


def definition() -> dict[str, Any]:
    return {
        "StartAt": "Rows",
        "States": {
            "Rows": {
                "Type": "Map",
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
                    "Parameters": {"Bucket": "data", "Key": "rows.csv"},
                },
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "Row",
                    "States": {"Row": {"Type": "Pass", "End": True}},
                },
                "ResultWriter": {
                    "Resource": "arn:aws:states:::s3:putObject",
                    "Parameters": {"Bucket": "data", "Prefix": "results"},
                    "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"},
                },
                "End": True,
            }
        },
    }


def run(rows: int) -> dict[str, float]:
    """In this process: what it took. Raises AssertionError for a wrong result."""
    import penstock

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "data")
        folder.mkdir()
        with (folder / "rows.csv").open("w") as file:
            file.write("id,name,amount\n")
            for row in range(rows):
                file.write(f"{row},customer-{row % 977},{row * 37 % 10_007}\n")
        wall, cpu = time.perf_counter(), time.process_time()
        result = penstock.run(definition(), objects=name, time="skip")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert result.succeeded, (result.error, result.cause)
        (written,) = folder.rglob("SUCCEEDED_0.jsonl")
        with written.open() as lines:
            count = 0
            for count, line in enumerate(lines, 1):
                assert json.loads(line)["id"] == str(count - 1), line
        assert count == rows
    return {"rows": rows, "seconds": wall, "cpu": cpu, "megabytes": _peak()}


def _peak() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measure() -> list[dict[str, float]]:
    """One process for each of SIZES."""
    found = []
    for rows in SIZES:
        command = [sys.executable, "-m", "benchmarks.bigmap", str(rows)]
        out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
        found.append(json.loads(out.stdout))
    return found


def judge(found: list[dict[str, float]], linear: float) -> list[tuple[str, str, bool]]:
    """What is asked for, the figure, and whether it is met."""
    small, large = found
    growth = (large["cpu"] / large["rows"]) / (small["cpu"] / small["rows"])
    rows = f"{large['rows']:,} rows"
    return [
        (f"distributed Map: {rows} within {MEMORY} MB", f"{large['megabytes']:.0f} MB", large["megabytes"] <= MEMORY),
        (
            f"distributed Map: linear from {small['rows']:,} to {rows}",
            f"a row costs {growth:.2f} times as much ({large['cpu'] / large['rows'] * 1e6:.1f} µs of processor time)",
            growth <= linear,
        ),
    ]


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]))))
