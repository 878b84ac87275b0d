"""Tasks for every action of every AWS service: `aws.s3.get_object("read", Bucket="orders", Key=JsonPath.string_at("$.key"))`.

The services, actions and parameters are botocore's models', read when they are used. `penstock services s3` writes the same
as a typed module for editors and type checkers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.diagnostics.words import did_you_mean
from penstock.errors import MissingRequirement
from penstock.sfn.problems import Wrong
from penstock.sfn.services import java_service, known_services, service_model
from penstock.sfn.tasks.aws_service import CallAwsService
from penstock.sfn.values import told


class Service:
    """One service: its actions are methods, in snake case."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<aws.{self._name}>"

    def __getattr__(self, action: str) -> Callable[..., CallAwsService]:
        if action.startswith("_"):
            raise AttributeError(action)
        from botocore import xform_name

        model = service_model(self._name)
        assert model is not None
        names = {xform_name(each): each for each in model.operation_names}
        if action not in names:
            near = did_you_mean(action, names)
            raise told(
                Wrong("PS730", f"{self._name} has no action {action!r}", help=f"did you mean {near}?" if near else None)
            )
        operation = names[action]
        service = java_service(self._name)

        def task(id: str, **given: Any) -> CallAwsService:  # noqa: A002
            # The API's parameters begin with a capital, a state's options do not.
            parameters = {key: value for key, value in given.items() if key[:1].isupper()}
            options: Any = {key: value for key, value in given.items() if not key[:1].isupper()}
            return CallAwsService(
                id, service=service, action=operation[:1].lower() + operation[1:], parameters=parameters, **options
            )

        task.__name__ = task.__qualname__ = action
        return task

    def __dir__(self) -> list[str]:
        from botocore import xform_name

        model = service_model(self._name)
        return [xform_name(each) for each in model.operation_names] if model is not None else []


def __getattr__(name: str) -> Service:
    if name.startswith("_"):
        raise AttributeError(name)
    known = known_services()
    if not known:
        raise MissingRequirement(
            "Tasks for any AWS service are made from botocore's models; install penstock[aws].", requirement="botocore"
        )
    for candidate in (name.replace("_", "-"), name.replace("_", ""), name):
        found = known.get(candidate) or (candidate if candidate in known.values() else None)
        if found is not None:
            return Service(found)
    near = did_you_mean(name, [each.replace("-", "_") for each in known.values()])
    raise told(Wrong("PS730", f"there is no AWS service {name!r}", help=f"did you mean aws.{near}?" if near else None))


def __dir__() -> list[str]:
    return sorted(each.replace("-", "_") for each in known_services().values())
