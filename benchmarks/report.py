"""The table, and what is said of the figures that are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from benchmarks import bigmap
from benchmarks.measure import RUN_AND_HISTORY, Figure, Row
from benchmarks.peers import Peer

NODE = "aws-local-stepfunctions"
COLUMNS = ["penstock", RUN_AND_HISTORY, NODE, "moto"]
LINEAR = 1.5
"""A unit at 10 n may cost this much of a unit at n and still count as linear: caches are smaller than n grows."""


@dataclass
class Line:
    """One thing asked for: `passed` is None where it could not be measured."""

    what: str
    figure: str
    passed: bool | None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def seconds(value: float | None) -> str:
    """0.0000013 → `1.30 µs`."""
    if value is None:
        return "—"
    for factor, unit in ((1e6, "µs"), (1e3, "ms")):
        if value * factor < 1000:
            return f"{value * factor:.3g} {unit}"
    return f"{value:.3g} s"


def judge(rows: list[Row], cold: dict[str, float | str], big: list[dict[str, float]]) -> list[Line]:
    lines: list[Line] = []
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    for group in ("W1", "W2", "W3", "W4"):
        if group in groups:
            lines.append(_ratio(f"{group}: at least 100 times faster than moto", groups[group], "moto", 100))
    for group in ("W1", "W2", "W3", "W4", "W6"):
        if group in groups:
            lines.append(_ratio(f"{group}: faster than {NODE}", groups[group], NODE, 1))
    for group, bound in (("W5", 60e-6), ("W6", 150e-6)):
        if group in groups:
            cpu = groups[group][-1].figures.get(RUN_AND_HISTORY, Figure()).cpu
            what = f"{group}: at most {seconds(bound)} a unit, with history, in processor time"
            lines.append(Line(what, seconds(cpu), cpu <= bound if cpu else None))
    for group, sizes in groups.items():
        if group in ("W11", "W7") or len(sizes) < 2:
            continue
        # In processor time: at small n a round is short, and a busy machine would tell more of its neighbours.
        small, large = (row.figures.get(RUN_AND_HISTORY, Figure()).cpu for row in sizes)
        if small and large:
            growth = large / small
            text = f"a unit costs {growth:.2f} times as much ({seconds(small)} → {seconds(large)} of processor time)"
            what = f"{group}: linear from {sizes[0].n} to {sizes[1].n}"
            lines.append(Line(what, text, growth <= LINEAR))
        else:
            lines.append(Line(f"{group}: linear", "not measured", None))
    for row in groups.get("W11", []):
        unit = row.figures.get("penstock", Figure()).unit
        what = "W11: at least 500 definitions of 100 states a second, read and checked"
        lines.append(Line(what, f"{1 / unit:.0f}/s" if unit else "not measured", 1 / unit >= 500 if unit else None))
    for name, bound in (("penstock --help", 0.2), ("penstock run (W7)", 0.3)):
        if name in cold:
            taken = cold[name]
            known = isinstance(taken, float)
            lines.append(
                Line(
                    f"W10: {name} under {bound * 1000:.0f} ms",
                    seconds(taken) if isinstance(taken, float) else taken,
                    taken < bound if known and isinstance(taken, float) else None,
                )
            )
    if big:
        lines += [Line(*each) for each in bigmap.judge(big, LINEAR)]
    return lines


def _ratio(what: str, rows: list[Row], contestant: str, least: float) -> Line:
    """Judged at the largest n that both ran, with the history built; the ratio without it is told."""
    for row in reversed(rows):
        ratio = row.ratio(contestant)
        if ratio is not None:
            alone = row.ratio(contestant, "penstock")
            cpu, cpu_alone = row.ratio(contestant, cpu=True), row.ratio(contestant, "penstock", cpu=True)
            text = f"{ratio:.3g} times, with history, at n = {row.n}"
            if alone is not None and cpu is not None and cpu_alone is not None:
                text += f"; history not asked for {alone:.3g}; in processor time {cpu:.3g} and {cpu_alone:.3g}"
            return Line(what, text, ratio > least)
    return Line(what, "not measured", None)


def render(
    rows: list[Row],
    first: list[Row],
    cold: dict[str, float | str],
    big: list[dict[str, float]],
    running: Iterable[Peer],
    missing: list[str],
) -> str:
    out: list[str] = []
    for peer in running:
        version = peer.version or {}
        out.append(f"{peer.label}: {version.get('version')} ({version.get('runtime')})")
    out += [f"absent: {line}" for line in missing]
    out += ["", "A unit, median of interleaved rounds, one process a contestant, warm:", ""]
    out += _table(rows)
    out += ["", "The same in processor time (the process with all its threads):", ""]
    out += _table(rows, cpu=True)
    if first:
        out += ["", "A unit in the first run of a fresh process:", ""]
        out += _table(first)
    notes = [
        f"{row.workload}: {column}: {figure.problem}"
        for row in rows + first
        for column, figure in row.figures.items()
        if figure.problem
    ]
    if notes:
        out += ["", *notes]
    if cold:
        out += ["", "Whole processes (W10):", ""]
        out += [f"  {name:<30} {seconds(t) if isinstance(t, float) else t}" for name, t in cold.items()]
    if big:
        out += ["", "A distributed Map over a CSV, a process each:", ""]
        for each in big:
            row = seconds(each["seconds"] / each["rows"])
            out.append(
                f"  {each['rows']:>9,.0f} rows  {each['seconds']:.1f} s  {row} a row  {each['megabytes']:.0f} MB"
            )
    out += ["", "Asked for:", ""]
    for line in judge(rows, cold, big):
        verdict = {True: "PASS", False: "FALLS SHORT", None: "NOT MEASURED"}[line.passed]
        out.append(f"  {verdict:<13} {line.what}: {line.figure}")
    return "\n".join(out)


def _table(rows: list[Row], *, cpu: bool = False) -> list[str]:
    columns = [c for c in COLUMNS if any(c in row.figures for row in rows)]
    peers = [c for c in columns if not c.startswith("penstock")]
    head = ["workload", "n", "unit", *columns, *(f"{p} / ours" for p in peers)]
    lines = [head]
    for row in rows:
        cells = [row.workload + (" (EXPRESS)" if row.type == "EXPRESS" else ""), str(row.n), row.unit]
        figures = [row.figures.get(c, Figure()) for c in columns]
        cells += [seconds(figure.cpu if cpu else figure.unit) for figure in figures]
        for peer in peers:
            ratio = row.ratio(peer, cpu=cpu) or row.ratio(peer, "penstock", cpu=cpu)
            cells.append("—" if ratio is None else f"{ratio:.3g} x")
        lines.append(cells)
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    lines.insert(1, ["-" * w for w in widths])
    return ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines]
