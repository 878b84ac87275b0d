"""Tasks whose code runs in worker processes: the `run` methods of a script, functions named `module:callable`.

The resources are those of a compiled script after `local_substitutions`; a task is recognised by the function, task
definition, queue or project in the request. No user code is loaded into this process.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from penstock.clock import Clock, Entropy, SystemClock
from penstock.engine.tasks import lambdas, shapes
from penstock.engine.tasks.calls import (
    Alive,
    Answered,
    Call,
    End,
    Event,
    Log,
    NotMarshalled,
    NoWorker,
    Raised,
    StopAsked,
    Target,
    TimedOut,
    to_stderr,
)
from penstock.engine.tasks.functions import Registry, answer
from penstock.engine.tasks.handler import (
    Cancel,
    Failed,
    Heartbeat,
    Report,
    Reporter,
    Stopped,
    Submitted,
    Succeeded,
    TaskRequest,
)
from penstock.engine.tasks.pool import Pool
from penstock.engine.tasks.statedata import TABLE, StateDataFolder
from penstock.jsontools import Json, dumps

ECS: Final = "arn:aws:states:::ecs:runTask.sync"
QUEUE: Final = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
BATCH: Final = "arn:aws:states:::batch:submitJob.sync"
CODEBUILD: Final = "arn:aws:states:::codebuild:startBuild.sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTask:
    """One task. Its code is one of: `text`, a script's text with the class `name` in it (`file_name` is what tracebacks
    show); `target`, `module:callable`; `spec`, `module:Class` of an `ecs:worker`.

    `has_run` is False for a script's class without a run method. `timeout` (seconds) is the function's own, not the
    state's. `concurrency` limits an `ecs:worker`. `search_path` comes before this process's own `sys.path`.
    """

    name: str
    service: str = "lambda"
    file_name: str = "project.py"
    text: str | None = field(default=None, repr=False)
    has_run: bool = True
    target: str | None = None
    spec: str | None = None
    timeout: float | None = None
    memory: int | None = None
    concurrency: int = 1
    heartbeat_interval: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    search_path: Sequence[str] = ()


class WorkerHandler:
    """Answers the tasks it has been given; leaves every other request to the next handler.

    `log` gets what the tasks print (stderr by default); `limit` is the number of processes at once. `close` leaves no
    process behind, and none stays when this process dies.
    """

    def __init__(
        self,
        *,
        functions: Mapping[str, WorkerTask] | None = None,
        containers: Mapping[str, WorkerTask] | None = None,
        queues: Mapping[str, WorkerTask] | None = None,
        builds: Mapping[str, WorkerTask] | None = None,
        jobs: Mapping[str, WorkerTask] | None = None,
        log: Log = to_stderr,
        limit: int = 64,
        state_data: StateDataFolder | None = None,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
    ) -> None:
        self._functions = Registry(functions or {})
        self._containers = dict(containers or {})
        self._queues = dict(queues or {})
        self._builds = dict(builds or {})
        self._jobs = dict(jobs or {})
        self._clock = clock or SystemClock()
        self._entropy = entropy or Entropy()
        self._own_state_data = state_data is None
        self._state_data = state_data or StateDataFolder()
        self._targets: dict[int, Target] = {}
        self._pool = Pool(clock=self._clock, log=log, limit=limit)

    @classmethod
    def for_tasks(cls, tasks: Mapping[str, WorkerTask], **options: Any) -> WorkerHandler:
        """For the tasks of a script, by class name; `options` are those of the constructor."""
        by_service: dict[str, dict[str, WorkerTask]] = {
            service: {} for service in ("ecs", "ecs:worker", "codebuild", "batch")
        }
        functions: dict[str, WorkerTask] = {}
        for name, task in tasks.items():
            by_service.get(task.service, functions)[name] = task
        return cls(
            functions=functions,
            containers=by_service["ecs"],
            queues=by_service["ecs:worker"],
            builds=by_service["codebuild"],
            jobs=by_service["batch"],
            **options,
        )

    @classmethod
    def for_functions(
        cls,
        targets: Mapping[str, str],
        *,
        search_path: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        **options: Any,
    ) -> WorkerHandler:
        """For `[functions]` of penstock.toml: function name or ARN → `module:callable`, called as (event, context)."""
        functions = {
            key: WorkerTask(name=key, target=target, search_path=search_path, environment=environment or {})
            for key, target in targets.items()
        }
        return cls(functions=functions, **options)

    def warm_up(self) -> None:
        """Starts what the first call needs, without waiting for it: worth it where the definition is still compiled."""
        self._pool.warm_up()

    def handles(self, resource: str) -> bool:
        services = (ECS, QUEUE, BATCH, CODEBUILD, lambdas.INVOKE, lambdas.INVOKE_WITH_TOKEN)
        return resource in services or lambdas.is_function_arn(resource)

    def answers(self, request: TaskRequest) -> bool:
        return self._task(request) is not None

    def start(self, request: TaskRequest, report: Reporter) -> Cancel:
        task = self._task(request)
        if task is None:
            name = lambdas.invoked(request)
            if self._is_lambda(request) and name is not None:
                report(lambdas.not_found(request, name, self._entropy))
            else:
                report(Failed("States.Runtime", f"No task here answers {request.resource} as it is called."))
            return _nothing
        problem = _problem(task)
        if problem is not None:
            report(Failed("States.Runtime", problem))
            return _nothing
        try:
            run = self._run(request, task)
        except lambdas.Unparsable as error:
            report(lambdas.not_json(str(error), self._entropy))
            return _nothing
        if run.submitted is not None:
            report(Submitted(run.submitted, working=True))
        return self._call(request, task, run, report)

    def close(self) -> None:
        self._pool.close()
        if self._own_state_data:
            self._state_data.close()

    def pids(self) -> list[int]:
        """The processes that run now."""
        return self._pool.pids()

    def _is_lambda(self, request: TaskRequest) -> bool:
        return request.resource not in (ECS, QUEUE, BATCH, CODEBUILD)

    def _task(self, request: TaskRequest) -> WorkerTask | None:
        if self._is_lambda(request):
            name = lambdas.invoked(request)
            return None if name is None else self._functions.find(name)
        arguments = request.arguments if isinstance(request.arguments, dict) else {}
        if request.resource == ECS:
            return self._containers.get(_last(arguments.get("TaskDefinition")).partition(":")[0])
        if request.resource == QUEUE:
            return self._queues.get(_last(arguments.get("QueueUrl")).removesuffix(".fifo"))
        if request.resource == BATCH:
            return self._jobs.get(_last(arguments.get("JobDefinition")).partition(":")[0])
        return self._builds.get(_last(arguments.get("ProjectName")))

    def _call(self, request: TaskRequest, task: WorkerTask, run: _Run, report: Reporter) -> Cancel:
        request_id = self._entropy.uuid4()
        timeout = task.timeout
        if not self._is_lambda(request) or (timeout and request.timeout and request.timeout <= timeout):
            timeout = None  # the state's own limit comes first
        meta: dict[str, Json] = {
            "execution_name": request.execution_name,
            "execution_arn": request.execution_arn,
            "state_name": request.state_name,
            "state_machine_name": request.machine_name,
            **run.trace,
            "request_id": request_id,
            "timeout": timeout or request.timeout,
            "environment": dict(run.environment),
        }
        if self._is_lambda(request):
            meta["function_name"] = task.name
            meta["function_arn"] = lambdas.full_arn(request, lambdas.invoked(request) or task.name)
        stopped: list[Stopped] = []

        def tell(event: Event) -> None:
            if isinstance(event, StopAsked):
                stopped.append(Stopped(event.error, event.cause))
            elif isinstance(event, Alive):
                report(Heartbeat())
            else:
                outcome = stopped[0] if stopped else self._outcome(event, run, request_id, timeout)
                if outcome is not None:
                    report(outcome)

        body = b'{"meta":' + dumps(meta) + b',"event":' + dumps(run.event) + b"}"
        call = Call(self._target(task), body, tell, timeout)
        self._pool.submit(call)
        return lambda: self._pool.cancel(call)

    def _outcome(self, end: End, run: _Run, request_id: str, timeout: float | None) -> Report | None:
        if isinstance(end, NoWorker):
            return Failed("States.Runtime", f"No worker process can be started: {end.reason}.")
        if isinstance(end, Answered):
            try:
                result: Json = json.loads(end.text)
            except (ValueError, RecursionError) as error:
                return run.failed(lambdas.marshal_error(str(error), request_id), 1)
            return run.succeeded(result, len(end.text))
        if isinstance(end, NotMarshalled):
            return run.failed(lambdas.marshal_error(end.reason, request_id), 1)
        if isinstance(end, Raised):
            return run.failed(lambdas.raised(end.error, end.message, request_id, end.stack), 1)
        if isinstance(end, TimedOut):
            return run.failed(lambdas.timed_out(timeout or 0, request_id), 1)
        # As a container's exit code, a signal is 128 + its number.
        return run.failed(lambdas.exited(end.status, request_id), end.status if end.status >= 0 else 128 - end.status)

    def _target(self, task: WorkerTask) -> Target:
        target = self._targets.get(id(task))
        if target is None:
            path = [os.path.abspath(folder) for folder in task.search_path]
            init: dict[str, Any] = {
                "name": task.name,
                "environment": dict(task.environment),
                "path": path + [os.path.abspath(folder) for folder in sys.path],
                "memory": task.memory,
                "state_data": {"root": str(self._state_data.path), "table": TABLE},
            }
            if task.target is not None:
                init |= {"kind": "callable", "target": task.target}
            elif task.service == "ecs:worker" and task.spec:
                init |= {"kind": "worker", "target": task.spec, "heartbeat": task.heartbeat_interval}
            else:
                init |= {"kind": "script", "text": task.text or "", "file": task.file_name, "class": task.name}
            worker = task.service == "ecs:worker"
            target = Target(
                task.name,
                init,
                limit=task.concurrency if worker else None,
                cleans_up=worker,
                fresh=task.service in ("ecs", "batch", "codebuild"),
            )
            self._targets[id(task)] = target
        return target

    def _run(self, request: TaskRequest, task: WorkerTask) -> _Run:
        arguments: dict[str, Any] = request.arguments if isinstance(request.arguments, dict) else {}
        if request.resource == ECS:
            return self._ecs(request, task, arguments)
        if request.resource == QUEUE:
            return self._queue(request, arguments)
        if request.resource == BATCH:
            return self._batch(request, task, arguments)
        if request.resource == CODEBUILD:
            return self._build(request, task, arguments)
        return self._lambda(request, task)

    def _lambda(self, request: TaskRequest, task: WorkerTask) -> _Run:
        event = lambdas.event_of(request)
        trace: Mapping[str, Json] = {}
        if task.service == "lambda:pexpm-runner" and isinstance(event, dict):
            environment = event.get("environment")
            trace = environment if isinstance(environment, dict) else {}
            event = trace.get("SFN_INPUT_VALUE", event)
        elif isinstance(event, dict) and event.keys() == {"meta", "data"} and isinstance(event["meta"], dict):
            trace, event = event["meta"], event["data"]
        name = lambdas.invoked(request) or task.name

        def succeeded(result: Json, length: int) -> Report:
            if length > lambdas.RESPONSE_BYTES:
                return lambdas.too_large(length)
            return answer(request, result, length, name, clock=self._clock, entropy=self._entropy)

        return _Run(event, _trace(trace), {}, succeeded, lambda failed, status: failed)

    def _ecs(self, request: TaskRequest, task: WorkerTask, arguments: dict[str, Any]) -> _Run:
        overrides = arguments.get("Overrides")
        containers = overrides.get("ContainerOverrides") if isinstance(overrides, dict) else None
        environment = _environment(containers)
        started = shapes.EcsTask(request, task.name, clock=self._clock, entropy=self._entropy)

        def failed(fault: Failed, status: int) -> Report:
            return Failed("States.TaskFailed", shapes.cause(started.stopped(status, fault.cause)))

        return _Run(
            _input_value(environment),
            _trace(environment),
            {name: value for name, value in environment.items() if isinstance(value, str)},
            lambda result, length: Succeeded(started.stopped(0)),
            failed,
            started.started(),
        )

    def _batch(self, request: TaskRequest, task: WorkerTask, arguments: dict[str, Any]) -> _Run:
        environment = _environment([arguments.get("ContainerOverrides")])
        job = shapes.Job(request, task.name, clock=self._clock, entropy=self._entropy)

        def failed(fault: Failed, status: int) -> Report:
            return Failed("States.TaskFailed", shapes.cause(job.ended(status, fault.cause)))

        return _Run(
            _input_value(environment),
            _trace(environment),
            {name: value for name, value in environment.items() if isinstance(value, str)},
            lambda result, length: Succeeded(job.ended(0)),
            failed,
            job.started(),
        )

    def _queue(self, request: TaskRequest, arguments: dict[str, Any]) -> _Run:
        body = arguments.get("MessageBody")
        if isinstance(body, str):
            try:
                body = json.loads(body)
            except (ValueError, RecursionError):
                body = {"Input": body}
        attributes = arguments.get("MessageAttributes")
        texts = {
            name: value.get("StringValue")
            for name, value in (attributes.items() if isinstance(attributes, dict) else ())
            if isinstance(value, dict)
        }
        return _Run(
            body.get("Input") if isinstance(body, dict) else body,
            _trace(texts),
            {},
            lambda result, length: Succeeded(result),
            lambda fault, status: fault,
            shapes.sent_message(request, clock=self._clock, entropy=self._entropy),
        )

    def _build(self, request: TaskRequest, task: WorkerTask, arguments: dict[str, Any]) -> _Run:
        overrides = arguments.get("EnvironmentVariablesOverride")
        environment = {
            str(entry.get("Name")): entry.get("Value")
            for entry in (overrides if isinstance(overrides, list) else ())
            if isinstance(entry, dict)
        }
        build = shapes.Build(request, task.name, clock=self._clock, entropy=self._entropy)
        return _Run(
            {"source_version": arguments.get("SourceVersion"), "environment": environment},
            {},
            {name: value for name, value in environment.items() if isinstance(value, str)},
            lambda result, length: Succeeded(build.ended("SUCCEEDED")),
            lambda fault, status: Failed("States.TaskFailed", shapes.cause(build.ended("FAILED"))),
            build.started(),
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """One attempt: what the code gets, and what its end means to the integration. `submitted` is the starting call's
    answer."""

    event: Json
    trace: Mapping[str, str]
    environment: Mapping[str, str]
    succeeded: Callable[[Json, int], Report]
    failed: Callable[[Failed, int], Report]
    submitted: Json = None


def _problem(task: WorkerTask) -> str | None:
    if task.target is not None or task.spec or (task.text is not None and task.has_run):
        return None
    if task.service == "ecs:worker":
        return f'The task {task.name} has no spec: give it `spec = "package.module:Class"`, a run method, or a mock.'
    return f"The task {task.name} ({task.service}) has no run method, so nothing answers for it here: mock its state."


def _last(value: object) -> str:
    return value.rpartition("/")[2] if isinstance(value, str) else ""


def _trace(values: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in values.items():
        if name.lower() in ("trace_id", "trace_source") and isinstance(value, str):
            found[name.lower()] = value
    return found


def _environment(containers: object) -> dict[str, Json]:
    environment: dict[str, Json] = {}
    for container in containers if isinstance(containers, list) else ():
        entries = container.get("Environment") if isinstance(container, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("Name"), str):
                environment[entry["Name"]] = entry.get("Value")
    return environment


def _input_value(environment: Mapping[str, Json]) -> Json:
    """SFN_INPUT_VALUE as the container's entry point reads it: JSON, or else the text; `{}` without one."""
    value = environment.get("SFN_INPUT_VALUE", {})
    if isinstance(value, str):
        try:
            read: Json = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return read
    return value


def _nothing() -> None:
    return None
