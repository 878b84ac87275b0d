"""The compiled project as deployment sees it."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest
from tests.script.scripts import compiled, document

from penstock import script
from penstock.script import Project, Schedule, compile_project
from penstock.script.lower.services import substitutions

SOURCE = '''
"""A project."""
import logging
from typing import TYPE_CHECKING

from penstock.script import Task, schedule

if TYPE_CHECKING:
    from typing import Any

LIMIT: int = 5 * 2
logger = logging.getLogger()


class Fetch(Task):
    """Fetches."""

    timeout = LIMIT * 6
    memory = 512

    async def run(event, context):
        # A comment that must survive.
        import math
        from uuid import uuid4

        import requests.adapters as adapters
        from .near import thing

        return {"x": math.pi}


class Worker(Task):
    service = "ecs:worker"
    spec = "pkg.worker:Worker"
    concurrency = 10
    heartbeat_interval = 60
    autoscaling_min = 0
    autoscaling_max = 4


class Tags(EventProcessor):
    async def get_custom_tags_ExecutionStarted(message: dict, input_data, state_data_client) -> dict:
        import boto3

        return {}


@schedule(expression="cron(0 12 * * ? *)", input_data={"limit": LIMIT})
@subscribe(project="other", status="failure")
@subscribe(topic_arn_import_value="${Environment}-topic")
@process_events(processor=Tags)
def main(data):
    """Does it all."""
    data["child"] = child.start(data["x"], timeout=60, key="the child")
    child(data)
    map(data["items"], each)
    parallel(branch, Fetch)


@export()
def child(data):
    Fetch()


def each(data):
    Worker()


def branch(data):
    inner(data)


def inner(data):
    pass


if __name__ == "__main__":
    print(main({}))
'''


@pytest.fixture(scope="module")
def project() -> Project:
    return compiled(SOURCE, tasks=False)


def test_tasks(project: Project) -> None:
    fetch, worker = project.tasks["Fetch"], project.tasks["Worker"]
    assert (fetch.service, fetch.timeout, fetch.memory, fetch.cpu, fetch.concurrency) == ("lambda", 60, 512, 1024, 1)
    assert (fetch.autoscaling_min, fetch.autoscaling_max, fetch.heartbeat_interval, fetch.spec) == (1, 1, None, None)
    assert fetch.doc == "Fetches."
    assert (worker.service, worker.spec, worker.concurrency) == ("ecs:worker", "pkg.worker:Worker", 10)
    assert (worker.autoscaling_min, worker.autoscaling_max, worker.heartbeat_interval) == (0, 4, 60)
    assert worker.run is None
    assert worker.substitutions == substitutions(worker) == ("QueueUrlWorker",)


def test_the_code_of_a_task_is_the_user_s_own_text(project: Project) -> None:
    run = project.tasks["Fetch"].run
    assert run is not None
    assert run.source.startswith("async def run(event, context):\n    # A comment that must survive.\n")
    assert run.source.endswith('return {"x": math.pi}\n')
    assert run.arguments == ("event", "context")
    assert run.dependencies == ("math", "requests", "uuid")
    assert isinstance(ast.parse(run.source).body[0], ast.AsyncFunctionDef)
    assert SOURCE.split("\n")[run.span.line - 1].strip() == "async def run(event, context):"


def test_machines_and_triggers(project: Project) -> None:
    main, child = project.machines["main"], project.machines["child"]
    assert project.default_machine == "main"
    assert list(project.machines) == ["main", "child", "each", "branch", "inner"]
    assert project.exports == ("main", "child")
    assert isinstance(main.schedule, Schedule)
    assert (main.schedule.expression, main.schedule.input_data) == ("cron(0 12 * * ? *)", {"limit": 10})
    assert [(s.project, s.topic_arn_import_value, s.state_machine, s.status) for s in main.subscriptions] == [
        ("other", None, "main", "failure"),
        (None, "${Environment}-topic", "main", "success"),
    ]
    assert main.event_processor == "Tags"
    assert list(project.event_processors["Tags"].methods) == ["ExecutionStarted"]
    assert main.exported
    assert child.exported
    assert child.used_as == {"started"}
    assert [m.is_first_class for m in project.machines.values()] == [True, True, False, False, False]
    assert main.tasks == ("Worker", "Fetch")
    assert main.starts == ("child",)
    assert main.doc == "Does it all."
    assert project.constants == {"LIMIT": 10}
    assert project.dependencies == ("boto3", "math", "requests", "uuid")
    assert set(main.substitutions) == {"StateMachinechild", "QueueUrlWorker", "LambdaFunctionFetch"}


def test_an_exported_machine_is_started_with_its_own_input(project: Project) -> None:
    states = document(SOURCE, tasks=False)["States"]
    assert states["the child"]["Resource"] == "arn:aws:states:::states:startExecution.sync:2"
    assert states["the child"]["Parameters"] == {"StateMachineArn": "${StateMachinechild}", "Input.$": "$['x']"}
    assert states["the child"]["TimeoutSeconds"] == 60
    assert states["the child"]["ResultSelector"] == {"value.$": "$.Output"}
    assert states["child"]["Parameters"]["Input.$"] == "$"


def test_every_state_knows_its_line(project: Project) -> None:
    for machine in project.machines.values():
        for inner, state in machine.definition.walk():
            assert inner.span is not None
            assert state.span is not None
            assert SOURCE.split("\n")[state.span.line - 1].strip()


def test_compiling_is_deterministic(project: Project) -> None:
    assert document(SOURCE, tasks=False) == document(SOURCE, tasks=False)


def test_names_survive_unrelated_edits() -> None:
    before = document(
        'def main(data):\n    if data["a"] == 1:\n        Foo()\n    data["b"] = 2\n    wait(seconds=3)\n'
    )
    after = document(
        'def main(data):\n\n    # A note.\n    if data["a"] == 1:\n        Foo()\n    Bar()\n    data["b"] = 2\n    wait(seconds=3)\n'
    )
    assert set(before["States"]) == {"if a == 1", "Foo", "data.b = …", "wait 3 s"}
    assert set(after["States"]) - set(before["States"]) == {"Bar"}


def test_names_are_short_unique_and_plain() -> None:
    long = "x" * 200
    body = (
        "".join(f'    data["{long}"] = {i}\n' for i in range(12))
        + f'    if data["{long}"] == "<*?{{}}[]\\"#%^|~`$&,;:/>":\n        pass\n'
    )
    names = list(document(f"def main(data):\n{body}")["States"])
    assert len(set(names)) == 14
    assert all(0 < len(name) <= 80 and name.isprintable() for name in names)
    assert not any(char in name for name in names for char in '{}[]*?"#%\\^|~`$&,;:/')


def test_a_key_wins_over_a_generated_name() -> None:
    states = document('def main(data):\n    Foo()\n    Bar(key="Foo")\n')["States"]
    assert states["Foo"]["Resource"] == "${LambdaFunctionBar}"
    assert states["Foo (2)"]["Resource"] == "${LambdaFunctionFoo}"


def test_services() -> None:
    source = """
class Build(Task):
    service = "codebuild"
    build_spec = {"version": 0.2}

class Job(Task):
    service = "batch"

class Big(Task):
    service = "ecs"

def main(data):
    Build(env={"A": "a", "B": data["b"], "C": f"{data['b']}!"}, build_arg_vars={"X": "1"})
    data["job"] = Job(data["b"])
    Big({"k": 1})
"""
    states = document(source)["States"]
    assert states["Build"]["Parameters"]["EnvironmentVariablesOverride"] == [
        {"Name": "A", "Value": "a"},
        {"Name": "B", "Value.$": "$['b']"},
        {"Name": "C", "Value.$": "States.Format('{}!', $['b'])"},
        {"Name": "BUILD_ARG_VARS", "Value": '{"X": "1"}'},
    ]
    assert states["Job"]["Resource"] == "arn:aws:states:::batch:submitJob.sync"
    assert states["Job"]["Parameters"]["ContainerOverrides"]["Environment"][-1] == {
        "Name": "SFN_INPUT_VALUE",
        "Value.$": "$['b']",
    }
    container = states["Big"]["Parameters"]["Overrides"]["ContainerOverrides"][0]
    assert container["Environment"][-1] == {"Name": "SFN_INPUT_VALUE", "Value": '{"k": 1}'}
    assert "Retry" not in states["Big"]


def test_timeouts() -> None:
    source = """
class Slow(Task):
    timeout = 900

def main(data):
    Slow()
    Slow(timeout=60)
    Slow(timeout=data["t"])
    Foo()
    with timeout(seconds=10):
        Slow()
    with timeout(20):
        Slow(timeout=5)
    with retry(max_attempts=9, max_delay=60, jitter=True), timeout(seconds=7):
        Slow()
"""
    states = document(source)["States"]
    limits = [(s.get("TimeoutSeconds"), s.get("TimeoutSecondsPath")) for s in states.values()]
    assert limits == [(900, None), (60, None), (None, "$['t']"), (300, None), (10, None), (5, None), (7, None)]
    assert states["Slow (6)"]["Retry"][1] == {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 1,
        "MaxAttempts": 9,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    }


def test_definitions_in_any_order() -> None:
    compiled(
        "def main(data):\n    data['x'] = Late(LIMIT)\n    helper(data)\n\ndef helper(data):\n    pass\n\nLIMIT = 3\n\nclass Late(Task):\n    pass\n"
    )


def test_broken_projects_are_objects_too() -> None:
    for text in ("", "def main(", b"\xff", "def main(data):\n    Unknown()\n    x = y\n"):
        project = compile_project(text)
        assert not project.ok
        assert isinstance(project.dependencies, tuple)
        assert list(project.tasks) == []
        assert all(machine.definition.states for machine in project.machines.values())


def test_the_objects_are_frozen(project: Project) -> None:
    with pytest.raises(FrozenInstanceError):
        project.tasks["Fetch"].timeout = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        project.tasks["Other"] = project.tasks["Fetch"]  # type: ignore[index]


def test_the_words_of_the_language_can_be_imported() -> None:
    assert {"Task", "retry", "parallel", "map", "wait", "timeout", "States", "context", "schedule", "export"} <= set(
        script.__all__
    )
    with pytest.raises(NotImplementedError, match="penstock run"):
        script.wait(seconds=1)
    with pytest.raises(NotImplementedError, match="Step"):
        type("Step", (script.Task,), {})()

    @script.export()
    @script.schedule(expression="rate(1 hour)")
    def machine(data: object) -> None:
        del data

    assert machine.__name__ == "machine"


def test_importing_the_words_is_cheap() -> None:
    code = "import sys, penstock.script; print(*sorted(m for m in sys.modules if m.split('.')[0] in ('boto3', 'rich', 'ruamel', 'click')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
