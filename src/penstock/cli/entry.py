"""Where the command begins: a signal may come while it is still being loaded."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; never lets an exception out."""
    try:
        from penstock import signals

        try:
            if arguments is None:
                # As a process of its own: a stopped run closes its workers and shows the cursor again.
                signals.listen()
                _open_streams()
            from penstock.cli.app import main as command
        except signals.Terminated:
            sys.stderr.write("penstock: Terminated.\n")
            return 143
    except KeyboardInterrupt:
        sys.stderr.write("penstock: Interrupted.\n")
        return 130
    return command(arguments)


def _open_streams() -> None:
    """Has stdin, stdout and stderr open where whoever started the process had closed them (`>&-`): else the next file that is
    opened has their number, and is written to in their place. Reading and writing them is refused as it would be closed, but
    nobody reads stderr then, which is no fault."""
    for number, name, mode, way in (
        (0, "stdin", "r", os.O_WRONLY),
        (1, "stdout", "w", os.O_RDONLY),
        (2, "stderr", "w", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, way)
            if opened == number:
                os.set_inheritable(opened, True)
            setattr(sys, name, open(opened, mode, encoding="utf-8", errors="backslashreplace"))  # noqa: SIM115
