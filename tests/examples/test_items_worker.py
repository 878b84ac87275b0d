"""The list, the workers and the greetings of `examples/items_worker`."""

from __future__ import annotations

from pathlib import Path

from tests.examples.command import run_example


def test_every_item_gets_its_greeting(tmp_path: Path) -> None:
    outcome = run_example("items_worker", tmp_path)
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.output == ["Hello, Sue!", "Good morning, Jae!", "Welcome, Levi!"]
    assert outcome.count("MapIterationSucceeded") == 3


def test_an_empty_list_starts_no_worker(tmp_path: Path) -> None:
    outcome = run_example("items_worker", tmp_path, value={"names": []})
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.output == []
    assert outcome.count("MapIterationStarted") == 0


def test_the_list_travels_as_a_pointer(tmp_path: Path) -> None:
    names = [f"{'x' * 5000} {number}" for number in range(60)]  # more than the 256 KiB that a payload may have
    outcome = run_example("items_worker", tmp_path, value={"names": names[:3]})
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.output[2] == f"Welcome, {names[2]}!"
    pointers = [e["stateExitedEventDetails"]["output"] for e in outcome.history if "stateExitedEventDetails" in e]
    assert all(len(pointer) < 50_000 for pointer in pointers)
