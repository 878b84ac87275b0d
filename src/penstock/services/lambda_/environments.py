"""One call in a worker process: what the function finds around it, what its end means, what it leaves in its log."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import Any, Final

from penstock.clock import Clock, Entropy, iso8601
from penstock.engine.tasks import lambdas
from penstock.engine.tasks.calls import (
    Answered,
    Call,
    Event,
    Exited,
    Log,
    NotMarshalled,
    NoWorker,
    Raised,
    Target,
    TimedOut,
)
from penstock.engine.tasks.handler import Cancel, Failed
from penstock.engine.tasks.pool import Pool
from penstock.jsontools import Json, dumps
from penstock.services.lambda_.records import Code
from penstock.services.lambda_.state import Resolved
from penstock.services.lambda_.watching import Folder

TAIL_BYTES: Final = 4096
"""How much of its end an answer repeats of a call's log (API reference, Invoke: LogResult)."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call. `event` is JSON text; `client_context` the JSON value that the caller sent."""

    resolved: Resolved
    event: bytes
    request_id: str
    client_context: Json = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`payload` is JSON text: the result, or for a function that failed the error object; then `failure` is set.
    `log` is the end of what the call left in its log."""

    payload: bytes
    executed: str
    log: bytes
    failure: Failed | None = None


class Unavailable(Exception):
    """No worker process can be started."""


@dataclass(slots=True)
class _Environment:
    """The worker processes of one revision of a function."""

    target: Target
    revision_id: str
    code: Code
    folder: Folder | None
    fingerprint: bytes


@dataclass(slots=True)
class _Log:
    """What one call logs: to the service's log at once, and its end kept."""

    name: str
    log: Log
    tell_failures: bool
    kept: bytearray = field(default_factory=bytearray)

    def write(self, text: str) -> None:
        self.kept += text.encode("utf-8", "backslashreplace")
        if len(self.kept) > 16 * TAIL_BYTES:
            del self.kept[:-TAIL_BYTES]
        self.log(self.name, text)

    def note(self, text: str) -> None:
        """A line of Lambda's own, which only those read who ask for the log of a call."""
        self.kept += text.encode("utf-8", "backslashreplace")

    def failure(self, text: str) -> None:
        """Why the call failed."""
        if self.tell_failures:
            self.write(text)
        else:
            self.note(text)

    def tail(self) -> bytes:
        return bytes(self.kept[-TAIL_BYTES:])


class Environments:
    """Warm workers for every version of every function, and new ones when code has changed. `limit` processes at once."""

    def __init__(
        self,
        *,
        clock: Clock,
        entropy: Entropy,
        log: Log,
        region: str,
        limit: int = 64,
        variables: Mapping[str, str] | None = None,
        tell_failures: bool = False,
    ) -> None:
        """`variables` are in the environment of every function; its own come before them. With `tell_failures`, `log` gets
        why calls fail too."""
        self._tell_failures = tell_failures
        self._clock = clock
        self._entropy = entropy
        self._log = log
        self._region = region
        self._variables = dict(variables or {})
        self._lock = threading.Lock()
        self._environments: dict[str, _Environment] = {}
        self._pool = Pool(clock=clock, log=log, limit=limit)

    def start(
        self, invocation: Invocation, done: Callable[[Outcome | Unavailable], None], *, timeout: float | None = None
    ) -> Cancel:
        """Begins a call; `done` gets its outcome from a thread of the pool. `timeout` replaces the function's, where the
        caller has a shorter one that it watches over itself."""
        resolved = invocation.resolved
        settings = resolved.revision.settings
        environment = self._environment(resolved)
        own = float(settings["Timeout"])
        limit = None if timeout is not None and timeout <= own else own
        meta: dict[str, Json] = {
            "request_id": invocation.request_id,
            "timeout": own if timeout is None else min(own, timeout),
            "environment": {
                "_X_AMZN_TRACE_ID": f"Root=1-{int(self._clock.now()):08x}-{self._entropy.hex(24)};Sampled=0"
            },
            "function_name": resolved.function.name,
            "function_arn": resolved.arn,
            "function_version": resolved.executed,
            "client_context": invocation.client_context,
        }
        log = _Log(resolved.function.name, self._log, self._tell_failures)
        log.note(f"START RequestId: {invocation.request_id} Version: {resolved.executed}\n")
        began = self._clock.monotonic()

        def tell(event: Event) -> None:
            if isinstance(event, NoWorker):
                done(Unavailable(event.reason))
                return
            if isinstance(event, Raised) and not environment.code.watched:
                # Where the code is at AWS; the service's own folder means nothing to anybody.
                root = environment.code.root
                event = replace(event, stack=[frame.replace(root, "/var/task") for frame in event.stack])
            failure = _failure(event, invocation.request_id, own)
            if failure is not None:
                self._explain(log, event, invocation, environment, own)
            elif isinstance(event, Answered) and len(event.text) > lambdas.RESPONSE_BYTES:
                failure = lambdas.too_large(len(event.text))
            log.note(f"END RequestId: {invocation.request_id}\n")
            took = self._clock.monotonic() - began
            log.note(_report(invocation.request_id, took, int(settings["MemorySize"]), _peak(call)))
            payload = event.text if failure is None and isinstance(event, Answered) else _payload(failure)
            done(Outcome(payload, resolved.executed, log.tail(), failure))

        body = b'{"meta":' + dumps(meta) + b',"event":' + invocation.event + b"}"
        call = Call(environment.target, body, tell, limit, log.write)
        self._pool.submit(call)
        return lambda: self._pool.cancel(call)

    def forget(self, arn: str) -> None:
        """The function of this ARN, all its versions too, has gone or has changed."""
        with self._lock:
            gone = [key for key in self._environments if key == arn or key.startswith(f"{arn}:")]
            environments = [self._environments.pop(key) for key in gone]
        for environment in environments:
            self._pool.retire(environment.target)

    def close(self) -> None:
        """Kills all workers."""
        self._pool.close()

    def pids(self) -> list[int]:
        """The processes that run now."""
        return self._pool.pids()

    def _environment(self, resolved: Resolved) -> _Environment:
        key = f"{resolved.function.arn}:{resolved.executed}"
        with self._lock:
            found = self._environments.get(key)
            if found is not None:
                seen = found.fingerprint if found.folder is None else found.folder.fingerprint()
                if found.revision_id == resolved.revision.id and seen == found.fingerprint:
                    return found
            made = self._environments[key] = self._make(resolved)
        if found is not None:
            self._pool.retire(found.target)
        return made

    def _make(self, resolved: Resolved) -> _Environment:
        revision, code = resolved.revision, resolved.revision.code
        at = iso8601(self._clock.now())[:10].replace("-", "/")
        stream = f"{at}/[{resolved.executed}]{self._entropy.hex(32)}"
        handler = str(revision.settings.get("Handler") or "")
        folder = Folder(Path(code.root), self._clock) if code.watched else None
        seen = folder.fingerprint() if folder is not None else b""
        init: dict[str, Any] = {
            "name": resolved.function.name,
            "kind": "callable" if ":" in handler else "handler",
            "target": handler,
            "environment": self._variables_of(resolved, handler, stream),
            "path": [
                code.root,
                *code.search,
                *(os.path.abspath(each) for each in sys.path),
            ],
            "folder": code.root,
            "memory": int(revision.settings["MemorySize"]),
            "limit_memory": True,
            "state_data": {"root": code.root, "table": ""},
        }
        return _Environment(Target(resolved.function.name, init), revision.id, code, folder, seen)

    def _variables_of(self, resolved: Resolved, handler: str, stream: str) -> dict[str, str]:
        revision = resolved.revision
        return {
            **self._variables,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{revision.settings.get('Runtime', 'python')}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(revision.settings["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_NAME": resolved.function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": resolved.executed,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{resolved.function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_REGION": self._region,
            "LAMBDA_TASK_ROOT": revision.code.root,
            "TZ": ":UTC",
            "_HANDLER": handler,
            **revision.settings.get("Environment", {}).get("Variables", {}),
        }

    def _explain(
        self, log: _Log, event: Event, invocation: Invocation, environment: _Environment, timeout: float
    ) -> None:
        """The lines that Lambda writes into a function's log when it fails."""
        if isinstance(event, Raised):
            log.failure(_traceback(event))
            if event.error == "Runtime.ImportModuleError" and environment.code.hint:
                log.write(f"[penstock] {environment.code.hint}\n")
        elif isinstance(event, NotMarshalled):
            log.failure(_traceback(Raised("Runtime.MarshalError", lambdas.not_marshalled(event.reason), [])))
        elif isinstance(event, TimedOut):
            now = iso8601(self._clock.now())
            log.failure(f"{now} {invocation.request_id} Task timed out after {timeout:.2f} seconds\n\n")
        elif isinstance(event, Exited):
            log.failure(f"{lambdas.exited_words(event.status, invocation.request_id)}\nRuntime.ExitError\n")


def _failure(event: Event, request_id: str, timeout: float) -> Failed | None:
    if isinstance(event, Raised):
        return lambdas.raised(event.error, event.message, request_id, event.stack)
    if isinstance(event, NotMarshalled):
        return lambdas.marshal_error(event.reason, request_id)
    if isinstance(event, TimedOut):
        return lambdas.timed_out(timeout, request_id)
    if isinstance(event, Exited):
        return lambdas.exited(event.status, request_id)
    return None


def _payload(failure: Failed | None) -> bytes:
    assert failure is not None
    return (failure.cause or "").encode("utf-8", "backslashreplace")


def _traceback(raised: Raised) -> str:
    """As Lambda's runtime writes it: one log event, so its lines end in carriage returns (awslambdaric, log_error)."""
    lines = [f"[ERROR] {raised.error}: {raised.message}" if raised.message else f"[ERROR] {raised.error}"]
    lines.append("Traceback (most recent call last):")  # though there be none
    for frame in raised.stack:
        for line in frame.splitlines():
            bare = line.lstrip(" ")
            lines.append("\N{NO-BREAK SPACE}" * (len(line) - len(bare)) + bare)
    return "\r".join(lines) + "\n"


def _report(request_id: str, seconds: float, memory: int, peak: int | None) -> str:
    milliseconds = seconds * 1000
    used = f"Max Memory Used: {min(peak, memory)} MB\t" if peak is not None else ""
    return (
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {ceil(milliseconds)} ms\tMemory Size: {memory} MB\t{used}\n"
    )


def _peak(call: Call) -> int | None:
    """MiB that the worker of a call has had at most (Linux only)."""
    pid = getattr(call.worker, "pid", None)
    if not pid:
        return None
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM:")), None)
    except OSError:
        return None
