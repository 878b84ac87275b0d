"""HTTP/1.1 with bounds: what uvicorn's protocol leaves open to a client that is slow, endless or one of too many.

A request that is there as a whole, which nearly all are, is offered to `take` first: what can be answered at once is, without
a task of its own and the messages between protocol and app.

Each bound has its answer: 408 for a request that takes too long to arrive, 431 for headers without end, 503 for a connection
too many. A client that is refused while it still sends gets to read why: what it sends is taken and thrown away for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from penstock.clock import SystemClock
from penstock.server.exchange import ASKED, Exchange

HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 30.0
"""Ours: how long the headers of a request, and then its body, may take to arrive."""
WRITE_SECONDS: Final = 30.0
"""Ours: how long a client may leave an answer unread that the socket has no room for."""
LINGER_SECONDS: Final = 5.0
"""Ours: how long what a refused client still sends is thrown away. Closing at once would reset the connection, and the
client would lose the answer."""
HEAD_BYTES: Final = 64 * 1024
HEAD_LINES: Final = 100
"""Ours: a signed request has about ten headers, 2 KiB together."""

AWAKE_SECONDS: Final = 0.0002
"""Ours: how long the loop does not sleep after an answer to a client whose last request came as soon. Falling asleep and
waking costs a third of what such a request takes; clients that think longer than this between two of them see nothing of it."""
TAKEN_AT_ONCE: Final = 4
"""Ours: how many requests of one packet are answered on the spot; others of the server's clients come first then."""

_IDLE, _HEAD, _BODY = range(3)
_EARLIER: Final = -1
"""Of a timer: it is another request's."""

_clock = SystemClock()

Take: TypeAlias = Callable[[list[tuple[bytes, bytes]], bytes], Exchange]


class Protocol(HttpToolsProtocol):
    """One connection. `max_connections` and `take` are set by whoever runs the server."""

    max_connections: int = 1000
    take: Take | None = None
    """Begins the exchange of a POST to `/`, and ends it where that needs no waiting."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._phase = _HEAD
        self._received = 0
        """Bytes of the request whose headers are not complete, as they came."""
        self._bytes = 0
        self._lines = 0
        self._late: asyncio.TimerHandle | None = None
        self._late_phase = _IDLE
        self._unread: asyncio.TimerHandle | None = None
        self._refused = False
        self._answered = 0.0
        """When the last answer was given."""
        self._awake = False
        self._taken = 0
        """Requests of the packet that is being read that have been answered on the spot."""
        self._ended_one = False
        self._whole: list[bytes] | None = None
        """The body of a request that may be offered to `take`, as far as it is there."""

    # ---- the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._joined = _Joined(transport, self)
        super().connection_made(self._joined)  # type: ignore[arg-type]
        if len(self.connections) > self.max_connections and not self._make_room():
            self._refuse(503, "ServiceUnavailable", "The server has as many connections as it takes.")
            return
        self._watch()

    def _make_room(self) -> bool:
        """Closes a connection on which nothing happens, as its client must expect between two requests."""
        for other in self.connections:
            if isinstance(other, Protocol) and other.idle:
                other.transport.close()
                self.connections.discard(other)
                return True
        return False

    @property
    def idle(self) -> bool:
        return self._phase == _IDLE and (self.cycle is None or self.cycle.response_complete)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._late, self._unread):
            if timer is not None:
                timer.cancel()
        self._joined.lost()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused or self._joined.lingering:
            return  # it is thrown away
        self._taken = 0
        self._ended_one = False
        self._feed(data)
        if self._refused:
            self._whole = None
        if self._whole is not None:
            self._leave_to_app()  # the rest of it comes later
        if self._phase == _HEAD and not self._ended_one:  # of a packet with an end of another request, less is its own
            self._received += len(data)
            if self._received > HEAD_BYTES:
                self._too_long()
        if self._phase != _IDLE or self._late is not None:
            self._watch()

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                if self.parser.get_method() == b"CONNECT":
                    self.send_400_response("This is no proxy.")
                    return
                # A wish that a server may pass over (RFC 9110, 7.8): Java's own client has it, for HTTP/2. The parser stops at
                # it, with the body unread; another reads the request as it is without the wish.
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
                self.parser = _parser(self)
            except httptools.HttpParserError:
                self.send_400_response("This is not HTTP.")
                return

    def _head_without_upgrade(self) -> bytes:
        lines = [b"%b %b HTTP/1.1" % (self.parser.get_method(), self.url)]
        for name, value in self.headers:
            if name == b"connection":
                tokens = [token for token in value.split(b",") if token.strip().lower() == b"close"]
                value = b",".join(tokens) or b"keep-alive"
            if name != b"upgrade":
                lines.append(b"%b: %b" % (name, value))
        return b"\r\n".join([*lines, b"", b""])

    @property
    def reading(self) -> bool:
        """Whether the client is in the middle of a request."""
        return self._phase == _BODY or (self._phase == _HEAD and self._received > 0)

    def shutdown(self) -> None:
        if self._joined.lingering:
            self._joined.abort()
        else:
            super().shutdown()

    # ---- the request

    def on_message_begin(self) -> None:
        self._phase = _HEAD
        self._late_phase = _EARLIER
        self._received = self._bytes = self._lines = 0
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._phase == _BODY:
            return  # a trailer: whoever looked at the headers has done so
        self._bytes += len(name) + len(value)
        self._lines += 1
        if self._lines > HEAD_LINES:
            return
        name = name.lower()  # as uvicorn's does, without the call of it
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._phase = _BODY
        if self._bytes + len(self.url) > HEAD_BYTES or self._lines > HEAD_LINES:
            self._too_long()
            return
        if self._refused or self.parser.should_upgrade():
            return
        if self._may_be_taken():
            self._whole = []
        else:
            self._to_app([])

    def on_body(self, body: bytes) -> None:
        if self._whole is not None:
            self._whole.append(body)
        elif not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # it is read again
        self._phase = _IDLE
        self._ended_one = True
        if self._whole is not None:
            self._take(self._whole)
        elif not self._refused:
            super().on_message_complete()

    # ---- requests that are there as a whole

    def _may_be_taken(self) -> bool:
        return (
            self.take is not None
            and self._taken < TAKEN_AT_ONCE
            and self.url == b"/"
            and self.parser.get_method() == b"POST"
            and (self.cycle is None or self.cycle.response_complete)
            and self.parser.should_keep_alive()
            and not (self.expect_100_continue or self.flow.write_paused)
            and self.parser.get_http_version() == "1.1"
        )

    def _take(self, parts: list[bytes]) -> None:
        self._whole = None
        self._taken += 1
        hasty = _clock.monotonic() - self._answered < AWAKE_SECONDS
        assert self.take is not None
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        exchange = self.take(self.headers, body)
        if not exchange.done:
            self._to_app([], exchange)
            super().on_message_complete()
            return
        self._answered = _clock.monotonic()
        self.server_state.total_requests += 1
        self._joined.expect_head = False
        self._joined.write(_raw(exchange, self.server_state.default_headers))
        if any(name == b"connection" for name, _ in exchange.headers):
            self._refused = True  # what follows in the packet was sent for nothing
            self.transport.close()
        elif self.timeout_keep_alive_task is None:
            self._keep_alive(self.timeout_keep_alive)
        if hasty and not self._awake:
            self._stay_awake()

    def _stay_awake(self) -> None:
        # A loop with something to call looks for news without sleeping.
        self._awake = _clock.monotonic() - self._answered < AWAKE_SECONDS and not self.transport.is_closing()
        if self._awake:
            self.loop.call_soon(self._stay_awake)

    def _keep_alive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        # One timer for many requests: it looks how long ago the last was, when it is due.
        quiet = _clock.monotonic() - self._answered
        if not self.idle or quiet < self.timeout_keep_alive:
            self._keep_alive(self.timeout_keep_alive - (quiet if self.idle else 0))
        else:
            super().timeout_keep_alive_handler()

    def _leave_to_app(self) -> None:
        parts, self._whole = self._whole, None
        assert parts is not None
        self._to_app(parts)

    def _to_app(self, parts: list[bytes], exchange: Exchange | None = None) -> None:
        self._joined.expect_head = True
        self._unset_keepalive_if_required()
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # makes the scope
        self.url, self.headers, self.expect_100_continue = url, headers, expect
        self.scope["headers"] = headers
        if exchange is not None:
            self.scope[ASKED] = exchange  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()
        for part in parts:
            super().on_body(part)

    def on_response_complete(self) -> None:
        self._answered = _clock.monotonic()
        self._joined.flush()
        super().on_response_complete()

    # ---- bounds

    def _watch(self) -> None:
        """Sees to it that the timer is that of the phase."""
        if self._late is not None:
            if self._late_phase == self._phase:
                return
            self._late.cancel()
            self._late = None
        if self._phase != _IDLE and not self._refused:
            self._late_phase = self._phase
            seconds = HEAD_SECONDS if self._phase == _HEAD else BODY_SECONDS
            self._late = self.loop.call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        self._late = None
        answered = self.cycle is not None and self._phase == _BODY and self.cycle.response_started
        if (self._phase == _HEAD and not self._received) or answered:
            self.transport.close()
            return
        what = "headers" if self._phase == _HEAD else "body"
        seconds = HEAD_SECONDS if self._phase == _HEAD else BODY_SECONDS
        self._refuse(408, "RequestTimeoutException", f"The {what} of a request may take {seconds:g} s.")

    def _too_long(self) -> None:
        self._refuse(
            431,
            "RequestHeaderFieldsTooLargeException",
            f"A request has {HEAD_LINES} headers and {HEAD_BYTES} bytes of them at most.",
        )

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(WRITE_SECONDS, self._joined.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "SerializationException", msg)

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answers in place of the app, and ends the connection."""
        if self._refused:
            return
        self._refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # the app is not to answer, too
            self.cycle.message_event.set()
        body = orjson.dumps({"__type": code, "message": message})
        head = b"content-type: application/x-amz-json-1.0\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(
            body
        )
        self._joined.expect_head = False
        self._joined.write(STATUS_LINE[status] + head + body)
        self._joined.close(linger=True)


def _parser(protocol: Protocol) -> httptools.HttpRequestParser:
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's: requests may come before an answer
    return parser


def _raw(exchange: Exchange, more: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The answer as it is sent."""
    lines = [b"%b: %b\r\n" % header for header in (*more, *exchange.headers)]
    return b"%b%bcontent-length: %d\r\n\r\n%b" % (
        STATUS_LINE[exchange.status],
        b"".join(lines),
        len(exchange.body),
        exchange.body,
    )


class _Joined:
    """A transport that sends the head of an answer with its body, one packet for two, and closes without losing the answer."""

    def __init__(self, transport: asyncio.Transport, protocol: Protocol) -> None:
        self._transport = transport
        self._protocol = protocol
        self._head = b""
        self._end: asyncio.TimerHandle | None = None
        self.expect_head = False
        self.lingering = False
        # What is called once a request or more goes straight to the transport.
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.abort = transport.abort

    def write(self, data: bytes) -> None:
        if self.lingering:
            return
        if self._head:
            data = self._head + data
            self._head = b""
        elif self.expect_head and not data.startswith(b"HTTP/1.1 1"):
            self.expect_head = False
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def close(self, *, linger: bool = False) -> None:
        if self.lingering or self._transport.is_closing():
            return
        self.flush()
        if not (linger or self._protocol.reading) or not self._transport.can_write_eof():
            self._transport.close()
            return
        self.lingering = True
        self._transport.write_eof()
        self._protocol.flow.resume_reading()
        self._end = self._protocol.loop.call_later(LINGER_SECONDS, self._transport.abort)

    def is_closing(self) -> bool:
        return self.lingering or self._transport.is_closing()

    def lost(self) -> None:
        if self._end is not None:
            self._end.cancel()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
