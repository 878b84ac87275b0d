"""Recordings of executions that cannot be met, each with the reason. They count as failed; at most ten may stand here."""

from __future__ import annotations

from tests.conformance.verdict import Verdict, failed

MOST = 10

_BEFORE_REDRIVE = "Recorded in 2023 before executions could be redriven: it has no RedriveCount, all later ones do."

_MAP_EXIT = (
    "Recorded since November 2024: the exit of a distributed Map follows MapRunStarted; in the 18 recordings before, which "
    "are met, it follows MapRunSucceeded, and for a machine without JSONata and variables only the date tells the two apart."
)
_SCENARIOS = "scenarios/test_base_scenarios.py::TestBaseScenarios::"

LEFT_OUT: dict[str, str] = {
    "callback/test_callback.py::TestCallback::test_start_execution_sync#get_execution_history": _BEFORE_REDRIVE,
    "callback/test_callback.py::TestCallback::test_start_execution_sync2#get_execution_history": _BEFORE_REDRIVE,
    f"{_SCENARIOS}test_lambda_invoke_with_retry_extended_input#get_execution_history": _BEFORE_REDRIVE,
    f"{_SCENARIOS}test_map_state_config_distributed_item_selector_parameters#get_execution_history": _MAP_EXIT,
    f"{_SCENARIOS}test_map_item_reader_base_json_with_items_path[VALID_ITEMS_PATH_FROM_PREVIOUS]"
    "#get_execution_history": _MAP_EXIT,
}


def named(case_id: str, verdicts: dict[str, Verdict]) -> dict[str, Verdict]:
    """The verdicts with the reason, where there is one."""
    reason = LEFT_OUT.get(case_id)
    if reason is None:
        return verdicts
    return {
        check: failed(f"{reason}\n{verdict.detail}", f"left out: {reason}") if verdict.outcome == "failed" else verdict
        for check, verdict in verdicts.items()
    }
