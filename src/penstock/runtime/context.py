"""What a task's `run(event, context)` gets as its context, in Lambda, ECS and on a laptop alike."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from penstock.runtime._waiting import monotonic
from penstock.runtime.state_data import StateDataClient

if TYPE_CHECKING:
    import logging

Stop = Callable[[str | None, str | None], None]


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where a task runs. `trace_id` and `trace_source` follow an execution and those it starts; without an outside
    trace, the id is the execution's ARN (or name, where only that is known) and the source is empty."""

    execution_name: str = ""
    execution_arn: str = ""
    state_name: str = ""
    state_machine_name: str = ""
    trace_id: str = ""
    trace_source: str = ""

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any], *, arn: str = "") -> Metadata:
        """Of the `meta` object of a task's payload, or of SFN_… and TRACE_… variables; `arn` where it has none."""
        values = {name.lower().removeprefix("sfn_"): value for name, value in meta.items() if isinstance(value, str)}
        execution_arn = values.get("execution_arn") or values.get("execution_id") or arn
        trace_id = values.get("trace_id", "")
        if not execution_arn and ":execution:" in trace_id and trace_id.endswith(f":{values.get('execution_name')}"):
            execution_arn = (
                trace_id  # compiled scripts send the execution's ARN as the trace, where nothing else is known
            )
        execution_name = values.get("execution_name") or execution_arn.rpartition(":")[2]
        return cls(
            execution_name=execution_name,
            execution_arn=execution_arn,
            state_name=values.get("state_name", ""),
            state_machine_name=values.get("state_machine_name", ""),
            trace_id=trace_id or execution_arn or execution_name,
            trace_source=values.get("trace_source", ""),
        )


class Done:
    """Already happened; awaiting it is allowed and changes nothing."""

    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


class TaskContext:
    """Clients, functions and metadata for a task's code.

    Where the task runs as a Lambda function, Lambda's own context attributes (`aws_request_id`,
    `get_remaining_time_in_millis()`, ...) are there too.
    """

    def __init__(
        self,
        metadata: Metadata,
        *,
        stop: Stop,
        state_data_client: Callable[[], StateDataClient],
        task_name: str = "",
        lambda_context: Any = None,
    ) -> None:
        self._metadata = metadata
        self._stop = stop
        self._state_data_client = state_data_client
        self._lambda_context = lambda_context
        self.task_name = task_name

    @property
    def execution_name(self) -> str:
        return self._metadata.execution_name

    @property
    def execution_arn(self) -> str:
        return self._metadata.execution_arn

    @property
    def state_name(self) -> str:
        return self._metadata.state_name

    @property
    def state_machine_name(self) -> str:
        return self._metadata.state_machine_name

    @property
    def trace_id(self) -> str:
        return self._metadata.trace_id

    @property
    def trace_source(self) -> str:
        return self._metadata.trace_source

    @cached_property
    def logger(self) -> logging.Logger:
        """A logger named for the task; its lines go where the task's other output goes."""
        import logging

        return logging.getLogger(self.task_name or "task")

    @cached_property
    def state_data_client(self) -> StateDataClient:
        """Puts data aside that is too large to travel between states."""
        return self._state_data_client()

    def stop_execution(self, error: str | None = None, cause: str | None = None) -> Done:
        """Stops the whole execution: it closes ABORTED, with `error` (a short code) and `cause` (a sentence).

        May be awaited or not. The code after it still runs; what the task returns is dropped.
        """
        for name, value in (("error", error), ("cause", cause)):
            if value is not None and not isinstance(value, str):
                raise TypeError(f"stop_execution: {name} must be a text, not {type(value).__name__}")
        self._stop(error, cause)
        return Done()

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and self._lambda_context is not None:
            return getattr(self._lambda_context, name)
        raise AttributeError(f"the task context has no {name!r}")


@dataclass(frozen=True, slots=True)
class CognitoIdentity:
    """Who calls, for a caller whom Cognito knows; on this machine nobody."""

    cognito_identity_id: str | None = None
    cognito_identity_pool_id: str | None = None


@dataclass(frozen=True, slots=True)
class ClientContext:
    """What the caller sent in `ClientContext` (Lambda Developer Guide, "Python context object")."""

    custom: dict[str, Any]
    env: dict[str, Any]
    client: Any = None

    @classmethod
    def of(cls, value: Any) -> ClientContext | None:
        if not isinstance(value, dict):
            return None
        return cls(value.get("custom") or {}, value.get("env") or {}, value.get("client"))


@dataclass(kw_only=True)
class LambdaContext:
    """Lambda's context object for code that runs on this machine (Lambda Developer Guide, "Python context object").

    `timeout` is the function's, in seconds; without one there are the 900 that Lambda gives at most.
    """

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "2048"
    timeout: float | None = None
    identity: CognitoIdentity = field(default_factory=CognitoIdentity)
    client_context: ClientContext | None = None
    log_stream: str | None = None
    _started: float = field(default_factory=monotonic, repr=False)

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        return self.log_stream or f"[{self.function_version}]{self.aws_request_id.replace('-', '')}"

    def get_remaining_time_in_millis(self) -> int:
        remaining = (self.timeout or 900) - (monotonic() - self._started)
        return max(0, int(remaining * 1000))
