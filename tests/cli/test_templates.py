"""Templates as targets of the commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Penstock

import penstock
from penstock.errors import InvalidDefinition, InvalidInput, TargetNotFound

TEMPLATE = """
Parameters: {Stage: {Type: String, Default: dev}}
Resources:
  First:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: !Sub "first-${Stage}"
      Definition:
        StartAt: T
        States:
          T: {Type: Task, Resource: !GetAtt F.Arn, End: true}
  Second:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
      Definition:
        StartAt: P
        States:
          P: {Type: Pass, Result: !Ref Stage, End: true}
  Broken:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: gone.json}
  F:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: index.handler, InlineCode: "def handler(e, c): return [e, c.function_name]"}
  Gone:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: index.handler, CodeUri: gone/}
"""


@pytest.fixture
def command(request: pytest.FixtureRequest) -> Penstock:
    found: Penstock = request.getfixturevalue("penstock")
    return found


@pytest.fixture
def template(folder: Path) -> Path:
    path = folder / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def test_a_machine_is_picked_by_its_name_or_its_logical_id(template: Path, command: Penstock) -> None:
    for name in ("First", "first-dev"):
        done = command("run", str(template), "--machine", name, "--input", "1")
        assert (done.code, json.loads(done.out)) == (0, [1, "F"])
    assert command("run", str(template)).code == 3
    assert "did you mean" in command("run", str(template), "--machine", "Secnod").err


def test_a_machines_type_is_the_templates(template: Path) -> None:
    machine = penstock.load(template, "Second")
    assert machine.type == "EXPRESS"
    result = penstock.run(machine)
    assert ":express:" in result.execution_arn
    assert ":express:" not in penstock.run(machine, type="STANDARD").execution_arn


def test_parameters_are_given_by_the_command_and_from_python(template: Path, command: Penstock) -> None:
    done = command("run", str(template), "--machine", "Second", "--parameter", "Stage=prod")
    assert json.loads(done.out) == "prod"
    assert penstock.run(penstock.load(template, "Second", parameters={"Stage": "x"})).output == "x"
    with pytest.raises(InvalidInput, match="has no parameter Nope"):
        penstock.load(template, "Second", parameters={"Nope": "x"})
    assert command("run", str(template), "--machine", "Second", "--parameter", "Stage").code == 2


def test_parameters_go_with_templates_only(folder: Path, command: Penstock) -> None:
    done = command("run", str(folder / "one.asl.json"), "--parameter", "a=b")
    assert done.code == 2
    assert "is no template" in done.err


def test_check_tells_of_every_machine_and_function(template: Path, command: Penstock) -> None:
    done = command("check", str(template), "--json")
    assert done.code == 1
    found = [(each["code"], each["span"]["line"]) for each in json.loads(done.out)]
    assert sorted(found) == [("PS805", 22), ("PS805", 28)]
    assert command("check", str(template), "--machine", "Broken").code == 1


def test_what_has_no_place_is_told_with_its_machine(folder: Path, command: Penstock) -> None:
    endless = "{StartAt: P, States: {P: {Type: Pass, Next: P}}}"
    text = "Resources:\n" + "".join(
        f"  {name}: {{Type: AWS::StepFunctions::StateMachine, Properties: {{StateMachineName: {name}, Definition: {what}}}}}\n"
        for name, what in (("a", endless), ("b", "{StartAt: P, States: {P: {Type: Pass, End: true}}}"), ("c", endless))
    )
    (folder / "ends.yaml").write_text(text)
    lines = [
        f"error[MISSING_END_STATE]: Workflow has no terminal state (state machine '{name}')\n" for name in ("a", "c")
    ]
    done = command("check", "ends.yaml")
    assert (done.code, done.out) == (1, "".join(f"ends.yaml: {line}" for line in lines))
    assert command("compile", "--all", "ends.yaml").err == "".join(lines) + "2 errors\n"
    for words in (("run",), ("compile",), ("run", "--var", "X=1")):
        done = command(*words, "ends.yaml", "--machine", "c")
        assert (done.code, done.err) == (3, f"{lines[1]}1 error\n")
    (folder / "alone.asl.json").write_text('{"StartAt": "P", "States": {"P": {"Type": "Pass", "Next": "P"}}}')
    assert command("check", "alone.asl.json").out.endswith("Workflow has no terminal state\n")


def test_a_broken_machine_does_not_keep_the_others_from_running(template: Path) -> None:
    with pytest.raises(InvalidDefinition, match="There is no definition file"):
        penstock.run(penstock.load(template, "Broken"))
    with pytest.raises(TargetNotFound):
        penstock.load(template, "Third")


def test_a_template_compiles_and_is_drawn(template: Path, command: Penstock) -> None:
    compiled = json.loads(command("compile", str(template), "--machine", "First").out)
    assert compiled["States"]["T"]["Resource"] == "arn:aws:lambda:us-east-1:123456789012:function:F"
    assert "T" in command("graph", str(template), "--machine", "First").out


def test_one_state_runs_with_the_templates_functions(template: Path, command: Penstock) -> None:
    done = command("state", str(template), "T", "--machine", "First", "--input", "{}")
    assert json.loads(json.loads(done.out)["output"]) == [{}, "F"]


def test_functions_of_the_settings_come_before_the_templates(template: Path, command: Penstock) -> None:
    (template.parent / "penstock.toml").write_text('[functions]\nF = "mine:handler"\n')
    (template.parent / "mine.py").write_text("def handler(event, context):\n    return 'mine'\n")
    done = command("run", str(template), "--machine", "First")
    assert json.loads(done.out) == "mine"


def test_a_template_may_be_a_dict(template: Path) -> None:
    document = {
        "Resources": {
            "M": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"Definition": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}},
            }
        }
    }
    assert penstock.run(document, 3).output == 3


def test_the_region_of_the_settings_is_that_of_the_arns(template: Path) -> None:
    (template.parent / "penstock.toml").write_text('[aws]\nregion = "eu-north-1"\naccount = "999988887777"\n')
    arn = penstock.load(template, "First").to_dict()["States"]["T"]["Resource"]
    assert arn == "arn:aws:lambda:eu-north-1:999988887777:function:F"
    assert penstock.run(penstock.load(template, "First"), 1).output == [1, "F"]


def test_a_template_of_functions_alone_is_checked_and_has_nothing_to_run(folder: Path, command: Penstock) -> None:
    path = folder / "functions.yaml"
    path.write_text("Resources:\n  F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x}}\n")
    checked = command("check", str(path))
    assert checked.code == 0
    assert "PS807" in checked.out
    for name, *options in (["run"], ["graph"], ["compile", "--all"], ["run", "--machine", "F"]):
        done = command(name, str(path), *options)
        assert done.code == 3
        assert "functions.yaml is a template without a state machine." in done.err
