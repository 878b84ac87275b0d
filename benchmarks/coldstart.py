"""W10: whole processes, as a user starts them. Medians over `times` starts, with a bare interpreter as the floor."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.workloads import load

COMMAND = Path(sys.executable).parent / "penstock"


def measure(times: int = 15) -> dict[str, float | str]:
    """Seconds by name; a text where the command fails."""
    with tempfile.TemporaryDirectory() as folder:
        definition = Path(folder) / "single.asl.json"
        definition.write_text(json.dumps(load("W7_single").definition))
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "python -c 'import penstock'": [sys.executable, "-c", "import penstock"],
            "penstock --help": [str(COMMAND), "--help"],
            "penstock run (W7)": [str(COMMAND), "run", str(definition), "--input", '{"x": 1}'],
        }
        seconds: dict[str, list[float] | str] = {name: [] for name in commands}
        for _ in range(times + 1):  # interleaved; the first of each fills the page cache and __pycache__
            for name, command in commands.items():
                taken = seconds[name]
                if isinstance(taken, str):
                    continue
                started = time.perf_counter()
                done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
                taken.append(time.perf_counter() - started)
                if done.returncode != 0:
                    said = (done.stderr or done.stdout).strip().splitlines()
                    seconds[name] = f"fails: {said[-1] if said else done.returncode}"
    return {name: taken if isinstance(taken, str) else median(taken[1:]) for name, taken in seconds.items()}
