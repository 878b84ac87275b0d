"""Where the command begins: Ctrl-C may come while it is still being loaded."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code; never lets an exception out."""
    try:
        from penstock.cli.app import main as command
    except KeyboardInterrupt:
        sys.stderr.write("penstock: Interrupted.\n")
        return 130
    return command(arguments)
