"""Recordings of executions that cannot be met, each with the reason. They count as failed; at most ten may stand here."""

from __future__ import annotations

from tests.conformance.verdict import Verdict, failed

MOST = 10

_LOCAL_MOCKING = "local_mocking/test_base_scenarios.py::TestBaseScenarios::"
_CALLBACKS = "local_mocking/test_base_callbacks.py::TestBaseScenarios::"
_METADATA = (
    "Recorded on AWS itself: the HTTP metadata of its answer is not in the mocked one, which is given as it stands."
)
_SUBMITTED = "Recorded on AWS itself: the answer that started the task is not in the mock."

LEFT_OUT: dict[str, str] = {
    f"{_LOCAL_MOCKING}test_lambda_service_invoke#get_execution_history": _METADATA,
    f"{_LOCAL_MOCKING}test_sqs_send_message#get_execution_history": _METADATA,
    f"{_LOCAL_MOCKING}test_sns_publish_base#get_execution_history": _METADATA,
    f"{_LOCAL_MOCKING}test_dynamodb_put_get_item#get_execution_history": _METADATA,
    f"{_LOCAL_MOCKING}test_parallel_state_lambda#get_execution_history": _METADATA,
    f"{_CALLBACKS}test_sfn_start_execution_sync[SFN_SYNC2]#get_execution_history": _SUBMITTED,
    "scenarios/test_base_scenarios.py::TestBaseScenarios::"
    "test_lambda_invoke_with_retry_extended_input#get_execution_history": (
        "Recorded in 2023 before executions could be redriven: its context object has no RedriveCount, all later ones do."
    ),
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
