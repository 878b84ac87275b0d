"""Transitions: dangling targets, states that nothing reaches, machines that cannot end; AWS's order and silence."""

from typing import Any

import pytest
from tests.asl.check.support import TARGET, found, mapped, one, task

from penstock.asl.check import check
from penstock.asl.read import read_document

END = {"Type": "Pass", "End": True}
NO_END = ("MISSING_END_STATE", "Workflow has no terminal state", None)


def goes(target: str) -> dict[str, Any]:
    return {"Type": "Pass", "Next": target}


def machine(start: str = "A", **states: Any) -> dict[str, Any]:
    return {"StartAt": start, "States": states}


def missing(target: str, location: str) -> tuple[str, str, str]:
    return (TARGET, f"Missing 'Next' target: {target}", location)


def unreached(name: str, location: str) -> tuple[str, str, str]:
    return (TARGET, f'State "{name}" is not reachable.', location)


def test_a_target_that_does_not_exist() -> None:
    assert found(machine(A=goes("B"))) == [missing("B", "/States/A/Next"), NO_END]
    assert found(machine(A=goes("b"), B=END)) == [missing("b", "/States/A/Next"), unreached("B", "/States/B")]


def test_every_kind_of_target_is_called_next() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "P"}], "Default": "Q"}
    tried = task(Catch=[{"ErrorEquals": ["A"], "Next": "R"}])
    assert found({"StartAt": "S", "States": {"A": choice, "T": tried}}) == [
        missing("S", "/StartAt"),
        missing("P", "/States/A/Choices[0]/Next"),
        missing("Q", "/States/A/Default"),
        missing("R", "/States/T/Catch[0]/Next"),
        unreached("A", "/States/A"),
        unreached("T", "/States/T"),
    ]


def test_a_state_that_nothing_reaches() -> None:
    assert found(machine(A=END, B=END)) == [unreached("B", "/States/B")]
    assert found(machine(A=END, B=goes("C"), C=goes("B"))) == [unreached("B", "/States/B"), unreached("C", "/States/C")]


def test_a_way_through_a_catcher_or_a_default_counts() -> None:
    states = {
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "A"}], "Default": "B"},
        "B": task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "C"}]),
        "C": {"Type": "Fail"},
    }
    assert found(machine(**states)) == []


def test_no_end_hides_what_is_not_reached() -> None:
    assert found(machine(A=goes("B"), B=goes("A"), Unused=goes("A"))) == [NO_END]
    assert found(machine(A=goes("B"), B=goes("A"), C=END)) == [unreached("C", "/States/C")]


def test_a_machine_inside_may_go_round_for_ever() -> None:
    state = mapped(distributed=False)
    state["ItemProcessor"]["States"] = {"I": goes("J"), "J": goes("I")}
    assert found(one(state)) == []


def test_scopes_do_not_see_each_other() -> None:
    branches = [machine(start="P", P=goes("Z")), machine(start="Q", Q=goes("P"))]
    states = {"A": {"Type": "Parallel", "Branches": branches, "Next": "Z"}, "Z": {"Type": "Succeed"}}
    assert found(machine(**states)) == [
        missing("Z", "/States/A/Branches[0]/States/P/Next"),
        missing("P", "/States/A/Branches[1]/States/Q/Next"),
    ]


def test_a_processors_start() -> None:
    state = mapped(distributed=False)
    state["ItemProcessor"]["StartAt"] = "Nope"
    assert found(one(state)) == [
        missing("Nope", "/States/X/ItemProcessor/StartAt"),
        unreached("I", "/States/X/ItemProcessor/States/I"),
    ]


def test_slashes_in_names_stay_as_they_are() -> None:
    assert found({"StartAt": "A", "States": {"A": END, "a/b": END}}) == [unreached("a/b", "/States/a/b")]


def test_without_a_start_the_graph_is_not_judged() -> None:
    assert [code for code, _, _ in found({"States": {"A": goes("B")}})] == ["SCHEMA_VALIDATION_FAILED"]


def test_a_name_much_like_the_target_is_proposed() -> None:
    assert check(machine(A=goes("Finsh"), Finish=END))[0].help == "Did you mean Finish?"
    assert check(machine(A=goes("Elsewhere"), Finish=END))[0].help is None


def test_checking_twice_says_the_same_twice() -> None:
    states = {f"S{n}": goes(f"S{n}x") for n in range(30)}
    reading = read_document({"StartAt": "S0", "States": states})
    assert check(reading) == check(reading)


@pytest.mark.parametrize("count", [1, 1000])
def test_a_chain_of_any_length(count: int) -> None:
    states: dict[str, Any] = {f"S{n}": goes(f"S{n + 1}") for n in range(count)}
    states[f"S{count}"] = {"Type": "Succeed"}
    assert found({"StartAt": "S0", "States": states}) == []
