"""`python -m benchmarks`: the workloads of ../shared/benchmarks, by us and by the peers, in one run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import bigmap, coldstart, composing, machine, measure, peers, report, workloads

RESULTS = Path(__file__).resolve().parent / "results" / "latest.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds; the figures are their medians")
    parser.add_argument("--only", help="groups to run, as W1,W3 (then nothing is written to results/)")
    parser.add_argument("--ours", action="store_true", help="Penstock alone, without the peers")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the figures go")
    options = parser.parse_args()
    if not workloads.folder().is_dir():
        print(f"no workloads at {workloads.folder()}; set PENSTOCK_BENCHMARKS to their folder", file=sys.stderr)
        return 4
    only = set(options.only.split(",")) if options.only else None

    def wanted(group: str) -> bool:
        return only is None or group in only

    makers = [peers.penstock]
    missing: list[str] = []
    if not options.ours:
        missing = peers.prepare()
        makers += [peers.local_stepfunctions, peers.moto]
    known: dict[str, peers.Peer] = {}

    @contextmanager
    def contestants(*, alone: bool = False) -> Iterator[list[peers.Peer]]:
        """Processes of their own for each workload, so that none carries what another left in memory."""
        running: list[peers.Peer] = []
        try:
            for make in makers[:1] if alone else makers:
                peer = make()
                try:
                    peer.start()
                except (peers.PeerFailed, OSError) as error:
                    if not any(line.startswith(f"{peer.label}:") for line in missing):
                        missing.append(f"{peer.label}: {error}")
                    continue
                running.append(peer)
                known.setdefault(peer.label, peer)
            yield running
        finally:
            for peer in running:
                peer.stop()

    rows: list[measure.Row] = []
    first: list[measure.Row] = []
    cold: dict[str, float | str] = {}
    for small, large in workloads.pairs():
        if wanted(small.group):
            _say(small.name)
            with contestants(alone=small.alone) as running:
                rows.append(measure.measure(small, running, options.rounds))
            _say(large.name)
            with contestants(alone=large.alone) as running:
                rows.append(measure.measure(large, running, options.rounds, smaller=rows[-1]))
    if wanted("W7"):
        single = workloads.load("W7_single")
        for repeat in (50, 500):
            _say(f"W7 x {repeat}")
            with contestants() as running:
                rows.append(measure.measure(single, running, options.rounds, repeat=repeat))
    if wanted("W11"):
        _say("W11")
        with contestants() as running:
            rows.append(measure.measure_check(running, options.rounds))
    quick = [m for m in makers if m is not peers.moto]  # moto has no JIT: its first run is like the others
    for _, large in workloads.pairs():
        if wanted(large.group):
            _say(f"{large.name}, fresh processes")
            first.append(measure.measure_first_runs(large, quick[:1] if large.alone else quick, min(3, options.rounds)))
    if wanted("W10"):
        _say("W10")
        cold = coldstart.measure()

    big: list[dict[str, float]] = []
    if wanted("bigmap"):
        _say("bigmap")
        big = bigmap.measure()

    composed: dict[str, dict[str, float]] = {}
    if wanted("sfn"):
        _say("sfn")
        composed = composing.measure()

    print(report.render(rows, first, cold, big, known.values(), missing))
    if composed:
        print(f"\n{composing.render(composed)}")
    if only is None and not options.ours:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        results = {
            "machine": machine.facts(),
            "contestants": {peer.label: peer.version for peer in known.values()},
            "missing": missing,
            "rounds": options.rounds,
            "rows": [row.as_dict() for row in rows],
            "first_runs": [row.as_dict() for row in first],
            "cold_start_seconds": cold,
            "distributed_map": big,
            "composing_seconds": composed,
            "judged": [
                *(line.as_dict() for line in report.judge(rows, cold, big)),
                report.Line(*composing.judged(composed)).as_dict(),
            ],
        }
        options.json.write_text(json.dumps(results, indent=1) + "\n")
        print(f"\nfigures: {options.json}")
    wrong = [row.workload for row in rows for figure in row.figures.values() if not figure.right]
    if wrong:
        print(f"wrong outputs: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
