"""A script's tasks that work, fail and misbehave in every way, for the workers' tests."""

from __future__ import annotations

from typing import Any

from penstock.engine.tasks.workers import WorkerTask

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


def tasks(**fields: Any) -> dict[str, WorkerTask]:
    return {name: WorkerTask(name=name, text=SCRIPT, file_name="project.py", **fields) for name in NAMES}
