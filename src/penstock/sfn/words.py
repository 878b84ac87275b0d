"""The fixed words of the States Language, as enums; error names."""

from __future__ import annotations

from enum import Enum
from typing import Final


class QueryLanguage(Enum):
    JSON_PATH = "JSONPath"
    JSONATA = "JSONata"


class IntegrationPattern(Enum):
    """How a task ends: with the service's answer, with the end of the job that it starts, or with a token sent back."""

    REQUEST_RESPONSE = "REQUEST_RESPONSE"
    RUN_JOB = "RUN_JOB"
    WAIT_FOR_TASK_TOKEN = "WAIT_FOR_TASK_TOKEN"


class JitterType(Enum):
    FULL = "FULL"
    NONE = "NONE"


class ProcessorMode(Enum):
    INLINE = "INLINE"
    DISTRIBUTED = "DISTRIBUTED"


class ProcessorType(Enum):
    STANDARD = "STANDARD"
    EXPRESS = "EXPRESS"


class StateMachineType(Enum):
    STANDARD = "STANDARD"
    EXPRESS = "EXPRESS"


class Errors:
    """The names of the States Language's own errors."""

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
    TASKS_FAILED: Final = "States.TaskFailed"
    TIMEOUT: Final = "States.Timeout"
