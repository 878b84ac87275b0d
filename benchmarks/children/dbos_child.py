"""DBOS on SQLite, in an environment of its own: `dbos_child.py FOLDER` prints seconds a step, an execution, an activity."""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path

from dbos import DBOS, DBOSConfig

STEPS, EXECUTIONS, ACTIVITIES = (int(value) for value in sys.argv[2:5])
config: DBOSConfig = {
    "name": "benchmark",
    "system_database_url": f"sqlite:///{Path(sys.argv[1]) / 'dbos.sqlite'}",
    "run_admin_server": False,
    "log_level": "ERROR",
}
DBOS(config=config)


@DBOS.step()
def step(value: int) -> int:
    return value


@DBOS.workflow()
def sequential(count: int) -> int:
    for number in range(count):
        step(number)
    return count


@DBOS.workflow()
def three(value: int) -> int:
    return step(step(step(value)))


@DBOS.workflow()
def activity(value: int) -> int:
    return value


@DBOS.workflow()
def fan_out(count: int) -> int:
    handles = [DBOS.start_workflow(activity, number) for number in range(count)]
    return sum(handle.get_result() for handle in handles)


logging.disable(logging.CRITICAL)
DBOS.launch()
figures = {}
begun = time.perf_counter()
assert sequential(STEPS) == STEPS
figures["step"] = (time.perf_counter() - begun) / STEPS
begun = time.perf_counter()
handles = [DBOS.start_workflow(three, number) for number in range(EXECUTIONS)]
assert [handle.get_result() for handle in handles] == list(range(EXECUTIONS))
figures["execution"] = (time.perf_counter() - begun) / EXECUTIONS
begun = time.perf_counter()
assert fan_out(ACTIVITIES) == sum(range(ACTIVITIES))
figures["activity"] = (time.perf_counter() - begun) / ACTIVITIES
DBOS.destroy()
print(json.dumps(figures), flush=True)
