"""Runs the real `penstock` command on an example, as a reader would: a process of its own, from a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    stdout: str
    stderr: str
    history: list[dict[str, Any]]

    @property
    def output(self) -> Any:
        return json.loads(self.stdout)

    def states(self) -> list[str]:
        """The names of the states that were entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"] for event in self.history if "stateEnteredEventDetails" in event
        ]

    def count(self, kind: str) -> int:
        return sum(event["type"] == kind for event in self.history)


def run_example(name: str, folder: Path, *, value: Any = None) -> Outcome:
    """Runs `examples/NAME/project.py` in virtual time; `value` replaces its `input.json`."""
    example = EXAMPLES / name
    given = f"@{example / 'input.json'}" if value is None else json.dumps(value)
    history = folder / "history.json"
    penstock = Path(sys.executable).parent / "penstock"
    done = subprocess.run(
        [penstock, "run", example / "project.py", "--input", given, "--time", "skip", "--history", history],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    events = json.loads(history.read_text(encoding="utf-8")) if history.exists() else []
    return Outcome(done.returncode, done.stdout, done.stderr, events["events"] if isinstance(events, dict) else events)


def sample(name: str) -> Any:
    return json.loads((EXAMPLES / name / "input.json").read_text(encoding="utf-8"))
