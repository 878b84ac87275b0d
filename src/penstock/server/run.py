"""One server process: its socket, its service, its end."""

from __future__ import annotations

import contextlib
import errno
import gc
import ipaddress
import logging
import os
import socket
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from penstock.client import open_database, start_service
from penstock.config import Settings
from penstock.errors import MissingRequirement, ServiceStopped, UsageError
from penstock.local import lambda_registrations, lambda_service
from penstock.services.logs.folder import LogFolder
from penstock.services.logs.service import TARGET_PREFIX as LOGS_PREFIX
from penstock.services.logs.service import CloudWatchLogs
from penstock.services.stepfunctions.model import TARGET_PREFIX as SFN_PREFIX

if TYPE_CHECKING:
    from penstock.services.lambda_ import Registration
    from penstock.store import Database
    from penstock.targets import Target

GRACE_SECONDS: Final = 5
"""How long requests that are being answered may take when the server ends."""
CONNECTIONS: Final = 4096
"""Ours: connections that are open at once, as far as the process may have files."""
_FILES_LEFT: Final = 128
"""Ours: files kept for all that is no connection."""

_log = logging.getLogger("penstock.server")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(
    *,
    host: str,
    port: int,
    token: str | None,
    settings: Settings,
    started: Callable[[str], None],
    hosts: Collection[str] = (),
    target: Target | None = None,
    functions: Sequence[Registration] = (),
    backlog: int = 2048,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Answers until the process is told to end. `started` gets the URL when the port is open; `hosts` are further names
    that the server answers under. The machines and functions of `target` are there from the start, as are `functions`.

    SIGTERM and SIGINT end it: no connection is taken any more, who waits for somebody else is let go, requests that are
    being answered have GRACE_SECONDS. A second signal that is no echo of it (`penstock.signals`) ends the process at once.

    Raises UsageError for an address that cannot be had, and for one that others can reach without a token; InvalidDefinition
    for machines of `target` that cannot run.
    """
    if not is_loopback(host) and not token:
        raise UsageError(
            f"On {host} everybody who reaches this machine could run workflows. Give a --token, or listen on 127.0.0.1."
        )
    if token is not None and (not token or token != token.strip() or not (token.isascii() and token.isprintable())):
        raise UsageError("A token is of ASCII characters, without blanks at its ends; this one no client could show.")
    try:
        import uvicorn

        from penstock.server.app import App
        from penstock.server.deploying import Deployment, deployment_of, function_log
        from penstock.server.doorkeeper import Doorkeeper
        from penstock.server.ending import Server
        from penstock.server.lambda_api import lambda_routes
        from penstock.server.metrics import Metrics
        from penstock.server.protocol import Protocol
        from penstock.server.tracing import start_tracing
    except ImportError as error:
        raise MissingRequirement(
            f"The server needs {error.name}: pip install 'penstock[server]'.", requirement=str(error.name)
        ) from None
    deployment = deployment_of(target, settings) if target is not None else Deployment()
    metrics = Metrics()
    fault = threading.Event()
    tracing = start_tracing(environ)
    opened = _open(host, port, backlog)
    with contextlib.ExitStack() as stack:
        stack.callback(opened.close)
        if tracing is not None:
            stack.callback(tracing.close)
        database = None
        if settings.server.db is not None:
            database = open_database(settings.server.db)
            stack.callback(database.close)
        lambda_ = lambda_service(
            settings,
            [*functions, *deployment.functions, *lambda_registrations(settings)],
            log=function_log,
            tell_failures=True,
            database=database,
        )
        stack.callback(lambda_.close)
        logs = LogFolder(settings.server.data / "logs")
        stack.callback(logs.close)
        handlers, service = start_service(
            functions=deployment.callables,
            settings=settings,
            handlers=deployment.handlers,
            watchers=[metrics] if tracing is None else [metrics, tracing],
            logs=logs,
            database=database,
            lambda_=lambda_,
            on_fault=fault.set,
        )
        for handler in (*deployment.handlers, *handlers):
            stack.callback(handler.close)
        stack.callback(service.close)
        deployment.put(service)
        lambda_.take_up()
        metrics.watch(service.load)
        if database is not None:
            metrics.watch_store(database)
        app = App(
            {
                SFN_PREFIX: service,
                LOGS_PREFIX: CloudWatchLogs(logs, region=settings.aws.region, account=settings.aws.account),
            },
            doorkeeper=Doorkeeper(hosts={*hosts, host} if is_loopback(host) or hosts else None, token=token),
            metrics=metrics,
            tracing=tracing,
            routes=lambda_routes(lambda_, metrics=metrics),
            health=None if database is None else partial(_health, database),
        )
        Protocol.max_connections = _connections()
        # A span is the context of what is called in it, which the protocol does not have.
        Protocol.take = app.take if tracing is None else None
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="off",
            proxy_headers=False,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,  # longer than clients keep a connection, so that none ends while it is used
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        # What is loaded by now stays. An execution is some hundred objects, all of them needed until it has ended, so looking
        # for garbage after every 700 of them finds none.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 10, 10)
        name = f"[{host}]" if ":" in host else host
        server = Server(config, release=service.release, fault=fault)
        with server.capture_signals():  # already now: who has read the address may end it
            started(f"http://{name}:{opened.getsockname()[1]}")
            server.run(sockets=[opened])
        if fault.is_set():
            raise ServiceStopped(
                "The executions have stopped at a fault, told in the log. What is written down goes on with the next start."
            )
        _log.info("The server has ended.")


def _health(database: Database) -> dict[str, Any]:
    problem = database.failure
    if problem is None:
        return {"store": {"state": "ok"}}
    # Without the file's name, which the failure begins with: everybody may ask.
    return {"status": "degraded", "store": {"state": "failing", "problem": problem.rpartition(": ")[2]}}


def _connections() -> int:
    """How many connections there may be; the process's limit of files is raised as far as it may be."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + _FILES_LEFT
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return max(1, min(CONNECTIONS, soft - _FILES_LEFT))
    return CONNECTIONS


def _open(host: str, port: int, backlog: int) -> socket.socket:
    # Named as TCP: asyncio turns Nagle's algorithm off only then, and with it every answer waits 40 ms.
    opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(backlog)
        return opened
    except OSError as error:
        opened.close()
        what = "--host" if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL else "--port"
        raise UsageError(f"{host}:{port} cannot be had: {error.strerror or error}. Give another {what}.") from None
    except (UnicodeError, TypeError):  # not even to be looked up
        opened.close()
        raise UsageError(f"{host}:{port} cannot be had: it is no name of a host. Give another --host.") from None
