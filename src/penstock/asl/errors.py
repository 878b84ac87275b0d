"""The error names of the States Language, and what a retrier or catcher that lists some of them takes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

ALL: Final = "States.ALL"
BRANCH_FAILED: Final = "States.BranchFailed"
DATA_LIMIT_EXCEEDED: Final = "States.DataLimitExceeded"
EXCEED_TOLERATED_FAILURE_THRESHOLD: Final = "States.ExceedToleratedFailureThreshold"
HEARTBEAT_TIMEOUT: Final = "States.HeartbeatTimeout"
HTTP_SOCKET: Final = "States.Http.Socket"
INTRINSIC_FAILURE: Final = "States.IntrinsicFailure"
ITEM_READER_FAILED: Final = "States.ItemReaderFailed"
NO_CHOICE_MATCHED: Final = "States.NoChoiceMatched"
PARAMETER_PATH_FAILURE: Final = "States.ParameterPathFailure"
PERMISSIONS: Final = "States.Permissions"
QUERY_EVALUATION_ERROR: Final = "States.QueryEvaluationError"
RESULT_PATH_MATCH_FAILURE: Final = "States.ResultPathMatchFailure"
RESULT_WRITER_FAILED: Final = "States.ResultWriterFailed"
RUNTIME: Final = "States.Runtime"
TASK_FAILED: Final = "States.TaskFailed"
TIMEOUT: Final = "States.Timeout"

RESERVED_PREFIX: Final = "States."
"""Names that begin so are the language's own; a user's error may not."""

KNOWN: Final = frozenset(
    {
        ALL,
        BRANCH_FAILED,
        DATA_LIMIT_EXCEEDED,
        EXCEED_TOLERATED_FAILURE_THRESHOLD,
        HEARTBEAT_TIMEOUT,
        HTTP_SOCKET,
        INTRINSIC_FAILURE,
        ITEM_READER_FAILED,
        NO_CHOICE_MATCHED,
        PARAMETER_PATH_FAILURE,
        PERMISSIONS,
        QUERY_EVALUATION_ERROR,
        RESULT_PATH_MATCH_FAILURE,
        RESULT_WRITER_FAILED,
        RUNTIME,
        TASK_FAILED,
        TIMEOUT,
    }
)
"""The reserved names, without `States.Http.StatusCode.NNN`, which is a family."""


def matches(error_equals: Collection[str], error: str) -> bool:
    """Whether an ErrorEquals list takes an error.

    A missed heartbeat is `States.HeartbeatTimeout` here, although history shows it as `States.Timeout`: both names take
    it. `States.Runtime` is taken by nothing, not even by its own name (recorded: a Task whose Catch lists it fails the
    execution all the same). `States.DataLimitExceeded` of a Task is taken by `States.ALL` (recorded, against the
    Developer Guide).
    """
    if error == RUNTIME:
        return False
    if error in error_equals or ALL in error_equals:
        return True
    if error == HEARTBEAT_TIMEOUT:
        return TIMEOUT in error_equals
    return TASK_FAILED in error_equals and error != TIMEOUT
