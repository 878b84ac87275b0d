"""Templates for the tests, written down in short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from penstock.cloudformation import Template, read_template
from penstock.cloudformation.resolve import Resolver
from penstock.config import AwsSettings, Settings

SETTINGS = Settings(aws=AwsSettings(region="eu-west-1", account="111122223333"))
STATES = "arn:aws:states:eu-west-1:111122223333:stateMachine"
LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function"


def read(text: str, folder: Path, *, name: str = "template.yaml", **parameters: str) -> Template:
    """A template that stands in `folder`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return read_template(
        text,
        name=str(path),
        folder=path.parent,
        yaml=not name.endswith(".json"),
        settings=SETTINGS,
        parameters=parameters,
    )


def resolver(document: dict[str, Any], **given: str) -> Resolver:
    return Resolver(document, given=given, region="eu-west-1", account="111122223333", stack="shop")


def passing(**more: Any) -> str:
    """A definition as JSON text."""
    return json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True, **more}}})
