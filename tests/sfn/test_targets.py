"""`file.py:name`: everything that takes a TARGET takes a workflow composed from objects; naming one runs its program."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import *  # noqa: F403 -- the `penstock` fixture

import penstock as api
from penstock import sfn as sf
from penstock.errors import InvalidDefinition, TargetNotFound
from penstock.sfn import tasks

HEAD = "from penstock import sfn as sf\nfrom penstock.sfn import tasks\n"
ORDERS = HEAD + (
    "def double(event, context):\n"
    "    return event['n'] * 2\n"
    "work = tasks.LambdaInvoke('double', lambda_function=double, output_path='$.Payload')\n"
    "machine = sf.StateMachine('orders', definition=work)\n"
    "chain = sf.Pass('only')\n"
    "def make():\n"
    "    return sf.StateMachine('made', definition=sf.Pass('x'))\n"
    "def needs(what):\n"
    "    return what\n"
    "class Both(sf.Stack):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        sf.StateMachine(self, 'one', definition=sf.Pass('1'))\n"
    "        sf.StateMachine(self, 'two', definition=sf.Pass('2'))\n"
    "INPUT = {'n': 4}\n"
)


@pytest.fixture
def orders(tmp_path: Path) -> str:
    (tmp_path / "orders.py").write_text(ORDERS)
    return str(tmp_path / "orders.py")


def test_a_machine_a_chain_a_function_and_a_stack(orders: str) -> None:
    assert api.load(f"{orders}:machine").name == "orders"
    assert list(api.load(f"{orders}:chain").to_dict()["States"]) == ["only"]
    assert api.load(f"{orders}:make").name == "made"
    assert api.load(f"{orders}:Both", "two").to_dict()["StartAt"] == "2"
    with pytest.raises(TargetNotFound, match="pick one with --machine: one, two"):
        api.load(f"{orders}:Both")


def test_its_own_functions_answer(orders: str) -> None:
    assert api.run(f"{orders}:machine", {"n": 4}).output == 8
    assert api.run(f"{orders}:machine", {"n": 4}, functions={"double": lambda e, c: "mine"}).output == "mine"


def test_a_package_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "flows_of_ours").mkdir()
    (tmp_path / "flows_of_ours" / "__init__.py").touch()
    (tmp_path / "flows_of_ours" / "orders.py").write_text(ORDERS)
    with contextlib.chdir(tmp_path):
        assert api.load("flows_of_ours.orders:machine").name == "orders"
        with pytest.raises(TargetNotFound, match=r"no module flows_of_ours\.oders"):
            api.load("flows_of_ours.oders:machine")
    assert str(tmp_path) not in sys.path


def test_an_object_is_a_target_too() -> None:
    from penstock import sfn as sf

    assert api.run(sf.Pass("a"), {"x": 1}).output == {"x": 1}
    assert api.run(sf.Pass("a") >> sf.Pass("b"), 3).output == 3
    with pytest.raises(InvalidDefinition, match="not int"):
        api.load(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("machin", r"did you mean machine\?"),
        ("INPUT", r"INPUT of .* is a dict and no workflow; it has work, machine, chain or Both"),
        ("needs", r"is a function and no workflow"),
    ],
)
def test_names_that_are_no_workflow(orders: str, name: str, words: str) -> None:
    with pytest.raises((InvalidDefinition, TargetNotFound), match=words) as caught:
        api.load(f"{orders}:{name}")
    assert [each.code for each in getattr(caught.value, "diagnostics", [])] in ([], ["PS701"])


def test_a_script_is_named_without_its_function(tmp_path: Path) -> None:
    script = tmp_path / "project.py"
    script.write_text("from penstock.script import wait\n\n\ndef main(data):\n    wait(seconds=1)\n")
    words = r"project\.py is a script; name the file alone, and which of its machines with --machine main"
    with pytest.raises(InvalidDefinition, match=f"is a function and no workflow; .*{words}"):
        api.load(f"{script}:main")


@pytest.mark.parametrize(
    ("line", "words", "column"),
    [
        ("machine = sf.StateMachine('m', definition=a >> b)", "NameError: name 'a' is not defined", 43),
        ("import nothing_like_this", "ModuleNotFoundError", 1),
        ("raise SystemExit(3)", r"it calls exit\(3\)", 1),
        ("machine = sf.Wait('w')", "TypeError: .*missing 1 required keyword-only argument: 'time'", 11),
        ("machine = = 3", "not valid Python", 11),
        ("x = f\"{sf.JsonPath.string_at('$.a')}\"", "glued into a text", None),
        ("x = sf.WaitTime.duration(sf.Duration.seconds(1.5))", "PS720: `duration` is 1.5 s", 5),
    ],
)
def test_a_program_that_stops_is_told_with_its_line(tmp_path: Path, line: str, words: str, column: int | None) -> None:
    path = tmp_path / "broken.py"
    path.write_text(f"{HEAD}\n{line}\n")
    with pytest.raises(InvalidDefinition, match=words) as caught:
        api.load(f"{path}:machine")
    (found,) = caught.value.diagnostics
    assert found.code == ("PS723" if "glued" in words else "PS720" if "PS720" in words else "PS700")
    assert found.span is not None
    assert found.span.line == 4
    assert column in (None, found.span.column)


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "w.py"
    for name in ("a", "b"):
        path.write_text(f"{HEAD}machine = sf.Pass({name!r})\n")
        assert api.load(f"{path}:machine").to_dict()["StartAt"] == name


def test_a_state_that_no_machine_uses(tmp_path: Path) -> None:
    path = tmp_path / "w.py"
    path.write_text(f"{HEAD}late = sf.Pass('late')\nmachine = sf.Pass('a')\n")
    (found,) = api.load(f"{path}:machine").check()
    assert (found.code, found.span.line) == ("PS746", 3)  # type: ignore[union-attr]


# -- the commands


def test_commands(penstock: Any, orders: str) -> None:
    target = f"{orders}:machine"
    assert json.loads(penstock("run", target, "--input", '{"n": 4}').out) == 8
    assert json.loads(penstock("compile", target).out)["StartAt"] == "double"
    assert "double" in penstock("graph", target).out
    assert penstock("check", target).code == 0
    assert json.loads(penstock("compile", f"{orders}:Both", "--all").out).keys() == {"one", "two"}
    state = penstock("state", target, "double", "--input", '{"n": 1}', "--mock", '{"result": "{\\"Payload\\": 2}"}')
    assert state.code in (0, 1)


def test_static_checks_run_nothing(penstock: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.py"
    path.write_text(f"{HEAD}open({str(tmp_path / 'ran')!r}, 'w')\nmachine = sf.Pass('a')\n")
    found = penstock("check", "--static", f"{path}:machine")
    assert found.code == 3
    assert "--static refuses" in found.err
    assert not (tmp_path / "ran").exists()


def test_what_a_program_prints_is_no_result(penstock: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.py"
    path.write_text(f"{HEAD}print('hello')\nmachine = sf.Pass('a')\n")
    found = penstock("compile", f"{path}:machine")
    assert json.loads(found.out)["StartAt"] == "a"
    assert "hello" in found.err


def test_problems_point_at_the_user_s_lines(penstock: Any, tmp_path: Path) -> None:
    path = tmp_path / "w.py"
    path.write_text(f"{HEAD}a = sf.Pass('a', resultpath='$.a')\nmachine = a >> sf.Wait('w', time=3)\n")
    found = penstock("check", f"{path}:machine")
    assert found.code == 1
    assert "w.py:3:5: error[PS721]" in found.out
    assert "did you mean `result_path`?" in found.out
    assert "w.py:4:16: error[PS720]" in found.out


def test_a_program_named_without_its_workflow(penstock: Any, orders: str) -> None:
    found = penstock("check", orders)
    assert found.code == 3
    assert "orders.py:machine" in found.err


def test_what_only_a_deployment_needs_is_taken_along(tmp_path: Path) -> None:
    path = tmp_path / "stack.py"
    path.write_text(
        "from penstock import sfn\n"
        "from penstock.sfn import core, lambdas, tasks\n"
        "class Shop(core.Stack):\n"
        "    def __init__(self, scope=None, id='shop', **kwargs):\n"
        "        super().__init__(scope, id, **kwargs)\n"
        "        work = lambdas.Function(self, 'Work', runtime=lambdas.Runtime.PYTHON_3_13, handler='app.handler',\n"
        "            code=lambdas.Code.from_asset('work'), timeout=core.Duration.seconds(9),\n"
        "            ephemeral_storage_size=core.Size.mebibytes(512))\n"
        "        call = tasks.LambdaInvoke(self, 'Call', lambda_function=work, payload_response_only=True)\n"
        "        by_hand = tasks.StepFunctionsInvokeActivity(self, 'By hand', activity=sfn.Activity(\n"
        "            'arn:aws:states:us-east-1:123456789012:activity:approve'))\n"
        "        sfn.StateMachine(self, 'Flow', definition_body=sfn.DefinitionBody.from_chainable(call.next(by_hand)),\n"
        "            removal_policy=core.RemovalPolicy.DESTROY, tracing_enabled=True,\n"
        "            logs=sfn.LogOptions(destination=None, level=sfn.LogLevel.ALL, include_execution_data=True))\n"
    )
    machine = api.load(f"{path}:Shop")
    assert not machine.check()
    states = machine.to_dict()["States"]
    assert states["Call"]["Resource"].endswith(":function:Work")
    assert states["By hand"]["Resource"] == "arn:aws:states:us-east-1:123456789012:activity:approve"


@pytest.mark.parametrize(
    ("line", "help_"),
    [
        ("sf.StateMachine('m', definition=sf.Pass('p')).grant_start_execution(None)", "what only a deployment needs"),
        ("sf.Pas('p')", "did you mean Pass?"),
        ("from penstock.sfn.core import Aspects", "what only a deployment needs"),
        ("[].grant()", None),
        ("sf.Succeed('end').next(sf.Pass('p'))", "a Succeed ends the execution"),
    ],
)
def test_names_that_are_not_here_come_with_advice(tmp_path: Path, line: str, help_: str | None) -> None:
    path = tmp_path / "app.py"
    path.write_text(f"{HEAD}{line}\nmachine = sf.StateMachine('m', definition=sf.Pass('p'))\n")
    with pytest.raises(InvalidDefinition) as caught:
        api.load(f"{path}:machine")
    (found,) = caught.value.diagnostics
    assert found.span is not None
    assert found.span.line == 3
    assert found.help == help_ if help_ is None else help_ in (found.help or "")


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_machine_starts_another_one_of_its_stack(tmp_path: Path, region: str) -> None:
    (tmp_path / "penstock.toml").write_text(f'[aws]\nregion = "{region}"\n')
    path = tmp_path / "stack.py"
    path.write_text(
        HEAD + "class Both(sf.Stack):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        child = sf.StateMachine(self, 'child', definition=sf.Pass('c', parameters={'got.$': '$.a'}))\n"
        "        start = tasks.StepFunctionsStartExecution('start', state_machine=child, output_path='$.Output',\n"
        "            integration_pattern=sf.IntegrationPattern.RUN_JOB, input=sf.TaskInput.from_object({'a': 1}))\n"
        "        sf.StateMachine(self, 'parent', definition=start)\n"
    )
    assert api.run(api.load(f"{path}:Both", "parent"), {}).output == {"got": 1}


@pytest.mark.parametrize("name", ["child", "arn:aws:states:us-east-1:123456789012:stateMachine:child"])
def test_a_machine_that_exists_already(name: str) -> None:
    for made in (sf.StateMachine.from_state_machine_arn("id", name), sf.StateMachine.from_state_machine_name(name)):
        start = tasks.StepFunctionsStartExecution("start", state_machine=made)
        arn = sf.StateMachine("m", definition=start).to_dict()["States"]["start"]["Parameters"]["StateMachineArn"]
        assert arn == "arn:aws:states:us-east-1:123456789012:stateMachine:child"
