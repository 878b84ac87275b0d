"""Values that are in one another thousands of times: refused before anybody makes texts of gigabytes of them."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from tests.engine.support import FUNCTION, go, machine
from tests.strategies import json_values

from penstock.asl.templates import FEW, _weighed, compile_template
from penstock.jsontools import Json, size, weigh

LARGE = {"items": [{"a": n, "b": "x" * 10} for n in range(7000)], "s": "x" * 10_000}
MANY = 20_000
FORMAT = f"States.Format('{'{}' * 1500}',{','.join(['$.s'] * 1500)})"
PATHS = {f"{n}.$": "$" for n in range(MANY)}
EXPRESSIONS = {str(n): "{% $states.input %}" for n in range(MANY)}
RESULT = "The state/task 'A' returned a result with a size exceeding the maximum number of bytes service limit."
ASSIGNED = "The assigned variables exceed the maximum number of bytes service limit."
ARGUMENTS = (
    f"The state/task '{FUNCTION}' provided parameters with a size exceeding the maximum number of bytes service limit."
)

STATES: dict[str, tuple[dict[str, Any], str]] = {
    "paths": ({"Type": "Pass", "Parameters": PATHS}, RESULT),
    "array": ({"Type": "Pass", "Parameters": {"a.$": f"States.Array({','.join(['$'] * 4000)})"}}, RESULT),
    "format": ({"Type": "Pass", "Parameters": {"a.$": FORMAT}}, RESULT),
    "formats": ({"Type": "Pass", "Parameters": {"b": {f"{n}.$": FORMAT for n in range(50)}}}, RESULT),
    "arguments": ({"Type": "Task", "Resource": FUNCTION, "Parameters": PATHS}, ARGUMENTS),
    "assign": ({"Type": "Pass", "Assign": {"v": PATHS}}, ASSIGNED),
    "expressions": ({"Type": "Pass", "QueryLanguage": "JSONata", "Output": EXPRESSIONS}, RESULT),
    "$map": ({"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $map([1..9999], function($x){ $states.input }) %}"}, RESULT),
    "expressions assigned": ({"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"v": EXPRESSIONS}}, ASSIGNED),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_what_multiplies_its_input_is_refused(name: str) -> None:
    state, cause = STATES[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = go(machine({"A": {**state, "End": True}}), LARGE)
    assert (result.status, result.error) == ("FAILED", "States.DataLimitExceeded")
    assert result.cause is not None
    assert result.cause.endswith(cause)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024  # KiB


def test_a_catch_sees_it() -> None:
    caught = {"ErrorEquals": ["States.DataLimitExceeded"], "Next": "B"}
    task = {"Type": "Task", "Resource": FUNCTION, "Parameters": PATHS, "Catch": [caught], "End": True}
    assert go(machine({"A": task, "B": {"Type": "Succeed"}}), LARGE).status == "SUCCEEDED"


def test_many_references_to_little_are_no_problem() -> None:
    states = {"A": {"Type": "Pass", "Parameters": {f"{n}.$": "$.n" for n in range(5000)}, "End": True}}
    assert go(machine(states), {"n": 1}).output == {str(n): 1 for n in range(5000)}
    states = {"A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $map([1..5000], function($x){ $x }) %}", "End": True}}  # fmt: skip
    assert go(machine(states), {"n": 1}).output == list(range(1, 5001))


@given(json_values)
def test_a_weight_is_never_more_than_the_text(value: Json) -> None:
    assert weigh(value, 10**9) <= size(value)


@given(json_values)
def test_a_template_that_is_weighed_gives_what_it_gives_unweighed(value: Json) -> None:
    template = {"a": [{"b.$": "$"}, 1, {"c": {}, "d": [{"e.$": "$.x"}]}], "f.$": "$$.y", "g": "$"}
    scope = _Scope()
    data = {"x": value}
    assert _weighed(template)(data, scope) == compile_template(template, field="Parameters")(data, scope)
    long = {"list": [template] * (FEW + 1)}
    assert compile_template(long, field="Parameters")(data, scope) == {
        "list": [compile_template(template, field="Parameters")(data, scope)] * (FEW + 1)
    }


class _Scope:
    context: Any = {"y": 2}
    variables: Any = {}
    entropy: Any = None


def test_the_process_survives(tmp_path: Any) -> None:
    """Under a limit of memory that the texts would break many times over."""
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))\n"
        "import penstock; from tests.engine.test_multiplying import LARGE, PATHS\n"
        "r = penstock.run({'StartAt': 'A', 'States': {'A': {'Type': 'Pass', 'Parameters': PATHS, 'End': True}}}, LARGE)\n"
        "print(r.status, r.error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout == "FAILED States.DataLimitExceeded\n", done.stderr
