"""The command as users have it: a process of its own, or click's runner where only words matter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

MAIN = [sys.executable, "-c", "import sys; from penstock.cli import main; sys.exit(main())"]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Penstock = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()  # settings are not looked for above
    (tmp_path / "one.asl.json").write_text(
        json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"a": 1}, "End": True}}})
    )
    (tmp_path / "echo.asl.json").write_text(
        json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}})
    )
    (tmp_path / "fail.asl.json").write_text(
        json.dumps({"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Boom", "Cause": "it broke"}}}, indent=1)
    )
    (tmp_path / "wrong.asl.json").write_text(
        json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}})
    )
    (tmp_path / "project.py").write_text(
        "from penstock.script import Task\n\n\n"
        "class Pay(Task):\n"
        "    async def run(event, context):\n"
        "        print('on its way')\n"
        "        if event['n'] > 9:\n"
        "            raise ValueError('too much')\n"
        "        return event['n'] * 2\n\n\n"
        "def main(data):\n"
        "    data['paid'] = Pay(data)\n"
    )
    return tmp_path


@pytest.fixture
def penstock(folder: Path) -> Penstock:
    """Runs the command in `folder` and returns how it ended."""

    def call(*arguments: str, input: str | bytes = b"", env: dict[str, str] | None = None) -> Done:  # noqa: A002
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PENSTOCK_")}
        done = subprocess.run(
            [*MAIN, *arguments],
            input=input.encode() if isinstance(input, str) else input,
            capture_output=True,
            cwd=folder,
            env={**clean, **(env or {})},
            timeout=60,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call
