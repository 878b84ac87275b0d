"""The task handler for AWS services: every `aws-sdk:` integration and the optimised ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from penstock.clock import Clock, Entropy, SystemClock
from penstock.engine.tasks.aws.client import Clients, require, shared_clients
from penstock.engine.tasks.handler import Cancel, Failed, Reporter, Taken, TaskRequest
from penstock.engine.tasks.threads import Threads

_PREFIX: Final = "states:::"
_CLOSING: Final = 10.0
"""Seconds that closing waits for jobs to be stopped."""


class AwsHandler:
    """Calls go where `endpoint_url` says: a URL, "moto", or "aws" for Amazon itself; None refuses every call, with words
    that say what to set. boto3 is loaded with the first call. `clients` are used in place of those for the endpoint."""

    def __init__(
        self,
        endpoint_url: str | None,
        *,
        region: str = "us-east-1",
        account: str = "123456789012",
        clock: Clock | None = None,
        entropy: Entropy | None = None,
        clients: Clients | None = None,
    ) -> None:
        self._own_clients = clients
        self._endpoint_url = endpoint_url
        self._region = region
        self._account = account
        self._clock = clock or SystemClock()
        self._entropy = entropy or Entropy()
        self._threads = Threads()
        self._stopping = threading.Condition()
        self._stops = 0

    def handles(self, resource: str) -> bool:
        arn, found, name = resource.partition(_PREFIX)
        return bool(found) and arn.startswith("arn:") and _known(name)

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        """Raises MissingRequirement where boto3 (or moto) is not installed."""
        return self.resume(request, report, Taken())

    def resume(self, request: TaskRequest, report: Reporter, taken: Taken) -> Cancel:
        """A job that an earlier process has started goes on: it is asked after, and stopped, by the ids in the answer that was
        written down. Of moto in that process nothing is left, and the job is started anew, as are calls without an answer.
        Raises as `start` does."""
        clients = self._clients(request, report)
        if clients is None:
            return _nothing
        from penstock.engine.tasks.aws.attempts import Attempt

        attempt = Attempt(request, report, clients, clock=self._clock, entropy=self._entropy, submit=self._counted)
        if taken.submitted and isinstance(taken.answer, dict):
            attempt.take_up(taken.answer)
        self._threads.submit(attempt.run)
        return attempt.cancel

    def close(self) -> None:
        with self._stopping:
            self._stopping.wait_for(lambda: self._stops == 0, timeout=_CLOSING)
        self._threads.close()

    def _counted(self, job: Callable[[], None]) -> None:
        with self._stopping:
            self._stops += 1

        def run() -> None:
            try:
                job()
            finally:
                with self._stopping:
                    self._stops -= 1
                    self._stopping.notify_all()

        self._threads.submit(run)

    def _clients(self, request: TaskRequest, report: Reporter) -> Clients | None:
        if self._endpoint_url is None:
            report(refused(request))
            return None
        require(self._endpoint_url)
        if self._own_clients is not None:
            return self._own_clients
        return shared_clients(self._endpoint_url, self._region, self._account)


def refused(request: TaskRequest) -> Failed:
    """States.Runtime, so that no retrier waits for what will not come and no catcher hides it."""
    called = request.resource.partition(_PREFIX)[2]
    return Failed(
        "States.Runtime",
        f"The state '{request.state_name}' calls {called}, and no setting says where to: set endpoint_url under [aws] in "
        'penstock.toml (or PENSTOCK_AWS_ENDPOINT_URL) to "moto", to the URL of a local AWS, or to "aws" for Amazon itself; '
        "or mock the state.",
    )


_ACTIONS_BY_HAND: Final = frozenset({"apigateway:invoke"})


def _known(name: str) -> bool:
    if name.startswith("aws-sdk:"):
        return name.count(":") == 2
    from penstock.engine.tasks.aws.attempts import split_pattern
    from penstock.engine.tasks.aws.optimised import INTEGRATIONS

    plain, _ = split_pattern(name)
    return plain in INTEGRATIONS or plain in _ACTIONS_BY_HAND


def _nothing() -> None:
    return None
