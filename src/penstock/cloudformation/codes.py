"""Every problem that reading a template can report. `penstock explain PS8nn` and the documentation are made from this table."""

from __future__ import annotations

from typing import Final

from penstock.diagnostics import Severity
from penstock.diagnostics.catalogue import Code

TEXT: Final = "PS801"
UNKNOWN: Final = "PS802"
NAME: Final = "PS803"
SHAPE: Final = "PS804"
FILE: Final = "PS805"
OUTSIDE: Final = "PS806"
CANNOT_RUN: Final = "PS807"

_ENTRIES = (
    Code(
        TEXT,
        "The template is neither JSON nor YAML",
        "A template is a JSON or YAML object with Resources. Tags are those of CloudFormation's short forms: !Ref, !Sub, !GetAtt "
        "and so on; others mean nothing in it.",
        "Resources:\n  Orders: !Function {Handler: app.handler}",
        "Correct the text at the place that is shown.",
    ),
    Code(
        UNKNOWN,
        "A value that only a deployment knows",
        "The machine needs a value that comes into being when the stack is deployed, or that another stack has: an attribute of "
        "a resource, an import, a parameter without a default, a parameter that is kept in SSM.",
        "DefinitionSubstitutions:\n  Vpc: !ImportValue network-Vpc",
        "Give the value with --parameter NAME=VALUE: NAME is the parameter's, or that of the export.",
    ),
    Code(
        NAME,
        "A name that the template does not have",
        "Ref, Fn::GetAtt, Fn::Sub, Fn::If and Fn::FindInMap name parameters, resources, conditions and mappings of the same "
        "template. This one has none of that name, or its condition is false.",
        "FunctionArn: !GetAtt CheckStok.Arn",
        "Correct the name. A resource whose condition is false is not there: refer to it under the same condition.",
    ),
    Code(
        SHAPE,
        "Something in the template is not as CloudFormation has it",
        "An intrinsic function has arguments of another kind than it takes, or a property has a value of another kind, or "
        "something that a machine or a function must have is missing.",
        "Timeout: soon",
        "Write what CloudFormation's reference of this function or property says.",
    ),
    Code(
        FILE,
        "A file of the template is not there",
        "DefinitionUri, CodeUri and their like name files and folders beside the template. This one is not there, or it cannot "
        "be read.",
        "DefinitionUri: statemachine/order.asl.json",
        "Correct the path, which counts from the template's folder. What a build makes must be built first (sam build, cdk synth).",
    ),
    Code(
        OUTSIDE,
        "A path leads out of the project",
        "A template may come from somebody else, so it reads no file outside its project: the nearest folder above it that holds "
        ".git, penstock.toml, pyproject.toml, samconfig.toml or cdk.json, or else its own folder.",
        "DefinitionUri: ../../../etc/passwd",
        "Move the file into the project, or put a penstock.toml into the folder that holds both.",
    ),
    Code(
        CANNOT_RUN,
        "A function of the template that cannot run here",
        "Penstock runs Python functions whose code is on this machine. This one has another runtime, is a container image, or its "
        "code is elsewhere. Everything else works; a call of it fails and says so.",
        "Runtime: nodejs22.x",
        "Mock the states that call it (--mock), or name a Python function for it under [functions] in penstock.toml.",
        Severity.WARNING,
    ),
)

CATALOGUE: Final = {entry.code: entry for entry in _ENTRIES}
