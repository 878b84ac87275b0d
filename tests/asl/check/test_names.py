"""Names and labels."""

from typing import Any

import pytest
from tests.asl.check.support import found, mapped, one

END = {"Type": "Pass", "End": True}


def test_a_name_has_eighty_characters_at_most() -> None:
    assert found({"StartAt": "é" * 80, "States": {"é" * 80: END}}) == []
    assert found({"StartAt": "n" * 81, "States": {"n" * 81: END}}) == [
        (
            "INVALID_STATE_NAME",
            "Invalid State name: State exceeds the 80-character limit allowed by the service",
            "/States/" + "n" * 81,
        )
    ]


@pytest.mark.parametrize("name", ["Wait 20s", "a/b", "Job Complete?", "${Name}", "状態", "a.b:c"])
def test_names_may_hold_what_machine_names_may_not(name: str) -> None:
    assert found({"StartAt": name, "States": {name: END}}) == []


def test_names_are_unique_over_the_whole_machine() -> None:
    branch = {"StartAt": "A", "States": {"A": END}}
    machine: dict[str, Any] = {
        "StartAt": "A",
        "States": {"A": {"Type": "Parallel", "Branches": [branch], "Next": "B"}, "B": END},
    }
    assert found(machine) == [("DUPLICATE_STATE_NAME", "Duplicate State name: A", "/States/A/Branches[0]/States/A")]


@pytest.mark.parametrize("char", [*' <>{}[]?*"#%\\^|~`$&,;:/', "\x00", "\n", "\x1f", "\x7f", "\x9f"])
def test_characters_a_label_may_not_hold(char: str) -> None:
    problems = found(one(mapped(Label=f"label_{char}")))
    assert [(code, location) for code, _, location in problems] == [("INVALID_LABEL_NAME", "/States/X/Label")]


@pytest.mark.parametrize(("label", "good"), [("", False), ("x" * 40, True), ("x" * 41, False), ("a-b_c.é", True)])
def test_how_long_a_label_is(label: str, good: bool) -> None:
    assert [code for code, _, _ in found(one(mapped(Label=label)))] == ([] if good else ["INVALID_LABEL_NAME"])


def test_labels_are_unique() -> None:
    second = mapped(Label="same")
    second["ItemProcessor"] = {**second["ItemProcessor"], "StartAt": "J", "States": {"J": END}}
    first = {**mapped(Label="same"), "Next": "Y"}
    del first["End"]
    assert found({"StartAt": "X", "States": {"X": first, "Y": second}}) == [
        ("DUPLICATE_LABEL_NAME", "Duplicate Label name: same", "/States/Y/Label")
    ]
