"""Who is let in: the names that the server answers under, pages of other origins, the token.

A server on the loopback is reached by every page in the user's browser. What keeps them out, one by one: a `Host` that is
not the loopback's (a name of the page's own that was made to point here), an `Origin` or `Sec-Fetch-Site` of elsewhere, and
the JSON content type, which no page can send to another origin without asking first.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_CREDENTIAL: Final = re.compile(r"AWS4-(?:HMAC-SHA256|ECDSA-P256-SHA256) +Credential=([^/,\s]{1,2048})/")
_HOST: Final = re.compile(r"(?:([A-Za-z0-9._-]{1,255})|\[([0-9A-Fa-f:.]{2,45})\])(?::\d{1,5})?")
_LENGTH_DIGITS: Final = 18


class Refused(Exception):
    """A request that does not reach the service."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(slots=True)
class Headers:
    """What is looked at, the empty text where it was not sent; `length` is 0 then."""

    host: str = ""
    origin: str = ""
    site: str = ""
    content_type: str = ""
    encoding: str = ""
    target: str = ""
    authorization: str = ""
    accept: str = ""
    length: int = 0


_FIELDS: Final = {
    b"host": "host",
    b"origin": "origin",
    b"sec-fetch-site": "site",
    b"content-type": "content_type",
    b"content-encoding": "encoding",
    b"x-amz-target": "target",
    b"authorization": "authorization",
    b"accept": "accept",
}


def read_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Raises Refused for a header that may come once and comes twice: whoever is before us may have read the other."""
    given: dict[str, str] = {}
    length = 0
    for name, value in headers:
        field = _FIELDS.get(name)
        if field is not None:
            if given.get(field) and field != "accept":
                raise Refused(400, "SerializationException", f"The header {name.decode()} comes twice.")
            given[field] = value.decode("latin-1")
        elif name == b"content-length":
            # The parser has seen to it that these are digits. More of them than any number of bytes has is too many.
            length = int(value) if len(value) <= _LENGTH_DIGITS else 10**_LENGTH_DIGITS
    found = Headers(**given, length=length)
    found.content_type = found.content_type.partition(";")[0].strip().lower()
    found.encoding = found.encoding.strip().lower()
    return found


class Doorkeeper:
    """`hosts` are the names in `Host` that are answered beside the loopback's, None for any; `token` what a request must show."""

    def __init__(self, *, hosts: Collection[str] | None = (), token: str | None = None) -> None:
        self._hosts = None if hosts is None else LOOPBACK | {host.lower() for host in hosts}
        self._token = None if token is None else token.encode()
        self._known: set[str] = set()
        """Hosts as they were sent that have been found good."""

    def check_place(self, headers: Headers) -> None:
        """Raises Refused for a name that the server does not answer under, and for a request from a page elsewhere."""
        host = headers.host
        if host not in self._known:
            if not self._answers_under(host):
                raise Refused(403, "AccessDeniedException", "This server does not answer under that Host.")
            if len(self._known) < 100:
                self._known.add(host)
        origin, site = headers.origin, headers.site
        foreign = origin and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower())
        if foreign or site not in ("", "same-origin", "none"):
            raise Refused(403, "AccessDeniedException", "Requests of other origins are not answered.")

    def _answers_under(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        if self._hosts is None:
            return True
        # Clients put "sync-" before the host for StartSyncExecution and TestState (the model's endpoint.hostPrefix).
        name = (found[1] or found[2]).lower().removeprefix("sync-").removesuffix(".")
        # RFC 6761: names below localhost are the loopback's, everywhere.
        return name in self._hosts or name.endswith(".localhost")

    def check_token(self, headers: Headers) -> None:
        """Raises Refused for a request that does not show the token."""
        if self._token is None:
            return
        shown = headers.authorization
        signed = _CREDENTIAL.match(shown)
        if signed is not None:
            given = signed[1]
        else:
            scheme, _, given = shown.partition(" ")
            given = given.strip() if scheme.lower() == "bearer" else ""
        if not hmac.compare_digest(given.encode("latin-1"), self._token):
            raise Refused(403, "UnrecognizedClientException", "The token of this server is missing or another.")
