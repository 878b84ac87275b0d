"""The fuzz target for ten seconds; `make fuzz` runs it for as long as one likes."""

from __future__ import annotations

import os

import pytest
from tests.fuzz import __main__ as fuzzing
from tests.fuzz.cases import Case, TimeLimit, limited, perform

SECONDS = 10.0


def test_nothing_but_the_documented_exceptions_comes_out() -> None:
    went, found = fuzzing.fuzz(SECONDS, "pytest")
    assert not found, "\n\n".join(f"{what}\n--case {seed}\n{trace}" for what, (seed, trace) in found.items())
    assert {"succeeded", "failed", "evaluated", "refused", "tested"} <= set(went)


def test_a_case_is_the_same_each_time() -> None:
    assert fuzzing.case_of("x-1") == fuzzing.case_of("x-1")


def test_a_case_that_hangs_is_stopped_and_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(case: Case) -> str:
        with limited(0.05):
            while True:
                pass

    monkeypatch.setattr(fuzzing, "perform", forever)
    went, found = fuzzing.fuzz(0.1, "x")
    assert went["found"]
    assert "TimeLimit" in next(iter(found))


def test_words_on_stderr_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzing, "perform", lambda case: str(os.write(2, b"thread panicked")))
    _, found = fuzzing.fuzz(0.05, "x")
    assert "thread panicked" in next(iter(found))


CONDITION_WITHIN = {
    "StartAt": "C",
    "States": {
        "C": {"Type": "Choice", "Choices": [{"Or": [{"Condition": "{% true %}"}], "Next": "E"}]},
        "E": {"Type": "Succeed"},
    },
}


@pytest.mark.parametrize(
    "case",
    [
        Case("a panic in Rust", expression="{% $fromMillis(0, '[é]') %}"),
        Case("a marker that names nothing", expression="{% $fromMillis(0, '[ ]') %}"),
        Case("another panic", expression="{% $parseInteger('é', '٠') %}"),
        Case("a dash where figures are Arabic", expression="{% $parseInteger('-', '٠٠') %}"),
        Case("an ordinal that ends in a picture", expression="{% $parseInteger('😀', '1;o') %}"),
        Case("a condition within a rule", definition=CONDITION_WITHIN),
        Case("a function of many", input={"l": [[1], {}]}, expression="$.l[*].length()"),
        Case("a range without a length", expression="States.ArrayRange(0, 1e308, 1)"),
        Case("a number that JSON lacks", expression="States.MathAdd(1e308, 1e308)"),
    ],
    ids=lambda case: case.seed,
)
def test_what_was_found_stays_found(case: Case, capfd: pytest.CaptureFixture[str]) -> None:
    try:
        perform(case)
    except TimeLimit:
        pytest.fail("an endless case")
    assert "panicked" not in capfd.readouterr().err
