"""Composing a machine of 1,000 states from objects: by penstock.sfn and by aws-cdk-lib, each in a process of its own.

`python -m benchmarks.composing` runs this alone. What a library needs to start (importing it; for aws-cdk-lib, node and its
libraries) comes before the clock starts. The definition (for aws-cdk-lib, `synth`) stands in a column of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

STATES = 1000
ROUNDS = 3
ROOT = Path(__file__).resolve().parents[1]


def program(lib: Any, count: int) -> Any:
    """A chain of `count` states, of the kinds that workflows are made of."""
    sf, tasks = lib.sf, lib.tasks
    failed = sf.Fail(lib.scope, "failed", error="Failed")
    chain = sf.Chain.start(sf.Pass(lib.scope, "start", result_path="$.start"))
    made = 2
    while made < count:
        number = made
        task = tasks.LambdaInvoke(
            lib.scope,
            f"call {number}",
            lambda_function=lib.function,
            payload=sf.TaskInput.from_object({"id": sf.JsonPath.string_at("$.id"), "n": number}),
            result_path=f"$.result{number}",
        )
        task.add_catch(failed, errors=["States.ALL"], result_path="$.error")
        waiting = sf.Wait(lib.scope, f"wait {number}", time=sf.WaitTime.duration(lib.core.Duration.seconds(5)))
        choice = sf.Choice(lib.scope, f"choice {number}")
        left, right = sf.Pass(lib.scope, f"left {number}"), sf.Pass(lib.scope, f"right {number}")
        choice.when(sf.Condition.string_equals(f"$.result{number}.Payload", "left"), left).otherwise(right)
        chain = chain.next(task).next(waiting).next(choice.afterwards())
        made += 5
    return chain


def ours() -> dict[str, float]:
    from penstock import sfn
    from penstock.sfn import core, tasks

    tasks.LambdaInvoke  # noqa: B018 -- imported before the clock starts
    lib = SimpleNamespace(
        sf=sfn, tasks=tasks, core=core, scope=object(), function="arn:aws:lambda:us-east-1:1:function:f"
    )
    started = time.perf_counter()
    machine = sfn.StateMachine("machine", definition=program(lib, STATES))
    composed = time.perf_counter()
    text = machine.to_json()
    done = time.perf_counter()
    return {"compose": composed - started, "definition": done - composed, "states": len(json.loads(text)["States"])}


def theirs() -> dict[str, float]:
    import aws_cdk as cdk
    import aws_cdk.aws_lambda as lambda_
    import aws_cdk.aws_stepfunctions as sf
    import aws_cdk.aws_stepfunctions_tasks as tasks

    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder)
        stack = cdk.Stack(app, "stack")
        function = lambda_.Function.from_function_arn(stack, "f", "arn:aws:lambda:us-east-1:123456789012:function:f")
        lib = SimpleNamespace(sf=sf, tasks=tasks, core=cdk, scope=stack, function=function)
        started = time.perf_counter()
        definition = program(lib, STATES)
        sf.StateMachine(stack, "machine", definition_body=sf.DefinitionBody.from_chainable(definition))
        composed = time.perf_counter()
        app.synth()
        done = time.perf_counter()
    return {"compose": composed - started, "definition": done - composed, "states": STATES}


def measure(rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Medians in seconds by contestant; aws-cdk-lib is left out where it is not installed."""
    names = ["penstock", *(["aws-cdk-lib"] if find_spec("aws_cdk") else [])]
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.composing", name]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            taken[name].append(json.loads(done.stdout.splitlines()[-1]))
    return {
        name: {key: median(each[key] for each in each_round) for key in each_round[0]}
        for name, each_round in taken.items()
    }


def judged(found: dict[str, dict[str, float]]) -> tuple[str, str, bool | None]:
    """What is asked for, the figure, whether it is so: the lower of the two ratios, composing alone and with the definition."""
    what = f"composing {STATES} states: at most a twentieth of aws-cdk-lib's time"
    if "aws-cdk-lib" not in found:
        return what, "—", None
    own, other = found["penstock"], found["aws-cdk-lib"]
    alone = other["compose"] / own["compose"]
    whole = (other["compose"] + other["definition"]) / (own["compose"] + own["definition"])
    return what, f"{alone:.0f} times faster, {whole:.0f} times with the definition", min(alone, whole) >= 20


def render(found: dict[str, dict[str, float]]) -> str:
    lines = [f"{'':14} {'compose':>10} {'definition':>12}"]
    for name, figures in found.items():
        lines.append(f"{name:14} {figures['compose'] * 1e3:>7.1f} ms {figures['definition'] * 1e3:>9.1f} ms")
    what, figure, passed = judged(found)
    return "\n".join([*lines, f"{'yes' if passed else 'NO' if passed is False else '—':4} {what}: {figure}"])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(ours() if sys.argv[1] == "penstock" else theirs()))
    else:
        print(render(measure()))
