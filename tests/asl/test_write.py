"""Writing: one order of fields, the same bytes for the same machine, and what is written reads back the same."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from tests.strategies import machines

from penstock.asl.check import check
from penstock.asl.model import STATE_TYPES, UNSET, Pass, StateMachine, Succeed, Task
from penstock.asl.read import read, read_document
from penstock.asl.write import state_to_document, to_document, write, write_yaml

relaxed = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(machine=machines())
@relaxed
def test_what_is_written_reads_back_the_same(machine: StateMachine) -> None:
    text = write(machine)
    assert text.endswith("}\n")
    again = read(text)
    assert again.diagnostics == [one for one in again.diagnostics if not one.is_error]
    assert again.machine == machine
    assert write(again.machine) == text
    assert read_document(to_document(machine)).machine == machine


@given(machine=machines())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_yaml_reads_back_the_same(machine: StateMachine) -> None:
    text = write_yaml(machine)
    again = read(text, format="yaml")
    assert again.machine == machine
    assert write_yaml(again.machine) == text


@given(machine=machines())
@relaxed
def test_the_strategy_makes_machines_that_check_accepts(machine: StateMachine) -> None:
    assert [one for one in check(machine) if one.is_error] == []


def test_the_order_of_fields_is_fixed_whatever_the_order_read() -> None:
    forwards = {"StartAt": "A", "Comment": "c", "States": {"A": {"Type": "Pass", "Result": 1, "End": True}}}
    backwards = {"States": {"A": {"End": True, "Result": 1, "Type": "Pass"}}, "Comment": "c", "StartAt": "A"}
    first, second = read_document(forwards).machine, read_document(backwards).machine
    assert first is not None
    assert second is not None
    assert write(first) == write(second)
    assert list(to_document(first)) == ["Comment", "StartAt", "States"]
    assert list(to_document(first)["States"]["A"]) == ["Type", "Result", "End"]


def test_null_and_absent_are_told_apart() -> None:
    machine = read(
        '{"StartAt":"A","States":{"A":{"Type":"Pass","ResultPath":null,"InputPath":null,"End":true}}}'
    ).machine
    assert machine is not None
    state = machine.states["A"]
    assert isinstance(state, Pass)
    assert (state.result_path, state.input_path, state.output_path) == (None, None, UNSET)
    assert state_to_document(state) == {"Type": "Pass", "InputPath": None, "ResultPath": None, "End": True}


@pytest.mark.parametrize("name", sorted(STATE_TYPES))
def test_every_state_type_writes_its_type_first(name: str) -> None:
    state = STATE_TYPES[name](name="X")
    assert state_to_document(state) == {"Type": name}


def test_half_a_surrogate_pair_is_escaped() -> None:
    machine = StateMachine(start_at="A", comment="\ud800", states={"A": Succeed(name="A")})
    text = write(machine)
    assert "\\ud800" in text
    text.encode("utf-8")
    again = read(text).machine
    assert again == machine


def test_no_indent_is_one_line() -> None:
    machine = StateMachine(start_at="A", states={"A": Task(name="A", resource="local:x", end=True)})
    assert write(machine, indent=None).count("\n") == 1
    assert json.loads(write(machine, indent=None)) == json.loads(write(machine))


@pytest.mark.parametrize(
    "text",
    [
        "on",
        "yes",
        "1",
        "0x10",
        "1e3",
        "~",
        "null",
        "2020-01-01",
        "a: b",
        "- a",
        "#",
        "é",
        "\n",
        "a ",
        "",
        "1:20",
        "\u2028",
        "<<",
    ],
)
def test_yaml_strings_that_look_like_something_else_stay_strings(text: str) -> None:
    machine = StateMachine(start_at="A", comment=text, states={"A": Pass(name="A", result={text: [text]}, end=True)})
    again = read(write_yaml(machine), format="yaml").machine
    assert again == machine


def test_yaml_is_block_style() -> None:
    machine = StateMachine(
        start_at="A", states={"A": Pass(name="A", parameters={"x.$": "$.y", "l": [{"a": 1, "b": []}, 2]}, end=True)}
    )
    assert write_yaml(machine) == (
        "StartAt: A\n"
        "States:\n"
        "  A:\n"
        "    Type: Pass\n"
        "    Parameters:\n"
        "      x.$: $.y\n"
        "      l:\n"
        "        - a: 1\n"
        "          b: []\n"
        "        - 2\n"
        "    End: true\n"
    )
