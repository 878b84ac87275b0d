"""`examples/spark_job`, a workflow composed from objects."""

from __future__ import annotations

import json
from pathlib import Path

import penstock

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "spark_job"
TARGET = f"{FOLDER / 'workflow.py'}:machine"
INPUT = json.loads((FOLDER / "input.json").read_text(encoding="utf-8"))


def test_it_is_sound() -> None:
    assert penstock.load(TARGET).check() == []


def test_the_arguments_reach_the_job() -> None:
    result = penstock.run(TARGET, INPUT, mocks=f"{FOLDER / 'mocks.json'}#Works", time="skip")
    assert result.output == {"day": "2026-12-23", "step": "s-1"}
    (step,) = [
        json.loads(event["taskScheduledEventDetails"]["parameters"])
        for event in result.history
        if event.get("taskScheduledEventDetails", {}).get("resource") == "addStep.sync"
    ]
    assert step["Step"]["HadoopJarStep"]["Args"][4] == "2026/12/23"


def test_a_job_that_breaks_is_tried_three_times_and_told() -> None:
    result = penstock.run(TARGET, INPUT, mocks=f"{FOLDER / 'mocks.json'}#Breaks", time="skip")
    assert (result.status, result.error) == ("FAILED", "JobFailed")
    assert sum(event["type"] == "TaskFailed" for event in result.history) == 3
