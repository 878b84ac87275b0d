"""The fixed words of the States Language, as enums; error names."""

from __future__ import annotations

from enum import Enum
from typing import Final

from penstock.asl import errors


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

    ALL: Final = errors.ALL
    BRANCH_FAILED: Final = errors.BRANCH_FAILED
    DATA_LIMIT_EXCEEDED: Final = errors.DATA_LIMIT_EXCEEDED
    EXCEED_TOLERATED_FAILURE_THRESHOLD: Final = errors.EXCEED_TOLERATED_FAILURE_THRESHOLD
    HEARTBEAT_TIMEOUT: Final = errors.HEARTBEAT_TIMEOUT
    HTTP_SOCKET: Final = errors.HTTP_SOCKET
    INTRINSIC_FAILURE: Final = errors.INTRINSIC_FAILURE
    ITEM_READER_FAILED: Final = errors.ITEM_READER_FAILED
    NO_CHOICE_MATCHED: Final = errors.NO_CHOICE_MATCHED
    PARAMETER_PATH_FAILURE: Final = errors.PARAMETER_PATH_FAILURE
    PERMISSIONS: Final = errors.PERMISSIONS
    QUERY_EVALUATION_ERROR: Final = errors.QUERY_EVALUATION_ERROR
    RESULT_PATH_MATCH_FAILURE: Final = errors.RESULT_PATH_MATCH_FAILURE
    RESULT_WRITER_FAILED: Final = errors.RESULT_WRITER_FAILED
    RUNTIME: Final = errors.RUNTIME
    TASKS_FAILED: Final = errors.TASK_FAILED
    TIMEOUT: Final = errors.TIMEOUT
