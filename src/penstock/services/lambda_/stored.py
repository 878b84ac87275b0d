"""Functions and what belongs to them in a Database: read into memory at the start, and written through."""

from __future__ import annotations

from typing import Any

from penstock.services.lambda_.records import Alias, Code, EventConfig, Function, Policy, Revision, Version
from penstock.services.stored_tables import StoredTable
from penstock.store import Database
from penstock.store.records import Changes


class Stored:
    """A Repository in a file."""

    def __init__(self, database: Database) -> None:
        changes = Changes(database)
        self.functions: StoredTable[Function] = StoredTable(changes, "lambda.function", _function)
        self.versions: StoredTable[Version] = StoredTable(changes, "lambda.version", _version)
        self.aliases: StoredTable[Alias] = StoredTable(changes, "lambda.alias", lambda data: Alias(**data))
        self.policies: StoredTable[Policy] = StoredTable(changes, "lambda.policy", _policy)
        self.event_configs: StoredTable[EventConfig] = StoredTable(
            changes, "lambda.events", lambda data: EventConfig(**data)
        )


def _function(data: dict[str, Any]) -> Function:
    return Function(**{**data, "revision": _revision(data["revision"])})


def _version(data: dict[str, Any]) -> Version:
    return Version(**{**data, "revision": _revision(data["revision"])})


def _revision(data: dict[str, Any]) -> Revision:
    code = data["code"]
    return Revision(**{**data, "code": Code(**{**code, "search": tuple(code["search"])})})


def _policy(data: dict[str, Any]) -> Policy:
    return Policy(**{**data, "statements": tuple(data["statements"])})
