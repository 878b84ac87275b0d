"""A server as a process of its own, as users start it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAIN = [sys.executable, "-c", "import sys; from penstock.cli import main; sys.exit(main())", "server"]


@contextmanager
def running(folder: Path, *options: str) -> Iterator[str]:
    """Its URL, while it runs in `folder`."""
    command = [*MAIN, "--port", "0", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            found = re.fullmatch(r"export AWS_ENDPOINT_URL_SFN=(http://\S+)\n", process.stdout.readline())
            assert found is not None, process.stderr.read()
            yield found[1]
        finally:
            process.terminate()
            process.wait(timeout=10)
            told = process.stderr.read()
    assert "Traceback" not in told, told
