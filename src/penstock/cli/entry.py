"""Where the command begins: a signal may come while it is still being loaded."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; never lets an exception out."""
    try:
        from penstock import signals

        try:
            if (
                arguments is None
            ):  # as a process of its own: a stopped run closes its workers and shows the cursor again
                signals.listen()
            from penstock.cli.app import main as command
        except signals.Terminated:
            sys.stderr.write("penstock: Terminated.\n")
            return 143
    except KeyboardInterrupt:
        sys.stderr.write("penstock: Interrupted.\n")
        return 130
    return command(arguments)
