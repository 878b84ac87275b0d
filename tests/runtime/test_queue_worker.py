"""The queue worker against a small queue in memory."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest

from penstock.runtime import TaskContext, TaskWorker
from penstock.runtime.aws import Aws
from penstock.runtime.queue_worker import QueueWorker


class TaskTimedOut(Exception):
    pass


class Queue:
    """SQS and Step Functions as far as the worker sees them."""

    def __init__(self, *bodies: Any) -> None:
        self.messages = [
            {
                "MessageId": str(n),
                "ReceiptHandle": f"handle-{n}",
                "Body": body if isinstance(body, str) else json.dumps(body),
                "MessageAttributes": {"SFN_EXECUTION_NAME": {"DataType": "String", "StringValue": "run"}},
            }
            for n, body in enumerate(bodies)
        ]
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.failures: dict[str, list[Exception]] = {}
        self._lock = threading.Lock()

    def receive_message(self, *, MaxNumberOfMessages: int, **arguments: Any) -> dict[str, Any]:
        self._note("receive_message", {})
        with self._lock:
            taken, self.messages = self.messages[:MaxNumberOfMessages], self.messages[MaxNumberOfMessages:]
        if taken:
            return {"Messages": taken}
        time.sleep(0.01)
        return {}

    def __getattr__(self, operation: str) -> Any:
        return lambda **arguments: self._note(operation, arguments)

    def _note(self, operation: str, arguments: dict[str, Any]) -> None:
        if self.failures.get(operation):
            raise self.failures[operation].pop(0)
        with self._lock:
            self.calls.append((operation, arguments))

    def named(self, operation: str) -> list[dict[str, Any]]:
        return [arguments for name, arguments in self.calls if name == operation]


class Worker(TaskWorker):
    def __init__(self) -> None:
        self.life: list[str] = []
        self.now = self.most = 0

    async def on_startup(self) -> None:
        await super().on_startup()
        self.life.append("startup")

    async def on_cleanup(self) -> None:
        await super().on_cleanup()
        self.life.append("cleanup")

    async def run(self, event: Any, context: TaskContext) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(event.get("seconds", 0))
            if "raise" in event:
                raise ValueError(event["raise"])
            return {"event": event, "execution": context.execution_name}
        finally:
            self.now -= 1


def serve(queue: Queue, *, until: int, worker: TaskWorker | None = None, **options: Any) -> None:
    """Runs a worker until `until` messages are deleted."""

    async def main() -> None:
        service = QueueWorker(
            worker or Worker(),
            queue_url="url",
            aws=Aws(client=lambda name: queue, environment={"AWS_REGION": "eu-west-1"}),
            pause_after_failure=0.01,
            **options,
        )
        serving = asyncio.create_task(service.serve())
        deadline = time.monotonic() + 10
        while len(queue.named("delete_message")) < until:
            assert not serving.done(), serving.result()
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)
        service.stop()
        await serving

    asyncio.run(main())


def message(token: str, **event: Any) -> dict[str, Any]:
    return {"Input": event, "TaskToken": token}


def test_tokens_are_answered_and_messages_deleted() -> None:
    queue, worker = Queue(message("t0", n=1), message("t1", **{"raise": "no"})), Worker()
    serve(queue, until=2, worker=worker)
    (success,) = queue.named("send_task_success")
    assert success["taskToken"] == "t0"
    assert json.loads(success["output"]) == {"event": {"n": 1}, "execution": "run"}
    (failure,) = queue.named("send_task_failure")
    assert (failure["taskToken"], failure["error"]) == ("t1", "ValueError")
    cause = json.loads(failure["cause"])
    assert cause["errorMessage"] == "no"
    assert "in run\n    raise ValueError" in cause["stackTrace"][-1]
    assert [call["ReceiptHandle"] for call in queue.named("delete_message")] == ["handle-0", "handle-1"]
    assert worker.life == ["startup", "cleanup"]


@pytest.mark.parametrize("concurrency", [1, 3])
def test_concurrency(concurrency: int) -> None:
    queue, worker = Queue(*(message(str(n), seconds=0.02) for n in range(9))), Worker()
    serve(queue, until=9, worker=worker, concurrency=concurrency)
    assert worker.most == concurrency


def test_a_heartbeat_doubles_the_visibility() -> None:
    queue = Queue(message("t", seconds=1.3))
    serve(queue, until=1, heartbeat_interval=0.5)
    beats = queue.named("change_message_visibility")
    assert len(beats) == 2
    assert beats[0] == {"QueueUrl": "url", "ReceiptHandle": "handle-0", "VisibilityTimeout": 1}
    assert queue.named("send_task_heartbeat") == [{"taskToken": "t"}] * 2


def test_a_worker_outlives_a_failing_poll_and_a_message_of_others() -> None:
    queue = Queue("not json", {"Input": 1}, message("t"))
    queue.failures["receive_message"] = [OSError("network")]
    serve(queue, until=1)
    assert len(queue.named("delete_message")) == 1  # what is not ours stays for the queue's redrive policy


def test_a_token_nobody_waits_for() -> None:
    queue = Queue(message("late"), message("good"))
    queue.failures["send_task_success"] = [TaskTimedOut("gone")]
    serve(queue, until=2)
    assert [call["taskToken"] for call in queue.named("send_task_success")] == ["good"]


def test_a_message_whose_answer_does_not_arrive_stays() -> None:
    queue = Queue(message("lost"), message("good"))
    queue.failures["send_task_success"] = [OSError("network")]
    serve(queue, until=1)
    assert [call["ReceiptHandle"] for call in queue.named("delete_message")] == ["handle-1"]


def test_concurrency_is_checked() -> None:
    with pytest.raises(ValueError, match="from 1 to 100"):
        QueueWorker(Worker(), queue_url="url", concurrency=101)
