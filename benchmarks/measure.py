"""The measuring: interleaved rounds, so that whatever else the machine does meets everybody alike, and medians."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from benchmarks.peers import Peer, PeerFailed
from benchmarks.workloads import Workload, load

RUN_AND_HISTORY = "penstock + history"
BOUND = 30.0
"""Seconds a single run may take; a peer that would take longer is left at the smaller n."""


@dataclass
class Figure:
    """What one contestant takes: `unit` seconds a unit (the median of `rounds`), or `problem`, why there is none.

    `cpu` is the same in the processor time of its process, which a busy machine changes little.
    """

    unit: float | None = None
    cpu: float | None = None
    rounds: list[float] = field(default_factory=list)
    cpu_rounds: list[float] = field(default_factory=list)
    times: int = 0
    right: bool = True
    problem: str | None = None

    def add(self, answer: dict[str, Any], units: float) -> None:
        self.right = self.right and bool(answer["right"])
        self.rounds.append(answer["seconds"] / units)
        self.cpu_rounds.append(answer["cpu"] / units)

    def finish(self) -> None:
        if self.rounds:
            self.unit = median(self.rounds)
            self.cpu = median(self.cpu_rounds)


@dataclass
class Row:
    workload: str
    group: str
    n: int
    unit: str
    type: str
    figures: dict[str, Figure]

    def ratio(self, contestant: str, against: str = RUN_AND_HISTORY, *, cpu: bool = False) -> float | None:
        """How many times as long `contestant` takes as `against`; with `cpu`, in processor time."""
        theirs, ours = self.figures.get(contestant, Figure()), self.figures.get(against, Figure())
        top, bottom = (theirs.cpu, ours.cpu) if cpu else (theirs.unit, ours.unit)
        return None if top is None or not bottom else top / bottom

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def contestants(peers: Iterable[Peer]) -> list[tuple[str, Peer, str]]:
    """(column, peer, operation): Penstock stands twice, with and without its history built."""
    result: list[tuple[str, Peer, str]] = []
    for peer in peers:
        result.append((peer.label, peer, "run"))
        if peer.label == "penstock":
            result.append((RUN_AND_HISTORY, peer, "run_history"))
    return result


def measure(
    workload: Workload, peers: list[Peer], rounds: int, smaller: Row | None = None, repeat: int = 1, span: float = 0.1
) -> Row:
    """One row. `smaller` is the row of the same workload at a smaller n, to see who would take too long; `repeat` runs
    make n units where a unit is a whole execution; a round lasts at least `span` seconds."""
    units = workload.n * repeat
    row = Row(workload.name, workload.group, units, workload.unit, workload.type, {})
    running: list[tuple[str, Callable[[int], Figure]]] = []
    loaded: set[str] = set()
    for column, peer, operation in contestants(peers):
        figure = row.figures[column] = Figure()
        expected = _expected(smaller, column, units)
        if expected is not None and expected > BOUND:
            figure.problem = f"would take about {expected:.0f} s"
            continue
        try:
            if peer.label not in loaded:
                peer.ask({"op": "load", "workload": workload.message()})
                loaded.add(peer.label)
            figure.times = _warm_up(peer, operation, workload.name, repeat, span)
            running.append((column, _runner(peer, operation, workload, figure, units, repeat)))
        except PeerFailed as error:
            figure.problem = str(error)
    for _ in range(rounds):
        for column, run in list(running):
            try:
                run(row.figures[column].times)
            except PeerFailed as error:
                row.figures[column].problem = str(error)
                running.remove((column, run))
    for figure in row.figures.values():
        figure.finish()
    return row


def _expected(smaller: Row | None, column: str, units: int) -> float | None:
    if smaller is None:
        return None
    unit = smaller.figures[column].unit
    return None if unit is None else unit * units


def _warm_up(peer: Peer, operation: str, name: str, repeat: int, span: float) -> int:
    """Runs until `span` has passed (V8 compiles what is hot); how many runs a round needs to last that long."""
    done, passed = 0, 0.0
    while passed < span:
        answer = peer.ask({"op": operation, "name": name, "times": repeat})
        done += repeat
        passed += answer["seconds"]
    return repeat * max(1, round(span / (passed / done) / repeat))


def _runner(
    peer: Peer, operation: str, workload: Workload, figure: Figure, units: int, repeat: int
) -> Callable[[int], Figure]:
    def run(times: int) -> Figure:
        answer = peer.ask({"op": operation, "name": workload.name, "times": times})
        if not answer["right"]:
            figure.problem = f"gives another answer ({answer.get('status')}: {answer.get('cause')})"
        figure.add(answer, times * units / repeat)
        return figure

    return run


def measure_first_runs(workload: Workload, makers: list[Callable[[], Peer]], rounds: int) -> Row:
    """Every run in a process of its own: what a command that runs one machine pays, before a JIT is warm."""
    row = Row(workload.name, workload.group, workload.n, workload.unit, workload.type, {})
    for _ in range(rounds):
        for make in makers:
            label = make().label
            for column, operation in [(label, "run")] + ([(RUN_AND_HISTORY, "run_history")] * (label == "penstock")):
                figure = row.figures.setdefault(column, Figure(times=1))
                peer = make()
                try:
                    peer.start()
                    peer.ask({"op": "load", "workload": workload.message()})
                    answer = peer.ask({"op": operation, "name": workload.name, "times": 1})
                    figure.add(answer, workload.n)
                except PeerFailed as error:
                    figure.problem = str(error)
                finally:
                    peer.stop()
    for figure in row.figures.values():
        figure.finish()
    return row


def measure_check(peers: list[Peer], rounds: int) -> Row:
    """W11: text in, diagnostics out, 100 states."""
    workload = load("W1_chain_100")
    text = json.dumps(workload.definition)
    row = Row("W11_check_100", "W11", 1, "definition", "STANDARD", {peer.label: Figure() for peer in peers})
    alive = list(peers)
    for number in range(rounds + 1):
        for peer in list(alive):
            figure = row.figures[peer.label]
            try:
                times = figure.times or 1
                answer = peer.ask({"op": "check", "text": text, "times": times})
            except PeerFailed as error:
                figure.problem = str(error)
                alive.remove(peer)
                continue
            if number == 0:  # the warm-up, which also says how many make a round of 0.2 s
                figure.times = max(1, round(0.2 / answer["seconds"]))
                continue
            if not answer["right"]:
                figure.problem = "finds errors in a valid definition"
            figure.add(answer, times)
    for figure in row.figures.values():
        figure.finish()
    return row
