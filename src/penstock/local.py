"""Who answers the tasks of a machine that runs on this machine, and what its `${K}` stand for here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from penstock.asl.model import UNSET, StateMachine, Task
from penstock.config import Settings
from penstock.errors import InvalidInput, UsageError
from penstock.targets import Target, placeholders

if TYPE_CHECKING:
    from penstock.clock import Clock, Entropy
    from penstock.engine.objects import Given, ObjectStore
    from penstock.engine.tasks.handler import TaskHandler
    from penstock.engine.tasks.mocks import MockHandler
    from penstock.engine.tasks.workers import WorkerTask
    from penstock.script import Project
    from penstock.services.lambda_ import Lambda, Registration
    from penstock.store import Database

Function: TypeAlias = Callable[[Any, Any], Any]
Mocks: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]
Log: TypeAlias = Callable[[str, str], None]


def local_values(
    target: Target,
    wanted: Sequence[str],
    settings: Settings,
    given: Mapping[str, str],
    functions: Mapping[str, Any],
) -> dict[str, str]:
    """Values for the `wanted` placeholders: given ones first, then a script's own tasks and machines, then functions.

    A function that answers for `X` also answers for `${X}` and `${XArn}`, which is how templates name it. Placeholders
    without a value are left out.
    """
    if not wanted:
        return {}
    aws = settings.aws
    values: dict[str, str] = {}
    if target.project is not None:
        from penstock.engine.tasks.substitutions import local_substitutions

        project = target.project
        values = local_substitutions(
            project.tasks, machines=list(project.machines), region=aws.region, account=aws.account
        )
    values.update(given)
    known = {**settings.functions, **functions}
    for name in wanted:
        for candidate in (name, name.removesuffix("Arn")):
            if name not in values and candidate in known:
                # The ARN ends with the name it is registered by, so its handler finds it.
                values[name] = f"arn:aws:lambda:{aws.region}:{aws.account}:function:{candidate}"
    return {name: values[name] for name in wanted if name in values}


def handlers_for(
    target: Target,
    machine: StateMachine,
    *,
    name: str,
    settings: Settings,
    functions: Mapping[str, Function],
    mocks: Mocks | None,
    clock: Clock | None,
    entropy: Entropy | None,
    log: Log,
) -> list[TaskHandler]:
    """Task handlers, the first that takes a request answers it: mocks, then `functions`, then the script's own run
    methods, then `[functions]` of the settings, then the functions of a template, then the answer that Lambda gives for a
    function it does not know, at last AWS services where `[aws] endpoint_url` says.

    The caller closes them. Raises InvalidInput for mocks that cannot be used, and for a task whose function is a `${K}`
    that nothing here gives a value.
    """
    tasks = [state for _, state in machine.walk() if isinstance(state, Task)]
    mock = _mock_handler(mocks, name) if mocks is not None else None
    if not tasks:
        return []
    _refuse_unresolved(tasks, mock, name)
    from penstock.engine.tasks.functions import FunctionHandler
    from penstock.engine.tasks.statedata import StateDataFolder

    data = StateDataFolder()
    handlers: list[TaskHandler] = [] if mock is None else [mock]
    if functions:
        handlers.append(FunctionHandler(functions, only_known=True, state_data=data, clock=clock, entropy=entropy))
    project = target.project
    if (project is not None and project.tasks) or settings.functions:
        from penstock.engine.tasks.workers import WorkerHandler

        options: dict[str, Any] = {"log": log, "state_data": data, "clock": clock, "entropy": entropy}
        if project is not None and project.tasks:
            handlers.append(WorkerHandler.for_tasks(worker_tasks(project, target), **options))
        if settings.functions:
            search = [str(settings.root)]
            handlers.append(WorkerHandler.for_functions(settings.functions, search_path=search, **options))
    closing: list[Callable[[], None]] = [data.close]
    if target.template is not None and target.template.functions:
        service = lambda_service(settings, target.template.functions, clock=clock, entropy=entropy, log=log)
        handlers += lambda_handlers(service, settings, clock=clock, entropy=entropy)
        closing.append(service.close)
    handlers.append(FunctionHandler({}, state_data=data, clock=clock, entropy=entropy))
    if any(str(task.resource).endswith(":::http:invoke") for task in tasks):
        from penstock.engine.tasks.http import HttpHandler

        handlers.append(HttpHandler(settings.connections))
    if any(":::" in str(task.resource) for task in tasks):
        from penstock.engine.tasks.aws import AwsHandler

        aws = settings.aws
        handlers.append(
            AwsHandler(aws.endpoint_url, region=aws.region, account=aws.account, clock=clock, entropy=entropy)
        )
    handlers += map(_Closing, closing)
    return handlers


def service_handlers(
    settings: Settings,
    functions: Mapping[str, Function],
    *,
    clock: Clock | None,
    entropy: Entropy | None,
    lambda_: Lambda | None = None,
) -> list[TaskHandler]:
    """Who answers the tasks of machines that a client creates, whatever they call: `functions`, then those of the service
    `lambda_`, then `[functions]` of the settings, then the answer that Lambda gives for a function it does not know, at last
    AWS services where `[aws] endpoint_url` says. The caller closes them."""
    from penstock.engine.tasks.aws import AwsHandler
    from penstock.engine.tasks.functions import FunctionHandler
    from penstock.engine.tasks.http import HttpHandler
    from penstock.engine.tasks.statedata import StateDataFolder

    data = StateDataFolder()
    handlers: list[TaskHandler] = []
    if functions:
        handlers.append(FunctionHandler(functions, only_known=True, state_data=data, clock=clock, entropy=entropy))
    if lambda_ is not None:
        handlers += lambda_handlers(lambda_, settings, clock=clock, entropy=entropy)
    if settings.functions:
        from penstock.engine.tasks.workers import WorkerHandler

        search = [str(settings.root)]
        handlers.append(
            WorkerHandler.for_functions(
                settings.functions, search_path=search, state_data=data, clock=clock, entropy=entropy
            )
        )
    handlers.append(FunctionHandler({}, state_data=data, clock=clock, entropy=entropy))
    aws = settings.aws
    handlers += [
        HttpHandler(settings.connections),
        AwsHandler(aws.endpoint_url, region=aws.region, account=aws.account, clock=clock, entropy=entropy),
        _Closing(data.close),
    ]
    return handlers


def lambda_service(
    settings: Settings,
    registrations: Iterable[Registration] = (),
    *,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    log: Log | None = None,
    tell_failures: bool = False,
    database: Database | None = None,
) -> Lambda:
    """Lambda with these functions, as the settings have account, region and the place of AWS's services; the caller closes
    it. `database` keeps those that clients create. `log` gets what functions print, stderr without one; with `tell_failures` also why calls fail."""
    from penstock.engine.tasks.calls import to_stderr
    from penstock.services.lambda_ import Lambda

    aws = settings.aws
    elsewhere = aws.endpoint_url is not None and aws.endpoint_url.startswith("http")
    service = Lambda(
        region=aws.region,
        account=aws.account,
        clock=clock,
        entropy=entropy,
        log=log or to_stderr,
        endpoint_url=aws.endpoint_url,
        # boto3 in a function calls where the machine's own tasks do.
        variables={"AWS_ENDPOINT_URL": str(aws.endpoint_url)} if elsewhere else {},
        tell_failures=tell_failures,
        database=database,
    )
    service.register(registrations)
    return service


def lambda_registrations(settings: Settings) -> list[Registration]:
    """`[functions]` of the settings as functions of Lambda. Those whose keys share a name, as ARNs of several accounts do, are
    left out: only the whole ARN tells them apart."""
    from penstock.engine.tasks.lambdas import function_name
    from penstock.services.lambda_ import Registration
    from penstock.services.lambda_.folders import MEMORY, TIMEOUT

    names = [function_name(key) for key in settings.functions]
    return [
        Registration(name=name, handler=target, root=settings.root, timeout=TIMEOUT, memory=MEMORY)
        for name, target in zip(names, settings.functions.values(), strict=True)
        if names.count(name) == 1
    ]


def lambda_handlers(
    service: Lambda, settings: Settings, *, clock: Clock | None, entropy: Entropy | None
) -> list[TaskHandler]:
    """Who answers the tasks that call functions of `service`, or the service itself; other functions and a Lambda elsewhere
    are left to those who come after."""
    from penstock.services.lambda_.tasks import LambdaSdkTasks, LambdaTasks

    alone = settings.aws.endpoint_url is None
    return [
        LambdaTasks(service, clock=clock, entropy=entropy),
        LambdaSdkTasks(service, alone=alone, clock=clock, entropy=entropy),
    ]


def objects_for(settings: Settings, given: Given | None) -> ObjectStore | None:
    """What distributed Maps read from and write to: what the call gave, the folder of the settings, the S3 at their
    `endpoint_url`; None where there is none of these."""
    from penstock.engine.objects import object_store

    if given is not None:
        return object_store(given)
    aws = settings.aws
    if aws.objects is not None:
        return object_store(settings.root / aws.objects)
    if aws.endpoint_url is None:
        return None
    from penstock.engine.tasks.aws import shared_clients
    from penstock.engine.tasks.s3 import S3Objects

    clients = shared_clients(aws.endpoint_url, aws.region, aws.account)
    return S3Objects(lambda: clients.client("s3"), remote=not clients.is_moto)


def worker_tasks(project: Project, target: Target) -> dict[str, WorkerTask]:
    """The script's Task classes as the worker processes want them; modules beside the script can be imported."""
    from penstock.engine.tasks.workers import WorkerTask

    return {
        name: WorkerTask(
            name=name,
            service=task.service,
            file_name=task.span.source.name,
            text=task.span.source.text,
            has_run=task.run is not None,
            spec=task.spec,
            memory=task.memory,
            concurrency=task.concurrency,
            heartbeat_interval=task.heartbeat_interval,
            search_path=[str(target.folder)],
        )
        for name, task in project.tasks.items()
    }


class _Closing:
    """The last in the row: answers nothing, and closes what the others share."""

    def __init__(self, close: Callable[[], None]) -> None:
        self.close = close

    def handles(self, resource: str) -> bool:
        return False

    def start(self, request: Any, report: Any) -> Any:
        raise UsageError(f"Nothing here answers {request.resource}.")


def _mock_handler(mocks: Mocks, machine_name: str) -> MockHandler:
    from penstock.engine.tasks.mocks import MockHandler

    config: Mapping[str, Any] | str
    machine: str | None = None
    if isinstance(mocks, Mapping):
        unknown = sorted(set(mocks) - {"config", "state_machine", "case", "complete"})
        if unknown or "config" not in mocks:
            what = f"has no key {unknown[0]!r}" if unknown else "needs the key 'config'"
            raise InvalidInput(f"mocks {what}; it has config, state_machine, case and complete.")
        config, machine, case = mocks["config"], mocks.get("state_machine"), mocks.get("case")
        if not isinstance(config, Mapping | str | os.PathLike):
            raise InvalidInput(f"The mock configuration is a mapping or a path, not {type(config).__name__}.")
    elif not isinstance(mocks, str | os.PathLike):
        raise InvalidInput(f"mocks is FILE#CASE or a mapping, not {type(mocks).__name__}.")
    else:
        file, _, case = os.fspath(mocks).partition("#")
        config = file
    document, where = (
        (config, "The mock configuration") if isinstance(config, Mapping) else (_json(config), str(config))
    )
    machines = document.get("StateMachines") if isinstance(document, Mapping) else None
    if isinstance(machines, Mapping):
        if machine is None and machine_name in machines:
            machine = machine_name
        case = case or _only_case(machines, machine, where)
    complete = isinstance(mocks, Mapping) and bool(mocks.get("complete"))
    return MockHandler.from_config(config, machine, case or "", complete=complete)


def _json(file: Any) -> Any:
    """The file's content, for looking at its names only: MockHandler reads it again and reports what is wrong with it."""
    from penstock.errors import JsonError
    from penstock.jsontools import loads

    try:
        with open(file, "rb") as stream:
            return loads(stream.read())
    except (OSError, ValueError, TypeError, JsonError):
        return None


def _only_case(machines: Mapping[str, Any], machine: str | None, where: str) -> str:
    chosen = [machines[machine]] if machine is not None and machine in machines else list(machines.values())
    cases = [case for each in chosen if isinstance(each, Mapping) for case in each.get("TestCases") or ()]
    if len(cases) == 1:
        return str(cases[0])
    raise InvalidInput(
        f"{where}: say which test case is meant, as FILE#CASE; it has {', '.join(map(repr, cases)) or 'none'}."
    )


def _refuse_unresolved(tasks: Sequence[Task], mock: MockHandler | None, machine_name: str) -> None:
    from penstock.engine.tasks.handler import TaskRequest

    for task in tasks:
        payload = task.arguments if task.arguments is not UNSET else task.parameters
        called = payload.get("FunctionName") if isinstance(payload, dict) else None
        names = placeholders([task.resource if isinstance(task.resource, str) else None, called])
        if not names:
            continue
        request = TaskRequest(
            resource=str(task.resource),
            arguments=None,
            state_name=task.name,
            execution_arn="",
            execution_name="",
            machine_arn="",
            machine_name=machine_name,
            entered_time="",
        )
        if mock is None or not mock.answers(request):
            place = f"{task.span}: " if task.span else ""
            raise InvalidInput(
                f"{place}The state {task.name!r} calls ${{{names[0]}}}, which has no value here. Give it one (--var "
                f"{names[0]}=…), name a function {names[0]} in [functions] of penstock.toml, or mock the state."
            )
