"""The service: operations by their names, requests checked against the model before an operation sees them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

from penstock.clock import Clock, Entropy
from penstock.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from penstock.engine.callbacks import POLL_SECONDS, Callbacks
from penstock.engine.tasks.handler import TaskHandler
from penstock.errors import ServiceError, StoreError
from penstock.services.stepfunctions import (
    activities,
    definitions,
    executions,
    machines,
    mapruns,
    requests,
    tags,
    versions,
)
from penstock.services.stepfunctions.delivery import LogSink
from penstock.services.stepfunctions.state import Answer, Operation, Parameters, State
from penstock.services.stepfunctions.watching import Load, Watcher
from penstock.services.tables import unavailable

if TYPE_CHECKING:
    from penstock.engine.objects import ObjectStore
    from penstock.engine.recovery import Recovered
    from penstock.store import Database

T = TypeVar("T")

OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateActivity": activities.create_activity,
    "CreateStateMachine": machines.create_state_machine,
    "CreateStateMachineAlias": versions.create_state_machine_alias,
    "DeleteActivity": activities.delete_activity,
    "DeleteStateMachine": machines.delete_state_machine,
    "DeleteStateMachineAlias": versions.delete_state_machine_alias,
    "DeleteStateMachineVersion": versions.delete_state_machine_version,
    "DescribeActivity": activities.describe_activity,
    "DescribeExecution": executions.describe_execution,
    "DescribeMapRun": mapruns.describe_map_run,
    "DescribeStateMachine": machines.describe_state_machine,
    "DescribeStateMachineAlias": versions.describe_state_machine_alias,
    "DescribeStateMachineForExecution": machines.describe_state_machine_for_execution,
    "GetActivityTask": activities.get_activity_task,
    "GetExecutionHistory": executions.get_execution_history,
    "ListActivities": activities.list_activities,
    "ListExecutions": executions.list_executions,
    "ListMapRuns": mapruns.list_map_runs,
    "ListStateMachineAliases": versions.list_state_machine_aliases,
    "ListStateMachineVersions": versions.list_state_machine_versions,
    "ListStateMachines": machines.list_state_machines,
    "ListTagsForResource": tags.list_tags_for_resource,
    "PublishStateMachineVersion": versions.publish_state_machine_version,
    "RedriveExecution": executions.redrive_execution,
    "SendTaskFailure": activities.send_task_failure,
    "SendTaskHeartbeat": activities.send_task_heartbeat,
    "SendTaskSuccess": activities.send_task_success,
    "StartExecution": executions.start_execution,
    "StartSyncExecution": executions.start_sync_execution,
    "StopExecution": executions.stop_execution,
    "TagResource": tags.tag_resource,
    "TestState": definitions.test_state,
    "UntagResource": tags.untag_resource,
    "UpdateMapRun": mapruns.update_map_run,
    "UpdateStateMachine": machines.update_state_machine,
    "UpdateStateMachineAlias": versions.update_state_machine_alias,
    "ValidateStateMachineDefinition": definitions.validate_state_machine_definition,
}

RETENTION_DAYS: Final = 90.0
"""How long AWS keeps the history of an execution that has ended (API reference, StartExecution: after 90 days its name is
free again)."""
ASKED: Final[Mapping[str, Callable[[State, Parameters], Answer | Future[Answer] | activities.Polling | None]]] = {
    "DescribeExecution": executions.ask_execution,
    "GetActivityTask": activities.Polling,
    "StartExecution": executions.begin_execution,
    "StartSyncExecution": executions.begin_sync_execution,
}
"""Operations that nobody needs a thread for to wait in, and one whose wait can be left; None where a thread is needed."""

LONG: Final = frozenset({"GetActivityTask", "StartSyncExecution", "TestState"})
"""Operations that may take minutes, because somebody else is to do something."""


class StepFunctions:
    """AWS Step Functions for one account and region; requests may come from any thread.

    `handlers` answer tasks, the first that handles a resource takes it; they belong to the caller, who closes them.
    `database` is where machines and executions are kept (in memory without one), for `retention_days` after they ended; the
    caller closes it. What ran when it was last used goes on. `callbacks` is where activities and tokens are, `objects` what
    distributed Maps read from and write to. With `skip_time`, waits and retries take no time. `watchers` hear of executions
    that begin and end, `logs` takes what the machines' loggingConfigurations say is to be logged.
    """

    long: Final = LONG

    def __init__(
        self,
        *,
        region: str = DEFAULT_REGION,
        account: str = DEFAULT_ACCOUNT,
        handlers: Sequence[TaskHandler] = (),
        database: Database | None = None,
        retention_days: float = RETENTION_DAYS,
        clock: Clock | None = None,
        skip_time: bool = False,
        entropy: Entropy | None = None,
        callbacks: Callbacks | None = None,
        objects: ObjectStore | None = None,
        poll_seconds: float = POLL_SECONDS,
        watchers: Sequence[Watcher] = (),
        logs: LogSink | None = None,
        on_fault: Callable[[], None] | None = None,
    ) -> None:
        self._owns_callbacks = callbacks is None
        self._state = State(
            region=region,
            account=account,
            handlers=handlers,
            database=database,
            retention_days=retention_days,
            clock=clock,
            skip_time=skip_time,
            entropy=entropy,
            callbacks=callbacks,
            objects=objects,
            poll_seconds=poll_seconds,
            watchers=watchers,
            logs=logs,
            on_fault=on_fault,
        )

    def call(self, operation: str, parameters: Any, *, as_client: bool = False) -> dict[str, Any]:
        """The answer as boto3 gives it, without ResponseMetadata. `as_client` refuses first what boto3 would not send.

        Raises ServiceError with AWS's codes and sentences; UnknownOperationException for what is no operation.
        """
        run = OPERATIONS.get(operation)
        if run is None:
            raise ServiceError(f"There is no operation {operation!r}.", code="UnknownOperationException")
        if as_client:
            requests.check_as_client(operation, parameters)
        return self._answered(run, requests.check(operation, parameters))

    @property
    def recovered(self) -> Recovered | None:
        """What went on when the service began; None without a database."""
        return self._state.recovered

    def ask(
        self, operation: str, parameters: Any
    ) -> dict[str, Any] | Future[dict[str, Any]] | activities.Polling | None:
        """`call` for those who do not wait: the answer, what will have it, or what a thread is to call and the client may
        leave; None for an operation that needs a thread to wait in. Raises what `call` does, or the future has it."""
        run = ASKED.get(operation)
        return None if run is None else self._answered(run, requests.check(operation, parameters))

    def _answered(self, run: Callable[[State, Parameters], T], parameters: Parameters) -> T:
        try:
            return run(self._state, parameters)
        except StoreError as error:
            raise unavailable(error) from None

    def load(self) -> Load:
        """How much there is to do at this moment; from any thread."""
        return self._state.loop.driver.load()

    def release(self) -> None:
        """Lets those go who wait for somebody else: workers for tasks, StartSyncExecution for an end. The service goes on."""
        self._state.callbacks.release()
        self._state.loop.release()

    def close(self) -> None:
        """Stops what runs, and lets workers go that wait for tasks. Nothing can be asked afterwards."""
        if self._owns_callbacks:
            self._state.callbacks.release()
        self._state.close()
