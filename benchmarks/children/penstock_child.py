"""Penstock, through its Python API: `penstock.load` once, `penstock.run` for every execution.

`run` measures the execution alone; `run_history` also builds the whole event list as GetExecutionHistory gives it.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from typing import Any

import penstock
import penstock.engine.driver
from penstock.asl.check import check
from penstock.asl.read import read

machines: dict[str, dict[str, Any]] = {}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    operation = request["op"]
    if operation == "version":
        return {"name": "penstock", "version": penstock.__version__, "runtime": f"Python {sys.version.split()[0]}"}
    if operation == "load":
        workload = request["workload"]
        machine = penstock.load(workload["definition"])
        machine.prepare(type=workload["type"])  # checked and compiled: what is measured is running
        machines[workload["name"]] = workload | {"machine": machine}
        gc.collect()
        gc.freeze()
        return {}
    if operation in ("run", "run_history"):
        workload = machines[request["name"]]
        machine, given, type_ = workload["machine"], workload["input"], workload["type"]
        events = 0
        result = None
        started, burnt = time.perf_counter(), time.process_time()
        for _ in range(request["times"]):
            result = None  # as the peers do: what a run leaves behind goes before the next
            result = penstock.run(machine, given, type=type_)
            if operation == "run_history":
                events = len(result.history)
        seconds, cpu = time.perf_counter() - started, time.process_time() - burnt
        assert result is not None
        expect = workload["expect"]
        right = result.status == "SUCCEEDED" and (expect is None or result.output == expect)
        return {
            "seconds": seconds,
            "cpu": cpu,
            "right": right,
            "status": result.status,
            "cause": result.cause,
            "events": events,
        }
    if operation == "check":
        started, burnt = time.perf_counter(), time.process_time()
        for _ in range(request["times"]):
            reading = read(request["text"])
            problems = check(reading)
        seconds, cpu = time.perf_counter() - started, time.process_time() - burnt
        return {"seconds": seconds, "cpu": cpu, "right": not any(p.is_error for p in problems)}
    raise ValueError(operation)


def main() -> None:
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except Exception as error:  # the harness reports it as this peer's failure
            reply = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
