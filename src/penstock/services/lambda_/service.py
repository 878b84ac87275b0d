"""The service: operations by their names, requests checked against the model before an operation sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from penstock.clock import Clock, Entropy, SystemClock
from penstock.config import DEFAULT_ACCOUNT, DEFAULT_REGION
from penstock.engine.tasks import lambdas
from penstock.engine.tasks.calls import Log, to_stderr
from penstock.engine.tasks.handler import Cancel
from penstock.errors import ServiceError, StoreUnavailable
from penstock.jsontools import Json
from penstock.services.lambda_ import functions, invoking, policies, requests, settings, versions
from penstock.services.lambda_.code import CodeStore
from penstock.services.lambda_.environments import Environments, Invocation, Outcome
from penstock.services.lambda_.events import Queue
from penstock.services.lambda_.ledger import FileLedger, NoLedger
from penstock.services.lambda_.records import Alias, Memory, Registration, Repository
from penstock.services.lambda_.state import Operation, Resolved, State

if TYPE_CHECKING:
    from penstock.store import Database

OPERATIONS: Final[Mapping[str, Operation]] = {
    "AddPermission": policies.add_permission,
    "CreateAlias": versions.create_alias,
    "CreateFunction": functions.create_function,
    "DeleteAlias": versions.delete_alias,
    "DeleteFunction": functions.delete_function,
    "DeleteFunctionConcurrency": settings.delete_function_concurrency,
    "DeleteFunctionEventInvokeConfig": settings.delete_function_event_invoke_config,
    "GetAccountSettings": settings.get_account_settings,
    "GetAlias": versions.get_alias,
    "GetFunction": functions.get_function,
    "GetFunctionCodeSigningConfig": settings.get_function_code_signing_config,
    "GetFunctionConcurrency": settings.get_function_concurrency,
    "GetFunctionConfiguration": functions.get_function_configuration,
    "GetFunctionEventInvokeConfig": settings.get_function_event_invoke_config,
    "GetFunctionRecursionConfig": settings.get_function_recursion_config,
    "GetFunctionUrlConfig": settings.get_function_url_config,
    "GetPolicy": policies.get_policy,
    "GetProvisionedConcurrencyConfig": settings.get_provisioned_concurrency_config,
    "GetRuntimeManagementConfig": settings.get_runtime_management_config,
    "ListAliases": versions.list_aliases,
    "ListEventSourceMappings": settings.list_event_source_mappings,
    "ListFunctionEventInvokeConfigs": settings.list_function_event_invoke_configs,
    "ListFunctionUrlConfigs": settings.list_function_url_configs,
    "ListFunctions": functions.list_functions,
    "ListLayers": settings.list_layers,
    "ListProvisionedConcurrencyConfigs": settings.list_provisioned_concurrency_configs,
    "ListTags": functions.list_tags,
    "ListVersionsByFunction": versions.list_versions_by_function,
    "PublishVersion": versions.publish_version,
    "PutFunctionConcurrency": settings.put_function_concurrency,
    "PutFunctionEventInvokeConfig": settings.put_function_event_invoke_config,
    "RemovePermission": policies.remove_permission,
    "TagResource": functions.tag_resource,
    "UntagResource": functions.untag_resource,
    "UpdateAlias": versions.update_alias,
    "UpdateFunctionCode": functions.update_function_code,
    "UpdateFunctionConfiguration": functions.update_function_configuration,
    "UpdateFunctionEventInvokeConfig": settings.update_function_event_invoke_config,
}

LONG: Final = frozenset({"Invoke"})
"""Operations that may take minutes, because a function runs."""


class Lambda:
    """AWS Lambda for one account and region; requests may come from any thread.

    `database` is where the functions that clients create are kept, with a folder beside it for their code, and asynchronous
    calls until they have ended; memory without one. `log` gets what functions print, with their names, and with
    `tell_failures` why calls fail. `endpoint_url` is where S3, SQS, SNS and EventBridge are: a URL, "moto" or "aws"; without one
    nothing is fetched or sent. `variables` are in the environment of every function. `limit` processes at once.
    """

    def __init__(
        self,
        *,
        region: str = DEFAULT_REGION,
        account: str = DEFAULT_ACCOUNT,
        database: Database | None = None,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
        log: Log = to_stderr,
        endpoint_url: str | None = None,
        variables: Mapping[str, str] | None = None,
        limit: int = 64,
        tell_failures: bool = False,
    ) -> None:
        clock = clock or SystemClock()
        entropy = entropy or Entropy()
        environments = Environments(
            clock=clock,
            entropy=entropy,
            log=log,
            region=region,
            limit=limit,
            variables=variables,
            tell_failures=tell_failures,
        )
        self._state = State(
            region=region,
            account=account,
            repository=Memory() if database is None else _stored(database),
            clock=clock,
            entropy=entropy,
            environments=environments,
            endpoint_url=endpoint_url,
            store=CodeStore(None if database is None else Path(f"{database.path.absolute()}.functions")),
        )
        if database is not None:
            functions.forget_local(self._state)
        self._queue = Queue(self._state, NoLedger() if database is None else FileLedger(database))

    @property
    def region(self) -> str:
        return self._state.region

    @property
    def account(self) -> str:
        return self._state.account

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The answer as boto3 gives it, without ResponseMetadata; `Payload` and `ZipFile` are bytes.

        Raises ServiceError with AWS's codes and sentences; UnknownOperationException for what is no operation here.
        """
        run = OPERATIONS.get(operation)
        if run is not None:
            try:
                return run(self._state, requests.check(operation, parameters))
            except StoreUnavailable as error:
                raise ServiceError(str(error), code="ServiceException") from None
        if operation == "Invoke":
            return invoking.invoke(self._state, self._queue, requests.check(operation, parameters))
        if operation == "InvokeAsync":
            return invoking.invoke_async(self._state, self._queue, requests.check(operation, parameters))
        raise ServiceError(f"Penstock's Lambda does not have {operation}.", code="UnknownOperationException")

    def register(self, registrations: Iterable[Registration]) -> None:
        """Adds functions of the user's own files; one of the same name is replaced.

        Raises ServiceError for an archive that cannot be unpacked.
        """
        for registration in registrations:
            function = functions.register(self._state, registration)
            if registration.aliases:
                with self._state.lock:
                    version = functions.publish(self._state, function, None)
                    for name in registration.aliases:
                        self._state.repository.aliases.put(
                            Alias(
                                arn=f"{function.arn}:{name}",
                                name=name,
                                function_arn=function.arn,
                                version=str(version.number),
                                description="",
                                weights={},
                                revision_id=self._state.entropy.uuid4(),
                            )
                        )

    def resolve(self, name: str, qualifier: str | None = None) -> Resolved:
        """What a name or an ARN means. Raises ServiceError ResourceNotFoundException."""
        given = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
        return invoking.called(self._state, given)

    def find(self, text: str, qualifier: str | None = None) -> Resolved | None:
        """The same for a task of a state machine, with an ARN of any account and region: definitions hold those of the
        accounts that they are deployed to. None for a function that is not here."""
        name = lambdas.function_name(text)
        asked = lambdas.qualifier(text)
        try:
            found = self.resolve(name, qualifier or (None if asked == "$LATEST" else asked))
        except ServiceError:
            return None
        if not text.startswith("arn:"):
            return found
        return replace(found, arn=text if qualifier is None or asked == qualifier else f"{text}:{qualifier}")

    def start(
        self,
        resolved: Resolved,
        event: bytes,
        done: Callable[[Outcome | ServiceError], None],
        *,
        timeout: float | None = None,
        client_context: Json = None,
    ) -> Cancel:
        """Begins a call of a function with `event` as JSON text; `done` gets its outcome from another thread.

        `timeout` is the caller's, who watches over it itself. Raises ServiceError for a call that does not begin.
        """
        invocation = Invocation(resolved, event, self._state.entropy.uuid4(), client_context)
        return invoking.start(self._state, invocation, done, timeout=timeout)

    def submit(self, resolved: Resolved, event: bytes, told: Callable[[ServiceError | None], None]) -> None:
        """Takes in an asynchronous call with `event` as JSON text; `told` is called when it is accepted, maybe from another
        thread, or with why it is not. Raises ServiceError for one that cannot be made."""
        invoking.submit(self._state, self._queue, resolved, event, None, told)

    def take_up(self) -> None:
        """Goes on with the asynchronous calls that an earlier process left in the database; those of functions that are not
        here by now are dropped."""
        self._queue.take_up()

    def pids(self) -> list[int]:
        """The worker processes that run now."""
        return self._state.environments.pids()

    def close(self) -> None:
        """Ends all workers, drops what waits and is not kept, removes what was unpacked."""
        self._queue.stop()
        self._state.environments.close()
        self._queue.close()
        for future in list(self._state.waiting):
            if not future.done():
                future.set_result(ServiceError("The service was closed.", code="ServiceUnavailable"))
        self._state.store.close()


def _stored(database: Database) -> Repository:
    from penstock.services.lambda_.stored import Stored

    return Stored(database)


__all__ = ["LONG", "OPERATIONS", "Lambda"]
