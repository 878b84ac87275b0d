"""moto's own States Language interpreter, in process, through boto3: what a test suite that uses moto gets.

Runs under benchmarks/.venv. Speaks the protocol of `benchmarks/peers.py`: one JSON object a line, in and out.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
import uuid
from importlib.metadata import version

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="us-east-1",
)

import boto3
from moto import mock_aws
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

ROLE = "arn:aws:iam::123456789012:role/StepFunctions"
machines: dict[str, dict] = {}


def run(client, entry: dict) -> dict:
    """Starts one execution and waits for its threads to end; polling would take the interpreter's own time from it."""
    before = set(threading.enumerate())
    arn = client.start_execution(stateMachineArn=entry["arn"], input=entry["input"], name=uuid.uuid4().hex)[
        "executionArn"
    ]
    for thread in threading.enumerate():
        if thread not in before:
            thread.join()
    while True:
        answer = client.describe_execution(executionArn=arn)
        if answer["status"] != "RUNNING":
            return answer
        time.sleep(0.0005)


def answer(client, request: dict) -> dict:
    operation = request["op"]
    if operation == "version":
        return {"name": "moto", "version": version("moto"), "runtime": f"Python {sys.version.split()[0]}"}
    if operation == "load":
        workload = request["workload"]
        arn = client.create_state_machine(
            name=uuid.uuid4().hex, definition=json.dumps(workload["definition"]), roleArn=ROLE
        )["stateMachineArn"]
        machines[workload["name"]] = {"arn": arn, "input": json.dumps(workload["input"]), "expect": workload["expect"]}
        gc.collect()
        gc.freeze()
        return {}
    if operation == "run":
        entry = machines[request["name"]]
        started, burnt = time.perf_counter(), time.process_time()
        for _ in range(request["times"]):
            result = run(client, entry)
        seconds, cpu = time.perf_counter() - started, time.process_time() - burnt
        output = json.loads(result["output"]) if result["status"] == "SUCCEEDED" else None
        right = result["status"] == "SUCCEEDED" and (entry["expect"] is None or output == entry["expect"])
        return {
            "seconds": seconds,
            "cpu": cpu,
            "right": right,
            "status": result["status"],
            "cause": result.get("cause"),
        }
    if operation == "execute":  # one machine, once: what tests/property holds us against
        arn = client.create_state_machine(
            name=uuid.uuid4().hex, definition=json.dumps(request["definition"]), roleArn=ROLE
        )["stateMachineArn"]
        result = run(client, {"arn": arn, "input": json.dumps(request["input"])})
        return {
            "status": result["status"],
            "text": result.get("output"),  # a text's own characters, nothing for null
            "failure": result.get("error"),
            "cause": result.get("cause"),
        }
    if operation == "check":
        started, burnt = time.perf_counter(), time.process_time()
        for _ in range(request["times"]):
            AmazonStateLanguageParser.parse(request["text"])
        return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - burnt, "right": True}
    raise ValueError(operation)


def main() -> None:
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        client = boto3.client("stepfunctions")
        for line in sys.stdin:
            try:
                reply = answer(client, json.loads(line))
            except Exception as error:  # the harness reports it as this peer's failure
                reply = {"error": f"{type(error).__name__}: {error}"[:300]}
            print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
