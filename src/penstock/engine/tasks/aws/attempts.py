"""One attempt of a task that calls a service, from its first call, or from where an earlier process left it, to its report.
The handler runs its steps in threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from penstock.asl.aws_names import capitalised, member_name
from penstock.clock import Clock, Entropy
from penstock.engine.tasks.aws import apigateway, bedrock, payload
from penstock.engine.tasks.aws.calling import CallFailed, Service, once, unfit
from penstock.engine.tasks.aws.client import Clients
from penstock.engine.tasks.aws.jobs import Job
from penstock.engine.tasks.aws.metadata import metadata
from penstock.engine.tasks.aws.optimised import INTEGRATIONS, Integration
from penstock.engine.tasks.handler import Failed, Later, Reporter, Submitted, Succeeded, TaskRequest
from penstock.frozen import frozen
from penstock.jsontools import Json, dumps_text

FIRST_POLL: Final = 1.0
LAST_POLL: Final = 30.0
"""Seconds between questions after a job: few for a short job, not many for a long one."""
FIRST_TROUBLE: Final = 2.0
LAST_TROUBLE: Final = 60.0
"""Ours: seconds until it is asked again after a question that was throttled, met a fault of the service or did not reach it.
Twice as long each time, and of chance between half of that and all of it: what throttles one has many who ask."""
PATIENCE: Final = 3600.0
"""Ours: for how many such seconds in a row it is asked again. AWS names no end. An hour outlasts throttling, a restart of the
service and most of what a network goes through; a service that is gone for longer may be gone for good, and a Task without a
timeout would wait for it for ever."""

_log = logging.getLogger("penstock.engine")


@frozen
class Trouble:
    """How long there has been no answer about a job: seconds waited so far, and the pause after the next failure."""

    waited: float
    pause: float


class Attempt:
    """`run` is the first step; `wake` hands a step to a thread."""

    def __init__(
        self,
        request: TaskRequest,
        report: Reporter,
        clients: Clients,
        *,
        clock: Clock,
        entropy: Entropy,
        submit: Callable[[Callable[[], None]], None],
    ) -> None:
        self._request = request
        self._report = report
        self._clients = clients
        self._clock = clock
        self._entropy = entropy
        self._submit = submit
        self._lock = threading.Lock()
        self._cancelled = False
        self._stop: Callable[[], None] | None = None
        self._taken: dict[str, Any] | None = None

    def take_up(self, result: dict[str, Any]) -> None:
        """Before it runs: its job was started by an earlier process, which wrote down this result of the starting call."""
        self._taken = result
        self._stop = self._stop_taken

    def run(self) -> None:
        self._reporting(self._run if self._taken is None else self._go_on)

    def _reporting(self, step: Callable[[], None]) -> None:
        """Whatever a step raises is the attempt's end: an attempt that never reports would hold the execution for ever."""
        try:
            step()
        except CallFailed as error:
            self._report(error.failed)
        except Exception as error:
            # A stand-in's answer without what the service always has, parameters nested beyond Python's stack.
            words = f"{self._request.resource} could not be carried out: {type(error).__name__}: {error}"
            self._report(Failed("States.TaskFailed", words))

    def cancel(self) -> None:
        """The attempt reports no more; a job it has started is stopped."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            stop = self._stop
        if stop is not None:
            self._submit(stop)

    def _run(self) -> None:
        name, pattern = split_pattern(self._request.resource.split(":::", 1)[1])
        if name == "apigateway:invoke":
            arguments = self._arguments()
            answer = apigateway.send(self._clients, apigateway.request_of(arguments), self._request)
            done = apigateway.report_of(answer)
            if pattern == "waitForTaskToken" and isinstance(done, Succeeded):
                done = Submitted(done.output)
            self._report(done)
        elif name.startswith("aws-sdk:"):
            _, service, action = name.split(":", 2)
            result = self._sdk(service, action)
            self._report(Submitted(result) if pattern == "waitForTaskToken" else Succeeded(result))
        else:
            self._optimised(INTEGRATIONS[name], pattern)

    def _arguments(self) -> dict[str, Any]:
        given = self._request.arguments
        if not isinstance(given, dict):
            raise CallFailed(unfit(given, "The parameters must be an OBJECT"))
        return given

    # ---- aws-sdk

    def _sdk(self, name: str, action: str) -> Json:
        service = Service(self._clients, name, self._request, self._entropy)
        operation = service.operation(action)
        if operation.has_event_stream_input or operation.has_event_stream_output:
            words = f"aws-sdk:{name}:{action} takes or gives a stream of events, which no state can"
            raise CallFailed(Failed("States.Runtime", words))
        parameters = once(service.parameters(operation, self._arguments()), operation, self._request)
        answer = service.call(operation, parameters)
        if operation.output_shape is None:
            return {}
        return payload.members_to_result(answer, operation.output_shape, name=member_name, instant=payload.iso_instant)

    # ---- optimised

    def _optimised(self, integration: Integration, pattern: str | None) -> None:
        request = self._request
        service = Service(self._clients, integration.service, request, self._entropy, integration.names)
        operation = service.operation(integration.operation)
        arguments = self._arguments()
        if integration.prepare is not None:
            arguments = integration.prepare(arguments, request)
        if integration.resolve is not None:
            arguments = integration.resolve(service, arguments)
        model = integration.operation == "invokeModel"
        s3 = Service(self._clients, "s3", request, self._entropy) if model and _mentions(arguments) else None
        asked = arguments
        if s3 is not None:
            arguments = bedrock.body_from_s3(asked, s3)
        parameters = once(service.parameters(operation, arguments), operation, request)
        answer = self._unreachable(service, operation, parameters)
        result = _result(answer, operation.output_shape)
        if model:
            result = bedrock.model_answer(result)
        if s3 is not None:
            result = bedrock.answer_to_s3(asked, result, s3)
        if integration.finish is not None:
            result = integration.finish(result)
        if integration.operation == "putEvents" and result.get("FailedEntryCount"):
            raise CallFailed(Failed(f"{integration.names.prefix}.FailedEntry", dumps_text(result)))
        if integration.operation == "runTask" and answer.get("failures") and pattern is not None:
            # Without a pattern the answer stands as it is (Developer Guide, ECS: "Key features").
            reasons = ", ".join(str(each.get("reason")) for each in answer["failures"])
            raise CallFailed(Failed("AmazonECS.Unknown", reasons))
        if integration.metadata:
            protocol = service.client.meta.service_model.protocol
            more = metadata(integration.service, answer, result, protocol, clock=self._clock, entropy=self._entropy)
            result = dict(sorted({**result, **more}.items()))
        if pattern is None:
            self._report(Succeeded(result))
        elif pattern == "waitForTaskToken" or integration.job is None:
            self._report(Submitted(result))
        else:
            self._follow(service, integration.job, answer, parameters, result)

    def _unreachable(self, service: Service, operation: Any, parameters: dict[str, Any]) -> dict[str, Any]:
        try:
            return service.call(operation, parameters)
        except CallFailed as error:
            url = parameters.get("QueueUrl")
            name = getattr(error.failed, "error", None)
            if name == "SQS.QueueDoesNotExistException" and isinstance(url, str) and "://" not in url:
                # A queue's URL is where the Java SDK sends to: what is no URL is taken for a host that nobody knows
                # (recorded: test_send_message_no_such_queue_no_catch).
                host = url.partition("/")[0]
                words = f"Unable to execute HTTP request: {host}: Name or service not known"
                raise CallFailed(Failed("SQS.SdkClientException", words)) from None
            raise

    # ---- jobs

    def _follow(
        self,
        service: Service,
        job: Job,
        answer: Mapping[str, Any],
        given: Mapping[str, Any],
        result: Json,
    ) -> None:
        def stop() -> None:
            self._stop_job(service, job, answer, given)

        with self._lock:
            self._stop = stop
            cancelled = self._cancelled
        if cancelled:
            stop()
            return
        self._report(Submitted(result))
        self._poll(service, job, answer, given, FIRST_POLL)

    def _stop_job(self, service: Service, job: Job, answer: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        if job.stop is None:
            return
        action, ask = job.stop
        arn = self._request.execution_arn
        reason = f"The Task state in AWS Step Functions execution [{arn}] which was managing this resource was aborted"
        try:
            asked = {k: reason if value == "{reason}" else value for k, value in ask(answer, given).items()}
            service.call(service.operation(action), asked)
        except (CallFailed, KeyError, IndexError):
            return  # it has ended by itself, or cannot be stopped: nobody waits for it any more

    def _go_on(self, trouble: Trouble | None = None) -> None:
        """Follows a job that an earlier process has started."""
        try:
            taken = self._taken_job()
            if taken is None:
                return  # nothing of it is followed: it waits for its timeout, as it did
            over = self._cancelled or self._ask(*taken)
        except CallFailed as error:
            if error.passing:
                self._ask_again(error, self._go_on, trouble)
                return
            if not self._clients.is_moto:
                raise
            with self._lock:
                if self._cancelled:
                    return
                self._stop = self._taken = None
            self._run()  # the process ended, and its moto and the job with it
            return
        if not over:
            self._poll(*taken, FIRST_POLL)

    def _stop_taken(self) -> None:
        try:
            taken = self._taken_job()
        except CallFailed:
            return  # there is no client to stop it with
        if taken is not None:
            self._stop_job(*taken)

    def _taken_job(self) -> tuple[Service, Job, Mapping[str, Any], Mapping[str, Any]] | None:
        """The job of `take_up` as `_follow` would have it: what the starting call was given and answered, made again of the
        request and of its recorded result."""
        name, _ = split_pattern(self._request.resource.split(":::", 1)[1])
        integration = INTEGRATIONS[name]
        job, result = integration.job, self._taken
        if job is None or result is None:
            return None
        service = Service(self._clients, integration.service, self._request, self._entropy, integration.names)
        operation = service.operation(integration.operation)
        arguments = self._arguments()
        if integration.prepare is not None:
            arguments = integration.prepare(arguments, self._request)
        answer = payload.from_result(result, operation.output_shape, name=capitalised)
        if integration.unfinish is not None:
            answer = integration.unfinish(result)
        return service, job, answer, service.parameters(operation, arguments)

    def _poll(
        self, service: Service, job: Job, answer: Mapping[str, Any], given: Mapping[str, Any], pause: float
    ) -> None:
        def step(trouble: Trouble | None = None) -> None:
            if self._cancelled:
                return
            try:
                over = self._ask(service, job, answer, given)
            except CallFailed as error:
                if not error.passing:
                    raise
                self._ask_again(error, step, trouble)
                return
            if not over:
                self._poll(service, job, answer, given, min(pause * 1.5, LAST_POLL))

        self._later(pause, step)

    def _later(self, seconds: float, step: Callable[[], None]) -> None:
        def wake() -> None:
            self._submit(lambda: self._reporting(step))

        # moto's jobs go on when they are looked at; those of a service outside take real time.
        self._report(Later(seconds, wake, outside=not self._clients.is_moto))

    def _ask_again(self, error: CallFailed, step: Callable[[Trouble], None], trouble: Trouble | None) -> None:
        """Has a step that could not ask made again later; the job goes on meanwhile, and may well succeed."""
        trouble = trouble or Trouble(0.0, FIRST_TROUBLE)
        if trouble.waited >= PATIENCE:
            raise error
        if not trouble.waited:
            _log.warning(
                "How the job of the state '%s' of %s stands (%s) cannot be asked for now, and is asked again: %s",
                self._request.state_name,
                self._request.execution_arn,
                self._request.resource,
                error,
            )
        seconds = trouble.pause * self._entropy.uniform(0.5, 1.0)
        after = Trouble(trouble.waited + seconds, min(2 * trouble.pause, LAST_TROUBLE))
        self._later(seconds, lambda: step(after))

    def _ask(self, service: Service, job: Job, answer: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
        operation = service.operation(job.describe)
        try:
            described = service.call(operation, job.ask(answer, given))
        except CallFailed as error:
            if job.gone is not None and (getattr(error.failed, "error", None) or "").endswith(f".{job.gone}"):
                self._report(Succeeded({}))
                return True
            raise
        try:
            item, shape = _dig(described, operation.output_shape, job.path)
        except (IndexError, KeyError):
            # Batch, ECS and CodeBuild answer with an empty list after a job they have forgotten (ECS after an hour).
            words = f"{job.describe} does not know any more what {self._request.resource} has started; how it ended is not known."
            raise CallFailed(Failed("States.TaskFailed", words)) from None
        status: Any = item
        for key in job.status:
            status = status.get(key)
        if status not in job.succeeded and status not in job.failed:
            return False
        result: Json = _result(item, shape)
        if job.wrap is not None:
            result = {capitalised(job.wrap): result}
        if job.add is not None:
            result = {**(result if isinstance(result, dict) else {}), **job.add(answer, given)}
        if status in job.failed or (job.failing is not None and job.failing(service, item)):
            self._report(Failed("States.TaskFailed", dumps_text(result)))
        else:
            self._report(Succeeded(result))
        return True


def split_pattern(name: str) -> tuple[str, str | None]:
    """`batch:submitJob.sync` → (`batch:submitJob`, `sync`)."""
    for pattern in ("sync:2", "sync", "waitForTaskToken"):
        if name.endswith(f".{pattern}"):
            return name.removesuffix(f".{pattern}"), pattern
    return name, None


def _result(answer: Mapping[str, Any], shape: Any) -> dict[str, Json]:
    if shape is None:
        return {}
    return payload.members_to_result(answer, shape, name=capitalised, instant=payload.epoch_milliseconds)


def _dig(value: Any, shape: Any, path: tuple[str | int, ...]) -> tuple[Any, Any]:
    for step in path:
        value = value[step]
        shape = shape.member if isinstance(step, int) else shape.members[step]
    return value, shape


def _mentions(arguments: Mapping[str, Any]) -> bool:
    return any(place in arguments for place in bedrock.PLACES)
