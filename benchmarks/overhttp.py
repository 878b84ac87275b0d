"""W7 over HTTP: one-state executions at a server, `penstock server` and moto_server, each a process of its own.

An execution counts from its StartExecution until a DescribeExecution says that it has ended and its output is right. One
after another: each waits for the one before. At once: all are started over `CONNECTIONS` connections, then asked after.
Raw requests show the servers; with boto3, most of a quick answer is boto3's own time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import machine, peers
from benchmarks.peers import MOTO_PYTHON
from benchmarks.rawhttp import Line, ask_all, frame, request
from benchmarks.workloads import Workload, load

RESULTS = Path(__file__).resolve().parent / "results" / "overhttp.json"
CONNECTIONS = 50
ROLE = "arn:aws:iam::123456789012:role/StepFunctions"
PAUSE = 0.001
"""Seconds before asking again after an execution that still runs."""
LEAST = 20
"""How many times moto_server's rate is asked for."""
BY = ("raw, one after another", "raw, at once", "boto3, one after another")


@dataclass
class Rate:
    """Executions a second, a round each."""

    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.rounds)


@dataclass
class Served:
    """What one server does: `rates` by the way it is asked; `problem` why there are none."""

    label: str
    rates: dict[str, Rate] = field(default_factory=dict)
    problem: str | None = None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@contextlib.contextmanager
def penstock_server() -> Iterator[str]:
    command = [sys.executable, "-c", "import sys; from penstock.cli import main; sys.exit(main())"]
    with tempfile.TemporaryDirectory() as folder, _process([*command, "server", "--port", "0"], folder) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        found = re.search(r"AWS_ENDPOINT_URL_SFN=(http://\S+)", line)
        if found is None:
            raise OSError(f"penstock server said {line!r}")
        yield found[1]


@contextlib.contextmanager
def moto_server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [str(MOTO_PYTHON.parent / "moto_server"), "-p", str(port)]
    with tempfile.TemporaryDirectory() as folder, _process(command, folder) as process:
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                settings = urllib.request.Request(
                    f"{url}/moto-api/config",
                    data=json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode(),
                    headers={"Content-Type": "application/json"},
                )
                with urllib.request.urlopen(settings, timeout=10):
                    break
            if process.poll() is not None or time.monotonic() > until:
                raise OSError("moto_server does not start")
            time.sleep(0.1)
        yield url


@contextlib.contextmanager
def _process(command: list[str], folder: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


SERVERS: dict[str, Callable[[], contextlib.AbstractContextManager[str]]] = {
    "penstock server": penstock_server,
    "moto_server": moto_server,
}


class Contestant:
    """One server with the machine made, asked in each of the ways."""

    def __init__(self, url: str, workload: Workload) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self._place = (host, int(port))
        self._describing = frame("DescribeExecution", self._place)
        self._line = Line(self._place)
        self._lines = [Line(self._place) for _ in range(CONNECTIONS)]
        self._client = _boto3_client(url)
        self._expect = workload.expect
        self._input = json.dumps(workload.input)
        made = {"name": uuid.uuid4().hex, "definition": json.dumps(workload.definition), "roleArn": ROLE}
        self._arn = self._line.ask(request("CreateStateMachine", made, self._place))["stateMachineArn"]

    def run(self, by: str, times: int) -> float:
        """Executions a second. Raises ValueError for a wrong output."""
        run = {BY[0]: self._one_by_one, BY[1]: self._at_once, BY[2]: self._with_boto3}[by]
        # What can be put together beforehand is: the client is to cost little.
        starts = [self._start() for _ in range(times)]
        started = time.perf_counter()
        run(starts)
        return times / (time.perf_counter() - started)

    def _start(self) -> bytes:
        parameters = {"stateMachineArn": self._arn, "input": self._input, "name": uuid.uuid4().hex}
        return request("StartExecution", parameters, self._place)

    def _describe(self, arn: str) -> bytes:
        return self._describing(b'{"executionArn": "%b"}' % arn.encode())

    def _one_by_one(self, starts: list[bytes]) -> None:
        ask = self._line.ask
        for start in starts:
            described = self._describe(ask(start)["executionArn"])
            while not self._over(ask(described)):
                time.sleep(PAUSE)

    def _at_once(self, starts: list[bytes]) -> None:
        begun = [answer["executionArn"] for answer in ask_all(self._lines, starts)]
        while begun:
            answers = ask_all(self._lines, map(self._describe, begun))
            begun = [answer["executionArn"] for answer in answers if not self._over(answer)]
            if begun:
                time.sleep(PAUSE)

    def _with_boto3(self, starts: list[bytes]) -> None:
        for _ in starts:
            started = self._client.start_execution(stateMachineArn=self._arn, input=self._input, name=uuid.uuid4().hex)
            while not self._over(self._client.describe_execution(executionArn=started["executionArn"])):
                time.sleep(PAUSE)

    def _over(self, answer: dict[str, Any]) -> bool:
        if answer["status"] == "RUNNING":
            return False
        if answer["status"] != "SUCCEEDED" or json.loads(answer["output"]) != self._expect:
            raise ValueError(f"gives another answer: {answer}")
        return True

    def close(self) -> None:
        for line in (self._line, *self._lines):
            line.close()


def _boto3_client(url: str) -> Any:
    import boto3

    return boto3.client(
        "stepfunctions",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="penstock",
        aws_secret_access_key="penstock",
    )


def measure(rounds: int, times: int = 500, only: str | None = None) -> list[Served]:
    """Rounds interleaved over the servers; the first of each, the warm-up, does not count."""
    workload = load("W7_single")
    found = [Served(label) for label in SERVERS if only in (None, label)]
    with contextlib.ExitStack() as stack:
        alive: list[tuple[Served, Contestant]] = []
        for served in found:
            try:
                contestant = Contestant(stack.enter_context(SERVERS[served.label]()), workload)
                stack.callback(contestant.close)
                alive.append((served, contestant))
            except (OSError, KeyError) as error:
                served.problem = str(error)
        for number in range(rounds + 1):
            for by in BY:
                for served, contestant in alive:
                    if served.problem is not None:
                        continue
                    try:
                        rate = contestant.run(by, times if number else max(1, times // 5))
                    except Exception as error:  # this server's failure; the others go on
                        served.problem = f"{type(error).__name__}: {error}"
                        continue
                    if number:
                        served.rates.setdefault(by, Rate()).rounds.append(rate)
    return found


def ratio(found: list[Served], by: str) -> float | None:
    rates = [served.rates[by].median if by in served.rates else None for served in found]
    if len(rates) != 2 or rates[0] is None or not rates[1]:
        return None
    return rates[0] / rates[1]


def judge(found: list[Served]) -> Iterator[tuple[str, str, bool | None]]:
    for by in BY[:2]:
        times = ratio(found, by)
        figure = "not measured" if times is None else f"{times:.3g} times"
        passed = None if times is None else times >= LEAST
        yield f"W7 over HTTP, {by}: at least {LEAST} times moto_server's rate", figure, passed


def render(found: list[Served]) -> list[str]:
    out = [f"W7 over HTTP, executions a second (medians of rounds of 500, {CONNECTIONS} connections at once):", ""]
    for by in BY:
        cells = [f"{s.label} {s.rates[by].median:,.0f}" if by in s.rates else f"{s.label} —" for s in found]
        times = ratio(found, by)
        out.append(f"  {by:<26} {'   '.join(cells)}" + ("" if times is None else f"   {times:.3g} x"))
    return out + [f"  {served.label}: {served.problem}" for served in found if served.problem]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhttp", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds; the figures are their medians")
    parser.add_argument(
        "--ours", action="store_true", help="penstock server alone (then nothing is written to results/)"
    )
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the figures go")
    options = parser.parse_args()
    missing = [] if options.ours else peers.prepare()
    found = measure(options.rounds, only="penstock server" if options.ours else None)
    print("\n".join([*missing, *render(found), "", "Asked for:", ""]))
    judged = list(judge(found))
    for what, figure, passed in judged:
        verdict = {True: "PASS", False: "FALLS SHORT", None: "NOT MEASURED"}[passed]
        print(f"  {verdict:<13} {what}: {figure}")
    if not options.ours:
        results = {
            "machine": machine.facts(),
            "rounds": options.rounds,
            "connections": CONNECTIONS,
            "servers": [served.as_dict() for served in found],
            "judged": [{"what": what, "figure": figure, "passed": passed} for what, figure, passed in judged],
        }
        options.json.write_text(json.dumps(results, indent=1) + "\n")
        print(f"\nfigures: {options.json}")
    return 1 if any(served.problem and "another answer" in served.problem for served in found) else 0


if __name__ == "__main__":
    sys.exit(main())
