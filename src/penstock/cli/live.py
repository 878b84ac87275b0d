"""The tree of states that a run draws on a terminal while it goes on.

Fed with history events from the thread that runs the execution, drawn from rich's own thread. Branches and iterations
stand under their state; where there are many, those that matter are shown and the rest is counted.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from penstock.asl.model import StateMachine
from penstock.asl.visits import Lane, Outcome, Visit, Visits
from penstock.cli.duration import duration
from penstock.cli.output import clean
from penstock.clock import Clock

LANES_SHOWN = 6
STATES_SHOWN = 40

_MARKS = {
    Outcome.RUNNING: ("●", "blue"),
    Outcome.SUCCEEDED: ("✓", "green"),
    Outcome.CAUGHT: ("↪", "yellow"),
    Outcome.FAILED: ("✗", "red"),
    Outcome.ABORTED: ("■", "bright_black"),
}
_ASCII = {
    "●": "*",
    "✓": "v",
    "↪": "~",
    "✗": "x",
    "■": "#",
    "│": "|",
    "├": "|",
    "└": "`",
    "─": "-",
    "…": "...",
    "·": "-",
}
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class LiveTree:
    """A context manager; `observe` is the run's observer. `clock` tells how long a running state has been running; with a
    virtual clock only finished states show a time."""

    def __init__(
        self,
        title: str,
        *,
        machine: StateMachine | None = None,
        clock: Clock | None,
        console: Console | None = None,
    ) -> None:
        self.visits = Visits(machine=machine)
        self._title = clean(title)
        self._clock = clock
        self._lock = threading.Lock()
        self._console = console or Console(stderr=True, highlight=False)
        encoding = (self._console.encoding or "").lower().replace("-", "")
        self._ascii = not encoding.startswith("utf")
        self._frame = 0
        self._done = False
        # No more often: drawing a tree of thousands of states must not slow the run down.
        self._live = Live(
            self, console=self._console, refresh_per_second=8, redirect_stdout=False, redirect_stderr=True
        )

    def __enter__(self) -> LiveTree:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done = True
        self._live.stop()

    def observe(self, event: Mapping[str, Any]) -> None:
        """Takes a history event in; drawing it is left to the next refresh."""
        with self._lock:
            self.visits.feed(event)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self._frame += 1
        height = STATES_SHOWN if self._done else max(6, min(STATES_SHOWN, options.size.height - 3))
        with self._lock:
            lines = self._lines(height)
        for line in lines:
            if self._ascii:
                plain = line.plain
                for sign, simple in _ASCII.items():
                    plain = plain.replace(sign, simple)
                line = Text(plain.encode("ascii", "replace").decode())
            line.truncate(max(20, options.max_width - 1), overflow="crop" if self._ascii else "ellipsis")
            yield line

    # -- lines ----------------------------------------------------------------------------------------------------

    def _lines(self, height: int) -> list[Text]:
        head = Text(self._title, style="bold")
        head.append(f" · {self._status()}", style=_MARKS[self.visits.outcome][1])
        head.append(self._time(self.visits.started, self.visits.stopped), style="bright_black")
        body: list[Text] = []
        self._lane(self.visits.main, "", body, height)
        if len(body) > height - 1:
            hidden = len(body) - (height - 2)
            body = [Text(f"… {hidden} lines above", style="bright_black"), *body[hidden:]]
        return [head, *body]

    def _status(self) -> str:
        return "RUNNING" if self.visits.outcome is Outcome.RUNNING else self.visits.outcome.value.upper()

    def _lane(self, lane: Lane, indent: str, out: list[Text], limit: int) -> None:
        visits = lane.visits
        if len(visits) > limit:  # a loop of thousands of turns: its last ones tell enough
            out.append(Text(f"{indent}… {len(visits) - limit + 1} earlier states", style="bright_black"))
            visits = visits[-(limit - 1) :]
        for visit in visits:
            out.append(self._line(visit, indent))
            if visit.lanes:
                self._lanes(visit, indent, out, limit)

    def _lanes(self, visit: Visit, indent: str, out: list[Text], limit: int) -> None:
        lanes = visit.lanes
        if len(lanes) > LANES_SHOWN:
            # What fails or runs says more than what is done.
            rank = {Outcome.FAILED: 0, Outcome.RUNNING: 1, Outcome.ABORTED: 2}
            chosen = sorted(lanes, key=lambda lane: (rank.get(lane.outcome, 3), lane.index))[: LANES_SHOWN - 2]
            shown = sorted(chosen, key=lambda lane: lane.index)
        else:
            shown = lanes
        rest = len(lanes) - len(shown)
        for number, lane in enumerate(shown):
            last = number == len(shown) - 1 and not rest
            corner, bar = ("└─ ", "   ") if last else ("├─ ", "│  ")
            single = len(lane.visits) == 1 and not lane.visits[0].lanes
            line = Text()
            line.append(f"{indent}  {corner}{lane.kind} {lane.index}", style="bright_black")
            if single:
                line.append("  ")
                line.append_text(self._line(lane.visits[0], ""))
            out.append(line)
            if not single:
                self._lane(lane, f"{indent}  {bar}", out, max(4, limit // 3))
        if rest:
            counts = Counter(lane.outcome for lane in lanes if lane not in shown)
            words = ", ".join(f"{count} {outcome.value}" for outcome, count in counts.items())
            out.append(Text(f"{indent}  └─ … {rest} more {_plural(lanes[0].kind)}: {words}", style="bright_black"))

    def _line(self, visit: Visit, indent: str) -> Text:
        mark, hue = _MARKS[visit.outcome]
        if visit.outcome is Outcome.RUNNING and visit.waiting_to_retry:
            mark, hue = "↻", "yellow"
        elif visit.outcome is Outcome.RUNNING and not self._done:
            mark = _SPINNER[self._frame % len(_SPINNER)]
        line = Text()
        line.append(indent, style="bright_black")
        line.append(f"{mark} ", style=hue)
        line.append(
            clean(visit.name).replace("\n", " "), style="" if visit.outcome is not Outcome.ABORTED else "bright_black"
        )
        line.append(self._time(visit.entered, visit.left), style="bright_black")
        if visit.retries:
            line.append(f"  {visit.retries} {'retry' if visit.retries == 1 else 'retries'}", style="yellow")
        if visit.error and visit.outcome is not Outcome.SUCCEEDED:
            line.append(f"  {clean(visit.error)}", style=hue if visit.outcome is not Outcome.RUNNING else "yellow")
        return line

    def _time(self, start: float | None, end: float | None) -> str:
        if start is None:
            return ""
        if end is None:
            if self._clock is None:
                return ""
            end = self._clock.now()
        return f"  {duration(end - start)}"


def _plural(kind: str) -> str:
    return {"branch": "branches", "iteration": "iterations"}.get(kind, kind)
