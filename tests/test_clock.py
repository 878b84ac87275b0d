"""Time that jumps, randomness that repeats."""

import os
import subprocess
import sys

import pytest

from penstock.clock import Entropy, VirtualClock, iso8601


def test_virtual_time_moves_only_when_told() -> None:
    clock = VirtualClock(1_000.0)
    assert clock.now() == 1_000.0
    clock.sleep(31_536_000)
    assert clock.now() == 31_537_000.0
    clock.advance_to(5.0)
    assert clock.now() == 31_537_000.0


def test_the_same_seed_gives_the_same_draws() -> None:
    def draws(seed: int) -> list[object]:
        entropy = Entropy(seed)
        return [entropy.uuid4(), entropy.random(), entropy.hex(7), entropy.randrange(0, 10)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


def test_instants_are_written_as_aws_writes_them() -> None:
    assert iso8601(1709720954.1234) == "2024-03-06T10:29:14.123Z"
    assert iso8601(1709720954.9999) == "2024-03-06T10:29:15.000Z"
    assert iso8601(0) == "1970-01-01T00:00:00.000Z"


FORKING = """
import os
from penstock.clock import Entropy
Entropy().uuid4()  # much is fetched at once, and held
if os.fork() == 0:
    print(Entropy().uuid4(), flush=True)
    os._exit(0)
os.wait()
print(Entropy().uuid4())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_draws_other_numbers() -> None:
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=True)
    theirs, ours = done.stdout.split()
    assert theirs != ours
