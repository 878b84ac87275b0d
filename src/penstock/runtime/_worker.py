"""The loop of a local worker process: reads a call, runs the user's code, writes the outcome.

Frames both ways are a length (4 bytes, big-endian) and so many bytes. Inwards JSON: first the target (what to run and
where), then one object a call. Outwards a letter and JSON: b"B" the code is loaded and the first call begins, b"R" the
result as the runtime marshals it, b"M" why it cannot be marshalled, b"F" an exception, b"L" an exception after which the
worker ends, b"S" a request to stop the execution, b"H" a heartbeat.
"""

from __future__ import annotations

import decimal
import json
import os
import signal
import struct
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from penstock.runtime._code import Loaded, LoadError, load
from penstock.runtime._faults import error_name, message_of, stack_of
from penstock.runtime.context import ClientContext, LambdaContext, Metadata, TaskContext
from penstock.runtime.state_data import StateDataClient
from penstock.runtime.stores import LocalStore

LENGTH = struct.Struct("!I")


class _Channel:
    def __init__(self, fd: int) -> None:
        # High up, where code that closes or reuses low descriptors by number does not hit it by accident; not
        # inherited by programs, closed in forked children: only this process answers.
        import fcntl

        self._fd = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 200)
        os.close(fd)
        self._pid = os.getpid()
        self._buffer = bytearray()
        os.register_at_fork(after_in_child=self._forked)

    def _forked(self) -> None:
        try:
            os.close(self._fd)
        except OSError:
            return

    @property
    def is_ours(self) -> bool:
        return os.getpid() == self._pid

    def read(self) -> bytes | None:
        buffer = self._buffer
        while len(buffer) < 4 or len(buffer) < 4 + LENGTH.unpack_from(buffer)[0]:
            data = os.read(self._fd, 1 << 18)
            if not data:
                return None
            buffer += data
        end = 4 + LENGTH.unpack_from(buffer)[0]
        frame = bytes(buffer[4:end])
        del buffer[:end]
        return frame

    def write(self, kind: bytes, body: bytes) -> None:
        data = memoryview(LENGTH.pack(len(body) + 1) + kind + body)
        while data:
            data = data[os.write(self._fd, data) :]


def serve(fd: int) -> int:
    """Answers calls until the other side closes; returns the exit status."""
    _quiet_streams()
    channel = _Channel(fd)
    first = channel.read()
    if first is None:
        return 0
    target = json.loads(first)
    os.environ.update(target["environment"])
    sys.path[:] = target["path"]
    problem = _enter(target["folder"]) if target.get("folder") else None
    limited = bool(target.get("limit_memory")) and _limit_memory(target["memory"])
    worker = _Worker(channel, target, limited=limited, problem=problem)
    while (frame := channel.read()) is not None:
        if not worker.call(json.loads(frame)):
            return 1
    worker.clean_up()
    return 0


def _enter(folder: str) -> LoadError | None:
    """What calls are answered where the folder of the code cannot be entered: it was removed or is not readable."""
    try:
        os.chdir(folder)
    except OSError as error:
        why = f"The folder of its code, {folder}, cannot be entered: {error.strerror or error}."
        return LoadError("Runtime.ImportModuleError", f"{why} Put it back, or let this user read it.")
    return None


_UNTOUCHED = 256
"""MiB beyond a function's memory that may be mapped: the stacks of threads are, and hardly used."""


def _limit_memory(megabytes: int) -> bool:
    """Whether the kernel now refuses this process more memory than a function of that size has (Linux only)."""
    try:
        import resource

        with open("/proc/self/status", encoding="ascii") as file:
            used = next(int(line.split()[1]) for line in file if line.startswith("VmData:"))
        most = (used // 1024 + megabytes + _UNTOUCHED) * 1024 * 1024
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))
    except (ImportError, OSError, ValueError, StopIteration):
        return False
    return True


def _quiet_streams() -> None:
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  for the process's life, as the two below
    # A crash loses what a buffer holds, so lines go out as they are printed.
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115


class _Worker:
    def __init__(
        self,
        channel: _Channel,
        target: dict[str, Any],
        *,
        limited: bool = False,
        problem: LoadError | None = None,
    ) -> None:
        self._channel = channel
        self._target = target
        self._limited = limited
        self._problem = problem
        self._loaded: Loaded | None = None
        self._loop: Any = None

    def call(self, call: dict[str, Any]) -> bool:
        """Whether the worker is good for another call."""
        meta = call["meta"]
        os.environ.update(meta.get("environment") or {})
        going_on = True
        try:
            if self._problem is not None:
                raise self._problem
            if self._loaded is None:
                self._loaded = load(self._target)
                self._logging()
                self._run(self._loaded.on_startup)
                self._channel.write(b"B", b"")
            kind, body = self._answer(self._loaded, call["event"], meta)
        except SystemExit as error:
            self._exit(error.code)
        except MemoryError as error:
            if self._limited and self._channel.is_ours:
                _flush()
                os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does it to a function that is out of memory
            going_on, kind, body = False, b"L", _json(_describe(error, self._loaded))
        except LoadError as error:
            # Lambda starts a new environment after a failed init; so do we.
            going_on = False
            kind, body = b"L", _json({"type": error.type, "message": str(error), "stack": error.stack})
        except BaseException as error:
            going_on = self._loaded is not None and not isinstance(error, KeyboardInterrupt)
            kind, body = b"F" if going_on else b"L", _json(_describe(error, self._loaded))
        if not self._channel.is_ours:
            os._exit(0)  # a fork of the user's that ran to the end of the task: the parent has answered or will
        _flush()
        self._channel.write(kind, body)
        return going_on

    def _answer(self, loaded: Loaded, event: Any, meta: dict[str, Any]) -> tuple[bytes, bytes]:
        context = self._context(meta)
        result: Any
        if self._target.get("heartbeat"):
            result = self._run(lambda: self._beating(loaded.run, event, context))
        elif self._target["kind"] == "handler":
            result = loaded.run(event, context)  # Lambda's runtime awaits nothing
        else:
            result = self._finish(loaded.run(event, context), loaded)
        try:
            text = json.dumps(result, ensure_ascii=False, allow_nan=False, default=_plain)
            return b"R", text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            return b"M", str(error).encode(errors="replace")

    def _context(self, meta: dict[str, Any]) -> TaskContext | LambdaContext:
        lambda_context = None
        if meta.get("function_arn"):
            lambda_context = LambdaContext(
                function_name=meta["function_name"],
                invoked_function_arn=meta["function_arn"],
                aws_request_id=meta["request_id"],
                memory_limit_in_mb=str(self._target.get("memory") or 2048),
                timeout=meta.get("timeout"),
            )
            if self._target["kind"] == "handler":  # a function as it is deployed, which knows of no task
                lambda_context.function_version = meta["function_version"]
                lambda_context.log_stream = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
                lambda_context.client_context = ClientContext.of(meta["client_context"])
                return lambda_context
        state_data = self._target["state_data"]
        metadata = Metadata.from_meta(meta)

        def client() -> StateDataClient:
            store = LocalStore(state_data["root"])
            return StateDataClient(store, table_name=state_data["table"], execution=metadata.execution_arn)

        return TaskContext(
            metadata,
            stop=self._stop,
            state_data_client=client,
            task_name=self._target["name"],
            lambda_context=lambda_context,
        )

    def _stop(self, error: str | None, cause: str | None) -> None:
        if self._channel.is_ours:
            self._channel.write(b"S", _json({"error": error, "cause": cause}))

    def _finish(self, result: Any, loaded: Loaded) -> Any:
        if not hasattr(result, "__await__"):
            return result
        if loaded.never_waits and isinstance(result, Coroutine):
            try:
                result.send(None)
            except StopIteration as done:
                return done.value
            raise RuntimeError("the task waits for something without an await")
        return self._in_loop(result)

    def _run(self, function: Callable[[], Any] | None) -> Any:
        if function is None:
            return None
        result = function()
        return self._in_loop(result) if hasattr(result, "__await__") else result

    def _in_loop(self, awaitable: Any) -> Any:
        import asyncio

        async def whole() -> Any:
            return await awaitable

        if self._loop is None:
            # One loop for the worker's life, as one environment of Lambda: clients made in one call work in the next.
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(whole())

    async def _beating(self, run: Callable[[Any, Any], Any], event: Any, context: Any) -> Any:
        import asyncio

        from penstock.runtime._waiting import pause

        async def beat() -> None:
            while True:
                await pause(self._target["heartbeat"])
                self._channel.write(b"H", b"")

        beating = asyncio.ensure_future(beat())
        try:
            result = run(event, context)
            return await result if hasattr(result, "__await__") else result
        finally:
            beating.cancel()

    def _logging(self) -> None:
        # Lambda's runtime sets up the root logger too, at WARNING; ours shows INFO, since a laptop is for looking.
        import logging

        if not logging.getLogger().handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
            logging.getLogger().addHandler(handler)
            logging.getLogger().setLevel(logging.INFO)

    def clean_up(self) -> None:
        if self._loaded is not None:
            self._run(self._loaded.on_cleanup)

    def _exit(self, code: object) -> None:
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
        _flush()
        os._exit((code or 0) & 0xFF)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue  # closed or replaced by the user's code


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _plain(value: Any) -> Any:
    # The one thing that Lambda's marshaller takes beyond JSON (awslambdaric, lambda_runtime_marshaller).
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _describe(error: BaseException, loaded: Loaded | None) -> dict[str, Any]:
    if loaded is not None and isinstance(error, NameError) and error.name in loaded.module_names:
        print(
            f"{loaded.file_name}: {error.name!r} is defined at the top of the file, which is never run; "
            "import or define it inside the run method.",
            file=sys.stderr,
        )
    return {"type": error_name(error), "message": message_of(error), "stack": stack_of(error)}
