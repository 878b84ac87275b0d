"""The tables of integrations and jobs against botocore's models: every name in them is one of the service's."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from penstock.asl.aws_names import capitalised
from penstock.asl.check.resources import _INTEGRATIONS as CHECKED
from penstock.engine.tasks.aws.jobs import JOBS, Job
from penstock.engine.tasks.aws.optimised import INTEGRATIONS

loaders = pytest.importorskip("botocore.loaders")
model = pytest.importorskip("botocore.model")

ELSEWHERE = {"apigateway:invoke", "eks:call", "eks:runJob", "http:invoke", "lambda:invoke", "states:startExecution"}


@cache
def service(name: str) -> Any:
    return model.ServiceModel(loaders.Loader().load_service_model(name, "service-2"), name)


def operation(key: str, name: str) -> Any:
    return service(INTEGRATIONS[key].service).operation_model(capitalised(name))


class Anything(dict[Any, Any]):
    """An answer, or parameters, with whatever is looked for."""

    def __missing__(self, key: Any) -> Anything:
        return Anything()


def check_request(request: dict[str, Any], shape: Any) -> None:
    assert set(request) <= set(shape.members)
    assert set(shape.required_members) <= set(request)


@pytest.mark.parametrize("key", INTEGRATIONS)
def test_the_operation_exists(key: str) -> None:
    assert operation(key, INTEGRATIONS[key].operation).name


@pytest.mark.parametrize("key", JOBS)
def test_the_job_can_be_asked_after_and_stopped(key: str) -> None:
    job: Job = JOBS[key]
    describe = operation(key, job.describe)
    check_request(job.ask(Anything(), Anything()), describe.input_shape)
    shape = describe.output_shape
    for step in job.path:
        shape = shape.member if isinstance(step, int) else shape.members[step]
    for name in job.status:
        shape = shape.members[name]
    states = set(shape.enum or ())
    assert not states or job.succeeded | job.failed <= states
    if job.stop is not None:
        action, ask = job.stop
        check_request(ask(Anything(), Anything()), operation(key, action).input_shape)


def test_every_integration_that_a_definition_may_name_is_carried_out() -> None:
    named = {f"{name}:{action}" for name, each in CHECKED.items() for action in each.actions}
    assert named - set(INTEGRATIONS) == ELSEWHERE
    assert set(INTEGRATIONS) <= named


def test_every_job_belongs_to_an_integration() -> None:
    assert {key for key, each in INTEGRATIONS.items() if each.job is not None} == set(JOBS)
