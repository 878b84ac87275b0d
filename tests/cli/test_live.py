"""The tree of states: what is collapsed, what is shown, and how long things took."""

import io

import pytest
from rich.console import Console

import penstock
from penstock.cli.duration import duration
from penstock.cli.live import LiveTree


def drawn(machine: dict, given: object, *, width: int = 80, height: int = 30, encoding: str = "utf-8") -> list[str]:
    """The last frame of a run's tree, as lines."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, width=width, height=height, force_terminal=False)
    loaded = penstock.load(machine)
    tree = LiveTree("test", machine=loaded.definition, clock=None, console=console)
    penstock.run(loaded, given, time="skip", observer=tree.observe)
    with console.capture() as captured:
        console.print(tree)
    return captured.get().splitlines()


def mapped(inner: dict) -> dict:
    first = next(iter(inner))
    return {
        "StartAt": "Each",
        "States": {"Each": {"Type": "Map", "Iterator": {"StartAt": first, "States": inner}, "End": True}},
    }


def test_a_few_iterations_are_all_shown():
    lines = drawn(mapped({"W": {"Type": "Wait", "Seconds": 2, "End": True}}), [1, 2])
    assert lines == [
        "test · SUCCEEDED  2.0 s",
        "✓ Each  2.0 s",
        "  ├─ iteration 0  ✓ W  2.0 s",
        "  └─ iteration 1  ✓ W  2.0 s",
    ]


def test_many_iterations_are_counted_and_the_failed_one_is_shown():
    inner = {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 57, "Next": "Bad"}], "Default": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Good"},
        "Good": {"Type": "Succeed"},
        "Bad": {"Type": "Fail", "Error": "Boom"},
    }
    lines = drawn(mapped(inner), list(range(100)))
    assert len(lines) < 20
    assert lines[0].startswith("test · FAILED")
    assert any("iteration 57" in line for line in lines)
    assert any("✗ Bad" in line and "Boom" in line for line in lines)
    assert "more iterations: " in lines[-1]


def test_a_long_loop_shows_its_last_turns():
    machine = {
        "StartAt": "Add",
        "States": {
            "Add": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "More"},
            "More": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericLessThan": 500, "Next": "Add"}],
                "Default": "Done",
            },
            "Done": {"Type": "Succeed"},
        },
    }
    lines = drawn(machine, {"n": 0}, height=20)
    assert len(lines) <= 18
    assert "earlier states" in "".join(lines) or "lines above" in "".join(lines)
    assert lines[-1].startswith("✓ Done")


def test_retries_and_a_caught_error_are_told():
    machine = {
        "StartAt": "T",
        "States": {
            "T": {
                "Type": "Task",
                "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Nobody",
                "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Fine"}],
                "End": True,
            },
            "Fine": {"Type": "Succeed"},
        },
    }
    lines = drawn(machine, {})
    assert lines[1].startswith("↪ T")
    assert "2 retries" in lines[1]
    assert "Lambda.ResourceNotFoundException" in lines[1]


def test_a_terminal_without_unicode_gets_ascii_and_a_narrow_one_no_wrapping():
    lines = drawn(mapped({"A very long name of a state": {"Type": "Succeed"}}), [1, 2], width=30, encoding="ascii")
    assert all(line.isascii() and len(line) < 31 for line in lines), lines


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (-1, "0 ms"),
        (0.0123, "12 ms"),
        (0.9999, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (125, "2 min 5 s"),
        (7200, "2 h"),
        (11_000, "3 h 3 min"),
        (31_536_000, "365 d"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_as_people_say_them(seconds, words):
    assert duration(seconds) == words
