"""Tasks in worker processes: real ones."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.engine.tasks.helpers import FUNCTION, INVOKE, Attempt, outcome, request

from penstock.engine.tasks.handler import Failed, Heartbeat, Stopped, Submitted, Succeeded
from penstock.engine.tasks.workers import BATCH, CODEBUILD, ECS, QUEUE, WorkerHandler, WorkerTask

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="workers are forked")

SCRIPT = """
import nowhere_at_all  # never executed

LIMIT = 5
SETTINGS = {"a": [1, 2]}
COMPUTED = print("never executed")

class Echo(Task):
    async def run(event, context):
        return event

class Plain(Task):
    def run(event: Dict, context):
        return [event, LIMIT, SETTINGS]

class Waits(Task):
    async def run(event, context):
        import asyncio
        await asyncio.sleep(0.01)
        return "waited"

class Raises(Task):
    async def run(event, context):
        def inner():
            raise KeyError("gone")
        return inner()

class Named(Task):
    async def run(event, context):
        class E(Exception):
            name = "My.Error"
        raise E("x")

class TopImport(Task):
    async def run(event, context):
        return nowhere_at_all.x

class Unholdable(Task):
    async def run(event, context):
        return {1, 2}

class Exits(Task):
    async def run(event, context):
        exit(event)

class HardExits(Task):
    async def run(event, context):
        import os
        os._exit(event)

class Segfaults(Task):
    async def run(event, context):
        import ctypes
        ctypes.string_at(0)

class Hangs(Task):
    async def run(event, context):
        import os
        open(event, "w").write(str(os.getpid()))
        while True:
            pass

class HangsWithChildren(Task):
    async def run(event, context):
        import os, subprocess, time
        child = subprocess.Popen(["sleep", "600"])
        forked = os.fork()
        if forked == 0:
            time.sleep(600)
        open(event, "w").write(f"{os.getpid()} {child.pid} {forked}")
        time.sleep(600)

class Daemonises(Task):
    async def run(event, context):
        import os, subprocess, time
        time.sleep(0.1)
        child = subprocess.Popen(["sh", "-c", "sleep 600 & echo $!; exit"], stdout=subprocess.PIPE, start_new_session=True)
        orphan = int(child.stdout.readline())
        other = subprocess.Popen(["sleep", "600"], start_new_session=True)
        return [orphan, other.pid]

class Forks(Task):
    async def run(event, context):
        import os
        pid = os.fork()
        return "child" if pid == 0 else "parent"

class ClosesAll(Task):
    async def run(event, context):
        import os
        os.closerange(0, 1000)
        return 1

class ClosesStdout(Task):
    async def run(event, context):
        import os, sys
        sys.stdout.close()
        os.close(2)
        return 1

class Garbage(Task):
    async def run(event, context):
        import os
        for fd in range(200, 260):
            try:
                os.write(fd, b"\\xff" * 64)
            except OSError:
                pass
        return 1

class Floods(Task):
    async def run(event, context):
        line = "x" * 99
        for _ in range(event // 100):
            print(line)
        return "flooded"

class Big(Task):
    async def run(event, context):
        return "a" * event

class Prints(Task):
    async def run(event, context):
        import sys
        print("out")
        print("err", file=sys.stderr)
        context.logger.info("logged in %s", context.task_name)
        sys.stdout.write("no newline")

class Reads(Task):
    async def run(event, context):
        import sys
        return sys.stdin.read()

class Pid(Task):
    async def run(event, context):
        import os
        return os.getpid()

class Slow(Task):
    async def run(event, context):
        import time
        time.sleep(event)
        return "slept"

class Meets(Task):
    async def run(event, context):
        import os, pathlib, time
        place = pathlib.Path(event)
        (place / str(os.getpid())).touch()
        while len(list(place.iterdir())) < 10:
            time.sleep(0.02)
        return os.getpid()

class Burns(Task):
    async def run(event, context):
        import time
        end = time.monotonic() + event
        while time.monotonic() < end:
            pass

class Environment(Task):
    async def run(event, context):
        import os
        return [os.environ.get("COLOUR"), os.environ.get("SFN_STATE_NAME")]

class Stops(Task):
    async def run(event, context):
        if event == "plain":
            context.stop_execution("Off", "by flag")
            return 1
        return await context.stop_execution(error="Off")

class Puts(Task):
    async def run(event, context):
        return context.state_data_client.put_items("items", [{"name": "sue"}, {"name": "jae"}])

class Gets(Task):
    async def run(event, context):
        return context.state_data_client.get_item_for_map_iteration(event)

class Context(Task):
    async def run(event, context):
        return [context.execution_name, context.state_machine_name, context.trace_id, context.trace_source,
                context.function_name, 0 < context.get_remaining_time_in_millis() <= 3000]

class NoRun(Task):
    service = "codebuild"
"""

NAMES = [line.split()[1].split("(")[0] for line in SCRIPT.splitlines() if line.startswith("class ")]


class Logged:
    def __init__(self) -> None:
        self.text = ""
        self.length = 0

    def __call__(self, name: str, text: str) -> None:
        self.length += len(text)
        if self.length < 100_000:
            self.text += text


@pytest.fixture
def log() -> Logged:
    return Logged()


def tasks(**fields: Any) -> dict[str, WorkerTask]:
    return {name: WorkerTask(name=name, text=SCRIPT, file_name="project.py", **fields) for name in NAMES}


@pytest.fixture
def handler(log: Logged) -> Iterator[WorkerHandler]:
    handler = WorkerHandler.for_tasks(tasks(), log=log)
    yield handler
    pids = handler.pids()
    handler.close()
    assert [pid for pid in pids if is_alive(pid)] == []


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the second where it goes between the opening and the reading
        return False


def gone_within(pids: list[int], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(is_alive, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def read_when_there(path: Path) -> str:
    deadline = time.monotonic() + 10
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return path.read_text()


def call(handler: WorkerHandler, name: str, event: Any = None, **fields: Any) -> Any:
    return outcome(handler, request(FUNCTION + name, event, **fields))


def fault_of(report: Any) -> Any:
    assert isinstance(report, Failed)
    assert report.cause is not None
    fault = json.loads(report.cause)
    assert fault["errorType"] == report.error
    return fault


def test_run_methods(handler: WorkerHandler) -> None:
    assert call(handler, "Echo", {"é": [1, None, 2**70]}) == Succeeded({"é": [1, None, 2**70]})
    assert call(handler, "Plain", 1) == Succeeded([1, 5, {"a": [1, 2]}])
    assert call(handler, "Waits") == Succeeded("waited")
    assert "never executed" not in handler._pool._log.text  # type: ignore[attr-defined]


def test_the_envelope_is_taken_off(handler: WorkerHandler) -> None:
    meta = {"sfn_execution_name": "other", "trace_id": "t-1", "trace_source": "upstream"}
    expected = ["run", "machine", "t-1", "upstream", "Context", True]
    assert call(handler, "Context", {"meta": meta, "data": {}}, timeout=3) == Succeeded(expected)
    assert call(handler, "Echo", {"meta": meta, "data": 1}) == Succeeded(1)
    assert call(handler, "Echo", {"meta": 1, "data": 1}) == Succeeded({"meta": 1, "data": 1})


def test_invoke(handler: WorkerHandler) -> None:
    report = outcome(handler, request(INVOKE, {"FunctionName": "Echo", "Payload": {"a": 1}}))
    assert isinstance(report, Succeeded)
    output: Any = report.output
    assert output["Payload"] == {"a": 1}
    assert output["SdkHttpMetadata"]["HttpHeaders"]["Content-Length"] == "8"
    assert not handler.answers(request(INVOKE, {"FunctionName": "Nobody"}))


def test_an_exception_points_at_the_users_lines(handler: WorkerHandler) -> None:
    fault = fault_of(call(handler, "Raises"))
    lines = SCRIPT.splitlines()
    raising, calling = lines.index('            raise KeyError("gone")') + 1, lines.index("        return inner()") + 1
    assert fault["errorType"] == "KeyError"
    assert fault["errorMessage"] == "'gone'"
    assert fault["stackTrace"] == [
        f'  File "project.py", line {calling}, in run\n    return inner()\n',
        f'  File "project.py", line {raising}, in inner\n    raise KeyError("gone")\n',
    ]
    assert call(handler, "Named").error == "My.Error"


def test_a_name_of_the_module_level_is_explained(handler: WorkerHandler, log: Logged) -> None:
    assert fault_of(call(handler, "TopImport"))["errorMessage"] == "name 'nowhere_at_all' is not defined"
    assert "'nowhere_at_all' is defined at the top of the file, which is never run" in log.text


def test_what_json_cannot_hold(handler: WorkerHandler) -> None:
    fault = fault_of(call(handler, "Unholdable"))
    assert fault["errorType"] == "Runtime.MarshalError"
    assert fault["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"


@pytest.mark.parametrize(
    ("name", "event", "words"),
    [
        ("Exits", 3, "Runtime exited with error: exit status 3"),
        ("Exits", None, "Runtime exited without providing a reason"),
        ("HardExits", 0, "Runtime exited without providing a reason"),
        ("HardExits", 9, "Runtime exited with error: exit status 9"),
        ("Segfaults", None, "Runtime exited with error: signal: segmentation fault"),
        ("ClosesAll", None, "Runtime exited"),
        ("Garbage", None, "Runtime exited"),
    ],
)
def test_a_process_that_ends_is_one_clear_failure_and_another_takes_its_place(
    handler: WorkerHandler, name: str, event: Any, words: str
) -> None:
    for _ in range(2):
        fault = fault_of(call(handler, name, event))
        assert fault["errorType"] == "Runtime.ExitError"
        assert words in fault["errorMessage"]
    assert call(handler, "Echo", 1) == Succeeded(1)


def test_a_closed_stdout_hurts_nobody(handler: WorkerHandler) -> None:
    assert call(handler, "ClosesStdout") == Succeeded(1)
    assert call(handler, "ClosesStdout").error in ("ValueError", "OSError", "AttributeError")  # its own second close


def test_a_fork_answers_once(handler: WorkerHandler) -> None:
    for _ in range(3):
        assert call(handler, "Forks") == Succeeded("parent")


def test_stdin_is_empty(handler: WorkerHandler) -> None:
    assert call(handler, "Reads") == Succeeded("")


def test_cancel_kills_a_loop_that_never_ends(handler: WorkerHandler, tmp_path: Path) -> None:
    attempt = Attempt(handler, request(FUNCTION + "Hangs", str(tmp_path / "pid")))
    pid = int(read_when_there(tmp_path / "pid"))
    assert is_alive(pid)
    attempt.cancel()
    attempt.cancel()
    assert gone_within([pid])
    assert attempt.reports == []


def test_cancel_kills_what_the_task_has_started(handler: WorkerHandler, tmp_path: Path) -> None:
    attempt = Attempt(handler, request(FUNCTION + "HangsWithChildren", str(tmp_path / "pids")))
    pids = [int(pid) for pid in read_when_there(tmp_path / "pids").split()]
    assert all(map(is_alive, pids))
    attempt.cancel()
    assert gone_within(pids)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux adopts orphans")
def test_daemons_end_with_the_handler(log: Logged) -> None:
    handler = WorkerHandler.for_tasks(tasks(), log=log)
    pids: Any = call(handler, "Daemonises").output
    assert all(map(is_alive, pids))
    handler.close()
    assert gone_within(pids, 0.5)


def test_a_functions_own_timeout(log: Logged, tmp_path: Path) -> None:
    handler = WorkerHandler.for_tasks(tasks(timeout=0.1), log=log)
    fault = fault_of(call(handler, "Hangs", str(tmp_path / "pid")))
    assert fault["errorType"] == "Sandbox.Timedout"
    assert fault["errorMessage"].endswith("Error: Task timed out after 0.10 seconds")
    assert gone_within([int((tmp_path / "pid").read_text())])
    assert call(handler, "Echo", 1) == Succeeded(1)
    handler.close()


def test_a_flood_of_output_does_not_stall_others(handler: WorkerHandler, log: Logged) -> None:
    flood = Attempt(handler, request(FUNCTION + "Floods", 50_000_000))
    assert call(handler, "Echo", 1) == Succeeded(1)
    assert not flood.has_ended
    assert flood.end(60) == Succeeded("flooded")
    assert log.length == 50_000_000


def test_output_is_whole_and_comes_before_the_outcome(handler: WorkerHandler, log: Logged) -> None:
    assert call(handler, "Prints") == Succeeded(None)
    assert log.text == "out\nerr\n[INFO] logged in Prints\nno newline\n"


def test_large_results_and_lambdas_limit(handler: WorkerHandler) -> None:
    assert call(handler, "Big", 5_000_000) == Succeeded("a" * 5_000_000)
    assert call(handler, "Big", 7_000_000).error == "Function.ResponseSizeTooLarge"


def test_large_events(handler: WorkerHandler) -> None:
    event = "é" * 2_000_000
    assert call(handler, "Echo", event) == Succeeded(event)
    assert call(handler, "Echo", event) == Succeeded(event)


def test_warm_workers_are_used_again(handler: WorkerHandler) -> None:
    assert call(handler, "Pid") == call(handler, "Pid")


def test_concurrent_calls_have_processes_of_their_own(handler: WorkerHandler, tmp_path: Path) -> None:
    """Each waits until all of them have begun."""
    attempts = [Attempt(handler, request(FUNCTION + "Meets", str(tmp_path))) for _ in range(10)]
    assert {attempt.end() for attempt in attempts} == {Succeeded(int(each.name)) for each in tmp_path.iterdir()}


def test_a_busy_task_does_not_delay_another(handler: WorkerHandler) -> None:
    call(handler, "Echo")
    burning = Attempt(handler, request(FUNCTION + "Burns", 30.0))
    for n in range(50):
        assert call(handler, "Echo", n) == Succeeded(n)
    assert not burning.has_ended


def test_more_calls_than_processes(log: Logged) -> None:
    handler = WorkerHandler.for_tasks(tasks(), log=log, limit=2)
    echoes = [Attempt(handler, request(FUNCTION + "Echo", n)) for n in range(100)]
    pids = [Attempt(handler, request(FUNCTION + "Pid")) for _ in range(20)]
    assert [attempt.end() for attempt in echoes] == [Succeeded(n) for n in range(100)]
    assert {type(attempt.end()) for attempt in pids} == {Succeeded}
    assert len(handler.pids()) <= 3
    handler.close()


def test_a_queued_call_can_be_cancelled(log: Logged) -> None:
    handler = WorkerHandler.for_tasks(tasks(), log=log, limit=1)
    first = Attempt(handler, request(FUNCTION + "Slow", 0.2))
    second = Attempt(handler, request(FUNCTION + "Slow", 60))
    third = Attempt(handler, request(FUNCTION + "Echo", 1))
    second.cancel()
    assert first.end() == Succeeded("slept")
    assert third.end() == Succeeded(1)
    assert second.reports == []
    handler.close()


def test_environments_are_separate(log: Logged) -> None:
    handler = WorkerHandler(
        functions={
            "red": WorkerTask(name="Environment", text=SCRIPT, environment={"COLOUR": "red"}),
            "none": WorkerTask(name="Environment", text=SCRIPT),
        },
        log=log,
    )
    assert call(handler, "red") == Succeeded(["red", None])
    assert call(handler, "none") == Succeeded([None, None])
    handler.close()


def test_stop_execution(handler: WorkerHandler) -> None:
    assert call(handler, "Stops", "plain") == Stopped("Off", "by flag")
    assert call(handler, "Stops") == Stopped("Off", None)
    assert call(handler, "Echo", 1) == Succeeded(1)


def test_state_data_from_one_task_to_the_iterations_of_a_map(handler: WorkerHandler) -> None:
    pointer: Any = call(handler, "Puts").output
    assert pointer["items"] == [0, 1]
    event = {
        "items_result_table_name": pointer["table_name"],
        "items_result_partition_key": pointer["partition_key"],
        "items_result_key": pointer["key"],
        "context_index": 1,
        "context_value": 1,
    }
    assert call(handler, "Gets", event) == Succeeded({"name": "jae"})
    assert call(handler, "Gets", {**event, "context_index": 2}).error == "ItemNotFound"


def test_functions_of_modules(tmp_path: Path, log: Logged) -> None:
    (tmp_path / "orders.py").write_text(
        "import os\nprint('loaded', os.getpid())\ncount = 0\n"
        "def validate(event, context):\n    global count\n    count += 1\n    return [event, count]\n"
    )
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "failing.py").write_text("1 / 0\n")
    names = {"V": "orders:validate", "A": "nowhere:f", "B": "broken:f", "C": "failing:f", "D": "orders:none", "E": "x"}
    handler = WorkerHandler.for_functions(names, search_path=[str(tmp_path)], log=log)
    assert call(handler, "V", 1) == Succeeded([1, 1])
    assert call(handler, "V", 1) == Succeeded([1, 2])
    faults = {name: fault_of(call(handler, name)) for name in "ABCDE"}
    handler.close()
    assert "orders" not in sys.modules
    assert {name: fault["errorType"] for name, fault in faults.items()} == {
        "A": "Runtime.ImportModuleError",
        "B": "Runtime.UserCodeSyntaxError",
        "C": "ZeroDivisionError",
        "D": "Runtime.HandlerNotFound",
        "E": "Runtime.MalformedHandlerName",
    }
    assert faults["A"]["errorMessage"] == "Unable to import module 'nowhere': No module named 'nowhere'"
    assert faults["D"]["errorMessage"] == "Handler 'none' missing on module 'orders'"


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


def test_the_process_that_makes_workers_may_die(handler: WorkerHandler, tmp_path: Path) -> None:
    hanging = Attempt(handler, request(FUNCTION + "Hangs", str(tmp_path / "pid")))
    worker = int(read_when_there(tmp_path / "pid"))
    os.kill(handler.pids()[0], signal.SIGKILL)
    assert fault_of(hanging.end())["errorType"] == "Runtime.ExitError"
    assert gone_within([worker])
    assert call(handler, "Echo", 1) == Succeeded(1)


def test_no_python_to_start(monkeypatch: pytest.MonkeyPatch, log: Logged) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    handler = WorkerHandler.for_tasks(tasks(), log=log)
    failed = call(handler, "Echo")
    assert failed.error == "States.Runtime"
    assert "/nowhere/python cannot be started" in failed.cause
    handler.close()


def test_a_parent_killed_outright_leaves_nothing(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                f"""
                import sys, threading
                sys.path.insert(0, {str(Path(__file__).parents[3])!r})
                from tests.engine.tasks.test_workers import *
                handler = WorkerHandler.for_tasks(tasks())
                call(handler, "Echo")
                handler.start(request(FUNCTION + "HangsWithChildren", {str(tmp_path / "pids")!r}), print)
                handler.start(request(FUNCTION + "Hangs", {str(tmp_path / "hangs")!r}), print)
                read_when_there(Path({str(tmp_path / "pids")!r}))
                read_when_there(Path({str(tmp_path / "hangs")!r}))
                print(*handler.pids(), flush=True)
                threading.Event().wait()
                """
            ),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    pids += [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 7
    assert all(map(is_alive, pids))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone_within(pids)


def test_first_and_warm_calls_are_quick(log: Logged) -> None:
    handler = WorkerHandler.for_tasks(tasks(), log=log)
    before = time.perf_counter()
    call(handler, "Echo", 1)
    first = time.perf_counter() - before
    warm = []
    for n in range(300):
        before = time.perf_counter()
        call(handler, "Echo", n)
        warm.append(time.perf_counter() - before)
    handler.close()
    # Measured on an idle machine: 50 ms and 50 µs. The bounds leave room for a busy one.
    assert first < 1.0
    assert min(warm) < 0.001


class _NoFiles:
    """The module that the pool asks for files of its own, when the process has as many as it may."""

    def __init__(self, real: Any, name: str) -> None:
        self._real = real
        self._name = name
        self.full = True

    def __getattr__(self, name: str) -> Any:
        if name == self._name and self.full:
            return self._refuse
        return getattr(self._real, name)

    def _refuse(self) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")


@pytest.mark.parametrize(("module", "function"), [("socket", "socketpair"), ("os", "pipe")])
def test_no_more_open_files_fails_the_call_that_wants_them_and_no_later_one(
    module: str, function: str, log: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = WorkerHandler.for_tasks(tasks(), log=log)
    try:
        assert outcome(handler, request(f"{FUNCTION}Echo", 1)) == Succeeded(1)
        real = {"socket": socket, "os": os}[module]
        files = _NoFiles(real, function)
        monkeypatch.setattr(f"penstock.engine.tasks.pool.{module}", files)
        failed = outcome(handler, request(f"{FUNCTION}Plain", 1))
        assert isinstance(failed, Failed)
        assert "Too many open files" in str(failed.cause)
        assert outcome(handler, request(f"{FUNCTION}Echo", 2)) == Succeeded(2), "the worker that there is works on"
        files.full = False
        assert isinstance(outcome(handler, request(f"{FUNCTION}Plain", 1)), Succeeded)
    finally:
        handler.close()
