"""Virtual time, waits, and the clocks of whole executions."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.support import FUNCTION, START, Later, go, machine, seconds, types

from penstock.clock import SystemClock, VirtualClock
from penstock.engine.driver import Driver, run
from penstock.errors import UsageError

YEAR = 366 * 86_400  # a leap year, as AWS writes it in MaxDelaySeconds


def wait(**fields: Any) -> Any:
    return machine({"W": {"Type": "Wait", "End": True, **fields}})


def test_a_wait_of_three_years_and_a_loop_of_waits_take_no_time() -> None:
    result = go(wait(Seconds=99_999_999))
    assert result.status == "TIMED_OUT"  # a Standard execution runs a year
    assert seconds(result)[-1] == YEAR
    program = machine(
        {
            "W": {"Type": "Wait", "Seconds": 3600, "Next": "I"},
            "I": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "C"},
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericLessThan": 1000, "Next": "W"}],
                "Default": "S",
            },
            "S": {"Type": "Succeed"},
        }
    )
    result = go(program, {"n": 0})
    assert result.output == {"n": 1000}
    assert seconds(result)[-1] == 3_600_000


@pytest.mark.parametrize(
    ("fields", "value", "waited"),
    [
        ({"Seconds": 5}, {}, 5),
        ({"Seconds": 0}, {}, 0),
        ({"SecondsPath": "$.s"}, {"s": 7}, 7),
        ({"Timestamp": "2023-11-14T22:13:30Z"}, {}, 10),
        ({"TimestampPath": "$.t"}, {"t": "2023-11-15T00:13:30.5+02:00"}, 10.5),
        ({"TimestampPath": "$.t"}, {"t": "1999-01-01T00:00:00Z"}, 0),
    ],
)
def test_the_ways_to_wait(fields: Any, value: Any, waited: float) -> None:
    result = go(wait(**fields), value)
    assert result.status == "SUCCEEDED"
    assert seconds(result)[-1] == waited


@pytest.mark.parametrize(
    ("fields", "value", "cause"),
    [
        ({"SecondsPath": "$.s"}, {}, "The SecondsPath parameter does not reference an input value: $.s"),
        ({"SecondsPath": "$.s"}, {"s": -1}, "The SecondsPath parameter references a negative value: $.s == -1"),
        ({"SecondsPath": "$.s"}, {"s": 1.5}, "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5"),
        ({"SecondsPath": "$.s"}, {"s": 10**9}, "Wait state delay is too long."),
        ({"TimestampPath": "$.t"}, {"t": "9999-01-01T00:00:00Z"}, "Wait state delay is too long."),
        (
            {"TimestampPath": "$.t"},
            {"t": "tomorrow"},
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: "
            "$.t == tomorrow",
        ),
    ],
)
def test_waits_that_cannot_be(fields: Any, value: Any, cause: str) -> None:
    result = go(wait(**fields), value)
    assert result.error == "States.Runtime"
    assert result.cause == f"An error occurred while executing the state 'W' (entered at the event id #2). {cause}"


def test_the_machine_times_out() -> None:
    program = machine({"W": {"Type": "Wait", "Seconds": 25, "End": True}}, TimeoutSeconds=3)
    result = go(program)
    assert result.status == "TIMED_OUT"
    assert types(result) == ["ExecutionStarted", "WaitStateEntered", "ExecutionTimedOut"]
    assert (result.stop_date - result.start_date).total_seconds() == 3


def test_an_express_execution_ends_after_five_minutes() -> None:
    result = go(wait(Seconds=301), type="EXPRESS")
    assert result.status == "TIMED_OUT"
    assert seconds(result)[-1] == 300
    assert ":express:" in result.execution_arn


def test_a_wait_beside_a_running_task_takes_its_real_time() -> None:
    # Virtual time must not run away from a task that is really working.
    program = machine(
        {
            "P": {
                "Type": "Parallel",
                "End": True,
                "Branches": [
                    {
                        "StartAt": "T",
                        "States": {"T": {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 5, "End": True}},
                    },
                    {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86_400, "End": True}}},
                ],
            }
        }
    )
    from penstock.engine.tasks.handler import Succeeded

    result = go(program, {}, Later(0.3, lambda request: Succeeded("done")))
    assert result.output == ["done", {}]
    at = dict(zip(types(result), seconds(result), strict=True))
    assert 0.2 < at["LambdaFunctionSucceeded"] < 5  # within its timeout: nothing was skipped while it ran
    assert at["WaitStateExited"] == 86_400


def test_real_time_is_real() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    result = run(wait(Seconds=1), {})
    assert result.status == "SUCCEEDED"
    assert clock.monotonic() - before > 0.9


def test_history_never_goes_back_in_time() -> None:
    class Wandering(VirtualClock):
        def now(self) -> float:
            super().advance(-0.0)
            self._calls = getattr(self, "_calls", 0) + 1
            return super().now() + (50 if self._calls % 2 else -50)

    driver = Driver(clock=Wandering(START))
    program = machine(
        {"A": {"Type": "Wait", "Seconds": 1, "Next": "B"}, "B": {"Type": "Wait", "Seconds": 1, "End": True}}
    )
    result = driver.run(driver.start(program, {}))
    assert seconds(result) == sorted(seconds(result))


def test_only_a_clock_that_can_jump_can_skip() -> None:
    with pytest.raises(UsageError, match="VirtualClock"):
        run(wait(Seconds=1), {}, clock=SystemClock(), skip_time=True)
