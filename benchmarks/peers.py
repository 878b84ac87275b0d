"""Who is measured, each in a child process of its own that stays up between rounds.

The protocol is one JSON object a line. Requests: `{"op": "version"}`, `{"op": "load", "workload": {…}}`,
`{"op": "run", "name": …, "times": k}` (answers the seconds that k runs took, and whether the last output was right),
`{"op": "check", "text": …, "times": k}`. An answer with `error` means that this peer cannot do it.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MOTO_PYTHON = HERE / ".venv" / "bin" / "python"
DURABLE_PYTHON = HERE / ".venv-durable" / "bin" / "python"
NODE_MODULES = HERE / "node_modules" / "aws-local-stepfunctions"


class PeerFailed(Exception):
    """The peer is not there, died, or answered with an error."""


@dataclass
class Peer:
    """One child process. `silence` is the seconds after which an answer is given up and the child killed."""

    label: str
    command: list[str]
    silence: float = 120.0
    process: subprocess.Popen[bytes] | None = None
    version: dict[str, Any] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=HERE.parent
        )
        self.version = self.ask({"op": "version"})

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.process is None or self.process.stdin is None:
            raise PeerFailed("not running")
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._line())
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer

    def _line(self) -> bytes:
        assert self.process is not None
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            end = time.monotonic() + self.silence
            while not selector.select(timeout=max(0.0, end - time.monotonic())):
                if time.monotonic() >= end:
                    self.stop()
                    raise PeerFailed(f"no answer within {self.silence:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise PeerFailed("the process ended")
        return line

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
            self.process = None


def penstock() -> Peer:
    return Peer("penstock", [sys.executable, "-m", "benchmarks.children.penstock_child"])


def moto() -> Peer:
    return Peer("moto", [str(MOTO_PYTHON), str(HERE / "children" / "moto_child.py")])


def local_stepfunctions() -> Peer:
    return Peer("aws-local-stepfunctions", [shutil.which("node") or "node", str(HERE / "children" / "node_child.mjs")])


def prepare() -> list[str]:
    """Installs what is missing of the peers; returns a line for each that cannot be had."""
    missing: list[str] = []
    if not MOTO_PYTHON.exists() or _runs([str(MOTO_PYTHON), "-c", "import moto.stepfunctions, flask"]) is not None:
        print("installing moto into benchmarks/.venv …", file=sys.stderr, flush=True)
        problem = _runs([sys.executable, "-m", "venv", str(HERE / ".venv")]) or _runs(
            [str(MOTO_PYTHON), "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")]
        )
        if problem:
            missing.append(f"moto: {problem}")
    if not NODE_MODULES.exists():
        print("installing aws-local-stepfunctions into benchmarks/node_modules …", file=sys.stderr, flush=True)
        problem = _runs(["npm", "ci", "--no-audit", "--no-fund", "--prefix", str(HERE)])
        if problem:
            missing.append(f"aws-local-stepfunctions: {problem}")
    return missing


def prepare_durable() -> str | None:
    """Installs DBOS; why it cannot be had."""
    if DURABLE_PYTHON.exists() and _runs([str(DURABLE_PYTHON), "-c", "import dbos"]) is None:
        return None
    print("installing DBOS into benchmarks/.venv-durable …", file=sys.stderr, flush=True)
    problem = _runs([sys.executable, "-m", "venv", str(DURABLE_PYTHON.parent.parent)]) or _runs(
        [str(DURABLE_PYTHON), "-m", "pip", "install", "-q", "-r", str(HERE / "requirements-durable.txt")]
    )
    return None if problem is None else f"DBOS: {problem}"


def _runs(command: list[str]) -> str | None:
    """None when the command succeeds, else the last line of what it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    said = (done.stderr or done.stdout).strip().splitlines()
    return said[-1] if said else f"exit code {done.returncode}"
