"""Executions on a server that speaks the Step Functions API: `penstock server`, or another at whose URL nobody checks
signatures."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import merge
from typing import Any, Final
from urllib.parse import urlsplit

from penstock.errors import MissingRequirement, ServiceError, UsageError
from penstock.runs.runs import Answer, Execution

SECONDS: Final = 75.0
"""Ours: how long an answer may take; the longest that a server gives takes a minute."""

_DATES: Final = frozenset({"timestamp", "startDate", "stopDate", "redriveDate", "creationDate", "updateDate"})


class Endpoint:
    """Calls of the API. `token` is what the server asks for, if it does."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        """Raises UsageError for what is no URL of a server."""
        try:
            parts = urlsplit(url)
            port = parts.port
            (parts.hostname or "").encode("idna")  # as it is looked up
        except ValueError:
            raise UsageError(f"{url!r} is no URL of a server, such as http://127.0.0.1:4599.") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise UsageError(f"{url!r} is no URL of a server, such as http://127.0.0.1:4599.")
        if token is not None and (not token.isascii() or not token.isprintable()):
            raise UsageError("The token has characters that no request can show.")
        self.url = url
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, port
        self._path = parts.path or "/"
        self._headers = {"Content-Type": "application/x-amz-json-1.0"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def call(self, operation: str, /, **parameters: Any) -> Answer:
        """The answer, with `datetime`s as boto3 has them.

        Raises ServiceError with the code and the words of the service, MissingRequirement where none answers,
        or not without a token.
        """
        body = json.dumps({key: value for key, value in parameters.items() if value is not None}).encode()
        if self._secure:
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=SECONDS)
        try:
            connection.request(
                "POST", self._path, body, {**self._headers, "X-Amz-Target": f"AWSStepFunctions.{operation}"}
            )
            response = connection.getresponse()
            status, text = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise MissingRequirement(
                f"Nothing answers at {self.url} ({error or type(error).__name__}). Start one with penstock server, or name what is "
                "meant: --endpoint URL or --db FILE.",
                requirement=self.url,
            ) from None
        finally:
            connection.close()
        try:
            answer = json.loads(text, object_hook=_with_dates)
        except (ValueError, OverflowError, OSError, RecursionError):  # no JSON, or instants that there are not
            answer = None
        if not isinstance(answer, dict):
            raise MissingRequirement(
                f"What answers at {self.url} is not Step Functions (HTTP {status}).", requirement=self.url
            )
        if status != 200:
            code = str(answer.get("__type", f"HTTP {status}")).rpartition("#")[2]
            message = answer.get("message") or answer.get("Message") or "no reason was given"
            if status in (401, 403):
                raise MissingRequirement(
                    f"{code}: {message} Give the server's token: --token TEXT, or PENSTOCK_TOKEN.", requirement="token"
                )
            raise ServiceError(f"{code}: {message}", code=code)
        return answer

    def pages(self, operation: str, key: str, /, **parameters: Any) -> Iterator[Answer]:
        """The entries of a list operation, page after page."""
        token: str | None = None
        while True:
            answer = self.call(operation, **parameters, nextToken=token)
            yield from answer.get(key, ())
            token = answer.get("nextToken")
            if not token:
                return


def _with_dates(value: dict[str, Any]) -> dict[str, Any]:
    for key in _DATES & value.keys():
        if isinstance(value[key], int | float):
            value[key] = datetime.fromtimestamp(value[key], UTC)
    return value


class EndpointRuns:
    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    def list(self, *, status: str | None = None, machine: str | None = None) -> Iterator[Answer]:
        machines = [
            each
            for each in self.endpoint.pages("ListStateMachines", "stateMachines", maxResults=1000)
            if machine is None or machine in (each["name"], each["stateMachineArn"])
        ]
        if machine is not None and not machines:
            raise UsageError(f"{self.endpoint.url} has no state machine {machine!r}.")
        listings = [
            self.endpoint.pages(
                "ListExecutions", "executions", stateMachineArn=each["stateMachineArn"], statusFilter=status
            )
            for each in machines
            if each["type"] == "STANDARD"
        ]
        return merge(*listings, key=lambda each: each["startDate"], reverse=True)

    def arn(self, name: str) -> str:
        """The ARN of an execution. Raises UsageError where no machine has one of that name, or several have."""
        if name.startswith("arn:"):
            return name
        found = []
        for each in self.endpoint.pages("ListStateMachines", "stateMachines", maxResults=1000):
            arn = f"{each['stateMachineArn'].replace(':stateMachine:', ':execution:')}:{name}"
            try:
                self.endpoint.call("DescribeExecution", executionArn=arn, includedData="METADATA_ONLY")
            except ServiceError as error:
                if error.code not in ("ExecutionDoesNotExist", "InvalidArn"):
                    raise
            else:
                found.append(arn)
        if not found:
            raise UsageError(
                f"No state machine of {self.endpoint.url} has an execution {name!r}; penstock runs list --endpoint {self.endpoint.url} shows "
                "what they have. Of another machine (of penstock run, or deleted), name it by its ARN."
            )
        if len(found) > 1:
            raise UsageError(
                f"{self.endpoint.url} has {len(found)} executions of the name {name!r}; say which: {' or '.join(found[:5])}."
            )
        return found[0]

    def execution(self, name: str) -> Execution:
        arn = self.arn(name)
        answer = self.endpoint.call("DescribeExecution", executionArn=arn)
        try:
            definition = self.endpoint.call("DescribeStateMachineForExecution", executionArn=arn)["definition"]
        except ServiceError:  # its machine was deleted
            definition = None
        runs = list(self.endpoint.pages("ListMapRuns", "mapRuns", executionArn=arn))
        return Execution(
            described=answer,
            definition=definition,
            map_runs=[self.endpoint.call("DescribeMapRun", mapRunArn=each["mapRunArn"]) for each in runs],
        )

    def history(self, name: str, *, reverse: bool = False) -> Iterator[Answer]:
        return self.endpoint.pages(
            "GetExecutionHistory", "events", executionArn=self.arn(name), maxResults=1000, reverseOrder=reverse
        )

    def stop(self, name: str, error: str | None = None, cause: str | None = None) -> str:
        arn = self.arn(name)
        found = self.endpoint.call("DescribeExecution", executionArn=arn, includedData="METADATA_ONLY")
        if found["status"] != "RUNNING":  # the API would answer as if it had been stopped
            raise UsageError(f"The execution {found['name']} has ended already ({found['status']}).")
        self.endpoint.call("StopExecution", executionArn=arn, error=error, cause=cause)
        return arn

    def redrive(self, name: str) -> Answer:
        """RedriveExecution's answer, and the ARN."""
        arn = self.arn(name)
        return {"executionArn": arn, **self.endpoint.call("RedriveExecution", executionArn=arn)}

    def close(self) -> None:
        """Every call has a connection of its own."""
