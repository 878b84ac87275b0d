"""Tasks in worker processes that stand in for containers, jobs, queue workers and builds."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.engine.tasks.helpers import Attempt, fault_of, outcome, request
from tests.engine.tasks.script_tasks import SCRIPT, Logged, tasks

from penstock.engine.tasks.handler import Failed, Heartbeat, Submitted, Succeeded
from penstock.engine.tasks.workers import BATCH, CODEBUILD, ECS, QUEUE, WorkerHandler, WorkerTask

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="workers are forked")


@pytest.fixture
def log() -> Logged:
    return Logged()


def container(name: str, *environment: dict[str, Any]) -> Any:
    return {
        "LaunchType": "FARGATE",
        "Cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/local",
        "TaskDefinition": f"arn:aws:ecs:us-east-1:123456789012:task-definition/{name}",
        "Overrides": {"ContainerOverrides": [{"Name": name, "Environment": list(environment)}]},
    }


def test_containers(log: Logged) -> None:
    handler = WorkerHandler.for_tasks(tasks(service="ecs"), log=log)
    state = {"Name": "SFN_STATE_NAME", "Value": "S"}
    attempt = Attempt(handler, request(ECS, container("Environment", state)))
    ended = attempt.end()
    submitted = attempt.reports[0]
    assert isinstance(submitted, Submitted)
    assert isinstance(ended, Succeeded)
    started: Any = submitted.output
    stopped: Any = ended.output
    assert started["Tasks"][0]["TaskArn"] == stopped["TaskArn"]
    assert (stopped["LastStatus"], stopped["Containers"][0]["ExitCode"]) == ("STOPPED", 0)
    # Each run is a process of its own, as each task of ECS is.
    input_value = {"Name": "SFN_INPUT_VALUE", "Value": '{"n": 1}'}
    failed = Attempt(handler, request(ECS, container("HardExits", {"Name": "SFN_INPUT_VALUE", "Value": "4"}))).end()
    assert isinstance(failed, Failed)
    assert failed.error == "States.TaskFailed"
    assert json.loads(failed.cause or "")["Containers"][0]["ExitCode"] == 4
    raised = outcome(handler, request(ECS, container("Raises", input_value)))
    assert isinstance(raised, Failed)
    assert "KeyError" in json.loads(raised.cause or "")["Containers"][0]["Reason"]
    assert not handler.answers(request(ECS, container("Nobody")))
    handler.close()


def test_batch_jobs(log: Logged) -> None:
    handler = WorkerHandler.for_tasks(tasks(service="batch"), log=log)

    def job(name: str, value: str) -> Any:
        return {
            "JobName": name,
            "JobDefinition": f"arn:aws:batch:us-east-1:123456789012:job-definition/{name}:1",
            "JobQueue": "arn:aws:batch:us-east-1:123456789012:job-queue/local",
            "ContainerOverrides": {"Environment": [{"Name": "SFN_INPUT_VALUE", "Value": value}]},
        }

    done: Any = outcome(handler, request(BATCH, job("Echo", "1")))
    assert (done.output["Status"], done.output["Container"]["ExitCode"]) == ("SUCCEEDED", 0)
    failed = outcome(handler, request(BATCH, job("Exits", "4")))
    assert isinstance(failed, Failed)
    assert failed.error == "States.TaskFailed"
    assert json.loads(failed.cause or "")["Container"]["ExitCode"] == 4
    handler.close()


def message(name: str, value: Any) -> Any:
    return {
        "QueueUrl": f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}",
        "MessageAttributes": {"TRACE_ID": {"DataType": "String", "StringValue": "t-1"}},
        "MessageBody": {"Input": value, "TaskToken": "token"},
    }


def test_queue_workers(tmp_path: Path, log: Logged) -> None:
    (tmp_path / "items.py").write_text(
        textwrap.dedent(
            """
            import asyncio, os
            from penstock.runtime import TaskWorker

            class Worker(TaskWorker):
                async def on_startup(self):
                    await super().on_startup()
                    self.started = "started"
                async def on_cleanup(self):
                    print("cleaned up")
                async def run(self, event, context):
                    if event == "fail":
                        raise ValueError("no")
                    await asyncio.sleep(event)
                    return [self.started, context.trace_id, os.getpid()]
            """
        )
    )
    names = {
        "W": WorkerTask(
            name="W", service="ecs:worker", spec="items:Worker", search_path=[str(tmp_path)], heartbeat_interval=0.05
        ),
        "N": WorkerTask(name="N", service="ecs:worker"),
        "G": WorkerTask(name="G", service="ecs:worker", spec="nowhere:Worker"),
    }
    handler = WorkerHandler.for_tasks(names, log=log)
    first = Attempt(handler, request(QUEUE, message("W", 0.3), token="token"))
    second = Attempt(handler, request(QUEUE, message("W", 0), token="token"))
    ended = first.end()
    assert isinstance(first.reports[0], Submitted)
    assert first.reports.count(Heartbeat()) >= 2
    assert isinstance(ended, Succeeded)
    assert ended.output[:2] == ["started", "t-1"]  # type: ignore[index]
    assert second.end() == ended  # concurrency 1: the same process, one after the other
    failed = outcome(handler, request(QUEUE, message("W", "fail")))
    assert (failed.error, fault_of(failed)["errorMessage"]) == ("ValueError", "no")  # type: ignore[union-attr]
    no_spec = outcome(handler, request(QUEUE, message("N", 1)))
    assert isinstance(no_spec, Failed)
    assert "The task N has no spec" in (no_spec.cause or "")
    assert fault_of(outcome(handler, request(QUEUE, message("G", 1))))["errorType"] == "Runtime.ImportModuleError"
    handler.close()
    assert "cleaned up" in log.text


def test_builds(log: Logged) -> None:
    handler = WorkerHandler.for_tasks(
        {
            "Prints": WorkerTask(name="Prints", service="codebuild", text=SCRIPT),
            "NoRun": WorkerTask(name="NoRun", service="codebuild", text=SCRIPT, has_run=False),
        },
        log=log,
    )
    built: Any = outcome(handler, request(CODEBUILD, {"ProjectName": "Prints", "SourceVersion": "main"}))
    assert built.output["Build"]["BuildStatus"] == "SUCCEEDED"
    refused = outcome(handler, request(CODEBUILD, {"ProjectName": "NoRun"}))
    assert isinstance(refused, Failed)
    assert "NoRun (codebuild) has no run method" in (refused.cause or "")
    handler.close()
