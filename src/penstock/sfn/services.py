"""What botocore knows of AWS's services: names of services, actions and parameters, in the spelling of Step Functions.

Only botocore's models are read; nothing is ever called. Where botocore is not installed, nothing is known and nothing told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from penstock.asl.aws_names import SERVICES, member_name
from penstock.diagnostics.words import did_you_mean

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, Shape


@lru_cache(maxsize=1)
def _loader() -> Any:
    try:
        from botocore.loaders import Loader
    except ImportError:
        return None
    return Loader()


@lru_cache(maxsize=1)
def known_services() -> Mapping[str, str]:
    """Step Functions' name of a service → botocore's. Empty where botocore is not installed."""
    loader = _loader()
    if loader is None:
        return {}
    found = {name.replace("-", ""): name for name in loader.list_available_services("service-2")}
    own = {java: botocore for java, botocore in SERVICES.items() if botocore in set(found.values())}
    taken = set(own.values())
    return {**{java: name for java, name in found.items() if name not in taken}, **own}


@lru_cache(maxsize=64)
def service_model(service: str) -> ServiceModel | None:
    """botocore's model of a service, by Step Functions' name or botocore's own; None where there is none."""
    loader = _loader()
    if loader is None:
        return None
    from botocore.model import ServiceModel

    known = known_services()
    name = known.get(service) or (service if service in known.values() else None)
    if name is None:
        return None
    # The newest version of the API is what the loader takes.
    return ServiceModel(loader.load_service_model(name, "service-2"), name)


def java_service(name: str) -> str:
    """Step Functions' name of a service that botocore calls `name`."""
    spellings = [java for java, botocore in known_services().items() if botocore == name]
    return spellings[-1] if spellings else name.replace("-", "")  # `eventbridge`, after the older `cloudwatchevents`


def operation(service: ServiceModel, action: str) -> OperationModel | None:
    """The operation of an action such as `putObject`."""
    name = action[:1].upper() + action[1:]
    return service.operation_model(name) if name in service.operation_names else None


def parameters(operation_model: OperationModel) -> Mapping[str, Shape]:
    """The parameters of an operation, by the names that Step Functions has for them."""
    shape = operation_model.input_shape
    return {} if shape is None else {member_name(name): member for name, member in shape.members.items()}


def required(operation_model: OperationModel) -> list[str]:
    """The parameters that must be there. (Tokens that make a call idempotent are filled in.)"""
    shape = operation_model.input_shape
    if shape is None:
        return []
    tokens = set(shape.metadata.get("idempotencyToken", ())) | {
        name for name, member in shape.members.items() if member.metadata.get("idempotencyToken")
    }
    return [member_name(name) for name in shape.required_members if name not in tokens]


def judge_call(service: str, action: str, given: Any) -> Iterator[tuple[str, str, str | None]]:
    """(code, message, help) for what AWS does not have, and for what it requires and is not there."""
    if "${" in service or "${" in action or not known_services():
        return
    model = service_model(service)
    if model is None:
        near = did_you_mean(service, known_services())
        yield "PS730", f"there is no AWS service {service!r}", f"did you mean {near}?" if near else None
        return
    if service not in known_services():
        yield "PS730", f"Step Functions calls the service {java_service(service)!r}, not {service!r}", None
        return
    called = operation(model, action)
    if called is None or not action[:1].islower():
        names = [name[:1].lower() + name[1:] for name in model.operation_names]
        near = did_you_mean(action, names)
        yield "PS730", f"{service} has no action {action!r}", f"did you mean {near}?" if near else None
        return
    if not isinstance(given, dict):
        return
    known = parameters(called)
    names_given = {name.removesuffix(".$") for name in given}
    for name in names_given:
        if name not in known:
            near = did_you_mean(name, known)
            help_ = f"did you mean {near}?" if near else f"it has {', '.join(sorted(known)) or 'none'}"
            yield "PS730", f"{service}:{action} has no parameter {name!r}", help_
    for name in required(called):
        if name not in names_given:
            yield "PS731", f"{service}:{action} needs the parameter {name!r}", "add it to `parameters`"
