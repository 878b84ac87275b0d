"""Connections, as EventBridge has them at AWS: how an HTTP task authorises itself. Here they come from the settings.

    [connections.shop]              # by name, or by ARN
    type = "API_KEY"                # or BASIC, OAUTH_CLIENT_CREDENTIALS
    api_key_name = "x-api-key"
    api_key_value = "${SHOP_KEY}"   # from the environment

Source: EventBridge API reference, CreateConnection (AuthParameters).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from penstock.errors import InvalidInput, MissingRequirement

Kind: TypeAlias = Literal["API_KEY", "BASIC", "OAUTH_CLIENT_CREDENTIALS"]

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "API_KEY": ("api_key_name", "api_key_value"),
    "BASIC": ("username", "password"),
    "OAUTH_CLIENT_CREDENTIALS": ("authorization_endpoint", "client_id", "client_secret"),
}
_EXTRA: Final[dict[str, tuple[str, ...]]] = {"OAUTH_CLIENT_CREDENTIALS": ("http_method",)}
_TABLES: Final = ("headers", "query", "body")
_OAUTH_TABLES: Final = ("token_headers", "token_query", "token_body")


@dataclass(frozen=True, slots=True)
class Connection:
    """`values` are the fields of its type; `tables` what every request gets besides: headers, query, body, and for OAuth
    token_headers, token_query, token_body for the request of the token. Texts may hold `${VARIABLE}`."""

    name: str
    type: Kind
    values: Mapping[str, str]
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def value(self, key: str) -> str:
        """A field, its variables filled in. Raises MissingRequirement for a variable that is not set."""
        return self._filled(self.values[key])

    def table(self, key: str) -> dict[str, str]:
        """A table, likewise; empty where there is none."""
        return {name: self._filled(text) for name, text in self.tables.get(key, {}).items()}

    def __repr__(self) -> str:
        return f"<Connection {self.name!r} {self.type}>"  # secrets do not belong into tracebacks

    def _filled(self, text: str) -> str:
        first, *rest = text.split("${")
        parts = [first]
        for piece in rest:
            variable, brace, tail = piece.partition("}")
            if not brace:
                parts.append("${" + piece)
                continue
            value = os.environ.get(variable)
            if value is None:
                raise MissingRequirement(
                    f"The connection {self.name!r} needs the environment variable {variable}.", requirement=variable
                )
            parts.append(value + tail)
        return "".join(parts)


def read_connections(section: Mapping[str, Any], where: str) -> dict[str, Connection]:
    """The `[connections]` of a settings file. Raises InvalidInput, naming the key, for what cannot be used."""
    return {name: _connection(name, table, f"{where}: [connections.{name}]") for name, table in section.items()}


def _connection(name: str, table: Any, where: str) -> Connection:
    if not isinstance(table, Mapping):
        raise InvalidInput(f"{where} is a table.")
    kind = table.get("type")
    if kind not in _FIELDS:
        raise InvalidInput(f"{where}: `type` is one of {', '.join(_FIELDS)}; {kind!r} is not.")
    required, optional = _FIELDS[kind], _EXTRA.get(kind, ())
    tables = _TABLES + (_OAUTH_TABLES if kind == "OAUTH_CLIENT_CREDENTIALS" else ())
    for key in table:
        if key not in ("type", *required, *optional, *tables):
            known = ", ".join((*required, *optional, *tables))
            raise InvalidInput(f"{where} has an unknown key `{key}`; {kind} has {known}.")
    for key in required:
        if key not in table:
            raise InvalidInput(f"{where} lacks `{key}`.")
    values = {key: _text(table[key], f"{where}: `{key}`") for key in (*required, *optional) if key in table}
    if values.get("http_method", "POST") not in ("GET", "POST", "PUT"):
        raise InvalidInput(f"{where}: `http_method` is GET, POST or PUT.")
    found: dict[str, dict[str, str]] = {}
    for key in tables:
        if key in table:
            inner = table[key]
            if not isinstance(inner, Mapping):
                raise InvalidInput(f"{where}: `{key}` is a table of texts.")
            found[key] = {each: _text(value, f"{where}: `{key}.{each}`") for each, value in inner.items()}
    return Connection(name, kind, values, found)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"{where} is a text; write it between quotes.")
    return value
