"""What all tests need of the process that they run in."""

from __future__ import annotations

import signal
from contextlib import suppress

# Whoever starts the tests in the background (`make test &`) has its children ignore SIGINT, and so would have theirs, which
# some tests interrupt as Ctrl-C does.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    with suppress(ValueError):  # not the main thread of a worker
        signal.signal(signal.SIGINT, signal.default_int_handler)
