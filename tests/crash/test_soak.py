"""The short form of `make soak`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.crash.soak import soak, waiting

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from Linux's /proc")


def test_memory_stays_flat_and_the_file_grows_in_a_line(tmp_path: Path) -> None:
    marks = soak(tmp_path / "wf.db", 4_000, 4)
    assert marks[-1].memory - marks[1].memory < 8  # 2,000 executions kept would be 20 MB
    assert marks[-1].file < 4 * (marks[0].file + 4)  # the log beside the file holds up to 4 MB


def test_waiting_for_a_year_costs_little(tmp_path: Path) -> None:
    held, again, _ = waiting(tmp_path / "wf.db", 1_000)
    assert held < 40
    assert again < 40
