"""The recorded API calls go to a real `penstock server` with a database, through boto3: one process for all cases."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.conformance.running import ACCOUNT
from tests.server.asking import client_of
from tests.server.process import started

Caller = Callable[[str, dict[str, Any]], dict[str, Any]]
"""boto3's method name and its parameters → the answer; raises what has `.response`, as botocore's ClientError."""

ROOT = Path(__file__).resolve().parents[2]

OBJECTS = {"bucket_name": {"file.csv": "Value,Order\nval1,1\nval2,2\n"}}
"""Of the one case that reads items; its counters say that there were two."""

_BEFORE = "from tests.conformance.served import add_silence; add_silence()"


class Silent:
    """A queue that nobody reads: the recorder's Lambda that would have answered was slower than its calls."""

    def handles(self, resource: str) -> bool:
        return resource.startswith("arn:aws:states:::sqs:")

    def start(self, request: Any, report: Any) -> Callable[[], None]:
        return lambda: None

    def close(self) -> None: ...


def add_silence() -> None:
    """In the server's process, before it starts: the queue is there too."""
    import penstock.client

    make = penstock.client.service_handlers
    penstock.client.service_handlers = lambda *args, **options: [Silent(), *make(*args, **options)]  # type: ignore[assignment]


@cache
def _client() -> Any:
    stack = ExitStack()
    atexit.register(stack.close)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    for bucket, objects in OBJECTS.items():
        for key, text in objects.items():
            file = folder / "objects" / bucket / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    settings = f'[aws]\naccount = "{ACCOUNT}"\nobjects = "objects"\n'
    (folder / "penstock.toml").write_text(settings, encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    server = stack.enter_context(
        started(folder, "--db", str(folder / "api.db"), before=_BEFORE, env={"PYTHONPATH": path})
    )
    return client_of(server.url)


@contextmanager
def served() -> Iterator[Caller]:
    """The calls of one case, on a service that has nothing of the cases before."""
    client = _client()
    for machine in client.list_state_machines()["stateMachines"]:
        client.delete_state_machine(stateMachineArn=machine["stateMachineArn"])
    for activity in client.list_activities()["activities"]:
        client.delete_activity(activityArn=activity["activityArn"])

    def call(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(client, name)(**parameters)
        return answer

    yield call
