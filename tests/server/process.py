"""A server as a process of its own, as users start it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

MAIN = [sys.executable, "-c", "import sys; from penstock.cli import main; sys.exit(main())", "server"]


class Server:
    """A server process that answers at `url`."""

    def __init__(self, process: subprocess.Popen[str], environment: dict[str, str]) -> None:
        self.process = process
        self.environment = environment
        """What it printed for clients."""
        self.url = url = environment["AWS_ENDPOINT_URL_SFN"]
        self.place = (str(urlsplit(url).hostname), int(urlsplit(url).port or 0))
        self.log = ""
        """What it has told on stderr, once it has ended."""

    def end(self, *, within: float = 15) -> int:
        """Ends it as `kill` does, and returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait(within)

    def wait(self, within: float = 15) -> int:
        _, log = self.process.communicate(timeout=within)
        self.log = self.log or log
        return self.process.returncode


@contextmanager
def started(
    folder: Path, *options: str, before: str = "", env: dict[str, str] | None = None, failing: bool = False
) -> Iterator[Server]:
    """A server that runs in `folder`. `before` is Python that its process runs first: to shorten what takes long; `failing`
    says that functions of the test fail, which the log shows."""
    main = [sys.executable, "-c", f"import sys; {before}\nfrom penstock.cli import main; sys.exit(main())", "server"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
    with subprocess.Popen(
        [*main, "--port", "0", *options],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        environment = {}
        while "AWS_DEFAULT_REGION" not in environment:
            found = re.fullmatch(r"export (\w+)=(\S+)\n", process.stdout.readline())
            if found is None:
                process.kill()
                raise AssertionError(process.communicate()[1])
            environment[found[1]] = found[2]
        server = Server(process, environment)
        try:
            yield server
        except BaseException:
            process.kill()
            server.wait()
            print(server.log, file=sys.stderr)
            raise
        server.end()
    # Of a function that fails there is one, each line with the function's name before it.
    assert failing or re.search(r"^Traceback", server.log, re.MULTILINE) is None, server.log


@contextmanager
def running(folder: Path, *options: str) -> Iterator[str]:
    """Its URL, while it runs in `folder`."""
    with started(folder, *options) as server:
        yield server.url
