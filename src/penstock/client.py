"""boto3's Step Functions client over a service in this process: `penstock.Client`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from penstock.config import Settings
from penstock.errors import ClientError, InvalidInput, ServiceError
from penstock.local import Function, objects_for, service_handlers

if TYPE_CHECKING:
    from penstock.clock import Clock, Entropy
    from penstock.engine.callbacks import Callbacks
    from penstock.engine.objects import Given
    from penstock.engine.tasks.handler import TaskHandler
    from penstock.services.lambda_ import Lambda
    from penstock.services.stepfunctions import StepFunctions
    from penstock.services.stepfunctions.delivery import LogSink
    from penstock.services.stepfunctions.watching import Watcher
    from penstock.store import Database

Method = Callable[..., dict[str, Any]]


class Client:
    """`boto3.client("stepfunctions")` without a port: its methods, parameters and answers (without ResponseMetadata).

    `functions` maps a Lambda ARN or name to a callable `(event, context)`; `settings` as in `run`: further functions, the
    account and the region, where calls of AWS services go. `handlers` are asked before all others who answers a task.
    `time` "skip": waits and retries take no time. `callbacks`, `objects`, `clock` and `entropy` are those of `run`;
    `poll_seconds` is how long get_activity_task waits. `db` is a database file: what is in it is there again for the next
    client, and what ran goes on. Methods may be called from any thread. A context manager: `close`
    ends whatever still runs.

    Methods raise `penstock.errors.ClientError`; `client.exceptions.ExecutionDoesNotExist` and its like catch one code.
    """

    def __init__(
        self,
        *,
        functions: Mapping[str, Function] | None = None,
        settings: Settings | None = None,
        handlers: Sequence[TaskHandler] = (),
        time: Literal["real", "skip"] = "real",
        callbacks: Callbacks | None = None,
        objects: Given | None = None,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
        poll_seconds: float = 60.0,
        db: str | os.PathLike[str] | None = None,
    ) -> None:
        from penstock.services.stepfunctions.model import method_names

        if time not in ("real", "skip"):
            raise InvalidInput(f"time is 'real' or 'skip', not {time!r}.")
        self._methods = method_names()
        self._database = None if db is None else open_database(db)
        self._handlers, self._service = start_service(
            functions=functions,
            settings=settings,
            handlers=handlers,
            skip_time=time == "skip",
            callbacks=callbacks,
            objects=objects,
            clock=clock,
            entropy=entropy,
            poll_seconds=poll_seconds,
            database=self._database,
        )
        self.exceptions = Exceptions()

    def __getattr__(self, name: str) -> Method:
        operation = self.__dict__.get("_methods", {}).get(name)
        if operation is None:
            raise AttributeError(f"Step Functions has no operation {name!r}")
        return partial(self._call, operation)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._methods})

    def call_method(self, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The method of that name with a dict of parameters."""
        return self._call(self._methods[name], **parameters)

    def get_paginator(self, name: str) -> Paginator:
        """The pages of a list operation, or of get_execution_history: `.paginate(**parameters)`."""
        if not name.startswith("list_") and name != "get_execution_history":
            raise InvalidInput(f"{name} has no pages; list_executions and its like have, and get_execution_history.")
        return Paginator(getattr(self, name))

    def _call(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        try:
            return self._service.call(operation, parameters, as_client=True)
        except ServiceError as error:
            kind = self.exceptions.of(error.code)
            raise kind(str(error), code=error.code, operation_name=operation) from None

    def close(self) -> None:
        """Ends whatever still runs."""
        self._service.close()
        for handler in self._handlers:
            handler.close()
        if self._database is not None:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Paginator:
    def __init__(self, method: Method) -> None:
        self._method = method

    def paginate(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        """One answer after the other; `PaginationConfig={"PageSize": n}` as boto3 has it."""
        size = parameters.pop("PaginationConfig", {}).get("PageSize")
        if size is not None:
            parameters["maxResults"] = size
        while True:
            answer = self._method(**parameters)
            yield answer
            if "nextToken" not in answer:
                return
            parameters["nextToken"] = answer["nextToken"]


class Exceptions:
    """`exceptions.NAME`: what the client raises for that code."""

    def __init__(self) -> None:
        self._kinds: dict[str, type[ClientError]] = {}

    def of(self, code: str) -> type[ClientError]:
        kind = self._kinds.get(code)
        if kind is None:
            kind = self._kinds.setdefault(code, type(code, (ClientError,), {}))
        return kind

    def __getattr__(self, name: str) -> type[ClientError]:
        from penstock.services.stepfunctions.model import error_names

        if name.startswith("_") or name not in error_names():
            raise AttributeError(f"Step Functions has no error {name!r}")
        return self.of(name)


def open_database(path: str | os.PathLike[str]) -> Database:
    """Raises what `penstock.store.Database` raises."""
    from penstock.store import Database

    return Database(path)


def start_service(
    *,
    functions: Mapping[str, Function] | None = None,
    settings: Settings | None = None,
    handlers: Sequence[TaskHandler] = (),
    skip_time: bool = False,
    callbacks: Callbacks | None = None,
    objects: Given | None = None,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    poll_seconds: float = 60.0,
    watchers: Sequence[Watcher] = (),
    logs: LogSink | None = None,
    lambda_: Lambda | None = None,
    database: Database | None = None,
    on_fault: Callable[[], None] | None = None,
) -> tuple[list[TaskHandler], StepFunctions]:
    """A service whose tasks are answered by what the settings, `functions` and `lambda_` have; the handlers to close after
    it."""
    from penstock.services.stepfunctions import StepFunctions
    from penstock.services.stepfunctions.sdk import SfnSdkTasks

    settings = settings or Settings()
    aws = settings.aws
    own = SfnSdkTasks(
        alone=aws.endpoint_url is None, region=aws.region, account=aws.account, clock=clock, entropy=entropy
    )
    ours = [own, *service_handlers(settings, functions or {}, clock=clock, entropy=entropy, lambda_=lambda_)]
    service = StepFunctions(
        region=settings.aws.region,
        account=settings.aws.account,
        handlers=[*handlers, *ours],
        skip_time=skip_time,
        callbacks=callbacks,
        objects=objects_for(settings, objects),
        clock=clock,
        entropy=entropy,
        poll_seconds=poll_seconds,
        watchers=watchers,
        logs=logs,
        database=database,
        on_fault=on_fault,
    )
    own.serve(service)
    return ours, service
