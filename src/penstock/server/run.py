"""One server process: its socket, its service, its end."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from penstock.client import start_service
from penstock.config import Settings
from penstock.errors import MissingRequirement, UsageError

if TYPE_CHECKING:
    from starlette.applications import Starlette

GRACE_SECONDS: Final = 5
"""How long requests that are being answered may take when the server ends."""

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(
    *, host: str, port: int, token: str | None, settings: Settings, started: Callable[[str], None], backlog: int = 2048
) -> None:
    """Answers until the process is told to end. `started` gets the URL when the port is open.

    Raises UsageError for an address that cannot be had, and for one that others can reach without a token.
    """
    if not is_loopback(host) and token is None:
        raise UsageError(
            f"On {host} everybody who reaches this machine could run workflows. Give a --token, or listen on 127.0.0.1."
        )
    try:
        import uvicorn

        from penstock.server.app import make_app
    except ImportError as error:
        raise MissingRequirement(
            f"The server needs {error.name}: pip install 'penstock[server]'.", requirement=str(error.name)
        ) from None
    opened = _open(host, port, backlog)
    handlers, service = start_service(settings=settings)

    def close() -> None:
        service.close()
        for handler in handlers:
            handler.close()

    try:
        hosts = {*_LOOPBACK, host} if is_loopback(host) else None
        app: Starlette = make_app(service, hosts=hosts, token=token)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,  # longer than clients keep a connection, so that none ends while it is used
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        name = f"[{host}]" if ":" in host else host
        started(f"http://{name}:{opened.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[opened])
    finally:
        opened.close()
        close()


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
        raise UsageError(f"{host}:{port} cannot be had: {error.strerror or error}. Give another --port.") from None
