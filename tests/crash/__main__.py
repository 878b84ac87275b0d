"""`make crash`: the whole sweep, and the simulator over many seeds."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.crash import sweep, workload
from tests.crash.sweep import Case
from tests.crash.workload import Outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="of the random moments; drawn where not given")
    parser.add_argument("--moments", type=int, default=200, help="random moments")
    parser.add_argument("--jobs", type=int, default=2, help="workloads at once")
    parser.add_argument("--only", default="", help="only cases whose text has this in it")
    parser.add_argument("--keep", action="store_true", help="keep the folders of what went wrong")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    folder = Path(tempfile.mkdtemp(prefix="penstock-crash-"))
    whole, host = workload.run(folder / "whole", log=True)
    if whole.broken:
        print(f"The run that nothing cuts off is wrong already: {whole.broken}")
        return 1
    print(f"A whole run takes {whole.seconds:.1f} s; seed {seed}; folder {folder}", flush=True)
    sweep_of = _Sweep(folder, whole, keep=options.keep)
    with ThreadPoolExecutor(options.jobs) as pool:
        cases = [case for case in sweep.at_failpoints(host.visits(), several=True) if options.only in str(case)]
        for _ in pool.map(sweep_of.run, cases):
            pass
        wanted = sweep_of.kills + options.moments
        draw = random.Random(seed)
        while sweep_of.kills < wanted and sweep_of.wrong < 20:
            for _ in pool.map(sweep_of.run, [sweep.at_random(draw, whole.seconds) for _ in range(options.jobs * 2)]):
                pass
    print(f"{sweep_of.runs} runs, {sweep_of.kills} kills, {sweep_of.wrong} runs went wrong (--seed {seed})")
    if not sweep_of.wrong:
        host.remove()
        folder.rmdir()
    return 1 if sweep_of.wrong else 0


class _Sweep:
    """Runs cases, and tells what came of them."""

    def __init__(self, folder: Path, whole: Outcome, *, keep: bool) -> None:
        self._folder = folder
        self._whole = whole
        self._keep = keep
        self._lock = threading.Lock()
        self._begun = 0
        self.runs = self.kills = self.wrong = 0

    def run(self, case: Case) -> None:
        with self._lock:
            self._begun += 1
            folder = self._folder / str(self._begun)
        outcome = Outcome()
        try:
            outcome, host = workload.run(folder, failpoints=case.failpoints, moments=case.moments)
            broken = workload.compare(outcome, self._whole)
            if not broken or not self._keep:
                host.remove()
        except Exception as error:
            broken = [f"{type(error).__name__}: {error}"]
        with self._lock:
            self.runs += 1
            self.kills += outcome.kills
            self.wrong += bool(broken)
            print(f"{folder.name}: {case}: {outcome.kills} kills, {outcome.seconds:.1f} s", flush=True)
            for line in broken:
                print(f"    {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
