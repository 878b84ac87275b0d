"""`aws-sdk:sfn:…` tasks that ask the service which runs them: DescribeExecution, ListExecutions, StopExecution and their like.

What makes an execution of a known machine, and what sends task tokens, stays with the engine's NestedExecutions, whose
journal knows about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from penstock.clock import Clock, Entropy
from penstock.engine.tasks.aws import AwsHandler
from penstock.engine.tasks.handler import TaskRequest
from penstock.errors import JsonError, ServiceError
from penstock.jsontools import loads
from penstock.services.answered import AnsweredClients
from penstock.services.json_answers import answer_text

if TYPE_CHECKING:
    from penstock.services.stepfunctions.service import StepFunctions
    from penstock.services.stepfunctions.state import State

_SDK: Final = "arn:aws:states:::aws-sdk:sfn:"
_ENGINES: Final = (f"{_SDK}sendTask", f"{_SDK}startExecution", f"{_SDK}startSyncExecution")
_ARNS: Final = ("StateMachineArn", "ExecutionArn", "MapRunArn", "StateMachineVersionArn", "StateMachineAliasArn")


class SfnSdkTasks(AwsHandler):
    """With `alone`, all calls are the service's; else those that name one of its machines, and the next handler has the rest.

    The service's state lets itself be known (`meet`) before its loop runs. `serve` says who answers, when all of it is there:
    calls that an earlier process had begun wait for that."""

    def __init__(
        self, *, alone: bool, region: str, account: str, clock: Clock | None = None, entropy: Entropy | None = None
    ) -> None:
        entropy = entropy or Entropy()
        self._own = _SfnClients(entropy, region=region, account=account)
        super().__init__(
            self._own.endpoint_url, region=region, account=account, clock=clock, entropy=entropy, clients=self._own
        )
        self._alone = alone
        self._state: State | None = None

    def meet(self, state: State) -> None:
        self._state = state

    def serve(self, service: StepFunctions) -> None:
        self._own.service.set_result(service)

    def close(self) -> None:
        self._own.service.cancel()  # where there never was one
        super().close()

    def handles(self, resource: str) -> bool:
        return resource.startswith(_SDK) and not resource.startswith(_ENGINES[0])

    def answers(self, request: TaskRequest) -> bool:
        state = self._state
        if state is None:
            return False
        arguments = request.arguments if isinstance(request.arguments, dict) else {}
        named = [arn for name in _ARNS if isinstance(arn := arguments.get(name), str)]
        if request.resource in _ENGINES:
            return self._alone and all(state.nested(arn) is None for arn in named)
        return self._alone or any(map(state.has, named))


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class _SfnClients(AnsweredClients):
    def __init__(self, entropy: Entropy, *, region: str, account: str) -> None:
        super().__init__("states", region=region, account=account)
        self.service: Future[StepFunctions] = Future()
        self._entropy = entropy

    def answered(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> _Answer:
        sent = {"x-amzn-RequestId": self._entropy.uuid4(), "Content-Type": "application/x-amz-json-1.0"}
        try:
            given = loads(body or b"{}", what="The request")
            answer = self.service.result().call(headers.get("x-amz-target", "").rpartition(".")[2], given)
            return _Answer(200, sent, answer_text(answer))
        except CancelledError:
            return _refused(ServiceError("The service has not begun.", code="ServiceUnavailable"), sent)
        except JsonError as error:
            return _refused(ServiceError(str(error), code="SerializationException"), sent)
        except ServiceError as error:
            return _refused(error, sent)


def _refused(error: ServiceError, sent: dict[str, str]) -> _Answer:
    status = 503 if error.code == "ServiceUnavailable" else 400
    return _Answer(status, sent, answer_text({"__type": error.code, "message": str(error)}))
