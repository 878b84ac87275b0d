"""One account and region of Lambda: what operations share, and finding functions by name, ARN and qualifier."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from penstock.clock import Clock, Entropy
from penstock.errors import ServiceError
from penstock.services.lambda_.code import CodeStore
from penstock.services.lambda_.records import Alias, Code, Function, Repository, Revision, Version

if TYPE_CHECKING:
    from penstock.services.lambda_.environments import Environments

Answer = dict[str, Any]
Parameters = Mapping[str, Any]

LATEST: Final = "$LATEST"
INVALID: Final = "InvalidParameterValueException"
NOT_FOUND: Final = "ResourceNotFoundException"
CONFLICT: Final = "ResourceConflictException"


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a name and a qualifier mean: `executed` is `$LATEST` or a version's number, `arn` what was asked for."""

    function: Function
    revision: Revision
    executed: str
    arn: str


class State:
    def __init__(
        self,
        *,
        region: str,
        account: str,
        repository: Repository,
        clock: Clock,
        entropy: Entropy,
        environments: Environments,
        endpoint_url: str | None,
        store: CodeStore,
    ) -> None:
        self.region = region
        self.account = account
        self.prefix = f"arn:aws:lambda:{region}:{account}:function"
        self.repository = repository
        self.clock = clock
        self.entropy = entropy
        self.environments = environments
        self.endpoint_url = endpoint_url
        self.store = store
        self.lock = threading.RLock()
        """Held where a change depends on what was there."""
        self.busy: dict[str, int] = {}
        """Calls that run now, by the function's ARN; of functions with reserved concurrency."""
        self.waiting: set[Future[Any]] = set()
        """Who waits for the end of a call."""

    def now(self) -> str:
        """As FunctionConfiguration has instants: `2024-03-06T10:29:14.123+0000`."""
        at = datetime.fromtimestamp(self.clock.now(), UTC)
        return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"

    # ---- finding things

    def reference(self, given: Parameters) -> tuple[str, str | None]:
        """The name and the qualifier that `FunctionName` and `Qualifier` mean together. Raises ServiceError."""
        text: str = given["FunctionName"]
        before, marked, rest = text.rpartition("function:")
        name, _, own = (rest if marked else text).partition(":")
        # Before the name: nothing, `123456789012:`, or the rest of an ARN.
        if before and f"{before}function" not in (self.prefix, f"{self.account}:function"):
            raise ServiceError(f"Function not found: {text}", code=NOT_FOUND)
        asked = given.get("Qualifier")
        if own and asked is not None and own != asked:
            raise ServiceError(
                "The derived qualifier from the function name does not match the specified qualifier.", code=INVALID
            )
        return name, own or asked

    def function(self, given: Parameters) -> tuple[Function, str | None]:
        """The function that a request names, and the qualifier. Raises ServiceError ResourceNotFoundException."""
        name, asked = self.reference(given)
        arn = f"{self.prefix}:{name}"
        function = self.repository.functions.get(arn)
        if function is None:
            raise not_found(arn if asked is None else f"{arn}:{asked}")
        return function, asked

    def resolve(self, given: Parameters) -> Resolved:
        """What a request means. Raises ServiceError ResourceNotFoundException."""
        function, asked = self.function(given)
        if asked is None or asked == LATEST:
            arn = function.arn if asked is None else f"{function.arn}:{LATEST}"
            return Resolved(function, function.revision, LATEST, arn)
        arn = f"{function.arn}:{asked}"
        alias = self.repository.aliases.get(arn)
        number = asked if alias is None else self._route(alias)
        if number == LATEST:
            return Resolved(function, function.revision, LATEST, arn)
        version = self.repository.versions.get(f"{function.arn}:{number}")
        if version is None:
            raise not_found(arn)
        return Resolved(function, version.revision, number, arn)

    def _route(self, alias: Alias) -> str:
        if not alias.weights:
            return alias.version
        at = self.entropy.random()
        for number, weight in alias.weights.items():
            if at < weight:
                return number
            at -= weight
        return alias.version

    def qualified(self, function: Function, asked: str | None) -> str:
        """The ARN of a qualifier that exists; the function's own without one. Raises ServiceError."""
        if asked is None:
            return function.arn
        arn = f"{function.arn}:{asked}"
        tables = self.repository
        if asked != LATEST and tables.versions.get(arn) is None and tables.aliases.get(arn) is None:
            raise not_found(arn)
        return arn

    def versions(self, function: Function) -> Iterator[Version]:
        return self.repository.versions.of(function.arn)

    # ---- code that nobody has any more

    def discard(self, code: Code) -> None:
        """Forgets code that was replaced, unless another function or version still has it."""
        for function in self.repository.functions.of(""):
            codes = [function.revision.code, *(version.revision.code for version in self.versions(function))]
            if any(each.root == code.root for each in codes):
                return
        self.store.discard(code)

    # ---- reserved concurrency

    def enter(self, function: Function) -> Callable[[], None]:
        """Counts one more call of a function; what is returned counts it off, once however often it is called.

        Raises ServiceError TooManyRequestsException.
        """
        most = function.reserved
        if most is None:
            return _nothing
        with self.lock:
            running = self.busy.get(function.arn, 0)
            if running >= most:
                raise ServiceError("Rate Exceeded.", code="TooManyRequestsException")
            self.busy[function.arn] = running + 1

        inside = [function.arn]

        def leave() -> None:
            with self.lock:
                if inside:
                    self.busy[inside.pop()] -= 1

        return leave


def not_found(arn: str) -> ServiceError:
    return ServiceError(f"Function not found: {arn}", code=NOT_FOUND)


def _nothing() -> None:
    return None


Operation = Callable[[State, Parameters], Answer]
