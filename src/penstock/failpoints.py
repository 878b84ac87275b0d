"""Named places in the code where a test can make the process fail: nothing but one global to look at when none is set.

`PENSTOCK_FAILPOINTS` is read once, at import: `name=action` pairs with `;` between them. An action is `kill` (as by
`kill -9`), `raise` or `hang`, and may say at which visit it happens: `commit.before=kill@3`. `PENSTOCK_FAILPOINTS_LOG`
names a file that gets a line for each visit, which is how a sweep finds the places there are.
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from typing import Final

VARIABLE: Final = "PENSTOCK_FAILPOINTS"
LOG_VARIABLE: Final = "PENSTOCK_FAILPOINTS_LOG"

NAMES: Final = (
    "start.received",
    "commit.before",
    "commit.inside",
    "commit.after",
    "task.before_start",
    "task.after_start",
    "task.reported",
    "timer.fired",
    "child.started",
    "child.closed",
    "map_run.read",
    "map_run.ending",
    "map_run.written",
    "callback.received",
    "activity.taken",
    "redrive.received",
    "snapshot.written",
    "recovery.begun",
    "recovery.restored",
    "recovery.done",
    "purge.inside",
    "purge.between",
    "migration.between",
    "event.written",
)
"""Every place; `hit` takes no other."""


class Failpoint(Exception):
    """What the action `raise` raises."""


@dataclass(slots=True)
class _Action:
    what: str
    at: int
    seen: int = 0


def _read(text: str) -> dict[str, _Action]:
    actions: dict[str, _Action] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        name, _, action = part.partition("=")
        what, _, at = action.partition("@")
        if name not in NAMES or what not in ("kill", "raise", "hang") or not (at or "1").isdigit():
            raise ValueError(f"{VARIABLE}: {part!r} is not NAME=kill|raise|hang[@VISIT]; names: {', '.join(NAMES)}")
        actions[name] = _Action(what, int(at or 1))
    return actions


_log_file: Final = os.environ.get(LOG_VARIABLE)
_actions: Final = _read(os.environ.get(VARIABLE, ""))
_lock = threading.Lock()

ON: Final = bool(_actions) or _log_file is not None
"""Look at this before calling `hit`: it is all that a place costs when no test is at work."""


def hit(name: str) -> None:
    """The process has come to the place `name`."""
    if name not in NAMES:
        raise ValueError(f"{name!r} is no failpoint")
    with _lock:
        if _log_file is not None:
            with open(_log_file, "a", encoding="ascii") as file:
                file.write(name + "\n")
        action = _actions.get(name)
        if action is None:
            return
        action.seen += 1
        if action.seen != action.at:
            return
    if action.what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action.what == "hang":
        threading.Event().wait()
    raise Failpoint(name)
