"""Versions of functions, and aliases that point to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from penstock.errors import ServiceError
from penstock.services.lambda_.functions import describe, describe_version, publish
from penstock.services.lambda_.paging import page
from penstock.services.lambda_.records import Alias, Function
from penstock.services.lambda_.state import (
    CONFLICT,
    INVALID,
    LATEST,
    NOT_FOUND,
    Answer,
    Parameters,
    State,
    not_found,
)


def publish_version(state: State, given: Parameters) -> Answer:
    with state.lock:
        function, _ = state.function(given)
        revision = function.revision
        wanted = given.get("CodeSha256")
        if wanted and wanted != revision.code.sha256:
            raise ServiceError(
                f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({revision.code.sha256}). Please try "
                "again with the CodeSHA256 in $LATEST.",
                code=INVALID,
            )
        if given.get("RevisionId") not in (None, revision.id):
            raise _precondition()
        return describe_version(publish(state, function, given.get("Description")), function.name)


def list_versions_by_function(state: State, given: Parameters) -> Answer:
    function, _ = state.function(given)
    latest = describe(function)
    latest["FunctionArn"] += f":{LATEST}"
    entries = [("0", latest)]
    entries += [
        (f"1 {version.number:09d}", describe_version(version, function.name)) for version in state.versions(function)
    ]
    return page("Versions", entries, given)


def create_alias(state: State, given: Parameters) -> Answer:
    with state.lock:
        function, _ = state.function(given)
        name = given["Name"]
        arn = f"{function.arn}:{name}"
        if state.repository.aliases.get(arn) is not None:
            raise ServiceError(f"Alias already exists: {arn}", code=CONFLICT)
        alias = Alias(
            arn=arn,
            name=name,
            function_arn=function.arn,
            version=_version(state, function, given["FunctionVersion"]),
            description=given.get("Description", ""),
            weights=_weights(state, function, given, given["FunctionVersion"]),
            revision_id=state.entropy.uuid4(),
        )
        state.repository.aliases.put(alias)
    return _shown(alias)


def update_alias(state: State, given: Parameters) -> Answer:
    with state.lock:
        function, alias = _alias(state, given)
        if given.get("RevisionId") not in (None, alias.revision_id):
            raise _precondition()
        version = _version(state, function, given.get("FunctionVersion", alias.version))
        weights = alias.weights
        if "RoutingConfig" in given:
            weights = _weights(state, function, given, version)
        alias = replace(
            alias,
            version=version,
            description=given.get("Description", alias.description),
            weights=weights,
            revision_id=state.entropy.uuid4(),
        )
        state.repository.aliases.put(alias)
    return _shown(alias)


def get_alias(state: State, given: Parameters) -> Answer:
    return _shown(_alias(state, given)[1])


def delete_alias(state: State, given: Parameters) -> Answer:
    """No error for one that is not there."""
    function, _ = state.function(given)
    state.repository.aliases.delete(f"{function.arn}:{given['Name']}")
    return {}


def list_aliases(state: State, given: Parameters) -> Answer:
    function, _ = state.function(given)
    wanted = given.get("FunctionVersion")
    aliases = [a for a in state.repository.aliases.of(function.arn) if wanted in (None, a.version)]
    return page("Aliases", ((alias.name, _shown(alias)) for alias in sorted(aliases, key=lambda a: a.name)), given)


def _alias(state: State, given: Parameters) -> tuple[Function, Alias]:
    function, _ = state.function(given)
    arn = f"{function.arn}:{given['Name']}"
    alias = state.repository.aliases.get(arn)
    if alias is None:
        raise ServiceError(f"Cannot find alias arn: {arn}", code=NOT_FOUND)
    return function, alias


def _version(state: State, function: Function, number: str) -> str:
    if number != LATEST and state.repository.versions.get(f"{function.arn}:{number}") is None:
        raise not_found(f"{function.arn}:{number}")
    return number


def _weights(state: State, function: Function, given: Parameters, version: str) -> Mapping[str, float]:
    weights: dict[str, Any] = given.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    if not weights:
        return {}
    if version == LATEST or LATEST in weights:
        raise ServiceError("$LATEST is not supported for an alias pointing to more than 1 version", code=INVALID)
    if len(weights) > 1:
        raise ServiceError("Number of items in AdditionalVersionWeights cannot be greater than 1", code=INVALID)
    if version in weights:
        raise ServiceError(
            f"Invalid function version {version}. Function version {version} is already included in "
            "routing configuration.",
            code=INVALID,
        )
    for number in weights:
        _version(state, function, number)
    return dict(weights)


def _shown(alias: Alias) -> Answer:
    answer: Answer = {
        "AliasArn": alias.arn,
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.weights:
        answer["RoutingConfig"] = {"AdditionalVersionWeights": dict(alias.weights)}
    return answer


def _precondition() -> ServiceError:
    return ServiceError(
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the "
        "latest Revision Id",
        code="PreconditionFailedException",
    )
