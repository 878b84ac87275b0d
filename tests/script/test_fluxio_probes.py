"""Scripts that show where Fluxio went wrong: refused with a code, or run and do what is wanted. Never a traceback."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conformance import data
from tests.conformance.script_judge import judge_probe

PROBES: list[dict[str, Any]] = list(data.read("script/fluxio_probes.json")) if data.why_absent() is None else []


@pytest.mark.skipif(not PROBES, reason="no shared conformance data here")
@pytest.mark.parametrize("case", PROBES, ids=lambda case: case["name"])
def test_probe(case: dict[str, Any]) -> None:
    right, reason = judge_probe(case)
    assert right, f"{reason}\n\n{case['source']}\nwanted: {case['wanted']}"


def test_every_probe_that_compiles_has_a_run() -> None:
    silent = [case["name"] for case in PROBES if judge_probe(case)[1].startswith("sound")]
    assert not silent, json.dumps(silent)
