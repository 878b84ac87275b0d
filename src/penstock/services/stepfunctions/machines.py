"""State machines: create, update, delete, describe, list; their versions and aliases are in `versions`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from penstock.engine import limits
from penstock.engine.running import Running
from penstock.errors import ServiceError
from penstock.services.logs.service import group_of
from penstock.services.stepfunctions import tags
from penstock.services.stepfunctions.arns import invalid, parse
from penstock.services.stepfunctions.paging import page
from penstock.services.stepfunctions.records import Machine, Revision, Version
from penstock.services.stepfunctions.references import variable_references
from penstock.services.stepfunctions.state import Answer, Parameters, State, instant, no_machine, problems_of

_AWS_KEY: Final = {"type": "AWS_OWNED_KEY"}


def create_state_machine(state: State, given: Parameters) -> Answer:
    name = given["name"]
    if not limits.NAME_FORBIDDEN.isdisjoint(name):
        raise ServiceError(f"Invalid Name: '{name}'", code="InvalidName")
    _check_role(given["roleArn"])
    publish = bool(given.get("publish"))
    _check_description(given, publish)
    kind = given.get("type", "STANDARD")
    logging = logging_configuration(given.get("loggingConfiguration", {}))
    problem = problems_of(given["definition"], kind)
    if problem is not None:
        raise ServiceError(problem, code="InvalidDefinition")
    new_tags = tags.read(given.get("tags", ()))
    now = state.now()
    arn = f"{state.prefix}:stateMachine:{name}"
    machine = Machine(
        arn=arn,
        name=name,
        type=kind,
        created=now,
        revision=Revision(
            id=None,
            definition=given["definition"],
            role_arn=given["roleArn"],
            logging=logging,
            tracing=_tracing(given.get("tracingConfiguration", {})),
            encryption=dict(given.get("encryptionConfiguration", _AWS_KEY)),
            at=now,
        ),
        published=(publish, given.get("versionDescription")),
    )
    with state.lock, state.repository.together():
        known = state.repository.machines.get(arn)
        if known is None:
            machine = replace(machine, after=state.kept.newest())
            state.repository.machines.put(machine)
            tags.set_all(state, arn, new_tags)
        elif _same(known, machine):
            machine = known
        else:
            raise ServiceError(f"State Machine Already Exists: '{arn}'", code="StateMachineAlreadyExists")
        answer: Answer = {"stateMachineArn": arn, "creationDate": instant(machine.created)}
        if publish:
            answer["stateMachineVersionArn"] = published(state, machine, given.get("versionDescription")).arn
    return answer


def _same(known: Machine, asked: Machine) -> bool:
    # API reference, CreateStateMachine: the role and the tags do not count, and are not changed.
    a, b = known.revision, asked.revision
    return (known.type, known.published, a.definition, a.logging, a.tracing, a.encryption) == (
        asked.type,
        asked.published,
        b.definition,
        b.logging,
        b.tracing,
        b.encryption,
    )


def update_state_machine(state: State, given: Parameters) -> Answer:
    changes = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
    publish = bool(given.get("publish"))
    machine = state.machine(given["stateMachineArn"])
    _check_description(given, publish)
    if not any(name in given for name in changes) and not publish:
        raise ServiceError(
            "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or the "
            "EncryptionConfiguration must be specified",
            code="MissingRequiredParameter",
        )
    if "roleArn" in given:
        _check_role(given["roleArn"])
    logging = None if "loggingConfiguration" not in given else logging_configuration(given["loggingConfiguration"])
    if "definition" in given:
        problem = problems_of(given["definition"], machine.type)
        if problem is not None:
            raise ServiceError(problem, code="InvalidDefinition")
    with state.lock, state.repository.together():
        machine = state.machine(given["stateMachineArn"])
        now = state.now()
        old = machine.revision
        new = replace(
            old,
            definition=given.get("definition", old.definition),
            role_arn=given.get("roleArn", old.role_arn),
            logging=old.logging if logging is None else logging,
            tracing=_tracing(given["tracingConfiguration"]) if "tracingConfiguration" in given else old.tracing,
            encryption=dict(given.get("encryptionConfiguration", old.encryption)),
        )
        # Recorded: what changes nothing makes no revision.
        if new != old:
            machine = replace(machine, revision=replace(new, id=state.entropy.uuid4(), at=now))
            state.repository.machines.put(machine)
        answer: Answer = {"updateDate": instant(now)}
        if machine.revision.id is not None:
            answer["revisionId"] = machine.revision.id
        if publish:
            answer["stateMachineVersionArn"] = published(state, machine, given.get("versionDescription")).arn
    return answer


def published(state: State, machine: Machine, description: str | None) -> Version:
    """The version of the machine's revision; made where the newest version is of another. Under the state's lock."""
    newest = state.repository.versions.get(f"{machine.arn}:{machine.last_version}")
    if newest is not None and newest.revision == machine.revision:
        return newest
    number = machine.last_version + 1
    version = Version(
        arn=f"{machine.arn}:{number}",
        number=number,
        machine_arn=machine.arn,
        revision=machine.revision,
        description=description,
        created=state.now(),
    )
    with state.repository.together():
        state.repository.versions.put(version)
        state.repository.machines.put(replace(machine, last_version=number))
    return version


def delete_state_machine(state: State, given: Parameters) -> Answer:
    """The machine goes at once, and its executions end: AWS ends them at their next transition (API reference). Both have
    happened when this returns."""
    arn = parse(given["stateMachineArn"], "stateMachine")
    if arn.rest:
        raise ServiceError(
            "The ARN of a version or an alias is no state machine's; use DeleteStateMachineVersion or "
            "DeleteStateMachineAlias",
            code="ValidationException",
        )
    repository = state.repository

    def delete() -> list[Running]:
        # In the loop's thread: an execution begins before and is stopped, or comes after and is refused.
        with state.lock, repository.together():
            repository.tags.delete(arn.text)
            for version in list(repository.versions.of(arn.text)):
                repository.versions.delete(version.arn)
            for alias in list(repository.aliases.of(arn.text)):
                repository.aliases.delete(alias.arn)
            repository.machines.delete(arn.text)
        # Also where there was no machine any more: the process may have ended before its executions did.
        return state.kept.running_of(arn.text)

    found = state.loop.call(delete)
    for running in found:
        state.loop.driver.stop(running)
    if found:
        state.loop.call(lambda: None, durable=True)
    return {}


def describe_state_machine(state: State, given: Parameters) -> Answer:
    text = given["stateMachineArn"]
    arn = parse(text, "stateMachine")
    machine = state.repository.machines.get(arn.base)
    version = state.version(arn)
    if machine is None or (arn.rest and version is None):
        raise no_machine(text)
    revision = machine.revision if version is None else version.revision
    answer: Answer = {
        "stateMachineArn": text,
        "name": machine.name,
        "status": "ACTIVE",
        "type": machine.type,
        "creationDate": instant(machine.created if version is None else version.created),
        **_revision(revision, with_data=given.get("includedData") != "METADATA_ONLY"),
    }
    if version is not None and version.description is not None:
        answer["description"] = version.description
    return answer


def describe_state_machine_for_execution(state: State, given: Parameters) -> Answer:
    found = state.found(given["executionArn"])
    record, revision = found.record, found.revision()
    if revision is None:
        raise no_machine(record.machine_arn)
    name, _, label = record.machine_name.partition("/")
    answer: Answer = {
        "stateMachineArn": record.machine_arn,
        "name": name,
        "updateDate": instant(revision.at),
        **_revision(revision, with_data=given.get("includedData") != "METADATA_ONLY"),
    }
    if record.map_run_arn is not None:
        answer |= {"mapRunArn": record.map_run_arn, "label": label}
    return answer


def _revision(revision: Revision, *, with_data: bool) -> Answer:
    answer: Answer = {
        "roleArn": revision.role_arn,
        "loggingConfiguration": dict(revision.logging),
        "tracingConfiguration": dict(revision.tracing),
        "encryptionConfiguration": dict(revision.encryption),
    }
    if revision.id is not None:
        answer["revisionId"] = revision.id
    if with_data:
        answer["definition"] = revision.definition
        references = variable_references(revision.definition)
        if references:
            answer["variableReferences"] = references
    return answer


def list_state_machines(state: State, given: Parameters) -> Answer:
    # Recorded: by name.
    machines = sorted(state.repository.machines.of(""), key=lambda machine: machine.name)
    return page("ListStateMachines", given, "stateMachines", machines, lambda m: m.name, _entry)


def _entry(machine: Machine) -> Answer:
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": machine.type,
        "creationDate": instant(machine.created),
    }


def logging_configuration(given: Parameters) -> dict[str, Any]:
    """With what AWS adds. Raises ServiceError InvalidLoggingConfiguration."""
    destinations = given.get("destinations", [])
    level = given.get("level", "OFF")
    if len(destinations) > 1 or (level != "OFF" and not destinations):
        raise ServiceError(
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
            code="InvalidLoggingConfiguration",
        )
    for destination in destinations:
        group = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
        if level != "OFF" and group_of(group) is None:
            raise ServiceError(
                f"Invalid Logging Configuration: '{group}' is not the ARN of a log group, such as "
                "arn:aws:logs:us-east-1:123456789012:log-group:NAME:*",
                code="InvalidLoggingConfiguration",
            )
    return {"level": level, "includeExecutionData": False, **given}


def _tracing(given: Parameters) -> dict[str, Any]:
    return {"enabled": bool(given.get("enabled", False))}


def _check_role(arn: str) -> None:
    if not arn.startswith("arn:"):
        raise invalid(f"Invalid ARN prefix: {arn}")


def _check_description(given: Parameters, publish: bool) -> None:
    if "versionDescription" in given and not publish:
        raise ServiceError("Version description can only be set when publish is true", code="ValidationException")
