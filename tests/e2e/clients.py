"""Clients that AWS's users have, behind one way of calling: `client("start_execution", stateMachineArn=…)`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol


class Refused(Exception):
    """The service said no. `code` is its error's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Client(Protocol):
    def __call__(self, operation: str, /, **parameters: Any) -> dict[str, Any]: ...


class Boto3:
    """boto3, set up by nothing but the environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        import boto3
        from botocore.config import Config

        before = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        try:
            self._client = boto3.Session().client("stepfunctions", config=Config(retries={"total_max_attempts": 1}))
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def __call__(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**parameters)
        except ClientError as error:
            raise Refused(error.response["Error"]["Code"], error.response["Error"]["Message"]) from None
        return answer


class Cli:
    """`aws stepfunctions …`, a process a call; answers are its JSON."""

    COMMAND = Path(sys.executable).with_name("aws")

    def __init__(self, environment: Mapping[str, str], home: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._environment = {**kept, **environment, "HOME": str(home), "AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1"}

    def __call__(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        words = [str(self.COMMAND), "stepfunctions", operation.replace("_", "-")]  # JSON is what it writes by default
        for name, value in parameters.items():
            option = "--" + re.sub(r"([A-Z])", r"-\1", name).lower()
            if option == "--output":
                option = "--task-output"  # --output is the CLI's own
            if value is True:
                words.append(option)
            elif value is False:
                words.append(option.replace("--", "--no-", 1))
            else:
                words += [option, json.dumps(value) if isinstance(value, dict | list) else str(value)]
        done = subprocess.run(
            words, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            found = re.search(r"An error occurred \((\w+)\) when calling the \w+ operation: (.*)", done.stderr)
            assert found is not None, done.stderr
            raise Refused(found[1], found[2])
        answer: dict[str, Any] = json.loads(done.stdout or "{}")
        return answer


def until(what: Callable[[], Any], *, within: float = 30) -> Any:
    """What `what` gives, once it gives something."""
    end = time.monotonic() + within
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


def ended(client: Client, arn: str) -> dict[str, Any]:
    """DescribeExecution's answer once the execution has ended."""

    def describe() -> dict[str, Any] | None:
        answer = client("describe_execution", executionArn=arn)
        return None if answer["status"] == "RUNNING" else answer

    found: dict[str, Any] = until(describe)
    return found


class Background(threading.Thread):
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self._answer: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._answer = self._call()
        except BaseException as error:
            self._error = error

    def answer(self) -> Any:
        self.join(60)
        assert not self.is_alive()
        if self._error is not None:
            raise self._error
        return self._answer
