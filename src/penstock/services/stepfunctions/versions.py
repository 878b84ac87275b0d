"""Versions of state machines, and aliases that route to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from penstock.errors import ServiceError
from penstock.services.stepfunctions.arns import parse
from penstock.services.stepfunctions.machines import published
from penstock.services.stepfunctions.paging import page
from penstock.services.stepfunctions.records import Alias, Machine, Version
from penstock.services.stepfunctions.state import Answer, Parameters, State, instant

_VALIDATION = "ValidationException"
_CONFLICT = "ConflictException"


def publish_state_machine_version(state: State, given: Parameters) -> Answer:
    with state.lock:
        machine = state.machine(given["stateMachineArn"])
        current = machine.revision.id or "INITIAL"
        wanted = given.get("revisionId")
        if wanted is not None and wanted != current:
            raise ServiceError(
                f"Failed to publish the State Machine version for revision {wanted}. "
                f"The current State Machine revision is {current}.",
                code=_CONFLICT,
            )
        version = published(state, machine, given.get("description"))
    return {"stateMachineVersionArn": version.arn, "creationDate": instant(version.created)}


def list_state_machine_versions(state: State, given: Parameters) -> Answer:
    arn = parse(given["stateMachineArn"], "stateMachine")
    versions = sorted(state.repository.versions.of(arn.text), key=lambda version: -version.number)  # recorded
    return page(
        "ListStateMachineVersions",
        given,
        "stateMachineVersions",
        versions,
        lambda version: version.number,
        lambda version: {"stateMachineVersionArn": version.arn, "creationDate": instant(version.created)},
        descending=True,
    )


def delete_state_machine_version(state: State, given: Parameters) -> Answer:
    text = given["stateMachineVersionArn"]
    arn = parse(text, "stateMachine")
    if not arn.rest.isdigit():
        raise ServiceError(f"'{text}' is not the ARN of a state machine version", code=_VALIDATION)
    with state.lock:
        names = [a.name for a in state.repository.aliases.of(arn.base) if any(to == text for to, _ in a.routes)]
        if names:
            raise ServiceError(
                "Version to be deleted must not be referenced by an alias. "
                f"Current list of aliases referencing this version: [{', '.join(names)}]",
                code=_CONFLICT,
            )
        state.repository.versions.delete(text)
    return {}


def create_state_machine_alias(state: State, given: Parameters) -> Answer:
    with state.lock:
        machine, routes = _routes(state, given["routingConfiguration"])
        name, description = given["name"], given.get("description")
        arn = f"{machine.arn}:{name}"
        alias = state.repository.aliases.get(arn)
        if alias is None:
            now = state.now()
            alias = Alias(
                arn=arn,
                name=name,
                machine_arn=machine.arn,
                description=description,
                routes=routes,
                created=now,
                updated=now,
            )
            state.repository.aliases.put(alias)
        elif (alias.description, alias.routes) != (description, routes):
            raise ServiceError(
                "Failed to create alias because an alias with the same name and a different routing configuration "
                "already exists.",
                code=_CONFLICT,
            )
    return {"stateMachineAliasArn": arn, "creationDate": instant(alias.created)}


def update_state_machine_alias(state: State, given: Parameters) -> Answer:
    if "description" not in given and "routingConfiguration" not in given:
        raise ServiceError("A description or a routing configuration must be specified", code=_VALIDATION)
    with state.lock:
        alias = _alias(state, given["stateMachineAliasArn"])
        routes = alias.routes
        if "routingConfiguration" in given:
            machine, routes = _routes(state, given["routingConfiguration"])
            if machine.arn != alias.machine_arn:
                raise ServiceError(
                    f"The versions are not of the alias's state machine {alias.machine_arn}", code=_VALIDATION
                )
        now = state.now()
        description = given.get("description", alias.description)
        state.repository.aliases.put(replace(alias, description=description, routes=routes, updated=now))
    return {"updateDate": instant(now)}


def describe_state_machine_alias(state: State, given: Parameters) -> Answer:
    alias = _alias(state, given["stateMachineAliasArn"])
    answer: Answer = {
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "routingConfiguration": [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in alias.routes],
        "creationDate": instant(alias.created),
        "updateDate": instant(alias.updated),
    }
    if alias.description is not None:
        answer["description"] = alias.description
    return answer


def delete_state_machine_alias(state: State, given: Parameters) -> Answer:
    """No error for one that is not there (recorded)."""
    parse(given["stateMachineAliasArn"], "stateMachine")
    state.repository.aliases.delete(given["stateMachineAliasArn"])
    return {}


def list_state_machine_aliases(state: State, given: Parameters) -> Answer:
    """Of a version's ARN, those that route to it."""
    arn = parse(given["stateMachineArn"], "stateMachine")
    state.machine(arn.base)
    aliases = [
        a for a in state.repository.aliases.of(arn.base) if not arn.rest or any(to == arn.text for to, _ in a.routes)
    ]
    return page(
        "ListStateMachineAliases",
        given,
        "stateMachineAliases",
        sorted(aliases, key=lambda alias: alias.name),
        lambda alias: alias.name,
        lambda alias: {"stateMachineAliasArn": alias.arn, "creationDate": instant(alias.created)},
    )


def _alias(state: State, text: str) -> Alias:
    parse(text, "stateMachine")
    alias = state.repository.aliases.get(text)
    if alias is None:
        raise ServiceError(f"Request references a resource that does not exist: '{text}'", code="ResourceNotFound")
    return alias


def _routes(state: State, given: list[dict[str, Any]]) -> tuple[Machine, tuple[tuple[str, int], ...]]:
    """Raises ServiceError: InvalidArn, ValidationException, ResourceNotFound."""
    arns = [parse(route["stateMachineVersionArn"], "stateMachine") for route in given]
    shown = f"[{', '.join(arn.text for arn in arns)}]"
    if not all(arn.rest.isdigit() for arn in arns):
        raise ServiceError(
            f"Routing configuration must contain state machine version ARNs. Received: {shown}", code=_VALIDATION
        )
    if len({arn.base for arn in arns}) > 1:
        raise ServiceError(f"The versions must be of one state machine. Received: {shown}", code=_VALIDATION)
    if len({arn.text for arn in arns}) < len(arns):
        raise ServiceError(f"The versions must be different. Received: {shown}", code=_VALIDATION)
    weights = [route["weight"] for route in given]
    if sum(weights) != 100:
        raise ServiceError(
            f"Sum of routing configuration weights must equal 100. Received: {weights}", code=_VALIDATION
        )
    found: list[Version] = []
    for arn in arns:
        version = state.repository.versions.get(arn.text)
        if version is None:
            raise ServiceError(
                f"Request references a resource that does not exist: '{arn.text}'", code="ResourceNotFound"
            )
        found.append(version)
    routes = tuple((version.arn, weight) for version, weight in zip(found, weights, strict=True))
    return state.machine(arns[0].base), routes
