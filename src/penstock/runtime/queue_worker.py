"""The service of an `ecs:worker` task: takes messages from its queue and answers their task tokens.

A message's body is `{"Input": …, "TaskToken": …}`. While a message is worked on, a heartbeat every `heartbeat_interval`
seconds makes it stay invisible for twice that long and tells Step Functions that the task is alive. A message is deleted
once its token is answered, with success or failure; if this process dies first, it becomes visible and is taken again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from penstock.runtime._faults import error_name, message_of, stack_of
from penstock.runtime._waiting import pause
from penstock.runtime.aws import Aws
from penstock.runtime.bases import TaskWorker
from penstock.runtime.context import Metadata, TaskContext
from penstock.runtime.entry import NAME_VARIABLE, load

logger = logging.getLogger("penstock.runtime")

LONGEST_POLL = 20
"""Seconds a ReceiveMessage waits for a message (SQS API reference: WaitTimeSeconds)."""

MOST_MESSAGES = 10
"""Messages one ReceiveMessage gives at most (SQS API reference: MaxNumberOfMessages)."""


class QueueWorker:
    """Polls a queue and runs `worker` for up to `concurrency` messages at once, until `stop` is called."""

    def __init__(
        self,
        worker: TaskWorker,
        *,
        queue_url: str,
        aws: Aws | None = None,
        concurrency: int = 1,
        heartbeat_interval: float | None = None,
        task_name: str = "",
        poll_seconds: int = LONGEST_POLL,
        pause_after_failure: float = 5.0,
    ) -> None:
        if not 1 <= concurrency <= 100:
            raise ValueError(f"concurrency must be from 1 to 100, not {concurrency}")
        self._worker = worker
        self._queue_url = queue_url
        self._aws = aws or Aws()
        self._concurrency = concurrency
        self._interval = heartbeat_interval
        self._task_name = task_name
        self._poll_seconds = poll_seconds
        self._pause = pause_after_failure
        self._stopping = asyncio.Event()
        self._executor = ThreadPoolExecutor(max_workers=concurrency + 1, thread_name_prefix="aws")

    def stop(self) -> None:
        """Takes no more messages; those in hand are finished."""
        self._stopping.set()

    async def serve(self) -> None:
        """Works until `stop`; then waits for the messages in hand, and cleans up."""
        await self._worker.on_startup()
        running: set[asyncio.Task[None]] = set()
        try:
            while not self._stopping.is_set():
                free = self._concurrency - len(running)
                if free == 0:
                    _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    continue
                for message in await self._receive(min(free, MOST_MESSAGES)):
                    running.add(asyncio.create_task(self._handle(message)))
                running = {task for task in running if not task.done()}
            if running:
                await asyncio.wait(running)
        finally:
            await self._worker.on_cleanup()
            self._executor.shutdown(wait=False, cancel_futures=True)

    async def _receive(self, most: int) -> list[dict[str, Any]]:
        receiving = asyncio.ensure_future(
            self._call(
                "sqs",
                "receive_message",
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=self._poll_seconds,
                MessageAttributeNames=["All"],
            )
        )
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({receiving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        try:
            # A poll under way when the worker stops may still bring messages; left alone, they would be lost to others
            # until their visibility timeout.
            messages: list[dict[str, Any]] = (await receiving).get("Messages", [])
        except Exception:
            # The network, a throttle, a role that is not there yet: a worker outlives all of these.
            logger.exception("The queue %s cannot be polled.", self._queue_url)
            await pause(self._pause)
            return []
        return messages

    async def _handle(self, message: Mapping[str, Any]) -> None:
        try:
            body = json.loads(message["Body"])
            token, event = body["TaskToken"], body.get("Input")
        except (ValueError, KeyError, TypeError, AttributeError):
            # Not ours; the queue's redrive policy decides what becomes of it.
            logger.error("Message %s is not a task: it has no TaskToken.", message.get("MessageId"))
            return
        attributes = {
            name: value.get("StringValue", "") for name, value in (message.get("MessageAttributes") or {}).items()
        }
        context = self._aws.context(Metadata.from_meta(attributes), task_name=self._task_name)
        beating = asyncio.create_task(self._beat(message, token)) if self._interval else None
        try:
            answer = await self._run(event, context)
        finally:
            if beating is not None:
                beating.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await beating
        try:
            await self._call("stepfunctions", answer[0], taskToken=token, **answer[1])
        except Exception as error:
            # A token that timed out or was answered by another worker: nobody waits for this message any more.
            if type(error).__name__ not in ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken"):
                logger.exception("The outcome of message %s cannot be told.", message.get("MessageId"))
                return
            logger.warning("Nobody waits for message %s any more: %s", message.get("MessageId"), error)
        await self._call("sqs", "delete_message", QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])

    async def _run(self, event: Any, context: TaskContext) -> tuple[str, dict[str, str]]:
        """The operation that answers the token, and its arguments."""
        try:
            output = json.dumps(await self._worker.run(event, context), ensure_ascii=False, allow_nan=False)
        except Exception as error:
            logger.exception("The task failed.")
            fault = {"errorMessage": message_of(error), "errorType": error_name(error), "stackTrace": stack_of(error)}
            cause = json.dumps(fault, ensure_ascii=False)
            return "send_task_failure", {"error": error_name(error)[:256], "cause": cause[:32_768]}
        return "send_task_success", {"output": output}

    async def _beat(self, message: Mapping[str, Any], token: str) -> None:
        assert self._interval is not None
        while True:
            await pause(self._interval)
            try:
                await self._call(
                    "sqs",
                    "change_message_visibility",
                    QueueUrl=self._queue_url,
                    ReceiptHandle=message["ReceiptHandle"],
                    VisibilityTimeout=round(self._interval * 2),
                )
                await self._call("stepfunctions", "send_task_heartbeat", taskToken=token)
            except Exception:
                # One missed beat is what the doubled timeout is for.
                logger.exception("No heartbeat for message %s.", message.get("MessageId"))

    async def _call(self, service: str, operation: str, **arguments: Any) -> Any:
        client = self._aws.client(service)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: getattr(client, operation)(**arguments))


def main(environment: Mapping[str, str] | None = None) -> int:
    """The container's command. PENSTOCK_WORKER is `package.module:Class`, QUEUE_URL the queue; CONCURRENCY and
    HEARTBEAT_INTERVAL are the task's."""
    environment = os.environ if environment is None else environment
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="[%(levelname)s] %(message)s")
    cls = load("PENSTOCK_WORKER", None)
    interval = environment.get("HEARTBEAT_INTERVAL")

    async def serve() -> None:
        worker = QueueWorker(
            cls(),
            queue_url=environment["QUEUE_URL"],
            concurrency=int(environment.get("CONCURRENCY", "1")),
            heartbeat_interval=float(interval) if interval else None,
            task_name=environment.get(NAME_VARIABLE, ""),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, worker.stop)
        await worker.serve()

    asyncio.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
