"""Templates as a whole: machines and functions, where they stand, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cloudformation.templates import LAMBDA, STATES, passing, read

from penstock.cloudformation import Machine, is_template, looks_like_template
from penstock.errors import InvalidDefinition, InvalidInput


def machine(text: str, folder: Path, **parameters: str) -> Machine:
    """The only machine of a template."""
    (found,) = read(text, folder, **parameters).machines.values()
    return found


def document(found: Machine) -> Any:
    assert found.reading is not None, found.diagnostics
    return found.reading.document


def one(properties: str, type_name: str = "AWS::Serverless::StateMachine", before: str = "") -> str:
    """A template with one machine, M; `properties` are indented already."""
    return f"{before}Resources:\n  M:\n    Type: {type_name}\n    Properties:\n{properties}"


def test_a_definition_can_stand_in_the_template_and_refer_to_it(tmp_path: Path) -> None:
    found = machine(
        one(
            """\
      Name: flow
      Type: EXPRESS
      DefinitionSubstitutions: {Who: !Ref AWS::Region}
      Definition:
        StartAt: T
        States:
          T: {Type: Task, Resource: !GetAtt F.Arn, Comment: "${Who}", End: true}
  F:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: .}
"""
        ),
        tmp_path,
    )
    assert (found.name, found.logical_id, found.type) == ("flow", "M", "EXPRESS")
    task = document(found)["States"]["T"]
    assert (task["Resource"], task["Comment"]) == (f"{LAMBDA}:F", "eu-west-1")


@pytest.mark.parametrize(
    "string",
    [
        "!Sub |\n        " + passing(Comment="${AWS::Region}"),
        """!Join ['', ['{"StartAt":"P","States":{"P":{"Type":"Pass","End":true,"Comment":"', !Ref 'AWS::Region', '"}}}']]""",
        "|\n        StartAt: P\n        States:\n          P: {Type: Pass, Comment: '${Where}', End: true}\n"
        "      DefinitionSubstitutions: {Where: !Ref 'AWS::Region'}",
    ],
)
def test_a_definition_can_be_a_text(tmp_path: Path, string: str) -> None:
    found = machine(one(f"      DefinitionString: {string}\n", "AWS::StepFunctions::StateMachine"), tmp_path)
    assert document(found)["States"]["P"]["Comment"] == "eu-west-1"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.asl.json", passing(Comment="${Who}")),
        ("m.asl.yaml", "StartAt: P\nStates:\n  P: {Type: Pass, Comment: '${Who}', End: true}\n"),
    ],
)
def test_a_definition_can_be_a_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    found = machine(
        one(f"      DefinitionUri: {name}\n      DefinitionSubstitutions: {{Who: !Sub '${{AWS::AccountId}}'}}\n"),
        tmp_path,
    )
    assert document(found)["States"]["P"]["Comment"] == "111122223333"


def test_a_substitution_may_stand_where_no_text_can(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":${Pause},"End":true}}}')
    found = machine(
        one(
            "      DefinitionUri: m.json\n      DefinitionSubstitutions: {Pause: !Ref Pause}\n",
            before="Parameters: {Pause: {Type: Number, Default: 5}}\n",
        ),
        tmp_path,
    )
    assert document(found)["States"]["W"]["Seconds"] == 5


def test_machines_refer_to_each_other(tmp_path: Path) -> None:
    text = f"""
Resources:
  Inner:
    Type: AWS::StepFunctions::StateMachine
    Properties: {{StateMachineName: inner, DefinitionString: '{passing()}'}}
  Outer:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      Definition:
        StartAt: T
        States:
          T:
            Type: Task
            Resource: arn:aws:states:::states:startExecution.sync:2
            Parameters: {{StateMachineArn: !Ref Inner}}
            End: true
"""
    template = read(text, tmp_path)
    outer = document(template.machines["Outer"])
    assert outer["States"]["T"]["Parameters"]["StateMachineArn"] == f"{STATES}:inner"
    assert set(template.machines) == {"inner", "Outer"}


def problem(found: Machine) -> tuple[str, str, int]:
    (only,) = found.diagnostics
    assert only.span is not None
    return only.code, only.message, only.span.line


@pytest.mark.parametrize(
    ("properties", "code", "words", "line"),
    [
        ("      DefinitionUri: gone.json\n", "PS805", "There is no definition file", 5),
        ("      DefinitionUri: ../../../../../../etc/passwd\n", "PS806", "is outside of the project", 5),
        ("      DefinitionUri: /etc/passwd\n", "PS806", "is outside of the project", 5),
        ("      DefinitionUri: file:///etc/passwd\n", "PS806", "is outside of the project", 5),
        ("      DefinitionUri: s3://bucket/m.json\n", "PS802", "The definition file is at s3://bucket/m.json, which is not on", 5),
        ("      DefinitionUri: {Bucket: b, Key: k}\n", "PS802", "s3://b/k, which is not on this machine", 5),
        ("      DefinitionUri: https://example.com/m.json\n", "PS802", "which is not on this machine", 5),
        ("      DefinitionUri: .\n", "PS805", "cannot be read", 5),
        ("      Name: x\n", "PS804", "needs one of Definition", 4),
        ("      DefinitionUri: a\n      DefinitionString: b\n", "PS804", "has more than one of", 4),
        ("      Type: QUICK\n      DefinitionString: b\n", "PS804", "STANDARD or EXPRESS", 5),
        ("      DefinitionString: x\n      DefinitionSubstitutions:\n        A: !Ref Nope\n", "PS803", "Nope", 7),
        ("      DefinitionString: x\n      DefinitionSubstitutions:\n        A: !ImportValue v\n", "PS802", "export v", 7),
        ("      DefinitionString: x\n      DefinitionSubstitutions:\n        A: [1]\n", "PS804", "is a text; this is a list", 7),
        ("      Definition: {A: !Bogus 1}\n", "PS801", "", 5),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_told_with_its_line(
    tmp_path: Path, properties: str, code: str, words: str, line: int
) -> None:
    if code == "PS801":
        with pytest.raises(InvalidDefinition) as error:
            read(one(properties), tmp_path)
        (only,) = error.value.diagnostics
        assert only.span is not None
        assert (only.code, only.span.line) == (code, line)
        return
    found = machine(one(properties), tmp_path)
    assert found.reading is None
    assert problem(found)[0] == code
    assert words in problem(found)[1]
    assert problem(found)[2] == line
    if "on this machine" in problem(found)[1]:
        assert found.diagnostics[0].help == "download it into the project, and have the template name its path"


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text(passing())
    project = tmp_path / "project"
    project.mkdir()
    (project / "m.json").symlink_to(tmp_path / "secret.json")
    assert problem(machine(one("      DefinitionUri: m.json\n"), project))[0] == "PS806"


def test_a_path_may_lead_elsewhere_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "penstock.toml").touch()
    (tmp_path / "m.json").write_text(passing())
    assert machine(one("      DefinitionUri: ../m.json\n"), tmp_path / "infra").reading is not None


def test_a_problem_in_a_definition_has_its_place_in_the_template(tmp_path: Path) -> None:
    from penstock.asl.check import check

    text = one("      Definition:\n        StartAt: P\n        States:\n          P: {Type: Pass, Next: Gone}\n")
    found = machine(text, tmp_path)
    assert found.reading is not None
    spans = [(each.code, each.span.line) for each in check(found.reading, type="STANDARD") if each.span is not None]
    assert ("MISSING_TRANSITION_TARGET", 8) in spans


# ---- functions


def functions(text: str, folder: Path, **parameters: str) -> dict[str, Any]:
    return {each.name: each for each in read(text, folder, **parameters).functions}


SAM = """
Globals:
  Function:
    Runtime: python3.12
    Timeout: 5
    Layers: [!Ref Shared]
    Environment: {Variables: {A: global, B: global}}
Parameters:
  Size: {Type: Number, Default: 512}
Resources:
  Shared:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layer/}
  One:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: one/
      Handler: app.handler
      MemorySize: !Ref Size
      AutoPublishAlias: live
      Layers: [arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3:1]
      Environment: {Variables: {B: own, C: !GetAtt Other.Arn, D: !ImportValue gone}}
  Other:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: other-name
      Runtime: python3.13
      Handler: index.handler
      Code: {ZipFile: "def handler(e, c): return 1"}
  Node:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, Handler: index.handler, CodeUri: one/}
  Image:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image}
  Absent:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: absent/, Handler: app.handler, Timeout: 5000}
  Never:
    Type: AWS::Serverless::Function
    Condition: No
    Properties: {CodeUri: one/, Handler: app.handler}
Conditions: {No: !Equals [a, b]}
"""


def test_functions_are_what_the_template_says(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "layer" / "python").mkdir(parents=True)
    found = functions(SAM, tmp_path)
    assert set(found) == {"One", "other-name", "Node", "Image", "Absent"}
    first = found["One"]
    assert first.root == tmp_path / "one"
    assert (first.runtime, first.timeout, first.memory, first.aliases) == ("python3.12", 5, 512, ("live",))
    assert dict(first.environment) == {"A": "global", "B": "own", "C": f"{LAMBDA}:other-name"}
    assert first.search == (tmp_path / "layer" / "python", tmp_path / "layer")
    assert "AWSLambdaPowertoolsPythonV3:1 is not on this machine: install what it holds with pip." in first.hint
    assert first.problem is None
    other = found["other-name"]
    assert (other.source, other.handler, other.timeout, other.memory) == (
        "def handler(e, c): return 1",
        "index.handler",
        3,
        128,
    )
    assert "nodejs22.x" in found["Node"].problem
    assert "container image" in found["Image"].problem
    assert "There is no folder of code" in found["Absent"].problem


def test_what_is_wrong_with_functions_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "layer").mkdir()
    found = [(each.code, each.span.line if each.span else None) for each in read(SAM, tmp_path).diagnostics]
    lines = SAM.splitlines()
    assert [(code, lines[line - 1].strip()[:20]) for code, line in found if line] == [
        ("PS802", "Environment: {Variab"),
        ("PS807", "Properties: {Runtime"),
        ("PS807", "Properties: {Package"),
        ("PS805", "Properties: {CodeUri"),
        ("PS804", "Properties: {CodeUri"),
    ]


def test_an_asset_of_cdk_is_found_by_its_key(tmp_path: Path) -> None:
    (tmp_path / "asset.abc").mkdir()
    (tmp_path / "asset.def.json").write_text(passing())
    manifest = {
        "files": {
            "abc": {"source": {"path": "asset.abc"}, "destinations": {"x": {"objectKey": "abc.zip"}}},
            "def": {"source": {"path": "asset.def.json"}, "destinations": {"x": {"objectKey": "def.json"}}},
        }
    }
    (tmp_path / "Shop.assets.json").write_text(json.dumps(manifest))
    bucket = {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}
    text = json.dumps(
        {
            "Resources": {
                "F": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "Runtime": "python3.13",
                        "Handler": "i.h",
                        "Code": {"S3Bucket": bucket, "S3Key": "abc.zip"},
                    },
                },
                "M": {
                    "Type": "AWS::StepFunctions::StateMachine",
                    "Properties": {"DefinitionS3Location": {"Bucket": bucket, "Key": "def.json"}},
                },
                "Gone": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "Runtime": "python3.13",
                        "Handler": "i.h",
                        "Code": {"S3Bucket": bucket, "S3Key": "x.zip"},
                    },
                },
            }
        }
    )
    template = read(text, tmp_path, name="Shop.template.json")
    first, gone = template.functions
    assert (first.root, first.problem) == (tmp_path / "asset.abc", None)
    assert "s3://cdk-hnb659fds-assets-111122223333-eu-west-1/x.zip" in str(gone.problem)
    assert template.machines["M"].reading is not None


def test_an_asset_cannot_lead_out_of_the_project(tmp_path: Path) -> None:
    manifest = {"files": {"a": {"source": {"path": "/etc"}, "destinations": {"x": {"objectKey": "a.zip"}}}}}
    (tmp_path / "Shop.assets.json").write_text(json.dumps(manifest))
    properties = {"Runtime": "python3.13", "Handler": "i.h", "Code": {"S3Bucket": "b", "S3Key": "a.zip"}}
    text = json.dumps({"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}})
    (found,) = read(text, tmp_path, name="Shop.template.json").diagnostics
    assert found.code == "PS806"


@pytest.mark.parametrize(
    ("text", "yaml", "expected"),
    [
        ("Resources:\n  M: {}\n", True, True),
        ("'Resources' : {}\n", True, True),
        ("StartAt: Resources\nStates:\n  Resources: {}\n", True, False),
        ("States:\n  Resources:\n    Type: Pass\n", True, False),
        ('{"Resources": {}}', False, True),
        ('{"StartAt": "Resources", "States": {}, "Resources": {}}', False, False),
        ('{"Comment": "Resources"', False, False),
        ("[" * 100_000 + "Resources", False, False),
    ],
)
def test_a_template_is_told_from_a_definition(text: str, yaml: bool, expected: bool) -> None:
    assert looks_like_template(text, yaml=yaml) is expected


def test_is_template_takes_any_value() -> None:
    assert not is_template([])
    assert is_template({"Resources": {}})


@pytest.mark.parametrize(
    "text",
    ["Resources: []\n", "Resources:\n  - a\n", "Resources: {M: !!python/object:os.system x}\n", "Resources: {a: b\n"],
)
def test_what_is_no_template_is_told_and_nothing_is_run(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidDefinition):
        read(text, tmp_path)


@pytest.mark.parametrize(
    "resources",
    [
        "M: text",
        "M: {Type: [1]}",
        "M: {Type: AWS::Serverless::StateMachine, Properties: text}",
        "M: {Type: AWS::Serverless::StateMachine, Condition: Gone, Properties: {DefinitionString: x}}",
        "M: {Type: AWS::Serverless::StateMachine, Properties: {Name: {a: b}, DefinitionString: x}}",
        "M: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionSubstitutions: 1, DefinitionString: x}}",
        "M: {Type: AWS::Serverless::StateMachine, Properties: {Definition: text}}",
        "M: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: [1]}}",
        "M: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: \"a\\0b\"}}",
        "F: {Type: AWS::Serverless::Function, Properties: {Runtime: [1], Handler: 1, CodeUri: [1], Layers: 3, Environment: x}}",
        "F: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13, Handler: a.b, Code: 3, Environment: {Variables: 1}}}",
        "F: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13, Layers: [!Ref L], AutoPublishAlias: [1]}}\n"
        "  L: {Type: AWS::Serverless::LayerVersion, Properties: text}",
        "F: {Type: AWS::Lambda::Function, Properties: {FunctionName: !Ref F}}",
    ],
)  # fmt: skip
def test_nonsense_is_told_and_never_a_fault(tmp_path: Path, resources: str) -> None:
    template = read(f"Resources:\n  {resources}\n", tmp_path)
    for each in template.machines.values():
        assert each.diagnostics or each.reading is not None


def test_parameters_that_the_template_does_not_have_are_refused(tmp_path: Path) -> None:
    text = one("      DefinitionString: x\n", before="Parameters: {Stage: {Type: String, AllowedValues: [a, b]}}\n")
    with pytest.raises(InvalidInput, match="has no parameter Nope; it has Stage"):
        read(text, tmp_path, Nope="x")
    with pytest.raises(InvalidInput, match="has no parameter Stag; it has Stage"):
        read(text, tmp_path, Stag="x")
    with pytest.raises(InvalidInput, match="The parameter Stage is one of a, b; 'x' is not"):
        read(text, tmp_path, Stage="x")


def test_every_substitution_that_cannot_be_had_is_told_at_once(tmp_path: Path) -> None:
    found = machine(
        one(
            """\
      DefinitionSubstitutions: {A: !GetAtt Nope.Arn, B: !Ref Missing, C: !Ref M}
      DefinitionString: '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}'
"""
        ),
        tmp_path,
    )
    assert found.reading is None
    assert [(each.code, each.span is not None) for each in found.diagnostics] == [("PS803", True), ("PS803", True)]
    assert [each.message for each in found.diagnostics] == [
        "The template has no resource Nope.",
        "The template has no parameter or resource Missing.",
    ]


def test_a_function_without_a_runtime_is_said_to_have_none(tmp_path: Path) -> None:
    template = read("Resources:\n  F: {Type: AWS::Serverless::Function}\n", tmp_path)
    assert [each.message for each in template.diagnostics] == [
        "The function F has no Runtime, and Penstock runs Python functions only."
    ]
