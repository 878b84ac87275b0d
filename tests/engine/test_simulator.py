"""Programs of every kind, with everything happening to them: they come to the end that they come to in peace.

`python -m tests.engine.test_simulator --seeds 5000` tries more (`make crash` does).
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.engine.generated import INPUTS, documents
from tests.engine.simulator import Simulation

SEEDS = 12
EACH = 4
"""Programs of one seed."""


def simulate(number: int, folder: Path) -> None:
    """The programs of one seed. Raises AssertionError with the smallest program that breaks a law."""
    made = 0

    @seed(number)
    @settings(
        max_examples=EACH,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(documents(), INPUTS)
    def programs(document: dict[str, Any], value: Any) -> None:
        nonlocal made
        made += 1
        _check(document, value, number, folder / f"{number}-{made}")

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("penstock.engine.committing_loop.RETRY_SECONDS", 0.0)
            patch.setattr("penstock.engine.limits.STANDARD_EVENTS", 400)  # loops end there
            # More crashes in a row than make an execution suspect.
            patch.setattr("penstock.engine.recovery.MAX_RECOVERIES", 1_000)
            programs()
    except AssertionError as error:
        error.add_note(f"the seed is {number}: python -m tests.engine.test_simulator --first {number} --seeds 1")
        raise


def _check(document: dict[str, Any], value: Any, number: int, folder: Path) -> None:
    folder.mkdir()
    peace = Simulation(folder / "peace.db", document, value, number, chaos=False, jumps=False)
    expected = peace.run(2_000)
    peace.check()
    peace.close()
    for jumps in (False, True):
        chaos = Simulation(folder / f"chaos-{jumps}.db", document, value, number, chaos=True, jumps=jumps)
        found = chaos.run(4_000)
        assert found[0] != "RUNNING", "it does not come to an end"
        chaos.check()
        chaos.close()
        if not jumps:
            assert found == expected


@pytest.mark.parametrize("number", range(SEEDS))
def test_whatever_happens_the_end_is_the_same(number: int, tmp_path: Path) -> None:
    simulate(number, tmp_path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.engine.test_simulator")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--first", type=int, default=None, help="drawn where not given")
    options = parser.parse_args()
    first = random.SystemRandom().randrange(1 << 32) if options.first is None else options.first
    logging.disable()  # failures of commits by the thousand
    for number in range(first, first + options.seeds):
        with tempfile.TemporaryDirectory(prefix="penstock-simulator-") as folder:
            simulate(number, Path(folder))
    print(f"{options.seeds} seeds from {first}, {EACH} programs each: every law holds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
